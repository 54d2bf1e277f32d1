"""`earshot serve`"""

import asyncio

import click
import uvicorn

from service.cli.connect import connected, reachable_database
from service.cli.parent import with_parent
from service.cli.ports import check_port_is_free
from service.logs import set_up_logs
from service.settings import Settings, read_settings


async def _serve(settings: Settings) -> None:
    from service.app import Server, create_app  # noqa: PLC0415  # after the settings are known to be good

    url = await reachable_database(settings)
    settings = settings.model_copy(update={"database_url": url})
    async with connected(settings):
        pass
    app = create_app(settings)
    configuration = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    await Server(configuration, app.state.hub).serve()


@click.command("serve")
@with_parent
def command() -> None:
    """Serve the API and the dashboard."""
    settings = read_settings()
    set_up_logs(settings.log_level)
    check_port_is_free(settings.host, settings.port)
    asyncio.run(_serve(settings))
