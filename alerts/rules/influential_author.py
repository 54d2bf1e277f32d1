"""Fires where many will hear: an author with many followers, or a post that many already react to.

Reach is never invented: a site that shows no numbers gives no alert.
"""

from collections.abc import Sequence

from alerts.rules import values
from alerts.rules.matching import matches
from alerts.types import Alert, JudgedMention, Reason, Rule
from analysis.types import Sentiment

MOODS = ("any", "negative", "angry")
#: What sites count of readers who did something; views and votes given are not among them.
_REACTIONS = ("likes", "replies", "shares", "reposts", "quotes", "retweets", "comments", "boos", "pushes", "points")


def check(rule: Rule, window: Sequence[JudgedMention]) -> list[Alert]:
    """Return an alert for each mention of the asked mood that many hear, in order. Raises RuleError."""
    followers = values.count(rule.settings, "min_followers", default=10_000)
    reactions = values.count(rule.settings, "min_reactions", default=200)
    mood = values.choice(rule.settings, "mood", MOODS, default="negative")
    return matches(rule, window, lambda mention: _reason(mention, followers, reactions, mood))


def _reason(mention: JudgedMention, followers: int, reactions: int, mood: str) -> Reason | None:
    verdict = mention.analysis
    if (mood == "angry" and not verdict.angry) or (mood == "negative" and verdict.label is not Sentiment.NEGATIVE):
        return None
    known = mention.engagement.get("followers")
    if known is not None and known >= followers:
        return Reason(code="followers", values={"followers": known, "limit": followers})
    reacted = sum(mention.engagement.get(name, 0) for name in _REACTIONS)
    if reacted >= reactions:
        return Reason(code="reactions", values={"reactions": reacted, "limit": reactions})
    return None
