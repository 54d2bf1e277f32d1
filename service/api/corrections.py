"""People's word against the verdict, and how good the verdicts are by it."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field, field_validator, model_validator

from alerts.types import MentionId
from analysis.heads import CAUSES
from service.api.access import Reading, Responding
from service.api.errors import Conflict, NotFound
from service.api.paging import seal, time_and_id
from service.api.parameters import PREFIX, Cursor, Flag, Id, Limit, Page, Shape
from service.api.query import Read
from service.measures import ratio, wilson
from service.store import correction

router = APIRouter(prefix=PREFIX, tags=["quality"])
_USUAL_DAYS = 90

Label = Literal["negative", "neutral", "positive"]
Level = Literal[0, 1, 2]
KindName = Literal["complaint", "attack", "threat", "question", "praise", "promotion", "other"]


class CorrectionGiven(Shape):
    """What is right. Fields left out stay as they are; null gives a field back to the verdict."""

    label: Label | None = None
    anger_level: Annotated[
        Annotated[int, Field(strict=True, ge=0, le=2)] | None, Field(description="0 calm, 1 displeased, 2 angry.")
    ] = None
    kind: KindName | None = None
    causes: Annotated[list[str] | None, Field(max_length=len(CAUSES), examples=[["service", "waiting"]])] = None
    irrelevant: Annotated[Flag, Field(description="Not about the brand: kept, and left out of counts.")] = False

    @field_validator("causes")
    @classmethod
    def _check_causes(cls, causes: list[str] | None) -> list[str] | None:
        for cause in causes or ():
            if cause not in CAUSES:
                raise ValueError(f"{cause!r} is no cause; use {', '.join(CAUSES)}")
        return None if causes is None else list(dict.fromkeys(causes))

    @model_validator(mode="after")
    def _check_any(self) -> "CorrectionGiven":
        if not self.model_fields_set:
            raise ValueError("give at least one of label, anger_level, kind, causes, irrelevant")
        return self


class CorrectionShape(Shape):
    """What a person said of one version of a mention; null where the verdict stands."""

    mention: int
    version: int
    label: Label | None
    anger_level: Level | None
    kind: KindName | None
    causes: list[str] | None
    irrelevant: bool
    by: str
    at: datetime

    @classmethod
    def of(cls, said: correction.Correction) -> "CorrectionShape":
        """Return the correction as it is shown."""
        return cls.model_validate(
            {
                "mention": said.mention_id,
                "version": said.version,
                "label": said.label,
                "anger_level": said.anger_level,
                "kind": said.kind,
                "causes": None if said.causes is None else list(said.causes),
                "irrelevant": said.irrelevant,
                "by": said.by,
                "at": said.at,
            }
        )


@router.patch("/mentions/{id}", summary="Correct what a mention was judged to be")
async def correct(
    asked: Responding, mention_id: Annotated[Id, Path(alias="id")], given: CorrectionGiven
) -> CorrectionShape:
    """Every total follows at once, and a later judgement of the same version does not undo it. Confirming what the
    model said counts for its quality too."""
    changes = given.model_dump(include=given.model_fields_set)
    try:
        async with asked.conn.transaction():
            said = await correction.correct(
                asked.conn, MentionId(mention_id), changes, by=asked.caller.name, now=asked.now
            )
    except correction.Erased:
        raise Conflict(f"Mention {mention_id} was erased for good; there is nothing to correct.") from None
    if said is None:
        raise NotFound(f"There is no mention {mention_id}.")
    return CorrectionShape.of(said)


class Lesson(CorrectionShape):
    """A correction with its text: a line of what `earshot-train --corrections` takes."""

    id: str
    title: str
    text: str
    language: str | None


class LessonQuery(Shape):
    """Which page."""

    limit: Limit = 50
    cursor: Cursor = None


@router.get("/corrections", summary="List corrections, newest first, with their texts")
async def corrections(asked: Reading, query: Annotated[LessonQuery, Depends(Read(LessonQuery))]) -> Page[Lesson]:
    """What the model can learn from."""
    place = time_and_id("corrections", query, query.cursor) if query.cursor else None
    before = None if place is None else (place[0], MentionId(place[1]))
    found = await correction.lessons(asked.conn, before=before, limit=query.limit + 1)
    items = [
        Lesson(
            **CorrectionShape.of(one.correction).model_dump(),
            id=str(one.correction.mention_id),
            title=one.title,
            text=one.text,
            language=one.language,
        )
        for one in found[: query.limit]
    ]
    more = len(found) > query.limit
    return Page(items=items, next=seal("corrections", query, (items[-1].at, items[-1].mention)) if more else None)


class LanguageQuality(Shape):
    """How the verdicts of one language fared with the people who looked."""

    language: str
    checked: int
    called_angry: int
    rightly_angry: int
    truly_angry: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall_among_checked: float | None
    label_accuracy: float | None


class RuleQuality(Shape):
    """How one rule's incidents ended."""

    rule: int
    name: str
    resolved: int
    false_positive: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None


class Quality(Shape):
    """How good verdicts and rules are, by the people who looked."""

    since: datetime
    languages: list[LanguageQuality]
    rules: list[RuleQuality]
    definitions: dict[str, str]


_DEFINITIONS = {
    "precision": "Of those that the model called angry and a person looked at, the share that was; for a rule, of its "
    "resolved incidents the share that was no false positive and no spam. With Wilson's 95 % interval.",
    "recall_among_checked": "Of those a person found angry, the share that the model had called so. People look at "
    "what stands out, so that this is no estimate for all mentions.",
    "label_accuracy": "Share of checked sentiments that a person left as they were.",
}


@router.get("/quality", summary="How good verdicts and rules are")
async def quality(asked: Reading, days: Annotated[int, Query(ge=1, le=3650)] = _USUAL_DAYS) -> Quality:
    """From corrections and resolved incidents of the last days."""
    since = asked.now - timedelta(days=days)
    return Quality(
        since=since,
        languages=[_language(one) for one in await correction.by_language(asked.conn, since=since)],
        rules=[_rule(one) for one in await correction.by_rule(asked.conn, since=since)],
        definitions=_DEFINITIONS,
    )


def _language(one: correction.LanguageQuality) -> LanguageQuality:
    low, high = wilson(one.rightly_angry, one.called_angry)
    return LanguageQuality(
        language=one.language,
        checked=one.checked,
        called_angry=one.called_angry,
        rightly_angry=one.rightly_angry,
        truly_angry=one.truly_angry,
        precision=ratio(one.rightly_angry, one.called_angry),
        precision_low=low,
        precision_high=high,
        recall_among_checked=ratio(one.rightly_angry, one.truly_angry),
        label_accuracy=ratio(one.same_label, one.label_checked),
    )


def _rule(one: correction.RuleQuality) -> RuleQuality:
    right = one.resolved - one.false_positive
    low, high = wilson(right, one.resolved)
    return RuleQuality(
        rule=one.rule_id,
        name=one.rule,
        resolved=one.resolved,
        false_positive=one.false_positive,
        precision=ratio(right, one.resolved),
        precision_low=low,
        precision_high=high,
    )
