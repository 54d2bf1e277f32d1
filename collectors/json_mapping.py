"""Which parts of any JSON are a mention's: paths as RFC 9535 has them, bounded in what they may cost.

{"items": "$.data.reviews[*]", "id": "$.review_id", "text": ["$.headline", "$.body"], "rating": "$.stars"}
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathError, JSONPathQuery

from collectors.errors import CollectError, SettingError
from collectors.feed_items import MAX_ITEMS

#: What can be mapped; `text` joins all that its paths find, the others take the first.
FIELDS = (
    "id", "text", "title", "url", "site", "author", "author_id", "author_url", "published_at", "edited_at", "parent",
    "root", "language", "rating", "rating_scale", "likes", "shares", "replies", "views", "reply_by_owner", "deleted",
)  # fmt: skip
_MOST_CHARS = 300
_MOST_PATHS = 10
_MOST_FOUND = 50
_EXAMPLE = '{"items": "$.reviews[*]", "id": "$.id", "text": "$.body"}'


class _Environment(JSONPathEnvironment):
    """JSONPath without patterns: a pattern can take for ever on a text made for it."""

    max_recursion_depth = 60

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        for name in ("match", "search"):
            self.function_extensions.pop(name, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldPaths:
    """Paths by field."""

    #: Where the items stand; None: the body is one, or a list of them.
    items: JSONPathQuery | None
    fields: Mapping[str, tuple[JSONPathQuery, ...]]

    def rows(self, document: object) -> list[Any]:
        """Return the items of a body, one more than are read of too many. Raises CollectError for none at all."""
        if self.items is None:
            return document[: MAX_ITEMS + 1] if isinstance(document, list) else [document]
        found = list(islice(_found(self.items, document), MAX_ITEMS + 1))
        if not found and not self._has_empty_list(document):
            raise CollectError(f"mapping: items: {self.items} finds nothing in this body")
        return found

    def _has_empty_list(self, document: object) -> bool:
        """Say whether the items' list is there, with nothing in it."""
        path = str(self.items)
        holder = compiled(path.removesuffix("[*]"), "items") if path.endswith("[*]") else None
        return holder is not None and [] in list(islice(_found(holder, document), _MOST_FOUND))

    def first(self, item: object, field: str) -> Any:
        """Return the first value that one of the field's paths finds and that is not null, else None."""
        for path in self.fields.get(field, ()):
            for value in islice(_found(path, item), _MOST_FOUND):
                if value is not None and value != "":
                    return value
        return None

    def all(self, item: object, field: str) -> list[Any]:
        """Return every value that the field's paths find."""
        return [value for path in self.fields.get(field, ()) for value in islice(_found(path, item), _MOST_FOUND)]


def mapping_of(text: str) -> FieldPaths:
    """Return the mapping a setting describes. Raises SettingError, naming the field and the remedy."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingError("mapping", f"is no JSON ({str(error)[:100]}); write an object such as {_EXAMPLE}") from error
    if not isinstance(given, dict) or "text" not in given:
        raise SettingError("mapping", f"is an object that names at least text, such as {_EXAMPLE}")
    unknown = [key for key in given if key not in (*FIELDS, "items")]
    if unknown:
        raise SettingError("mapping", f"there is no field {unknown[0]!r}; use items, {', '.join(FIELDS)}")
    paths = {field: tuple(compiled(path, field) for path in _paths(field, value)) for field, value in given.items()}
    items = paths.pop("items", ())
    return FieldPaths(items=items[0] if items else None, fields=paths)


def _paths(field: str, value: object) -> list[str]:
    """Return the paths given for a field, one or several."""
    given = value if isinstance(value, list) else [value]
    paths = [path.strip() for path in given if isinstance(path, str) and path.strip()]
    if not paths or len(paths) < len(given) or len(paths) > _MOST_PATHS:
        raise SettingError("mapping", f"{field}: give a path such as $.body, or a list of at most {_MOST_PATHS}")
    return paths


@lru_cache(maxsize=1_000)
def compiled(path: str, field: str) -> JSONPathQuery:
    """Return the path, which may leave out the leading `$.`. Raises SettingError for one that is wrong or could cost
    too much."""
    whole = path if path.startswith("$") else f"$.{path}"
    seeks, asks = whole.count(".."), whole.count("?")
    if len(whole) > _MOST_CHARS or seeks > 1 or asks > 2 or (seeks and asks):
        raise SettingError("mapping", f"{field}: {path[:60]!r} may take too long; use fewer .. and ?")
    try:
        return _Environment().compile(whole)
    except (JSONPathError, RecursionError, ValueError) as error:
        said = " ".join(str(error).split())[:150]
        raise SettingError(
            "mapping", f"{field}: {path[:60]!r} is no JSONPath ({said}); write one such as $.body"
        ) from None


def _found(path: JSONPathQuery, document: Any) -> Iterable[Any]:
    """Yield what a path finds; nothing where the document is nested without end."""
    try:
        for node in path.finditer(document):
            yield node.value
    except (JSONPathError, RecursionError):
        return
