"""The kinds of rule: the module that checks each, imported on use, and the settings each takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib import import_module
from typing import cast

from alerts.errors import RuleError
from alerts.rules import values
from alerts.types import GroupBy, MentionChecker, RuleKind, TrafficChecker
from collectors.types import Setting


class Reads(StrEnum):
    """What a kind of rule looks at."""

    #: Each judged mention, once.
    MENTIONS = "mentions"
    #: Spans of time of a brand.
    COUNTS = "counts"
    #: Spans of time, and what is ordinary at their hour of the week.
    BASELINE = "baseline"
    #: When each source of a brand spoke.
    RHYTHMS = "rhythms"


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """One setting and what reads it."""

    setting: Setting
    #: module:attribute of a function called with all settings and the key. Raises RuleError.
    read: str | Callable[[Mapping[str, values.Value], str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of rule."""

    #: module:attribute of its checker
    checker: str
    settings: tuple[Declared, ...]
    reads: Reads = Reads.MENTIONS
    #: module:attribute of what raises RuleError where settings lack something together
    whole: str | None = None
    #: What the kind can group by, its own way first.
    groups: tuple[GroupBy, ...] = (GroupBy.STORY, GroupBy.BRAND, GroupBy.SOURCE, GroupBy.AUTHOR, GroupBy.NONE)
    #: Of a kind that looks at spans: an incident nobody took up ends by itself this long after its last alert.
    ends_after: timedelta = timedelta(0)


def _count(settings: Mapping[str, values.Value], field: str) -> object:
    return values.count(settings, field, default=10)


def _factor(settings: Mapping[str, values.Value], field: str) -> object:
    return values.number(settings, field, least=1, most=1000, default=2.5)


def _one_of(*choices: str) -> Callable[[Mapping[str, values.Value], str], object]:
    return lambda settings, field: values.choice(settings, field, choices, default=choices[0])


_LANGUAGES = Declared(
    setting=Setting(
        key="languages",
        description="Only mentions in these languages, with commas between",
        example="zh-Hant, th",
    ),
    read=values.languages,
)


def _threshold(of: str, example: str) -> Declared:
    described = f"Fire from this probability of {of}, 0 to 1"
    return Declared(setting=Setting(key="threshold", description=described, example=example), read=values.share)


_SPIKE = (
    Declared(
        setting=Setting(
            key="sensitivity",
            description="How unlikely so many must be: low fires seldom, high early",
            example="normal",
            choices=("low", "normal", "high"),
        ),
        read=_one_of("normal", "low", "high"),
    ),
    Declared(
        setting=Setting(
            key="factor", description="Fire from so many times what is ordinary at this hour of the week", example="2.5"
        ),
        read=_factor,
    ),
    Declared(
        setting=Setting(key="min_count", description="Fire from so many mentions within the hour", example="12"),
        read=_count,
    ),
)

KINDS: Mapping[RuleKind, Kind] = {
    RuleKind.ANGRY_MENTION: Kind(
        checker="alerts.rules.angry_mention:check",
        settings=(
            Declared(
                setting=Setting(
                    key="threshold",
                    description="Fire from this probability of anger, 0 to 1, in place of the language's own threshold",
                    example="0.8",
                ),
                read=values.share,
            ),
            Declared(
                setting=Setting(
                    key="thresholds",
                    description="A threshold for each language, with commas between; goes before the one for all",
                    example="zh-Hant 0.7, th 0.6",
                ),
                read=values.shares,
            ),
            Declared(
                setting=Setting(
                    key="min_level",
                    description="Fire from this anger level: 1 is displeased, 2 is angry",
                    example="2",
                    choices=("1", "2"),
                ),
                read=values.level,
            ),
            _LANGUAGES,
        ),
    ),
    RuleKind.LOW_RATING: Kind(
        checker="alerts.rules.low_rating:check",
        settings=(
            Declared(
                setting=Setting(
                    key="stars",
                    description="Fire up to so many stars of five; other scales are brought to five",
                    example="2",
                ),
                read=lambda settings, field: values.number(settings, field, least=0, most=5, default=2),
            ),
            _LANGUAGES,
        ),
    ),
    RuleKind.KEYWORD: Kind(
        checker="alerts.rules.keyword:check",
        whole="alerts.rules.keyword:complain_of_nothing",
        settings=(
            Declared(
                setting=Setting(
                    key="query",
                    description="What to look for, in the query language",
                    example='"food poisoning" OR 拉肚子 OR ท้องเสีย',
                ),
                read="alerts.rules.keyword:read_query",
            ),
            Declared(
                setting=Setting(
                    key="pattern",
                    description="A regular expression (RE2) that must be found too, if given",
                    example=r"order\s*#?\d{6}",
                ),
                read="alerts.rules.keyword:read_pattern",
            ),
            _LANGUAGES,
        ),
    ),
    RuleKind.THREAT: Kind(checker="alerts.rules.threat:check", settings=(_threshold("a threat", "0.5"), _LANGUAGES)),
    RuleKind.CHURN_RISK: Kind(
        checker="alerts.rules.churn_risk:check", settings=(_threshold("leaving", "0.5"), _LANGUAGES)
    ),
    RuleKind.INFLUENTIAL_AUTHOR: Kind(
        checker="alerts.rules.influential_author:check",
        settings=(
            Declared(
                setting=Setting(
                    key="min_followers", description="Fire from so many followers of the author", example="10000"
                ),
                read=_count,
            ),
            Declared(
                setting=Setting(
                    key="min_reactions",
                    description="Fire from so many reactions to the post: likes, replies, shares",
                    example="200",
                ),
                read=_count,
            ),
            Declared(
                setting=Setting(
                    key="mood",
                    description="Which mentions count",
                    example="negative",
                    choices=("any", "negative", "angry"),
                ),
                read=_one_of("negative", "any", "angry"),
            ),
            _LANGUAGES,
        ),
    ),
    RuleKind.NEGATIVE_SHARE: Kind(
        checker="alerts.rules.negative_share:check",
        reads=Reads.COUNTS,
        groups=(GroupBy.BRAND,),
        ends_after=timedelta(hours=3),
        settings=(
            Declared(
                setting=Setting(
                    key="window",
                    description="The span of time to look at",
                    example="1h",
                    choices=tuple(values.WINDOWS),
                ),
                read=lambda settings, field: values.window(settings, field, default="1h"),
            ),
            Declared(
                setting=Setting(
                    key="share", description="Fire from this part of negative mentions, 0 to 1", example="0.6"
                ),
                read=lambda settings, field: values.number(settings, field, least=0.01, most=1, default=0.6),
            ),
            Declared(
                setting=Setting(
                    key="min_count", description="With fewer judged mentions than this, say nothing", example="10"
                ),
                read=_count,
            ),
        ),
    ),
    RuleKind.VOLUME_SPIKE: Kind(
        checker="alerts.rules.spikes:check_volume",
        reads=Reads.BASELINE,
        groups=(GroupBy.BRAND,),
        ends_after=timedelta(hours=6),
        settings=_SPIKE,
    ),
    RuleKind.ANGER_SPIKE: Kind(
        checker="alerts.rules.spikes:check_anger",
        reads=Reads.BASELINE,
        groups=(GroupBy.BRAND,),
        ends_after=timedelta(hours=6),
        settings=_SPIKE,
    ),
    RuleKind.SOURCE_SILENCE: Kind(
        checker="alerts.rules.source_silence:check",
        reads=Reads.RHYTHMS,
        groups=(GroupBy.SOURCE,),
        settings=(
            Declared(
                setting=Setting(
                    key="factor",
                    description="Fire after so many times the longest silence of the last four weeks",
                    example="2",
                ),
                read=lambda settings, field: values.number(settings, field, least=1, most=100, default=2),
            ),
        ),
    ),
}


def settings_of(kind: RuleKind) -> tuple[Setting, ...]:
    """Return the settings this kind takes, enough to show a form."""
    return tuple(declared.setting for declared in KINDS[kind].settings)


def check_settings(kind: RuleKind, settings: Mapping[str, values.Value]) -> None:
    """Raise RuleError, naming field and remedy, where the settings cannot be used."""
    declared = {one.setting.key: one for one in KINDS[kind].settings}
    for key in settings:
        if key not in declared:
            raise RuleError(str(key), f"{kind} has no such setting; known are {', '.join(declared)}")
        read = declared[key].read
        if isinstance(read, str):
            read = cast("Callable[[Mapping[str, values.Value], str], object]", _named(read))
        read(settings, key)
    if (whole := KINDS[kind].whole) is not None:
        cast("Callable[[Mapping[str, values.Value]], None]", _named(whole))(settings)


def check_group(kind: RuleKind, group_by: GroupBy | None) -> GroupBy:
    """Return what rules of this kind group by; None asks for the kind's own way. Raises RuleError."""
    groups = KINDS[kind].groups
    if group_by is not None and group_by not in groups:
        raise RuleError("group_by", f"{kind} cannot group by {group_by}; write one of {', '.join(groups)}")
    return groups[0] if group_by is None else group_by


def reads(kind: RuleKind) -> Reads:
    """Return what rules of this kind look at."""
    return KINDS[kind].reads


def mention_checker(kind: RuleKind) -> MentionChecker:
    """Return the function that checks mentions by rules of this kind, which must read mentions."""
    return cast("MentionChecker", _named(KINDS[kind].checker))


def traffic_checker(kind: RuleKind) -> TrafficChecker:
    """Return the function that checks spans of time by rules of this kind, which must not read mentions."""
    return cast("TrafficChecker", _named(KINDS[kind].checker))


def _named(place: str) -> object:
    """Return what a module:attribute names, imported on use."""
    module, _, attribute = place.partition(":")
    found: object = getattr(import_module(module), attribute)
    return found
