"""Runs nodes inside ComfyUI's own modules (a process of its own), with one VLM and one filler from another folder.

usage: node_probe.py COMFYUI FOLDER    FOLDER/vlms/parrot.py, FOLDER/fillers/violet.py; prints what came of it as JSON
"""

import json
import sys

COMFYUI, FOLDER = sys.argv[1:]
sys.path[:0] = [COMFYUI]

from comfy.cli_args import args  # noqa: E402

args.cpu, args.base_directory = True, FOLDER

import torch  # noqa: E402
from coverloop.core.plate import fillers  # noqa: E402
from coverloop.core.prompt.ask import vlms  # noqa: E402
from coverloop.nodes.plate import CoverLoopCleanPlate  # noqa: E402
from coverloop.nodes.prompt import CoverLoopMotionPrompt  # noqa: E402

vlms.__path__.append(f"{FOLDER}/vlms")
fillers.__path__.append(f"{FOLDER}/fillers")


def offered(node, name):
    return next(part.options for part in node.define_schema().inputs if part.id == name)


cover, hole = torch.full((1, 96, 96, 3), 0.5), torch.zeros(1, 96, 96)
hole[:, 30:60, 30:60] = 1
asked = CoverLoopMotionPrompt.execute(cover, "parrot", 1.0, 0)
filled = CoverLoopCleanPlate.execute(cover, hole, "violet")
seen = {
    "vlms": offered(CoverLoopMotionPrompt, "backend"),
    "report": json.loads(asked.args[3]),
    "fillers": offered(CoverLoopCleanPlate, "filler"),
    "plate": (filled.args[0][0, 45, 45] * 255).round().int().tolist(),
}
json.dump(seen, sys.stdout)
