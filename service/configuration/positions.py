"""Where in a TOML file something stands, so that an error can name its line."""

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*\[{1,2}\s*([A-Za-z0-9_.\"' -]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*\"?([A-Za-z0-9_-]+)\"?\s*(?:\.\s*\"?([A-Za-z0-9_-]+)\"?\s*)?=")


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line, from 1, of a path such as ("source", 1, "settings", "url"): the second [[source]]'s url.
    Where the key is missing, the line of the table that should have it."""
    table = [part for part in path if isinstance(part, str)]
    index = next((part for part in path if isinstance(part, int)), 0)
    if not table:
        return 1
    best, inside, seen, here = 1, False, -1, ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            here = header[1].replace(" ", "")
            seen += line.lstrip().startswith("[[") and here == table[0]
            inside = seen == index and (here == table[0] or here.startswith(f"{table[0]}."))
            if inside and here == ".".join(table[: here.count(".") + 1]):
                best = number
        elif inside and (key := _KEY.match(line)):
            wanted = table[here.count(".") + 1 :]
            if wanted and key[1] == wanted[0] and (key[2] is None or len(wanted) == 1 or key[2] == wanted[1]):
                return number
    return best
