"""The words between a verdict and the person who should hear of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol
from uuid import UUID

from analysis.types import Analysis
from collectors.types import Rating

BrandId = NewType("BrandId", int)
SourceId = NewType("SourceId", int)
MentionId = NewType("MentionId", int)
StoryId = NewType("StoryId", int)
RuleId = NewType("RuleId", int)
AlertId = NewType("AlertId", int)
IncidentId = NewType("IncidentId", int)
ContactId = NewType("ContactId", int)
NotificationId = NewType("NotificationId", UUID)


class RuleKind(StrEnum):
    """The kinds that exist; `registry.py` says which module checks each."""

    ANGRY_MENTION = "angry_mention"


class RuleMode(StrEnum):
    """Monitor records what would have fired and tells nobody."""

    ACTIVE = "active"
    MONITOR = "monitor"
    OFF = "off"


class Urgency(StrEnum):
    """How fast somebody must look, most urgent first."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"


class IncidentStatus(StrEnum):
    """Where the work on an incident stands."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """Why an incident was closed; feeds each rule's precision."""

    ANSWERED = "answered"
    FALSE_POSITIVE = "false_positive"
    SPAM = "spam"
    DUPLICATE = "duplicate"
    NO_ACTION = "no_action"


class Purpose(StrEnum):
    """Why a notification is owed."""

    FIRST = "first"


class NotificationState(StrEnum):
    """From owed to accepted by the channel's server."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What to flag."""

    id: RuleId
    #: None: every brand.
    brand_id: BrandId | None
    kind: RuleKind
    name: str
    settings: Mapping[str, float | str]
    mode: RuleMode
    urgency: Urgency


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedMention:
    """A mention with its verdict, as a rule sees it."""

    id: MentionId
    version: int
    brand_id: BrandId
    source_id: SourceId
    story_id: StoryId
    site: str
    url: str | None
    author_name: str | None
    title: str
    text: str
    said_at: datetime
    first_seen_at: datetime
    rating: Rating | None = None
    deleted: bool = False
    analysis: Analysis


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a rule fired: a message code that the templates say in the reader's language, and its numbers."""

    code: str
    values: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One rule matched one mention."""

    rule_id: RuleId
    mention_id: MentionId
    version: int
    #: Alerts of one key belong to one incident: rule | brand | story.
    group_key: str
    reason: Reason


class RuleChecker(Protocol):
    """One kind of rule: a pure function, named `check` in its module."""

    def __call__(self, rule: Rule, window: Sequence[JudgedMention]) -> list[Alert]:
        """Return an alert for each mention of the window that the rule matches, in order. Raises RuleError."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A way to reach a person."""

    id: ContactId
    name: str
    email: str
    #: The language of the messages: en, zh-Hant, zh-Hans or th.
    language: str
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """The open problem that alerts of one group key belong to."""

    id: IncidentId
    rule_id: RuleId
    brand_id: BrandId
    group_key: str
    status: IncidentStatus
    urgency: Urgency
    #: Counts reopenings; each begins a new round of notifications.
    cycle: int = 1
    opened_at: datetime
    last_alert_at: datetime
    alert_count: int
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolution: Resolution | None = None


class IncidentEventKind(StrEnum):
    """What a line of an incident's timeline tells."""

    OPENED = "opened"
    JOINED = "joined"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    #: A notification was accepted by the channel's server.
    NOTIFIED = "notified"
    #: A notification was given up; nobody will try again.
    DELIVERY_FAILED = "delivery_failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentEvent:
    """One line of an incident's timeline. The timeline is only ever added to."""

    kind: IncidentEventKind
    at: datetime
    #: Who did it; None: Earshot itself.
    actor: str | None = None
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One thing a contact has been, or is about to be, told about an incident."""

    contact_id: ContactId
    purpose: Purpose
    #: Counts reopenings: each begins a new cycle.
    cycle: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """A notification that ought to exist, and why."""

    incident_id: IncidentId
    contact_id: ContactId
    purpose: Purpose
    cycle: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Everything a channel needs to tell one contact about one incident once."""

    notification_id: NotificationId
    contact: Contact
    incident_id: IncidentId
    #: The incident's page; acts only after a further click.
    incident_url: str
    brand: str
    rule: str
    urgency: Urgency
    purpose: Purpose
    cycle: int
    reason: Reason
    alert_count: int
    opened_at: datetime
    mention: JudgedMention


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """A server took a message over."""

    stage: str
    code: int
    #: The server's own words, one line.
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelHealth:
    """Whether a channel could send now, and in one line why not."""

    ok: bool
    detail: str


class Channel(Protocol):
    """A way to tell a contact."""

    async def send(self, message: Message) -> Receipt:
        """Hand one message over, within 30 seconds in all. Raises ChannelError."""
        ...

    async def verify(self) -> ChannelHealth:
        """Go as far as can be gone without sending anything. Raises nothing."""
        ...
