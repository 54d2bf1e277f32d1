"""The complaint of our own that shows whether the way from the analyser to the mail server is open. Pure."""

from datetime import datetime

from alerts.types import (
    BrandId,
    Contact,
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
    Urgency,
)
from analysis.types import Analysis

#: Angry in any reading: an analyser that does not find it so misses what people write, too.
WORDS = (
    "Disgusting scam company! They lied to my face, stole my money and laughed at me. I am furious, "
    "the worst service ever, I will report these thieves and never come back!!!"
)
NAME = "Canary"
#: As an operator would have it who sets nothing.
RULE = Rule(
    id=RuleId(0),
    brand_id=None,
    kind=RuleKind.ANGRY_MENTION,
    name=NAME,
    settings={},
    mode=RuleMode.ACTIVE,
    urgency=Urgency.HIGH,
)


def mention(verdict: Analysis, *, at: datetime) -> JudgedMention:
    """Return the complaint as a rule and a letter see it; it stands in no table."""
    return JudgedMention(
        id=MentionId(0),
        version=1,
        brand_id=BrandId(0),
        source_id=SourceId(0),
        story_id=StoryId(0),
        site=NAME,
        url=None,
        author_name=NAME,
        title="",
        text=WORDS,
        said_at=at,
        first_seen_at=at,
        analysis=verdict,
    )


def message(
    notification_id: NotificationId, contact: Contact, verdict: Analysis, reason: Reason, *, at: datetime, url: str
) -> Message:
    """Return what its mailbox is told: an alert like any other, about no incident."""
    return Message(
        notification_id=notification_id,
        contact=contact,
        incident_id=IncidentId(0),
        incident_url=url,
        brand=NAME,
        rule=NAME,
        urgency=RULE.urgency,
        purpose=Purpose.CANARY,
        cycle=1,
        reason=reason,
        alert_count=1,
        new_count=1,
        opened_at=at,
        mention=mention(verdict, at=at),
    )
