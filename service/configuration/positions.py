"""Where in a TOML file something stands, so that an error can name its line."""

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*\[{1,2}\s*([A-Za-z0-9_.\"' -]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*\"?([A-Za-z0-9_-]+)\"?\s*(?:\.\s*\"?([A-Za-z0-9_-]+)\"?\s*)?=")


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line, from 1, of a path such as ("source", 1, "settings", "url"): the second [[source]]'s url.
    Where the key is missing, the line of the table that should have it."""
    best, wanted = 1, tuple(path)
    here: tuple[str | int, ...] = ()
    last: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            here = _place(header[1].replace(" ", "").split("."), last, is_array=line.lstrip().startswith("[["))
            if wanted[: len(here)] == here:
                best = number
        elif wanted[: len(here)] == here and (key := _KEY.match(line)):
            names = [part for part in wanted[len(here) :] if isinstance(part, str)]
            if names and key[1] == names[0] and (key[2] is None or len(names) == 1 or key[2] == names[1]):
                return number
    return best


def _place(names: Sequence[str], last: dict[tuple[str | int, ...], int], *, is_array: bool) -> tuple[str | int, ...]:
    """Return the path of the table a header opens. `last` is the number of the last table in each array so far."""
    here: tuple[str | int, ...] = ()
    for n, name in enumerate(names, 1):
        here = (*here, name)
        if is_array and n == len(names):
            last[here] = last.get(here, -1) + 1
        if here in last:
            here = (*here, last[here])
    return here
