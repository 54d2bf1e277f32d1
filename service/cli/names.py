"""Names given on the command line."""

from collections.abc import Collection, Mapping, Sequence

import click

from alerts.types import BrandId
from service.cli.main import Failure
from service.store import brand
from service.store.pool import Connection

_LONGEST = 200


def some_name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Return a name without spaces around it. Raises click.BadParameter for none, or one that cannot be stored."""
    name = value.strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise click.BadParameter(f"write a name of 1 to {_LONGEST} printable characters")
    return name


async def bounds_of(conn: Connection, names: Sequence[str], *, is_admin: bool) -> frozenset[BrandId] | None:
    """Return the brands of these names, to bind somebody to; None without any. Raises Failure."""
    if not names:
        return None
    if is_admin:
        raise Failure("an administrator could lift any bounds; leave --brand away, or admin")
    known = {one.name: one.id for one in await brand.every(conn)}
    for name in names:
        if name not in known:
            raise Failure(f"there is no brand {name!r}; there are {', '.join(sorted(known)) or 'none'}")
    return frozenset(known[name] for name in names)


def bounds_shown(brands: Collection[BrandId] | None, names: Mapping[BrandId, str]) -> str:
    """Return the brands that somebody is bound to, for a list; one that was removed by its number."""
    if brands is None:
        return "all brands"
    return ", ".join(sorted(names.get(one, f"#{one}") for one in brands)) or "no brands"
