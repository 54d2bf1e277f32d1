"""The page behind the link in an e-mail that asks an address whether it wants to be told."""

from fastapi import APIRouter
from starlette.responses import Response

from service.store import verification
from service.web import render
from service.web.visit import Anyone, PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/contacts/verify")
async def ask(visit: Anyone) -> Response:
    """Return the page with one button: programs that look at links for people must not agree for them."""
    token = visit.request.query_params.get("token", "")
    asked = await verification.asked_by(visit.conn, token, now=visit.reader.now)
    page = visit.page("verify.html", contact=asked, token=token, agreed=asked is not None and asked.verified)
    page.headers.update(render.SECRET)
    return page


@router.post("/contacts/verify")
async def agree(visit: Anyone) -> Response:
    """Let the address be told from now on."""
    form = await visit.form()
    agreed = await verification.agree(visit.conn, form.get("token", ""), now=visit.reader.now)
    status = 200 if agreed is not None else 403
    return visit.page("verify.html", status=status, contact=agreed, token="", agreed=agreed is not None)
