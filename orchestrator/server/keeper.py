"""Runs a script as `__main__` and dies, with its children, when the process that started it does.

Started by `embedded.py` as `python keeper.py SCRIPT [ARGUMENT...]` with a pipe as standard input that the parent never
writes to. However the parent ends, `kill -9` and a crash included, the operating system closes that pipe; works alike
on Linux, macOS and Windows. Stands alone: it runs inside ComfyUI's Python, where coverloop may not be installed.
"""

import sys

script = sys.argv[1]
sys.argv = sys.argv[1:]
# Python put the folder of this file first; ComfyUI expects its own there, and `queue.py` beside us must not hide
# the standard library's.
sys.path[0] = script.replace("\\", "/").rpartition("/")[0]

import os  # noqa: E402
import runpy  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402
import threading  # noqa: E402


def _die_with_parent(pipe: int) -> None:
    while True:
        try:
            if not os.read(pipe, 1):
                break
        except OSError:
            break
    if os.name == "nt":
        subprocess.call(["taskkill", "/F", "/T", "/PID", str(os.getpid())], stdout=subprocess.DEVNULL)
        os._exit(1)
    os.killpg(os.getpid(), signal.SIGKILL)  # the parent made us the leader of our own group


if __name__ == "__main__":
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # what the script reads as its input is empty, not our pipe
    os.close(nothing)
    threading.Thread(target=_die_with_parent, args=(pipe,), daemon=True).start()
    runpy.run_path(script, run_name="__main__")
