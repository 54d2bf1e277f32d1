"""`earshot`: one module a command, loaded when it is asked for."""

from service.cli.main import main

__all__ = ["main"]
