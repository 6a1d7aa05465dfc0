"""Files as answers: in ranges, and not again when the client has them."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request
from fastapi.responses import FileResponse, Response

TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".json": "application/json",
    ".m3u8": "application/vnd.apple.mpegurl",
}


def answered(request: Request, path: Path, etag: str, name: str = "") -> Response:
    """etag: quoted; the same for the same bytes. name: what a browser saves it as; "" shows it."""
    headers = {"ETag": etag, "Cache-Control": "private, max-age=3600"}
    wanted = request.headers.get("if-none-match", "")
    if etag in (tag.strip().removeprefix("W/") for tag in wanted.split(",")):
        return Response(status_code=304, headers=headers)
    kind = TYPES.get(path.suffix, "application/octet-stream")
    return FileResponse(path, headers=headers, media_type=kind, filename=name or None)
