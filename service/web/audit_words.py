"""What the record of deeds calls what was done and to what."""

import json
from collections.abc import Mapping

from service.store.audit import Deed
from service.web.reader import Reader


def actions(reader: Reader) -> Mapping[str, str]:
    """Return what the kinds of deed are called."""
    words = reader.words
    return {
        "added": words.pgettext("deed", "added"),
        "changed": words.pgettext("deed", "changed"),
        "removed": words.pgettext("deed", "removed"),
        "exported": words.pgettext("deed", "exported"),
    }


def things(reader: Reader) -> Mapping[str, str]:
    """Return what the things that people change are called."""
    words = reader.words
    return {
        "key": words.pgettext("thing", "API key"),
        "user": words.pgettext("thing", "User"),
        "second_factor": words.pgettext("thing", "Second factor of user"),
        "user_identity": words.pgettext("thing", "Identity of user"),
        "recovery_code": words.pgettext("thing", "Recovery code of user"),
        "session": words.pgettext("thing", "Session"),
        "brand": words.pgettext("thing", "Brand"),
        "source": words.pgettext("thing", "Source"),
        "rule": words.pgettext("thing", "Rule"),
        "contact": words.pgettext("thing", "Contact"),
        "silence": words.pgettext("thing", "Silence"),
        "correction": words.pgettext("thing", "Correction of mention"),
        "incident": words.pgettext("thing", "Incident"),
        "schedule": words.pgettext("thing", "Schedule"),
        "override": words.pgettext("thing", "Covered shift"),
        "calendar": words.pgettext("thing", "Calendar address"),
        "policy": words.pgettext("thing", "Escalation policy"),
        "webhook": words.pgettext("thing", "Webhook"),
        "mentions": words.pgettext("thing", "Mentions"),
        "erasure": words.pgettext("thing", "Erasure"),
        "quarantined": words.pgettext("thing", "Unreadable item"),
    }


def _steps(reader: Reader) -> Mapping[str, str]:
    """Return what people do about an incident, by the kinds of its timeline."""
    words = reader.words
    return {
        "acknowledged": words.pgettext("deed", "acknowledged"),
        "kept": words.pgettext("deed", "still on it"),
        "given_back": words.pgettext("deed", "given back"),
        "resolved": words.pgettext("deed", "resolved"),
        "reopened": words.pgettext("deed", "opened again"),
        "snoozed": words.pgettext("deed", "snoozed"),
        "assigned": words.pgettext("deed", "assigned"),
        "noted": words.pgettext("deed", "noted"),
        "merged": words.pgettext("deed", "merged"),
        "absorbed": words.pgettext("deed", "took another in"),
    }


def details(deed: Deed, reader: Reader) -> list[str]:
    """Return what a deed set or changed, in the API's words, or what was done about an incident, in the reader's; what
    stayed empty is left out."""
    step = _steps(reader).get(str(deed.detail.get("kind"))) if deed.thing == "incident" else None
    if step is not None:
        return [step]
    return [
        f"{name}: {_written(value[0])} → {_written(value[1])}"
        if deed.action == "changed" and isinstance(value, list)
        else f"{name}: {_written(value)}"
        for name, value in deed.detail.items()
        if value not in (None, [], {})
    ]


def _written(value: object) -> str:
    if value in (None, [], {}):
        return "–"
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
