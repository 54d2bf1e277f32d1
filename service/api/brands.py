"""What is watched."""

from fastapi import APIRouter
from pydantic import Field

from service.api.access import Reading
from service.api.parameters import PREFIX, Page, Shape
from service.store import brand

router = APIRouter(prefix=PREFIX, tags=["brands"])


class BrandItem(Shape):
    """A brand."""

    id: int
    name: str
    demo: bool = Field(description="Fictional, made by `earshot up --demo`.")


@router.get("/brands", summary="List brands")
async def brands_list(asked: Reading) -> Page[BrandItem]:
    """All in one page, by name."""
    found = await brand.every(asked.conn)
    return Page(items=[BrandItem(id=one.id, name=one.name, demo=one.demo) for one in found], next=None)
