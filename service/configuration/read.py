"""Reads `earshot.toml`; every mistake names file, line and remedy."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError

from alerts import digest, quiet, wall_clock
from alerts import registry as rules
from alerts.brands import BrandTerms
from alerts.brands import check as check_brand
from alerts.errors import BrandError, DutyError, RuleError
from alerts.types import DigestKind, DigestWish, GroupBy, QuietHours, RuleKind, RuleMode, Severity, Urgency
from collectors import registry as collectors
from collectors.errors import SettingError
from collectors.types import SourceKind
from service.configuration.duties import PolicyEntry, ScheduleEntry, policy_complaints, schedule_complaints
from service.configuration.entry import Complaint, Entry, Name
from service.configuration.positions import line_of

_DURATION = re.compile(r"^(\d{1,6})\s*(s|m|h|d)$")
_PATTERNS = {
    "email": "write one address, such as oncall@example.com",
    "name": "write it without control characters",
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class ConfigurationError(Exception):
    """The file cannot be used; the message names file, line and remedy."""


def _interval(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a number and s, m, h or d, such as '5m'")
    interval = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not timedelta(seconds=5) <= interval <= timedelta(days=30):
        raise ValueError("must be between '5s' and '30d'")
    return interval


class BrandEntry(Entry):
    """A brand to watch, and how it is spoken of."""

    name: Name
    query: str | None = None
    aliases: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    own_accounts: tuple[str, ...] = ()

    @property
    def terms(self) -> BrandTerms:
        """How the brand is spoken of."""
        return BrandTerms(**dict(self))


class SourceEntry(Entry):
    """A place to listen to; without a brand it is shared by all of them."""

    brand: Name | None = None
    name: Name
    kind: SourceKind
    interval: Annotated[timedelta, BeforeValidator(_interval)] = timedelta(minutes=5)
    allow_private: bool = False
    enabled: bool = True
    #: Only what the brand's query finds is kept.
    match: bool = False
    settings: dict[str, str] = Field(default_factory=dict)


class ContactEntry(Entry):
    """Somebody to tell."""

    name: Name
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;\x00-\x1f]+@[^@\s<>,;\x00-\x1f]+$", max_length=254)]
    language: Literal["en", "zh-Hant", "zh-Hans", "th"] = "en"
    enabled: bool = True
    zone: str | None = None
    quiet_from: str | None = None
    quiet_to: str | None = None
    quiet_for: tuple[Urgency, ...] = ()
    digest: tuple[DigestKind, ...] = ()
    digest_at: str = "08:00"
    #: Also when nothing was said.
    digest_always: bool = False

    @property
    def wish(self) -> DigestWish:
        """Which digests the contact wants. Raises DutyError."""
        return digest.wish(self.digest, self.digest_at, always=self.digest_always)

    @property
    def quiet(self) -> QuietHours | None:
        """When the contact wants to be left in peace. Raises DutyError."""
        return quiet.hours(self.quiet_from, self.quiet_to, self.quiet_for, zone=self.zone)


class RuleEntry(Entry):
    """What to flag, and whom to tell: by a policy, or contacts; neither: everybody."""

    name: Name
    kind: RuleKind
    brand: Name | None = None
    mode: RuleMode = RuleMode.ACTIVE
    urgency: Urgency = Urgency.URGENT
    severity: Severity = Severity.MAJOR
    #: None: the kind's own way.
    group_by: GroupBy | None = None
    contacts: tuple[Name, ...] = ()
    policy: Name | None = None
    settings: dict[str, float | str] = Field(default_factory=dict)


class Configuration(Entry):
    """A whole file."""

    brand: tuple[BrandEntry, ...] = ()
    source: tuple[SourceEntry, ...] = ()
    contact: tuple[ContactEntry, ...] = ()
    schedule: tuple[ScheduleEntry, ...] = ()
    policy: tuple[PolicyEntry, ...] = ()
    rule: tuple[RuleEntry, ...] = ()


def _twice(noun: str, names: Sequence[str]) -> Iterable[Complaint]:
    counted = Counter(names)
    for index, name in enumerate(names):
        if counted[name] > 1 and name in names[:index]:
            yield (noun, index, "name"), f"there is another {noun} named {name!r}; names must differ"


def _source_complaints(wanted: Configuration) -> Iterable[Complaint]:
    brands = {brand.name for brand in wanted.brand}
    for index, source in enumerate(wanted.source):
        if source.brand is None and source.match:
            yield ("source", index, "match"), "a source without brand is always matched; leave match away"
        if source.brand is not None and source.brand not in brands:
            yield (
                ("source", index, "brand"),
                f"there is no [[brand]] named {source.brand!r}; add one or correct the name",
            )
        if source.kind not in collectors.offered():
            known = ", ".join(collectors.offered())
            yield ("source", index, "kind"), f"{source.kind} is not polled; use one of {known}"
            continue
        try:
            collectors.check(source.kind, source.settings, allow_private=source.allow_private)
        except SettingError as error:
            place = ("kind",) if error.field == "kind" else ("settings", error.field)
            yield ("source", index, *place), str(error)


def _rule_complaints(wanted: Configuration) -> Iterable[Complaint]:
    brands = {brand.name for brand in wanted.brand}
    contacts = {contact.name for contact in wanted.contact}
    for index, rule in enumerate(wanted.rule):
        if rule.brand is not None and rule.brand not in brands:
            yield ("rule", index, "brand"), f"there is no [[brand]] named {rule.brand!r}; add one or correct the name"
        for name in rule.contacts:
            if name not in contacts:
                yield (
                    ("rule", index, "contacts"),
                    f"there is no [[contact]] named {name!r}; add one or correct the name",
                )
        if rule.policy is not None and rule.policy not in {policy.name for policy in wanted.policy}:
            yield (
                ("rule", index, "policy"),
                f"there is no [[policy]] named {rule.policy!r}; add one or correct the name",
            )
        if rule.policy is not None and rule.contacts:
            yield ("rule", index, "policy"), "a rule goes by a policy or tells contacts; leave one of the two away"
        try:
            rules.check_settings(rule.kind, rule.settings)
        except RuleError as error:
            yield ("rule", index, "settings", error.field), str(error)
        try:
            rules.check_group(rule.kind, rule.group_by)
        except RuleError as error:
            yield ("rule", index, error.field), str(error)


def _brand_complaints(wanted: Configuration) -> Iterable[Complaint]:
    for index, brand in enumerate(wanted.brand):
        try:
            check_brand(brand.terms)
        except BrandError as error:
            yield ("brand", index, error.field), str(error)


def _contact_complaints(wanted: Configuration) -> Iterable[Complaint]:
    for index, contact in enumerate(wanted.contact):
        try:
            if contact.zone is not None:
                wall_clock.check_zone("zone", contact.zone)
            _ = contact.quiet
            _ = contact.wish
        except DutyError as error:
            yield ("contact", index, error.field), str(error)


def _complaints(wanted: Configuration) -> Iterable[Complaint]:
    yield from _twice("brand", [brand.name for brand in wanted.brand])
    yield from _twice("source", [f"{source.brand or ''}: {source.name}" for source in wanted.source])
    yield from _twice("contact", [contact.name for contact in wanted.contact])
    yield from _twice("schedule", [schedule.name for schedule in wanted.schedule])
    yield from _twice("policy", [policy.name for policy in wanted.policy])
    yield from _twice("rule", [rule.name for rule in wanted.rule])
    yield from _brand_complaints(wanted)
    yield from _contact_complaints(wanted)
    people, duties = [one.name for one in wanted.contact], [one.name for one in wanted.schedule]
    yield from schedule_complaints(wanted.schedule, people)
    yield from policy_complaints(wanted.policy, people, duties)
    yield from _source_complaints(wanted)
    yield from _rule_complaints(wanted)


_REMEDIES = {
    "extra_forbidden": "there is no such key here; see the commented example earshot.example.toml",
    "missing": "is missing; add it",
    "string_too_short": "is empty; write something",
}


def _said(error: Any) -> str:
    """Return what pydantic found wrong, with a remedy."""
    if error["type"] in _REMEDIES:
        return _REMEDIES[error["type"]]
    if error["type"] == "tuple_type" and len(error["loc"]) > 1:
        return 'write a list in brackets, such as ["one", "another"]'
    if error["type"] == "tuple_type":
        return "write the table's name in double brackets, such as [[brand]]"
    if error["type"] == "string_pattern_mismatch":
        return f"{error['input']!r} cannot be used here; {_PATTERNS.get(str(error['loc'][-1]), 'correct it')}"
    return str(error["msg"]).removeprefix("Value error, ")


def parse(text: str, *, name: str) -> Configuration:
    """Return the configuration a text describes. Raises ConfigurationError."""
    try:
        wanted = Configuration.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name}: not TOML: {error}; correct it there") from error
    except ValidationError as error:
        first = error.errors()[0]
        path = [part for part in first["loc"] if isinstance(part, str | int)]
        raise ConfigurationError(f"{name}:{line_of(text, path)}: {_dotted(path)}: {_said(first)}") from None
    for place, complaint in _complaints(wanted):
        raise ConfigurationError(f"{name}:{line_of(text, place)}: {complaint}")
    return wanted


def _dotted(path: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in path if isinstance(part, str))


def read(path: Path) -> Configuration:
    """Return the configuration in a file. Raises ConfigurationError."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}; name a readable file") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    return parse(text, name=str(path))
