"""The command line: finds the command, and turns what went wrong into one line and an exit code."""

import sys
from importlib import import_module
from importlib.metadata import version

import click

#: command -> the module that has it as `command`
COMMANDS = {
    "up": "service.cli.up",
    "serve": "service.cli.serve",
    "work": "service.cli.work",
    "migrate": "service.cli.migrate",
    "apply": "service.cli.apply",
    "export": "service.cli.export",
    "import": "service.cli.import_",
    "analyse": "service.cli.analyse",
    "evaluate": "service.cli.evaluate",
    "fetch": "service.cli.fetch",
    "doctor": "service.cli.doctor",
    "health": "service.cli.health",
    "canary": "service.cli.canary",
    "keys": "service.cli.keys",
    "push": "service.cli.push",
    "quarantine": "service.cli.quarantine",
    "users": "service.cli.users",
    "audit": "service.cli.audit",
    "erase": "service.cli.erase",
    "demo": "service.cli.demo",
}


class _Commands(click.Group):
    """Loads a command's module only when that command runs."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = import_module(COMMANDS[name]).command
        assert isinstance(command, click.Command)  # noqa: S101  # a wrong table is a mistake of ours
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("earshot"), prog_name="earshot")
def cli() -> None:
    """Hear what people say about your brands, and tell the right person when they are angry."""


class Failure(Exception):
    """The command cannot do what was asked; the message is one line that says what to do."""


def _expected() -> tuple[type[Exception], ...]:
    """Return the errors whose message is meant for the person at the keyboard."""
    from alerts.errors import AlertError  # noqa: PLC0415  # only when something went wrong
    from analysis.errors import AnalysisError  # noqa: PLC0415
    from collectors.errors import CollectError  # noqa: PLC0415
    from service.configuration.read import ConfigurationError  # noqa: PLC0415
    from service.database import DatabaseError  # noqa: PLC0415
    from service.settings import SettingsError  # noqa: PLC0415
    from service.store.pool import UNREACHABLE, StoreError  # noqa: PLC0415

    ours = (SettingsError, ConfigurationError, DatabaseError, StoreError, CollectError, AnalysisError, AlertError)
    return (Failure, *ours, *UNREACHABLE)


def main() -> None:
    """Run `earshot`. Exit code 1: it could not be done; 2: the words of the command are wrong."""
    try:
        cli(prog_name="earshot")
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        message = " ".join(str(error).split()) or type(error).__name__
        click.echo(f"earshot: {message}", err=True)
        sys.exit(1)
