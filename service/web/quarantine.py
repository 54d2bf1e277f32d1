"""What could not be read of the sources: looked at, read again, or thrown away with a reason."""

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import SourceId
from service.store import quarantine, source
from service.store.quarantine import Kept
from service.store.search import storable
from service.store.source import SourceHealth
from service.web import links, render
from service.web.mention_query import number
from service.web.visit import PageRoute, SignedIn, Visit, Writing, or_missing
from service.web.wrong import Wrong

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_A_PAGE = 30
_MOST_REASON = 500


@router.get("/quarantine")
async def listed(visit: SignedIn) -> Response:
    """Return what waits, of one source or of all, the newest first."""
    return await _page(visit)


@router.post("/quarantine/replay")
async def replay_all(visit: Writing) -> Response:
    """Let everything of a source be read again. Raises Missing."""
    form = await visit.form()
    one = await _source(visit, or_missing(number(form.get("source"))))
    await quarantine.want_all(visit.conn, one.id)
    return render.moved(f"/quarantine?source={one.id}&came=wanted")


@router.post("/quarantine/{item_id}/replay")
async def replay(visit: Writing, item_id: str) -> Response:
    """Let an item be read again. Raises Missing."""
    form = await visit.form()
    kept = await _kept(visit, form.get("source"), item_id)
    await quarantine.want(visit.conn, kept.id)
    return render.moved(f"/quarantine?source={kept.source_id}&came=wanted")


@router.post("/quarantine/{item_id}/dismiss")
async def dismiss(visit: Writing, item_id: str) -> Response:
    """Throw an item away, with a reason. Raises Missing."""
    form, _ = await visit.form(), visit.reader.words.gettext
    kept = await _kept(visit, form.get("source"), item_id)
    reason = " ".join(storable(form.get("reason", "")).split())[:_MOST_REASON]
    if not reason:
        return await _page(visit, of=kept, wrong=Wrong(field="reason", message=_("Write why, for the others.")))
    async with visit.conn.transaction():
        await quarantine.dismiss(visit.conn, kept.id, by=visit.user, reason=reason)
    return render.moved(f"/quarantine?source={kept.source_id}&came=dismissed")


async def _source(visit: Visit, source_id: int) -> SourceHealth:
    return or_missing(await source.health_of(visit.conn, SourceId(source_id), now=visit.reader.now))


async def _kept(visit: Visit, source_id: str | None, item_id: str) -> Kept:
    """Return the item that a form names. Raises Missing."""
    of, known = or_missing(number(source_id)), or_missing(number(item_id))
    return or_missing(await quarantine.one(visit.conn, SourceId(of), known))


async def _page(visit: Visit, *, of: Kept | None = None, wrong: Wrong | None = None) -> Response:
    """Return the page, perhaps from an item on, with what is wrong with its form."""
    query, counts = visit.request.query_params, await quarantine.counts(visit.conn)
    wanted = of.source_id if of else number(query.get("source"))
    before = of.id + 1 if of else number(query.get("older"))
    only = None if wanted is None else await _source(visit, wanted)
    found = await quarantine.latest(visit.conn, source_id=only.id if only else None, before=before, limit=_A_PAGE + 1)
    mine = {"source": str(only.id) if only else None}
    older = {**mine, "older": str(found[_A_PAGE - 1].id)} if len(found) > _A_PAGE else None
    return visit.page(
        "quarantine.html",
        here="quarantine",
        status=422 if wrong else 200,
        items=found[:_A_PAGE],
        only=only,
        waiting=counts.get(only.id, 0) if only else sum(counts.values()),
        sources=[
            (one, counts[one.id]) for one in await source.health(visit.conn, now=visit.reader.now) if one.id in counts
        ],
        of=of.id if of else None,
        wrong=wrong,
        notice=_notice(visit),
        older=links.with_query("/quarantine", older) if older else None,
        newest=links.with_query("/quarantine", mine) if before else None,
    )


def _notice(visit: Visit) -> str:
    _ = visit.reader.words.gettext
    said = {
        "wanted": _("It is read again in a moment: what can be read becomes a mention and goes from here."),
        "dismissed": _("It is gone; who threw it away and why stands in the audit log."),
    }
    return visit.became(said)
