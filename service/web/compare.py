"""Brands and competitors beside each other."""

from fastapi import APIRouter
from starlette.responses import Response

from service.web import figures, voice
from service.web.scope import period_names, scope_of
from service.web.visit import PageRoute, SignedIn

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/compare")
async def compared(visit: SignedIn) -> Response:
    """Return all brands with share of voice, net sentiment and anger."""
    scope = await scope_of(visit)
    found = await voice.voices(visit, scope)
    than = figures.before(scope.period, visit.reader)
    return visit.page(
        "compare.html",
        here="compare",
        scope=scope,
        periods=period_names(visit.reader),
        voices=[(one, figures.net_change(one.now.net, one.then.net, than, visit.reader)) for one in found],
        total=sum(one.now.total for one in found),
        total_link=scope.mentions(brand=None),
    )
