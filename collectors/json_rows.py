"""The objects of a JSON file as the fields of rows."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from collectors import charsets
from collectors.column_names import known_field
from collectors.errors import SettingError
from collectors.feed_items import MAX_RAW_BYTES
from collectors.file_rows import made_address
from collectors.import_mappings import ImportMapping

#: A whole document is held in memory; one object a line is not.
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
_MAX_DEPTH = 5
_CHILDREN = ("replies", "comments", "sub_comments")


def load(path: Path) -> list[object]:
    """Return the objects of a JSON document: an array, or the first array of objects that is found in an object; what
    hangs below an item follows it. Raises SettingError or OSError."""
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise SettingError("file", f"{path.name} is larger than {MAX_DOCUMENT_BYTES // 1024**2} MB: write one object a "
                           "line (JSON Lines)")  # fmt: skip
    try:
        document = json.loads(charsets.decode(path.read_bytes()).text)
    except (ValueError, RecursionError) as error:
        raise SettingError("file", f"{path.name} is not JSON: {str(error)[:200]}; for one object a line say "
                           "--kind jsonl") from error  # fmt: skip
    return list(_with_children(_items(document)))


def _items(document: object) -> list[object]:
    """Return the items of a document."""
    if isinstance(document, list):
        return document
    level = [] if _is_item(document) else [document]
    for _ in range(_MAX_DEPTH):
        values = [value for held in level if isinstance(held, dict) for value in held.values()]
        lists = [value for value in values if isinstance(value, list) and any(isinstance(item, dict) for item in value)]
        if lists:
            return max(lists, key=len)
        level = [value for value in values if isinstance(value, dict)]
    return [document]


def _is_item(document: object) -> bool:
    """Say whether an object is an item by itself; answers of an API have a message, but no id or date."""
    if not isinstance(document, dict):
        return False
    known = {known_field(key) for key, value in document.items() if isinstance(value, str | int)}
    return "text" in known and bool(known & {"id", "published_at"})


def _with_children(items: list[object]) -> Iterator[object]:
    """Yield each item and, behind it, the comments inside it, two levels deep."""
    for item in items:
        yield item
        for child in _children(item):
            yield child
            yield from _children(child)


def _children(item: object) -> Iterator[object]:
    for name in _CHILDREN:
        held = item.get(name) if isinstance(item, dict) else None
        if isinstance(held, dict):
            held = held.get("data")
        yield from (child for child in held if isinstance(child, dict)) if isinstance(held, list) else ()


def raw(item: object) -> bytes:
    """Return an item as it is kept when it cannot be read."""
    try:
        return json.dumps(item, ensure_ascii=False).encode("utf-8", "replace")[:MAX_RAW_BYTES]
    except RecursionError:
        return b""


def parsed_line(text: str) -> tuple[object, str | None]:
    """Return what a line holds, or why it cannot be read."""
    try:
        return json.loads(text), None
    except (ValueError, RecursionError) as error:
        return None, f"not JSON: {str(error)[:200]}"


def fields_of(
    found: object, mapping: Mapping[str, str], place: ImportMapping | None
) -> tuple[dict[str, str], str | None]:
    """Return the fields of an object and, where it is none, why."""
    if not isinstance(found, dict):
        return {}, f"an object is wanted, not {type(found).__name__}"
    fields: dict[str, str] = {}
    for key, value in found.items():
        if key in mapping:
            _take(fields, mapping[key].partition("/")[0], value)
    used = _take_places(fields, found, place) if place else set()
    for key, value in found.items():
        if key not in mapping and key not in used:
            _take_known(fields, key, value)
    if place and not fields.get("url"):
        fields["url"] = made_address(place, lambda path: _plain(_inside(found, path)))
    return fields, None


def paths_of(found: object, prefix: str = "", depth: int = 3) -> Iterator[str]:
    """Yield the names under which values lie, such as author.name; of an array its first."""
    held = {"0": found[0]} if isinstance(found, list) and found else found
    for key, value in held.items() if isinstance(held, dict) else ():
        yield f"{prefix}{key}"
        if depth:
            yield from paths_of(value, f"{prefix}{key}.", depth - 1)


def _take_places(fields: dict[str, str], found: Mapping[str, object], place: ImportMapping) -> set[str]:
    """Put the values under the place's own names where they belong; return the keys that were used."""
    used = set()
    for name, paths in place.fields.items():
        for path in paths:
            value = _inside(found, path)
            if value is not None and name not in fields:
                _take(fields, name, value)
            if value is not None:
                used.add(path.partition(".")[0])
    return used


def _inside(found: object, path: str) -> object:
    """Return the value at a path such as data.0.comment, or None."""
    for step in path.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdigit():
            found = found[int(step)] if int(step) < len(found) else None
        else:
            return None
    return found


def _take_known(fields: dict[str, str], key: str, value: object) -> None:
    """Put a value where its name says, unless something lies there already."""
    # The shape `earshot fetch` prints: author and rating are objects.
    if isinstance(value, dict) and key in {"author", "engagement"}:
        for part, held in value.items():
            _take_known(fields, f"author_{part}" if key == "author" else part, held)
        return
    target = known_field(key)
    if target is not None and target not in fields:
        _take(fields, target, value)


def _take(fields: dict[str, str], target: str, value: object) -> None:
    """Put one value into a field."""
    if isinstance(value, dict) and target == "rating":
        fields[target] = _rating(value)
    elif isinstance(value, dict | list | bool):
        # Nothing to be read, but a date was given: it is counted as one that is not understood.
        if target == "published_at":
            fields[target] = str(value)[:100]
    elif value is not None:
        fields[target] = str(value)


def _plain(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _rating(rating: Mapping[str, object]) -> str:
    """Return a rating's value and scale as one text, or nothing. Numbers may be written as texts."""
    value, most = rating.get("value"), _number(rating.get("scale"))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    given = str(value).strip()
    return given if not given or most is None or "/" in given else f"{given}/{most:g}"


def _number(value: object) -> float | None:
    """Return a number above zero, also one written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 < number < math.inf else None
