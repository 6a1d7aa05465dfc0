"""A folder or bucket that many machines reach: covers under their hash, deliverables under their names.

A folder is any path; a bucket is what fsspec calls it (`s3://bucket/prefix`, with its own settings from the
environment, such as AWS_ACCESS_KEY_ID and FSSPEC_S3_ENDPOINT_URL). A deliverable counts when its sidecar is there: it
is written last.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from pathlib import Path
from typing import Any

from ...core.errors import JobError, ServerError, UsageError
from ..disk.files import copy_whole, write_whole
from ..job.deliver import Deliverable
from ..job.request import Job


class Shared:
    """`url`: a path, or an fsspec address.

    Raises:
        UsageError: fsspec or the driver for that kind of address is not installed.
    """

    def __init__(self, url: str):
        try:
            import fsspec

            self._fs, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"{url}: cannot be used ({error}); pip install fsspec and the driver for such addresses, s3fs for s3://"
            ) from error
        self.url = url
        self._local = "file" in self._fs.protocol

    def _at(self, name: str) -> str:
        return posixpath.join(self._root, name)

    def put_cover(self, path: Path, sha256: str) -> str:
        """Copy a cover there under its hash, unless it is there; returns its name."""
        name = f"covers/{sha256}{path.suffix.lower()}"
        if not self._fs.exists(self._at(name)):
            self._put(path, name)
        return name

    def get_cover(self, name: str, target: Path) -> None:
        try:
            self._fs.get_file(self._at(name), str(target))
        except FileNotFoundError as error:
            raise UsageError(f"{name}: is not in {self.url}; do all machines use the same --out?") from error

    def finished(self, out: str, job: Job) -> bool:
        """Whether a whole deliverable for this request lies at `out`; the versions of servers are not compared."""
        try:
            record = json.loads(self._fs.cat_file(self._at(f"{out}.json")))
            asked = (record["cover"]["sha256"], record["workflow"]["sha256"], record["parameters"])
            files = record["files"].values()
            folder = posixpath.dirname(out)
            sizes = [self._fs.size(self._at(posixpath.join(folder, file["name"]))) == file["bytes"] for file in files]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
        return asked == (job.cover_sha256, job.workflow_sha256, dict(job.values)) and all(sizes)

    def publish(self, made: Deliverable, out: str) -> None:
        """Put a deliverable at `out`, its sidecar, with these names in it, last."""
        record: dict[str, Any] = json.loads(made.sidecar.read_text("utf-8"))
        for kind, path in (("video", made.video), ("poster", made.poster)):
            record["files"][kind]["name"] = posixpath.basename(out) + path.suffix
            self._put(path, out + path.suffix)
        write_whole(made.sidecar, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
        self._put(made.sidecar, out + ".json")

    def bring(self, out: str, stem: Path) -> Deliverable:
        """A deliverable from there, at `<stem>.mp4` and so on, whole.

        Raises:
            JobError: what lies there is no deliverable, or not all of it. ServerError: it is away.
        """
        target = stem.with_name(stem.name + ".json")
        try:
            self._fs.get_file(self._at(out + ".json"), str(target))
            record = json.loads(target.read_text("utf-8"))
            paths = []
            for kind in ("video", "poster"):
                facts = record["files"][kind]
                path = stem.with_name(stem.name + Path(facts["name"]).suffix)
                self._fs.get_file(self._at(out + path.suffix), str(path))
                if hashlib.sha256(path.read_bytes()).hexdigest() != facts["sha256"]:
                    raise JobError(f"{out}{path.suffix}: in {self.url} is not what its sidecar says; render it again")
                paths.append(path)
            judgement = record["judgement"]
            problems, passed = tuple(judgement["problems"]), bool(judgement["passed"])
        except FileNotFoundError as error:
            raise JobError(f"{out}: is not in {self.url}; do all machines use the same --out?") from error
        except OSError as error:
            raise ServerError(f"{self.url}: gives no answer ({error})") from error
        except (ValueError, KeyError, TypeError) as error:
            raise JobError(f"{out}: cannot be had from {self.url} ({error})") from error
        return Deliverable(paths[0], paths[1], target, passed, problems, record)

    def _put(self, path: Path, name: str) -> None:
        if self._local:
            copy_whole(path, Path(self._at(name)))
        else:
            self._fs.put_file(str(path), self._at(name))  # a bucket shows an object when it is whole
