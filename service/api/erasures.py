"""What was erased for good, at a person's wish."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, status
from pydantic import Field, model_validator

from alerts.types import MentionId
from service.api import paging
from service.api.access import Administering
from service.api.errors import Invalid
from service.api.parameters import PREFIX, Cursor, Id, Limit, Page, Shape, Words
from service.api.query import Read
from service.store import erasure
from service.store.erasure import Author, Erasure

router = APIRouter(prefix=PREFIX, tags=["erasures"])
_NOUN = "erasures"
_Name = Annotated[Words, Field(min_length=1, max_length=500)]


class ErasureGiven(Shape):
    """A mention, or an author at a site."""

    mention: Id | None = None
    site: Annotated[_Name | None, Field(examples=["forum.example"])] = None
    author: Annotated[_Name | None, Field(description="The author's exact name, or id at the site.")] = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.site is None) != (self.author is None) or (self.mention is None) == (self.site is None):
            raise ValueError("give either `mention`, or both `site` and `author`")
        return self

    @property
    def wanted(self) -> MentionId | Author:
        """What is to go."""
        if self.site is not None and self.author is not None:
            return Author(site=self.site, author=self.author)
        return MentionId(self.mention or 0)


class ErasureShape(Shape):
    """That something was erased; not what."""

    id: int
    at: datetime
    by: str
    mention: int | None = Field(description="Null: an author was named, and is not kept.")
    items: int = Field(description="Mentions that went.")

    @classmethod
    def of(cls, done: Erasure) -> Self:
        """Return the shape of an erasure."""
        return cls(id=done.id, at=done.at, by=done.by, mention=done.mention_id, items=done.items)


class ErasureQuery(Shape):
    """Which page."""

    limit: Limit = 50
    cursor: Cursor = None


@router.post("/erasures", summary="Erase a mention or an author for good", status_code=status.HTTP_201_CREATED)
async def erase(asked: Administering, body: ErasureGiven) -> ErasureShape:
    """Words, author, versions, verdicts and index go, and every total follows at once. Incidents keep their numbers and
    show that something was erased. The same item stays away when it is published again. Erasing a mention twice gives
    the first answer again. There is no way back."""
    async with asked.conn.transaction():
        done = await erasure.erase(asked.conn, body.wanted, by=asked.caller.name, now=asked.now)
    if done is None:
        if body.mention is not None:
            raise Invalid("mention", "is no mention's id; GET /api/v1/mentions lists them")
        raise Invalid("author", "has said nothing at this site that is still here; GET /api/v1/mentions lists authors")
    return ErasureShape.of(done)


@router.get("/erasures", summary="List erasures")
async def erasures(
    asked: Administering, query: Annotated[ErasureQuery, Depends(Read(ErasureQuery))]
) -> Page[ErasureShape]:
    """The last first."""
    before = None
    if query.cursor is not None:
        _, before = paging.time_and_id(_NOUN, query, query.cursor)
    found = await erasure.newest(asked.conn, before=before, limit=query.limit + 1)
    kept = found[: query.limit]
    more = len(found) > query.limit
    return Page(
        items=[ErasureShape.of(one) for one in kept],
        next=paging.seal(_NOUN, query, (kept[-1].at, kept[-1].id)) if more else None,
    )
