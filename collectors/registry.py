"""What can be asked about the kinds of source that `kinds.py` lists.

The modules are named as strings and imported on use, so that a process that only shows and checks a form loads none.
"""

import difflib
from collections.abc import Collection, Mapping
from datetime import datetime
from importlib import import_module
from typing import Any, cast

import orjson

from collectors.addresses import checked_url
from collectors.dates import zone_named
from collectors.errors import CollectError, Refused, SettingError
from collectors.kinds import KINDS, State
from collectors.types import Collected, Collector, Follower, Listener, Receiver, Setting, Source, SourceKind


def kinds() -> tuple[SourceKind, ...]:
    """Return the kinds that are polled."""
    return tuple(kind for kind, entry in KINDS.items() if entry.collector is not None)


def pushed() -> tuple[SourceKind, ...]:
    """Return the kinds whose places send to an address of ours, some of them polled too."""
    return tuple(kind for kind, entry in KINDS.items() if entry.receiver is not None)


def told_by_lines() -> tuple[SourceKind, ...]:
    """Return the kinds whose places tell of news over a line that is held open."""
    return tuple(kind for kind, entry in KINDS.items() if entry.listener is not None)


def offered() -> tuple[SourceKind, ...]:
    """Return the kinds that a source can be set up as: all but what only `earshot import` fills."""
    return tuple(kind for kind, entry in KINDS.items() if entry.collector or entry.receiver)


def signed_by(kind: str) -> str | None:
    """Return the setting that holds what the kind's places sign with; None where they do not sign by a setting."""
    return KINDS[_known(kind)].signed_by


def is_window(kind: str) -> bool:
    """Whether a poll sees the newest items only. Raises SettingError for a kind there is not."""
    return KINDS[_known(kind)].window


def settings_of(kind: str) -> tuple[Setting, ...]:
    """Return the settings a kind declares. Raises SettingError for a kind there is not."""
    return KINDS[_known(kind)].settings


def state_of(kind: str) -> State:
    """Return how far a kind was tried and what its owner needs to have. Raises SettingError for a kind there is not."""
    return KINDS[_known(kind)].state


def collector(kind: str) -> Collector:
    """Return the kind's collector, loading its module. Raises SettingError for a kind that is not polled."""
    path = KINDS[_known(kind)].collector
    if path is None:
        raise SettingError("kind", f"{kind} is not polled; use one of {', '.join(kinds())}")
    # The registry's strings are checked by a test: every one names a collector.
    return cast("Collector", _named(path)())


def receiver(kind: str) -> Receiver:
    """Return what reads what the kind's places send, loading its module. Raises SettingError for a kind that sends
    nothing."""
    path = KINDS[_known(kind)].receiver
    if path is None:
        raise SettingError("kind", f"{kind} sends nothing to us; use one of {', '.join(pushed())}")
    return cast("Receiver", _named(path)())


def listener(kind: str) -> Listener:
    """Return what holds a line open to the kind's places, loading its module. Raises SettingError for a kind that
    tells nothing."""
    path = KINDS[_known(kind)].listener
    if path is None:
        raise SettingError("kind", f"{kind} tells nothing by itself; use one of {', '.join(told_by_lines())}")
    return cast("Listener", _named(path)())


def read_again(raw: bytes, source: Source, *, now: datetime) -> Collected:
    """Return what an item says that was set aside, read by itself. Blocking. Raises CollectError where it still cannot
    be read."""
    again = KINDS[_known(source.kind)].again
    if again is None:
        raise CollectError(f"an item of {source.kind} cannot be read by itself; it is when its place gives it again")
    answer = again.around.encode().replace(b"%s", _item(raw, again.of))
    try:
        found: Collected = _named(again.parse)(answer, source, now=now)
    except CollectError:
        raise
    # Whatever a reader stumbles over costs this item, and none that waits behind it.
    except Exception as error:
        raise CollectError(f"{type(error).__name__}: {error}"[:500]) from error
    if found.quarantined:
        raise CollectError(found.quarantined[0].reason)
    if not found.mentions:
        raise CollectError("nothing is said in what was kept of the item")
    return found


def _item(raw: bytes, field: str) -> bytes:
    """Return the item, out of the field that holds it. Raises CollectError."""
    if not field:
        return raw
    try:
        return orjson.dumps(orjson.loads(raw)[field])
    except (ValueError, KeyError, TypeError) as error:
        raise CollectError(f"what was kept of the item has no {field}") from error


def follower(kind: str) -> Follower:
    """Return what follows the stream of the kind's places, loading its module. Raises SettingError for a kind without
    one."""
    path = KINDS[_known(kind)].follower
    if path is None:
        raise SettingError("stream", f"{kind} has no stream; use one of {', '.join(streamed())}")
    return cast("Follower", _named(path)())


def streamed() -> tuple[SourceKind, ...]:
    """Return the kinds whose words can be followed as they are said."""
    return tuple(kind for kind, entry in KINDS.items() if entry.follower is not None)


def _named(path: str) -> Any:
    """Return the object that module:object names."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def check(kind: str, settings: Mapping[str, str], *, allow_private: bool = False) -> None:
    """Raise SettingError, naming the field and the remedy, unless a source of this kind can be set up so."""
    declared = {setting.key: setting for setting in settings_of(kind)}
    for key in settings:
        if key not in declared:
            raise SettingError(key, f"{kind} has no such setting{_suggestion(key, declared)}")
    for key, setting in declared.items():
        value = settings.get(key, "").strip()
        if setting.required and not value:
            raise SettingError(key, f"is required: {setting.description}, such as {setting.example}")
        if value and setting.choices and value not in setting.choices:
            raise SettingError(key, f"{value!r} is none of {', '.join(setting.choices)}")
        if value and key == "url":
            _check_url(value, allow_private=allow_private)
        if key == "zone":
            zone_named(value)
        if value and key == "mapping":
            _named("collectors.json_mapping:mapping_of")(value)


def _known(kind: str) -> SourceKind:
    try:
        return SourceKind(kind)
    except ValueError:
        raise SettingError("kind", f"there is no kind {kind!r}{_suggestion(kind, offered())}") from None


def _check_url(value: str, *, allow_private: bool) -> None:
    try:
        checked_url(value, allow_private=allow_private)
    except Refused as refused:
        remedy = "give a full address such as https://forum.example/latest.rss"
        if "public address" in str(refused):
            remedy = "allow private addresses for this source if the place is your own"
        raise SettingError("url", f"{refused}; {remedy}") from None


def _suggestion(word: str, known: Collection[str]) -> str:
    """Return the nearest known word as a question, or all of them."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else f"; use {', '.join(known) or 'none'}"
