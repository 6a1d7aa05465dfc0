"""coverloop: still album covers into seamless loops.

This file is ComfyUI's door. ComfyUI imports the repository folder as a custom-node pack and calls
`comfy_entrypoint`; nothing heavy and nothing of ComfyUI is imported before that, so the same package
imports anywhere (command line, tests, a notebook).
"""

__version__ = "0.1.0"

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    from .nodes import CoverLoopExtension

    return CoverLoopExtension()
