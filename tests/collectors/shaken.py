"""Documents with one value changed for another: what no platform documents and some platform will send."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from collectors.errors import CollectError
from collectors.types import Collected
from tests.collectors.played import ODD


def shaken(document: Any) -> Iterator[Any]:
    """Yield the document once for each of its values and each odd value in its place."""
    for path in _paths(document):
        for odd in ODD:
            yield _with(document, path, odd)


def assert_never_raises(parse: Callable[[Any], Collected], document: Any) -> None:
    """Fail unless every shaken document gives mentions or a CollectError."""
    for changed in shaken(document):
        try:
            found = parse(changed)
        except CollectError:
            continue
        for mention in found.mentions:
            mention.text.encode()
            mention.title.encode()
            assert mention.id


def _paths(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _paths(value, (*path, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from _paths(value, (*path, index))


def _with(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed
