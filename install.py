"""What ComfyUI-Manager runs after requirements.txt, in the Python of the user's own ComfyUI.

Installs what requirements.txt cannot say: the weights in rapidocr without its dependencies (they would bring a second
OpenCV), and OpenCV and onnxruntime only where none is, whatever package it came with. Never touches torch, torchvision,
numpy or an OpenCV already there: their present versions are handed to pip as constraints.
"""

import importlib.util
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

OPENCV = ["opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"]
HELD = ["torch", "torchvision", "torchaudio", "numpy", *OPENCV]


def held_versions() -> list[str]:
    """`name==version` of everything that must stay as it is."""
    present = []
    for name in HELD:
        try:
            # A local build tag (2.9.1+cu128) is part of the version, so pip cannot swap the build either.
            present.append(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return present


def wanted() -> list[list[str]]:
    """One pip argument list for each install that is still needed."""
    commands = []
    if importlib.util.find_spec("cv2") is None:
        commands.append(["opencv-python-headless>=4.8,<5"])
    if importlib.util.find_spec("av") is None:
        commands.append(["av>=14.2"])
    if importlib.util.find_spec("onnxruntime") is None:  # onnxruntime-gpu and its kin are found here, too
        commands.append(["onnxruntime>=1.20"])
    if importlib.util.find_spec("rapidocr") is None:
        commands.append(["--no-deps", "rapidocr==3.10.0"])
    return commands


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "held.txt"
        constraints.write_text("\n".join(held_versions()), encoding="utf-8")
        for arguments in wanted():
            print("[CoverLoop] pip install", *arguments)
            command = [sys.executable, "-m", "pip", "install", "-c", str(constraints), *arguments]
            if code := subprocess.call(command):
                sys.exit(f"[CoverLoop] pip ended with {code}; run this by hand: {' '.join(command)}")


if __name__ == "__main__":
    main()
