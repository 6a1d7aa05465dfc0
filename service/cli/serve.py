"""`coverloop serve`: the web pages and the API."""

from __future__ import annotations

import click

from ...orchestrator.cli.options import debug_option, queue_address, queue_option, workflow_option


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8600, show_default=True)
@click.option("--server", "servers", multiple=True, metavar="URL", help="A ComfyUI; may be given several times.")
@queue_option
@click.option("--out", "shared", default="", metavar="FOLDER", help="With --queue: folder or bucket the workers reach.")
@workflow_option
@click.option("--token", envvar="COVERLOOP_TOKEN", metavar="TOKEN", help="What clients must know. [COVERLOOP_TOKEN]")
@click.option("--open", "is_open", is_flag=True, help="Whoever reaches another address than loopback may use it.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="A host name it is called by.")
@click.option("--sources", metavar="NAMES", help="Where covers are searched: names, or none.  [default: all]")
@click.option("--listenbrainz", default="", metavar="USER", help="Show what this user of ListenBrainz plays.")
@click.option("--mpris", is_flag=True, help="Show what the players of this machine play (Linux).")
@click.option("--make-playing", is_flag=True, help="What plays and has no loop gets one.")
@debug_option
def serve(
    host: str,
    port: int,
    servers: tuple[str, ...],
    queue_url: str | None,
    shared: str,
    workflow: str,
    token: str | None,
    is_open: bool,
    names: tuple[str, ...],
    sources: str | None,
    listenbrainz: str,
    mpris: bool,
    make_playing: bool,
) -> None:
    """Serve the pages and the API: find a cover, make a loop, watch it. Ctrl-C ends it; what waits goes on next time.

    Without --server or COMFYUI_URL, a ComfyUI of its own is started in the background. With --queue, the machines that
    run coverloop worker render.
    """
    try:
        from ..serving import run
    except ImportError as error:
        from ...core.errors import UsageError

        how = 'pip install "coverloop[service]", or pip install -e ".[service]" in its folder'
        raise UsageError(f"the service needs more packages ({error}); {how}") from error
    chosen = None if sources is None else tuple(name for name in sources.replace(" ", "").split(",") if name)
    run(
        host=host,
        port=port,
        servers=servers,
        queue=queue_address(queue_url) if queue_url else "",
        shared=shared,
        workflow=workflow,
        token=token or "",
        is_open=is_open,
        names=names,
        sources=() if chosen == ("none",) else chosen,
        listenbrainz=listenbrainz,
        mpris=mpris,
        make_playing=make_playing,
    )
