"""Settings: who did what, and whether the record of it holds."""

from fastapi import APIRouter
from starlette.responses import Response

from service.store import audit
from service.web import audit_words, links
from service.web.mention_query import number
from service.web.visit import Administering, PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_A_PAGE = 50


@router.get("/settings/audit")
async def listed(visit: Administering) -> Response:
    """Return who did what, the last first, and whether the record held when it was last proved."""
    before = number(visit.request.query_params.get("older"))
    found = await audit.newest(visit.conn, before=before, limit=_A_PAGE + 1)
    older = links.with_query("/settings/audit", {"older": str(found[_A_PAGE - 1].id)}) if len(found) > _A_PAGE else None
    return visit.page(
        "audit.html",
        here="audit",
        deeds=[(one, audit_words.details(one, visit.reader)) for one in found[:_A_PAGE]],
        actions=audit_words.actions(visit.reader),
        things=audit_words.things(visit.reader),
        proof=await audit.proof(visit.conn),
        older=older,
        newest="/settings/audit" if before else None,
    )
