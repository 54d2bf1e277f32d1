"""What is watched, and how it is spoken of."""

from dataclasses import asdict
from typing import Annotated, Self

from fastapi import APIRouter, Path, status
from pydantic import Field

from alerts import brands
from alerts.brands import MOST_NAME_CHARACTERS, MOST_NAMES, BrandTerms
from alerts.errors import BrandError
from alerts.query_parser import MOST_CHARACTERS
from alerts.types import BrandId
from service.api.access import Asked, Reading, Writing
from service.api.errors import Invalid, NotFound
from service.api.mention_shapes import FoundShape, MentionItem
from service.api.parameters import PREFIX, BrandGiven, Id, Page, Shape, Words, brand_of
from service.store import brand, brand_match
from service.store.mention import MentionFilter

router = APIRouter(prefix=PREFIX, tags=["brands"])
#: Of the latest mentions so many are looked at for a preview, and so many shown.
_LOOKED_AT, _SHOWN = 500, 50

_Name = Annotated[Words, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Asked = Annotated[
    Words,
    Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="In the query language, as `q` of GET /mentions, without `label`, which is not known when "
        "something comes in. With a query the name alone finds nothing.",
        examples=["lantern NEAR/3 (tea OR 茶) -festival"],
    ),
]
_Word = Annotated[Words, Field(min_length=1, max_length=MOST_NAME_CHARACTERS)]
_Names = Annotated[list[_Word], Field(max_length=MOST_NAMES)]


class TermsShape(Shape):
    """How a brand is spoken of."""

    name: _Name = Field(examples=["Lantern Tea"])
    query: _Asked | None = None
    aliases: _Names = Field(default=[], description="Other names, in any script; found beside the query.")
    context: _Names = Field(
        default=[], description="For names that are common words: one of these must stand in the same post."
    )
    exclude: _Names = Field(default=[], description="Posts with one of these are about something else.")
    own_accounts: _Names = Field(
        default=[],
        description="Ids, names or addresses of authors, or sites, that speak for the brand. What they say is kept, "
        "and left out of counts and alerts.",
    )

    @property
    def terms(self) -> BrandTerms:
        """The terms as the matcher takes them. Raises Invalid."""
        return _checked(
            BrandTerms(
                name=self.name,
                query=self.query,
                aliases=tuple(self.aliases),
                context=tuple(self.context),
                exclude=tuple(self.exclude),
                own_accounts=tuple(self.own_accounts),
            )
        )


class BrandItem(TermsShape):
    """A brand."""

    id: int
    demo: bool = Field(description="Fictional, made by `earshot up --demo`.")

    @classmethod
    def of(cls, one: brand.Brand) -> Self:
        """Return the shape of a brand."""
        return cls.model_validate({"id": one.id, "demo": one.demo, **asdict(one.terms)})


class BrandChange(Shape):
    """What to change; what is left away stays."""

    name: _Name | None = None
    query: _Asked | None = Field(default=None, description="Null: by its names alone.")
    aliases: _Names | None = None
    context: _Names | None = None
    exclude: _Names | None = None
    own_accounts: _Names | None = None


class PreviewGiven(TermsShape):
    """Terms to try out."""

    name: _Name = Field(default="-", description="Looked for only where there is no query.")
    brand: BrandGiven = Field(default=None, description="Only among the mentions of this brand (id or exact name).")


class PreviewMatch(Shape):
    """A mention that would be about the brand, and the words that say so."""

    mention: MentionItem
    found: list[FoundShape] = Field(description="Empty where only facts such as the site did.")


class Preview(Shape):
    """What terms would find among the latest mentions."""

    looked_at: int = Field(description="The latest mentions, own ones and advertising too.")
    matched: int
    items: list[PreviewMatch] = Field(description="The latest of them.")


def _checked(terms: BrandTerms) -> BrandTerms:
    try:
        brands.check(terms)
    except BrandError as error:
        raise Invalid(error.field, error.detail) from error
    return terms


@router.get("/brands", summary="List brands")
async def brands_list(asked: Reading) -> Page[BrandItem]:
    """All in one page, by name."""
    return Page(items=[BrandItem.of(one) for one in await brand.every(asked.conn)], next=None)


@router.post("/brands", summary="Watch a brand", status_code=status.HTTP_201_CREATED)
async def brand_add(asked: Writing, body: TermsShape) -> BrandItem:
    """From now on every shared source is listened to for it."""
    added = await brand.add(asked.conn, body.terms, now=asked.now)
    if added is None:
        raise Invalid("name", "another brand has this name; choose another, or change that one")
    return await _one(asked, added)


@router.post("/brands/preview", summary="Try out how a brand would be found")
async def brand_preview(asked: Reading, body: PreviewGiven) -> Preview:
    """Says which of the latest mentions the terms would find, and by which words. Stores nothing. Posts that are about
    no brand are not kept, and so not looked at."""
    among = MentionFilter(brand_id=await brand_of(asked.conn, body.brand))
    found = await brand_match.preview(asked.conn, body.terms, among=among, limit=_LOOKED_AT)
    return Preview(
        looked_at=found.looked_at,
        matched=len(found.matches),
        items=[
            PreviewMatch(mention=MentionItem.of(stored), found=[FoundShape.of(one) for one in words])
            for stored, words in found.matches[:_SHOWN]
        ],
    )


@router.get("/brands/{id}", summary="One brand")
async def brand_one(asked: Reading, brand_id: Annotated[Id, Path(alias="id")]) -> BrandItem:
    """What the list shows, of one."""
    return await _one(asked, BrandId(brand_id))


@router.patch("/brands/{id}", summary="Change how a brand is found")
async def brand_change(asked: Writing, brand_id: Annotated[Id, Path(alias="id")], body: BrandChange) -> BrandItem:
    """Counts for what comes in from now on; what was stored stays, and is marked by changed own accounts in a few
    seconds. A field left away stays as it is."""
    before = await brand.get(asked.conn, BrandId(brand_id))
    if before is None:
        raise NotFound(f"There is no brand {brand_id}.")
    given = body.model_dump(exclude_unset=True)
    for name, value in given.items():
        if value is None and name != "query":
            raise Invalid(name, "is null; leave it away, or give a value")
    changed = {name: tuple(one) if isinstance(one, list) else one for name, one in given.items()}
    terms = BrandTerms(**{**asdict(before.terms), **changed})
    if not await brand.change(asked.conn, before.id, _checked(terms)):
        raise Invalid("name", "another brand has this name; choose another")
    return await _one(asked, before.id)


async def _one(asked: Asked, brand_id: BrandId) -> BrandItem:
    found = await brand.get(asked.conn, brand_id)
    if found is None:
        raise NotFound(f"There is no brand {brand_id}.")
    return BrandItem.of(found)
