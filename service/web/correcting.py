"""A person's word against the verdict: corrected, confirmed, not about the brand, and undone."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import MentionId
from analysis.heads import CAUSES, KINDS, SENTIMENTS
from service.store import correction, mention
from service.store.correction import Correction
from service.store.mention import StoredMention
from service.web import links, render
from service.web.mention_query import number
from service.web.visit import PageRoute, Responding, Visit, or_missing

router = APIRouter(route_class=PageRoute, include_in_schema=False)

#: What a person may say, by name; None gives a field back to the verdict.
Said = dict[str, object]
_NOTHING: Said = {"label": None, "anger_level": None, "kind": None, "causes": None, "irrelevant": False}
_LEVELS = {"0": 0, "1": 1, "2": 2}


@router.post("/mentions/{mention_id}/correct")
async def correct(visit: Responding, mention_id: str) -> Response:
    """Keep what a form says. Raises Missing."""
    form = await visit.form()
    found = await _found(visit, mention_id)
    return await _say(visit, found, _asked(form, found))


@router.post("/mentions/{mention_id}/confirm")
async def confirm(visit: Responding, mention_id: str) -> Response:
    """The verdict is right: that counts for its quality too. Raises Missing."""
    await visit.form()
    found = await _found(visit, mention_id)
    verdict = found.verdict
    if verdict is None:
        return render.moved(f"/mentions/{found.id}")
    return await _say(visit, found, {**_NOTHING, "label": verdict.label, "anger_level": verdict.anger_level})


@router.post("/mentions/{mention_id}/undo")
async def undo(visit: Responding, mention_id: str) -> Response:
    """Say again what was said before. Raises Missing."""
    form = await visit.form()
    found = await _found(visit, mention_id)
    before = opened(form.get("was", ""), visit)
    if before is None:
        return render.moved(f"/mentions/{found.id}")
    if before != _NOTHING:
        return await _say(visit, found, before, undone=True)
    async with visit.conn.transaction():
        await correction.withdraw(visit.conn, found.id)
    return render.moved(f"/mentions/{found.id}?came=undone")


async def _found(visit: Visit, mention_id: str) -> StoredMention:
    return or_missing(await mention.get(visit.conn, MentionId(or_missing(number(mention_id)))))


async def _say(visit: Visit, found: StoredMention, said: Said, *, undone: bool = False) -> Response:
    """Keep it, and show the mention with the way back. One that was erased is shown as it is."""
    try:
        async with visit.conn.transaction():
            before = await correction.of(visit.conn, found.id)
            known = before if before and before.version == found.version else None
            await correction.correct(visit.conn, found.id, said, by=visit.user, now=visit.reader.now)
    except correction.Erased:
        return render.moved(f"/mentions/{found.id}")
    was = None if undone else _sealed(_NOTHING if known is None else _said(known), visit)
    return render.moved(
        links.with_query(f"/mentions/{found.id}", {"came": "undone" if undone else "corrected", "was": was})
    )


def _said(before: Correction) -> Said:
    causes = None if before.causes is None else list(before.causes)
    return {**{name: getattr(before, name) for name in _NOTHING}, "causes": causes}


def _asked(form: Mapping[str, str], found: StoredMention) -> Said:
    """Return what a form says; what it leaves as judged stays open."""
    label, kind = form.get("label"), form.get("kind")
    ticked = [cause for cause in CAUSES if form.get(f"cause_{cause}")]
    judged = [one["cause"] for one in (found.verdict.causes if found.verdict else None) or ()]
    return {
        "label": label if label in SENTIMENTS else None,
        "anger_level": _LEVELS.get(form.get("anger", "")),
        "kind": kind if kind in KINDS else None,
        "causes": None if sorted(ticked) == sorted(judged) else ticked,
        "irrelevant": form.get("irrelevant") == "1",
    }


def _sealed(said: Said, visit: Visit) -> str:
    """Return what was said before, as an address carries it: sealed, so that no stranger's link can fill the form."""
    body = urlsafe_b64encode(json.dumps(said, separators=(",", ":")).encode()).decode()
    return f"{body}.{_seal(body, visit)}"


def _seal(body: str, visit: Visit) -> str:
    return hmac.new(visit.form_secret.encode(), body.encode(), sha256).hexdigest()[:32]


def opened(was: str, visit: Visit) -> Said | None:
    """Return what an address carries, or None where we did not seal it."""
    body, _, seal = was.partition(".")
    if not body or not hmac.compare_digest(seal.encode(), _seal(body, visit).encode()):
        return None
    said: Said = json.loads(urlsafe_b64decode(body))
    return said
