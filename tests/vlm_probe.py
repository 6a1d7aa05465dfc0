"""Runs the Motion Prompt node inside ComfyUI's own modules (a process of its own), asking a VLM from another folder.

usage: vlm_probe.py COMFYUI FOLDER BACKEND    prints {"offered": [...], "report": {...}}
"""

import json
import sys

COMFYUI, FOLDER, BACKEND = sys.argv[1:]
sys.path[:0] = [COMFYUI]

from comfy.cli_args import args  # noqa: E402

args.cpu, args.base_directory = True, FOLDER

import torch  # noqa: E402
from coverloop.core.prompt.ask import vlms  # noqa: E402
from coverloop.nodes.prompt import CoverLoopMotionPrompt  # noqa: E402

vlms.__path__.append(FOLDER)
schema = CoverLoopMotionPrompt.define_schema()
offered = next(part.options for part in schema.inputs if part.id == "backend")
done = CoverLoopMotionPrompt.execute(torch.rand(1, 96, 96, 3), BACKEND, 1.0, 0)
json.dump({"offered": offered, "report": json.loads(done.args[3])}, sys.stdout)
