"""Builders: each makes a whole, ordinary object; a test names only what it is about."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from alerts.types import (
    Activity,
    BrandDigest,
    BrandId,
    Contact,
    ContactId,
    Counts,
    Digest,
    DigestKind,
    IncidentId,
    JudgedMention,
    MentionId,
    Message,
    NotificationId,
    Purpose,
    Reason,
    Rule,
    RuleId,
    RuleKind,
    RuleMode,
    SourceId,
    StoryId,
    Traffic,
    Urgency,
)
from analysis.types import Analysis
from collectors.types import Mention, Source, SourceKind

T = TypeVar("T")

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def _made(kind: type[T], defaults: dict[str, Any], given: dict[str, Any]) -> T:
    """Return an object of the kind from the defaults and what the test gives."""
    unknown = set(given) - {field.name for field in fields(kind)}  # type: ignore[arg-type]  # always a dataclass
    assert not unknown, f"{kind.__name__} has no {unknown}"
    return kind(**{**defaults, **given})


def source(**given: Any) -> Source:
    return _made(Source, {"kind": SourceKind.FEED, "settings": {"url": "http://127.0.0.1/feed"}}, given)


def mention(**given: Any) -> Mention:
    defaults: dict[str, Any] = {
        "kind": SourceKind.FEED,
        "site": "forum.example",
        "id": "post-1",
        "url": "https://forum.example/post-1",
        "title": "",
        "text": "The noodles were fine.",
        "published_at": NOW,
    }
    return _made(Mention, defaults, given)


def analysis(**given: Any) -> Analysis:
    """A calm verdict; `angry=True` alone makes a whole angry one."""
    if given.get("angry"):
        angry = {"negative": 0.95, "neutral": 0.04, "positive": 0.01, "anger": 0.97, "anger_level": 2}
        given = {**angry, **given}
    defaults: dict[str, Any] = {
        "language": "en",
        "negative": 0.1,
        "neutral": 0.8,
        "positive": 0.1,
        "anger": 0.02,
        "anger_level": 0,
        "angry": False,
        "model": "ngram@1",
    }
    return _made(Analysis, defaults, given)


def judged_mention(**given: Any) -> JudgedMention:
    defaults: dict[str, Any] = {
        "id": MentionId(7),
        "version": 1,
        "brand_id": BrandId(1),
        "source_id": SourceId(1),
        "story_id": StoryId(3),
        "site": "forum.example",
        "url": "https://forum.example/post-7",
        "author_name": "hungry_cat",
        "title": "",
        "text": "Never again! You lied to my face and laughed.",
        "said_at": NOW,
        "first_seen_at": NOW,
        "analysis": analysis(angry=True),
    }
    return _made(JudgedMention, defaults, given)


def rule(**given: Any) -> Rule:
    defaults: dict[str, Any] = {
        "id": RuleId(1),
        "brand_id": None,
        "kind": RuleKind.ANGRY_MENTION,
        "name": "Angry mentions",
        "settings": {},
        "mode": RuleMode.ACTIVE,
        "urgency": Urgency.URGENT,
    }
    return _made(Rule, defaults, given)


def traffic(**given: Any) -> Traffic:
    """An hour of a brand in which nothing was said."""
    defaults: dict[str, Any] = {
        "brand_id": BrandId(1),
        "start": NOW - timedelta(hours=1),
        "end": NOW,
        "counts": Counts(),
    }
    return _made(Traffic, defaults, given)


def contact(**given: Any) -> Contact:
    return _made(
        Contact, {"id": ContactId(1), "name": "On call", "email": "oncall@example.com", "language": "en"}, given
    )


def message(**given: Any) -> Message:
    defaults: dict[str, Any] = {
        "notification_id": NotificationId(UUID("00000000-0000-4000-8000-000000000001")),
        "contact": contact(),
        "incident_id": IncidentId(5),
        "incident_url": "http://127.0.0.1:8000/incidents/5",
        "brand": "Lantern Noodles",
        "rule": "Angry mentions",
        "urgency": Urgency.URGENT,
        "purpose": Purpose.FIRST,
        "cycle": 1,
        "reason": Reason(code="angry", values={"anger": 0.97, "threshold": 0.5}),
        "alert_count": 1,
        "new_count": 1,
        "opened_at": NOW,
        "mention": judged_mention(),
    }
    return _made(Message, defaults, given)


def brand_digest(**given: Any) -> BrandDigest:
    defaults: dict[str, Any] = {
        "brand": "Lantern Noodles",
        "url": "http://127.0.0.1:8000/mentions?brand=1&angry=1",
        "counts": Counts(total=40, negative=10, neutral=10, positive=15, angry=3),
        "counts_before": Counts(total=30, negative=5, neutral=10, positive=15, angry=1),
        "activity": Activity(),
        "activity_before": Activity(),
        "course": 0,
    }
    return _made(BrandDigest, defaults, given)


def digest(**given: Any) -> Digest:
    defaults: dict[str, Any] = {
        "notification_id": NotificationId(UUID("00000000-0000-4000-8000-000000000002")),
        "contact": contact(),
        "kind": DigestKind.DAILY,
        "since": datetime(2026, 3, 4, 16, tzinfo=UTC),
        "until": datetime(2026, 3, 5, 16, tzinfo=UTC),
        "brands": (brand_digest(),),
        "url": "http://127.0.0.1:8000/reports",
    }
    return _made(Digest, defaults, given)
