"""A mention as the API gives it.

The shapes say what there is; `fields` fills them. Lists write it as it is, without a model made of each mention.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from alerts.query import Found
from analysis.types import Sentiment
from service.api.parameters import Named, Shape
from service.store.mention import MentionVersion, StoredMention, Verdict


class AuthorShape(Shape):
    """Who said it, as the site shows them."""

    id: str | None
    name: str | None
    url: str | None


class RatingShape(Shape):
    """Stars or points."""

    value: float
    scale: float = Field(description="The most that could be given.")


class SentimentShape(Shape):
    """Probabilities; they sum to 1."""

    negative: float
    neutral: float
    positive: float


class SpanShape(Shape):
    """Words a verdict was read from; offsets count code points of the judged text."""

    start: int
    end: int
    text: str


class CauseShape(Shape):
    """Something the mention is about."""

    cause: str = Field(examples=["waiting"])
    label: Sentiment | None = Field(description="Toward it; null where a person named the cause.")
    p: float = Field(description="Probability that the mention is about it, 0 to 1; 1 where a person named it.")
    because: list[SpanShape] | None


class JudgedShape(Shape):
    """What the model said, whatever a person said after."""

    label: Sentiment
    anger_level: int
    angry: bool
    kind: str | None = Field(description="The likeliest.")
    causes: list[str] | None


class AnalysisShape(Shape):
    """The verdict on the current version, as a person corrected it."""

    model: str = Field(examples=["ngram@1"])
    at: datetime
    language: str = Field(description="`zh-Hant`, `zh-Hans`, `th`, `en`, another BCP 47 tag, or `und`.")
    sentiment: SentimentShape = Field(description="The model's.")
    label: Sentiment = Field(description="As filtered and counted: what a person said, else the model's.")
    anger: float = Field(description="Probability of anger level 2, 0 to 1; the model's.")
    anger_level: int = Field(description="0 none, 1 displeased, 2 angry; what a person said, else the model's.")
    angry: bool = Field(description="As filtered and counted: what a person said, else the model's.")
    corrected: bool = Field(
        description="A person has said something of it: of label, anger level, kind, causes or relevance. `judged` "
        "keeps what the model said."
    )
    judged: JudgedShape
    because: list[SpanShape] | None
    kind: dict[str, float] | None = Field(
        description="Probabilities of complaint, attack, threat, question, praise, promotion and other; they sum to 1. "
        "The model's. Null where the model has no such head, as below."
    )
    likeliest_kind: str | None = Field(
        description="The kind, as filtered and counted: what a person said, else the model's likeliest."
    )
    churn: float | None = Field(description="Probability that the writer leaves, 0 to 1.")
    recommend: float | None = Field(description="Probability that others are advised to buy, visit or use, 0 to 1.")
    stage: dict[str, float] | None = Field(
        description="Probabilities of doubting, using, settled, leaving and unknown; they sum to 1."
    )
    severity: float | None = Field(description="0 a trifle, 0.5 money or time lost, 1 safety, health, law.")
    purpose: dict[str, float] | None = Field(description="Probabilities of what the writer wants; they sum to 1.")
    causes: list[CauseShape] | None = Field(
        description="As filtered and counted: those a person named, else the model's, the likeliest first."
    )


class FoundShape(Shape):
    """Words that a query found; offsets count code points of the field."""

    field: str = Field(description="`title`, `text`, or another field the query asked for.")
    start: int
    end: int
    text: str
    word: str = Field(description="The query's word that they are.")

    @classmethod
    def of(cls, found: Found) -> Self:
        """Return the shape of found words."""
        return cls.model_validate(found_fields(found))


class MatchShape(Shape):
    """Why a mention is about its brand."""

    whole_source: bool = Field(description="Everything this source says is about the brand.")
    found: list[FoundShape] | None = Field(
        description="What the brand's query of today finds in it; null where it finds it no more."
    )


class MentionItem(Shape):
    """A mention as lists show it."""

    id: int
    brand: Named
    source: Named
    kind: str
    site: str = Field(examples=["forum.example"])
    external_id: str = Field(description="Its identity in its source.")
    url: str | None
    parent: str | None
    root: str | None
    author: AuthorShape
    published_at: datetime | None = Field(description="As the site gives it.")
    edited_at: datetime | None
    first_seen_at: datetime
    said_at: datetime = Field(description="Published, or first seen where the site gives no time.")
    title: str
    text: str
    language: str | None = Field(description="As judged; null until then.")
    language_hint: str | None = Field(description="As the site declares it.")
    rating: RatingShape | None
    engagement: Mapping[str, int]
    reply_by_owner: bool
    own: bool = Field(description="The brand's own account said it; left out of counts and alerts.")
    promotion: bool = Field(description="It advertises, as judged or corrected; left out of counts and alerts.")
    irrelevant: bool = Field(description="A person said that it is not about the brand; left out of counts.")
    deleted: bool
    erased: bool = Field(description="Erased for good: the words, the author and the place are gone.")
    version: int
    story: int | None = Field(description="Mentions of one story say the same thing.")
    incident: int | None
    analysis: AnalysisShape | None = Field(description="Null until judged.")
    highlights: list[FoundShape] = Field(default=[], description="The words that `q` found.")

    @classmethod
    def of(cls, stored: StoredMention) -> Self:
        """Return the shape of a stored mention."""
        return cls.model_validate(fields(stored))


class VersionShape(Shape):
    """A mention as it read once."""

    version: int
    title: str
    text: str
    rating: RatingShape | None
    deleted: bool
    seen_at: datetime

    @classmethod
    def of(cls, version: MentionVersion) -> Self:
        """Return the shape of a version."""
        rating = _rating(version.rating_value, version.rating_scale)
        return cls(
            version=version.version,
            title=version.title,
            text=version.text,
            rating=None if rating is None else RatingShape.model_validate(rating),
            deleted=version.deleted,
            seen_at=version.seen_at,
        )


class MentionWhole(MentionItem):
    """A mention with its versions, and why it is about its brand."""

    versions: list[VersionShape] = Field(description="How it read over time, newest first.")
    matched: MatchShape


def found_fields(found: Found) -> dict[str, object]:
    """Return the fields of found words."""
    return {
        "field": found.field,
        "start": found.start,
        "end": found.end,
        "text": found.text,
        "word": found.word,
    }


def _rating(value: float | None, scale: float | None) -> dict[str, float] | None:
    return None if value is None or scale is None else {"value": value, "scale": scale}


def _causes(stored: StoredMention, verdict: Verdict) -> list[Mapping[str, Any]] | None:
    """Return what a mention is about, with what the model found of it."""
    if not stored.corrected:
        return None if verdict.causes is None else list(verdict.causes)
    if stored.verdict_causes is None:
        return None if verdict.causes is None else []
    known = {one["cause"]: one for one in verdict.causes or ()}
    return [
        known.get(cause) or {"cause": cause, "label": None, "p": 1.0, "because": None}
        for cause in stored.verdict_causes
    ]


def _judged(verdict: Verdict) -> dict[str, object]:
    kind = verdict.kind
    return {
        "label": verdict.label,
        "anger_level": verdict.anger_level,
        "angry": verdict.angry,
        "kind": None if kind is None else max(kind, key=kind.__getitem__),
        "causes": None if verdict.causes is None else [one["cause"] for one in verdict.causes],
    }


def _analysis(stored: StoredMention, verdict: Verdict) -> dict[str, object]:
    return {
        "model": verdict.model,
        "at": verdict.at,
        "language": verdict.language,
        "sentiment": {"negative": verdict.negative, "neutral": verdict.neutral, "positive": verdict.positive},
        "label": stored.label,
        "anger": verdict.anger,
        "anger_level": stored.anger_level,
        "angry": stored.angry,
        "corrected": stored.corrected,
        "judged": _judged(verdict),
        "because": verdict.because,
        "kind": verdict.kind,
        "likeliest_kind": stored.verdict_kind,
        "churn": verdict.churn,
        "recommend": verdict.recommend,
        "stage": verdict.stage,
        "severity": verdict.severity,
        "purpose": verdict.purpose,
        "causes": _causes(stored, verdict),
    }


def fields(stored: StoredMention, found: Sequence[Found] = ()) -> dict[str, object]:
    """Return what `MentionItem` names of a stored mention, with the words that a query found."""
    verdict = stored.verdict
    return {
        "id": stored.id,
        "brand": {"id": stored.brand_id, "name": stored.brand},
        "source": {"id": stored.source_id, "name": stored.source},
        "kind": stored.kind,
        "site": stored.site,
        "external_id": stored.external_id,
        "url": stored.url,
        "parent": stored.parent,
        "root": stored.root,
        "author": {"id": stored.author_id, "name": stored.author_name, "url": stored.author_url},
        "published_at": stored.published_at,
        "edited_at": stored.edited_at,
        "first_seen_at": stored.first_seen_at,
        "said_at": stored.said_at,
        "title": stored.title,
        "text": stored.text,
        "language": None if verdict is None else verdict.language,
        "language_hint": stored.language_hint,
        "rating": _rating(stored.rating_value, stored.rating_scale),
        "engagement": stored.engagement,
        "reply_by_owner": stored.reply_by_owner,
        "own": stored.own,
        "promotion": stored.promotion,
        "irrelevant": stored.irrelevant,
        "deleted": stored.deleted,
        "erased": stored.erased,
        "version": stored.version,
        "story": stored.story_id,
        "incident": stored.incident_id,
        "analysis": None if verdict is None else _analysis(stored, verdict),
        "highlights": [found_fields(one) for one in found],
    }
