"""Pages of JSON as a platform's API answers them: each item is read by itself, so that none costs its siblings."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collectors.api import Reply
from collectors.dates import from_epoch, parse_date
from collectors.errors import CollectError
from collectors.feed_items import MAX_ITEMS, one_line, quarantined
from collectors.harvest import Harvest
from collectors.types import Author, Mention, Quarantined, Rating

#: Counts beyond this are no counts.
_MOST = 2**53
#: No id is longer; Python makes no text of numbers that are much longer.
_LONGEST_NUMBER = 10**40


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What one answer held."""

    mentions: tuple[Mention, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    #: What the platform wants to be asked with for the page after this one; None where there is none.
    following: str | None = None
    #: The first and the last moment on the page, by whatever the platform sorts.
    oldest: datetime | None = None
    newest: datetime | None = None
    #: What the platform says it left out.
    warning: str | None = None


def take(harvest: Harvest, page: Page, reply: Reply | None = None) -> None:
    """Put a page, and what its answer said around it, into the harvest."""
    harvest.add(page.mentions, page.quarantined, warning=page.warning)
    if reply is not None:
        harvest.warn(reply.warning)
        harvest.wait(reply.pause)
        if not reply.complete:
            harvest.warn("an answer was cut short")


def record(value: object) -> Mapping[str, Any]:
    """Return a JSON object, an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Any]:
    """Return a JSON array, an empty one in place of anything else; of one too long, what is read and one more."""
    return value[: MAX_ITEMS + 1] if isinstance(value, list) else []


def listed(value: object, key: str) -> list[Any]:
    """Return the array that an answer must have under the key. Raises CollectError without one."""
    found = record(value).get(key)
    if not isinstance(found, list):
        raise CollectError(f"the answer has no list of {key}")
    return rows(found)


def read_each(
    items: Iterable[object], read: Callable[[Mapping[str, Any]], Iterable[Mention]]
) -> tuple[tuple[Mention, ...], tuple[Quarantined, ...]]:
    """Return the mentions of all items, and the items that could not be read."""
    mentions: list[Mention] = []
    unread: list[Quarantined] = []
    for number, item in enumerate(items):
        if number >= MAX_ITEMS:
            unread.append(Quarantined(raw=b"", reason=f"only the first {MAX_ITEMS} items of a page are read"))
            break
        try:
            if not isinstance(item, dict):
                raise TypeError(f"an item is an object, not {type(item).__name__}")  # noqa: TRY301
            mentions.extend(list(read(item)))
        # One item must never cost its siblings, whatever it holds.
        except Exception as error:  # noqa: BLE001
            unread.append(_set_aside(item, error))
    return tuple(mentions), tuple(unread)


def _set_aside(item: object, error: Exception) -> Quarantined:
    try:
        return quarantined(item, error)
    except RecursionError:
        return Quarantined(raw=b"", reason="the item is nested too deeply to be kept")


def words(value: object) -> str:
    """Return a text or number as text, anything else as none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= _LONGEST_NUMBER:
        return ""
    # A number of 64 bits is exact as a whole one; as a fraction it is not the one that was meant.
    return str(value) if isinstance(value, int) or abs(value) < _MOST else ""


def identity(value: object, name: str = "id") -> str:
    """Return what the platform calls an item by. Raises ValueError for none or one too long to be honest."""
    text = one_line(words(value), 501)
    if not text or len(text) > 500:
        raise ValueError(f"the item has no usable {name}: {text[:50]!r}")
    return text


def optional_identity(value: object) -> str | None:
    """Return what the platform calls another item by, or None."""
    text = one_line(words(value), 501)
    return text if text and len(text) <= 500 else None


def moment(value: object, *, now: datetime) -> datetime | None:
    """Return a moment given as a text, or as a number of seconds or milliseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        # 0 stands for «never» wherever a number is given.
        return from_epoch(min(max(float(min(max(value, -_MOST), _MOST)), -1e15), 1e15), now=now) if value else None
    return parse_date(value, now=now) if isinstance(value, str) else None


def stars(value: object, *, scale: float = 5) -> Rating | None:
    """Return the stars, as a number or a text of one; none where there are none. Raises ValueError or TypeError for
    what cannot be stars."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{str(value)[:20]!r} are no stars")
    return Rating(value=float(value), scale=scale)


def counts(**given: object) -> dict[str, int]:
    """Return those that are counts, by their names: likes, replies, shares and so on."""
    return {name: count for name, value in given.items() if (count := _count(value)) is not None}


def _count(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def author(*, id: object = None, name: object = None, url: str | None = None) -> Author:  # noqa: A002
    """Return the author with clean names."""
    return Author(id=optional_identity(id), name=one_line(words(name), 200) or None, url=url)


def names_in(setting: str | None) -> frozenset[str]:
    """Return the account names of a setting, parted by commas, without case and @."""
    return frozenset(name.strip().removeprefix("@").lower() for name in (setting or "").split(",") if name.strip())


def is_own(own: frozenset[str], *names: object) -> bool:
    """Say whether any of an author's names is among the brand's own accounts."""
    return any(words(name).removeprefix("@").lower() in own for name in names if words(name))
