"""`install.py` in a user's ComfyUI: an OpenCV that is there, whatever package and version it came with, stays."""

import json
import subprocess
import sys

import pytest
from test_house import ROOT

ASK = "import json, install; print(json.dumps([install.wanted(), install.held_versions()]))"


@pytest.mark.parametrize("package", ["opencv-contrib-python", "opencv-contrib-python-headless", "opencv-python"])
@pytest.mark.parametrize("version", ["4.11.0.86", "5.0.0.93"])
def test_an_opencv_that_is_there_stays(tmp_path, package, version):
    """With contrib, another OpenCV over it would take `cv2.ximgproc` away from the packs that use it."""
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text("class ximgproc: pass\n", "utf-8")
    facts = tmp_path / f"{package.replace('-', '_')}-{version}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", "utf-8")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; {ASK}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    wanted, held = json.loads(done.stdout)
    assert f"{package}=={version}" in held
    assert not any("opencv" in argument for arguments in wanted for argument in arguments)


def test_nothing_it_asks_for_brings_an_opencv_of_its_own():
    """What would bring one by its dependencies is installed without them."""
    blind = "import importlib.util; importlib.util.find_spec = lambda name: None"
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {blind}; {ASK}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    bringing = {"easyocr", "rapidocr"}
    for arguments in json.loads(done.stdout)[0]:
        if any(name in argument for argument in arguments for name in bringing):
            assert "--no-deps" in arguments, arguments
    lines = (ROOT / "requirements.txt").read_text("utf-8")
    assert not any(name in lines.split() for name in bringing) and "opencv" not in lines
