"""What a webhook's body says, as the OpenAPI document describes it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldIncident:
    """An incident as it is when the message is made."""

    id: int
    #: Its page.
    url: str
    brand: str
    rule: str
    status: str
    urgency: str
    severity: str
    #: Counts reopenings.
    cycle: int
    opened_at: datetime
    alert_count: int
    acknowledged_by: str | None
    resolved_by: str | None
    resolution: str | None
    #: The words that opened it.
    title: str
    text: str
    site: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldMention:
    """An angry mention."""

    id: int
    #: Its page.
    url: str
    #: Where it was said; null where there is no address.
    original_url: str | None
    brand: str
    source: str
    site: str
    author: str | None
    said_at: datetime
    title: str
    text: str
    language: str | None
    #: Probability of anger, 0 to 1.
    anger: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentTold:
    """`incident.opened`, `incident.acknowledged`, `incident.escalated` and `incident.resolved`."""

    type: str
    timestamp: datetime
    data: ToldIncident


@dataclass(frozen=True, kw_only=True, slots=True)
class MentionTold:
    """`mention.angry`."""

    type: str
    timestamp: datetime
    data: ToldMention


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialTold:
    """`test`: somebody wants to see whether messages arrive."""

    type: str
    timestamp: datetime
    data: dict[str, str]


Told = IncidentTold | MentionTold | TrialTold
