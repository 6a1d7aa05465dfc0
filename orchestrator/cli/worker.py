"""`coverloop worker`: renders what is queued, on one ComfyUI."""

from __future__ import annotations

import click

from .options import debug_option, queue_address, queue_option, server_option, shared_option


@click.command()
@queue_option
@shared_option
@server_option
@debug_option
def worker(queue_url: str | None, out: str, server: str | None) -> None:
    """Render what is queued on one ComfyUI, until stopped. Ctrl-C or SIGTERM finish the job in hand."""
    from ..remote.shared import Shared
    from ..remote.worker import Worker
    from ..server.choose import open_server

    url, shared = queue_address(queue_url), Shared(out)
    with open_server(server) as comfy:
        Worker(url, server or comfy.url, shared, click.echo).run()
