"""The words between a verdict and the person who should hear of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import NewType, Protocol, Self
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
PolicyId = NewType("PolicyId", int)
PolicyVersionId = NewType("PolicyVersionId", int)


class RuleKind(StrEnum):
    """The kinds that exist; `registry.py` says which module checks each."""

    ANGRY_MENTION = "angry_mention"
    LOW_RATING = "low_rating"
    KEYWORD = "keyword"
    THREAT = "threat"
    CHURN_RISK = "churn_risk"
    INFLUENTIAL_AUTHOR = "influential_author"
    NEGATIVE_SHARE = "negative_share"
    VOLUME_SPIKE = "volume_spike"
    ANGER_SPIKE = "anger_spike"
    SOURCE_SILENCE = "source_silence"


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


class Severity(StrEnum):
    """How much is at stake, least first. An alert has its rule's, or more where the words themselves tell of harm."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class GroupBy(StrEnum):
    """Which alerts of a rule are one incident: those that share this, always within one brand."""

    STORY = "story"
    BRAND = "brand"
    SOURCE = "source"
    AUTHOR = "author"
    #: Every mention is an incident of its own.
    NONE = "none"


class IncidentStatus(StrEnum):
    """Where the work on an incident stands."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    #: Somebody wants to hear of it again later.
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """Why an incident was closed; feeds each rule's precision."""

    ANSWERED = "answered"
    FALSE_POSITIVE = "false_positive"
    SPAM = "spam"
    DUPLICATE = "duplicate"
    NO_ACTION = "no_action"
    #: It was made a part of another incident. Says nothing about the rule.
    MERGED = "merged"
    #: What the rule saw is over, and nobody had taken it up. Says nothing about the rule.
    ENDED = "ended"


class Purpose(StrEnum):
    """Why a notification is owed."""

    FIRST = "first"
    #: More joined since the last word.
    MORE = "more"
    #: Still nobody acknowledged it, and it is this contact's turn again.
    AGAIN = "again"
    #: Whoever acknowledged it has done nothing since, and others are told soon.
    REMINDER = "reminder"
    #: So much at once that single e-mails would be noise: one that lists them all.
    STORM = "storm"
    #: To ask whether the address wants to be told at all. About no incident.
    VERIFY = "verify"
    #: What a day or a week brought. About no incident.
    DIGEST = "digest"
    #: Something of Earshot itself was switched off. About no incident.
    NOTICE = "notice"
    #: To see whether mail arrives. About no incident.
    TRIAL = "trial"
    #: A complaint of our own, to see whether real ones would be told of. About no incident, and to no person.
    CANARY = "canary"


class NotificationState(StrEnum):
    """From owed to accepted by the channel's server."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    #: Another e-mail to the same contact tells of it too.
    BUNDLED = "bundled"


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
    severity: Severity = Severity.MAJOR
    group_by: GroupBy = GroupBy.STORY
    #: Who is told, and who next; None: the rule's contacts, once.
    policy_id: PolicyId | None = None


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
    author_id: str | None = None
    author_name: str | None
    title: str
    text: str
    said_at: datetime
    first_seen_at: datetime
    rating: Rating | None = None
    #: Counts the site shows, such as likes, shares or the author's followers.
    engagement: Mapping[str, int] = field(default_factory=dict)
    #: The brand itself answers.
    reply_by_owner: bool = False
    deleted: bool = False
    analysis: Analysis


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a rule fired: a message code that the templates say in the reader's language, and its numbers."""

    code: str
    values: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One rule matched one mention, or one span of time that the mention stands for."""

    rule_id: RuleId
    mention_id: MentionId
    version: int
    #: Alerts of one key belong to one incident: rule | brand | what the rule groups by.
    group_key: str
    reason: Reason
    severity: Severity = Severity.MAJOR
    #: The end of the span of time it tells of; None: it tells of its mention alone.
    slot: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How much was said in a span of time."""

    total: int = 0
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    angry: int = 0

    @property
    def judged(self) -> int:
        """How many of them have a verdict."""
        return self.negative + self.neutral + self.positive

    @classmethod
    def summed(cls, counted: "Iterable[Counts]") -> Self:
        """Return how much was said in several spans together."""
        rows = list(counted)
        return cls(
            total=sum(row.total for row in rows),
            negative=sum(row.negative for row in rows),
            neutral=sum(row.neutral for row in rows),
            positive=sum(row.positive for row in rows),
            angry=sum(row.angry for row in rows),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """How much of a span of time one source, story or word has."""

    name: str
    count: int
    #: Of a story, or of a source.
    id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Makeup:
    """What a span of time is made of, the greatest part first: the cause of a spike."""

    sources: tuple[Share, ...] = ()
    stories: tuple[Share, ...] = ()
    terms: tuple[Share, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How often a source speaks, and since when it has not."""

    source_id: SourceId
    name: str
    #: When something was last said there.
    last_at: datetime
    #: How many pauses were seen between what it said before.
    pauses: int
    #: Longer than 999 of 1,000 of them.
    longest: timedelta
    #: When it last answered a poll; None: never.
    answered_at: datetime | None
    #: The mention that was said last.
    last: JudgedMention


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """One span of time of one brand, as rules over spans see it."""

    brand_id: BrandId
    start: datetime
    end: datetime
    counts: Counts
    #: The hours with mentions of the weeks before, by their start; an hour left out had none.
    history: Mapping[datetime, Counts] = field(default_factory=dict)
    #: The first hour that the brand was listened to for; None: it is new.
    since: datetime | None = None
    #: What brands here do on average in each hour of the week, from Monday 00:00 UTC, as shares that sum to 1.
    pooled_week: tuple[float, ...] = ()
    makeup: Makeup = field(default_factory=Makeup)
    #: The angriest mention of the span; None: nothing was said.
    telling: JudgedMention | None = None
    #: For rules about sources: those of the brand that can be judged.
    rhythms: tuple[Rhythm, ...] = ()


class MentionChecker(Protocol):
    """One kind of rule about single mentions: a pure function, named `check` in its module."""

    def __call__(self, rule: Rule, window: Sequence[JudgedMention]) -> list[Alert]:
        """Return an alert for each mention of the window that the rule matches, in order. Raises RuleError."""
        ...


class TrafficChecker(Protocol):
    """One kind of rule about spans of time: a pure function, named `check` in its module."""

    def __call__(self, rule: Rule, traffic: Traffic) -> list[Alert]:
        """Return an alert for each group of the span that the rule matches. Raises RuleError."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """When a contact wants to be left in peace, by the clock on their wall."""

    starts: time
    #: On the next day where it is not after the start.
    ends: time
    #: What waits for the end.
    urgencies: frozenset[Urgency] = frozenset({Urgency.NORMAL})


class DigestKind(StrEnum):
    """How long a stretch of time a digest tells of: a day, or a week from Monday, by the contact's clock."""

    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestWish:
    """Which digests a contact wants."""

    kinds: frozenset[DigestKind] = frozenset()
    #: When they leave, on the day after, by the contact's clock.
    at: time = time(8)
    #: Also when nothing was said.
    always: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """A way to reach a person."""

    id: ContactId
    name: str
    email: str
    #: The language of the messages: en, zh-Hant, zh-Hans or th.
    language: str
    enabled: bool = True
    #: Somebody at the address, or the operator, agreed that it is told.
    verified: bool = True
    #: An IANA name; None: the installation's.
    zone: str | None = None
    #: Only together with a zone.
    quiet: QuietHours | None = None
    #: Mail to the address came back.
    bounced: bool = False
    digest: DigestWish = DigestWish()

    @property
    def reachable(self) -> bool:
        """Whether it may be told."""
        return self.enabled and self.verified


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
    #: When somebody last did something about it while somebody has it: from then its acknowledgement holds.
    tended_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    resolution: Resolution | None = None
    severity: Severity = Severity.MAJOR
    assigned_to: str | None = None
    snoozed_until: datetime | None = None
    #: The incident that work goes on in.
    merged_into: IncidentId | None = None
    #: The escalation policy as it was when the incident opened; None: it has none.
    policy_version_id: PolicyVersionId | None = None
    #: When this cycle began: since then nobody has acknowledged it.
    called_at: datetime
    #: How far the escalation has come in this cycle: steps from 0, repeats counted on.
    level: int = 0
    #: When it came so far.
    level_at: datetime


class IncidentEventKind(StrEnum):
    """What a line of an incident's timeline tells."""

    OPENED = "opened"
    JOINED = "joined"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    #: Whoever has it is still on it.
    KEPT = "kept"
    #: Whoever had it does not look at it after all.
    GIVEN_BACK = "given_back"
    #: Nobody did anything about it since it was acknowledged: whoever is on duty is told again.
    LAPSED = "lapsed"
    RESOLVED = "resolved"
    #: Worse than before: whoever had it is told again.
    WORSENED = "worsened"
    SNOOZED = "snoozed"
    #: The snooze is over.
    WOKE = "woke"
    ASSIGNED = "assigned"
    NOTED = "noted"
    #: It was made a part of another incident.
    MERGED = "merged"
    #: Another incident was made a part of it.
    ABSORBED = "absorbed"
    #: What the rule saw is over.
    ENDED = "ended"
    #: Nobody acknowledged it in time: it is the next step's turn.
    ESCALATED = "escalated"
    #: Nobody is told for now; the detail names what forbids it.
    SUPPRESSED = "suppressed"
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
    #: When it came to be owed.
    at: datetime
    #: How many of the incident's alerts it tells of; None: it has not left, and will tell of all there are then.
    covers: int | None
    seq: int = 0
    #: It was given up, or came back.
    failed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """A notification that ought to exist, and why."""

    incident_id: IncidentId
    contact_id: ContactId
    purpose: Purpose
    cycle: int
    #: Tells words of one purpose and cycle apart.
    seq: int = 0
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One incident among those that one e-mail lists."""

    incident_id: IncidentId
    incident_url: str
    brand: str
    rule: str
    urgency: Urgency
    site: str
    #: Of the alert that it is told by.
    words: str
    #: Mentions that this contact had not been told of.
    new_count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LastHours:
    """What was said of a brand in the hours before a message."""

    #: An hour each, in order.
    counts: tuple[Counts, ...]
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Everything a channel needs to tell one contact about one incident once."""

    notification_id: NotificationId
    contact: Contact
    incident_id: IncidentId
    #: The incident's page; acts only after a further click. In an e-mail to one contact it needs no signing in.
    incident_url: str
    brand: str
    rule: str
    urgency: Urgency
    purpose: Purpose
    cycle: int
    reason: Reason
    #: All alerts of the incident so far.
    alert_count: int
    #: Those of them that this contact had not been told of.
    new_count: int
    opened_at: datetime
    #: How long nobody had acknowledged the incident when this came to be owed.
    unanswered: timedelta = timedelta()
    #: Whoever should have been told cannot be reached.
    last_resort: bool = False
    #: Of a reminder: who acknowledged the incident, and when others are told unless somebody does something.
    acknowledged_by: str = ""
    holds_until: datetime | None = None
    mention: JudgedMention
    #: What an e-mail of the purpose `storm` lists.
    listed: tuple[Listed, ...] = ()
    #: None: it leaves without.
    hours: LastHours | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Everything a channel needs to ask an address whether it wants to be told."""

    notification_id: NotificationId
    contact: Contact
    #: Shows what is agreed to; acts only after a further click.
    url: str
    urgency: Urgency = Urgency.HIGH


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """Everything a channel needs to show that what it sends arrives."""

    notification_id: NotificationId
    contact: Contact
    #: The dashboard.
    url: str
    urgency: Urgency = Urgency.HIGH


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """What was done and achieved in a stretch of time."""

    #: Incidents that were resolved as answered.
    answered: int = 0
    #: Authors who complained before and are pleased now.
    recovered: int = 0
    #: Mentions that recommend the brand.
    recommending: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """One mention that a digest quotes."""

    mention: JudgedMention
    #: The mention's own page.
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RisingWord:
    """A word that is said more often than before."""

    term: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandDigest:
    """What a stretch of time brought one brand, beside the one before."""

    brand: str
    #: The brand's angry mentions of the stretch.
    url: str
    counts: Counts
    counts_before: Counts
    activity: Activity
    activity_before: Activity
    #: Whether anger rose (1) or fell (-1) with a certainty of 95 %, else 0.
    course: int
    #: The stretch by its hours, or its days in a week, in order; () where nobody counted.
    steps: tuple[Counts, ...] = ()
    #: The angriest first.
    angry: tuple[Voice, ...] = ()
    rising: tuple[RisingWord, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """Everything a channel needs to tell one contact what a day or a week brought."""

    notification_id: NotificationId
    contact: Contact
    kind: DigestKind
    #: Half open, from midnight to midnight by the contact's clock.
    since: datetime
    until: datetime
    brands: tuple[BrandDigest, ...]
    #: The page that shows digests.
    url: str
    urgency: Urgency = Urgency.NORMAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Everything a channel needs to say that a webhook was switched off."""

    notification_id: NotificationId
    contact: Contact
    webhook: str
    why: str
    #: The page of webhooks.
    url: str
    urgency: Urgency = Urgency.HIGH


#: What a channel can send.
Post = Message | Verification | Digest | Trial | Notice


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

    async def send(self, post: Post) -> Receipt:
        """Hand one message over, within 30 seconds in all. Raises ChannelError."""
        ...

    async def verify(self) -> ChannelHealth:
        """Go as far as can be gone without sending anything. Raises nothing."""
        ...
