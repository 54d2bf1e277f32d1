"""Names given on the command line."""

import click

_LONGEST = 200


def some_name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Return a name without spaces around it. Raises click.BadParameter for none, or one that cannot be stored."""
    name = value.strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise click.BadParameter(f"write a name of 1 to {_LONGEST} printable characters")
    return name
