"""`earshot work`"""

import asyncio
from collections.abc import Sequence

import click

from service.cli.connect import connected, reachable_database
from service.cli.parent import with_parent
from service.logs import set_up_logs
from service.settings import Settings, read_settings
from service.worker import Stage, work


def _stages(_context: click.Context, _parameter: click.Parameter, value: str | None) -> list[Stage]:
    if value is None:
        return list(Stage)
    try:
        return [Stage(name.strip()) for name in value.split(",")]
    except ValueError as error:
        raise click.BadParameter(f"{error}; write some of {', '.join(Stage)}, with commas between") from None


async def _work(settings: Settings, stages: Sequence[Stage]) -> None:
    url = await reachable_database(settings)
    settings = settings.model_copy(update={"database_url": url})
    async with connected(settings):
        pass
    await work(url, settings, stages)


@click.command("work")
@click.option("--only", "stages", metavar="STAGE,…", callback=_stages, help=f"Run only these: {', '.join(Stage)}.")
@with_parent
def command(stages: list[Stage]) -> None:
    """Collect, analyse, alert, deliver and maintain. Any number of workers may run."""
    settings = read_settings()
    set_up_logs(settings.log_level)
    asyncio.run(_work(settings, stages))
