"""To add or change a source: choose a kind, fill its form, see what comes, keep it.

Nothing secret goes back to a browser: a form holds a secret only while it is typed, and a draft waits on the server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from alerts.types import BrandId, SourceId
from collectors import registry
from collectors.errors import SettingError
from collectors.kinds import KINDS
from collectors.types import SourceKind
from service.store import brand, source, tryout
from service.store.search import storable
from service.store.tryout import Draft, Tryout, TryoutId
from service.web import render, source_words
from service.web.mention_query import number
from service.web.sources import shown_settings
from service.web.visit import Missing, PageRoute, Visit, Writing, or_missing
from service.web.wrong import Wrong

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_MOST_NAME, _MOST_VALUE = 200, 8000
#: Minutes.
INTERVALS = (1, 5, 15, 60, 360, 1440)
_USUAL_INTERVAL = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A form as it is shown: empty, as it was sent, or as the source is."""

    kind: SourceKind
    name: str = ""
    #: '' where it is shared by all brands.
    brand: str = ""
    minutes: int = _USUAL_INTERVAL
    allow_private: bool = False
    match: bool = False
    #: Without secrets.
    values: Mapping[str, str]
    #: The source that is changed; None: a new one.
    source_id: SourceId | None = None
    #: Secrets that are kept where their fields stay empty.
    kept: frozenset[str] = frozenset()


@router.get("/add-source")
async def begin(visit: Writing) -> Response:
    """Return the kinds to choose from, or the form of the chosen one."""
    query, reader = visit.request.query_params, visit.reader
    chosen = next((kind for kind in registry.offered() if kind == query.get("kind")), None)
    if chosen is not None:
        return await _form(visit, Filled(kind=chosen, values={}, brand=query.get("brand", "")))
    if (changed := number(query.get("change"))) is not None:
        return await _form(visit, await _as_it_is(visit, SourceId(changed)))
    if (draft := number(query.get("draft"))) is not None:
        return await _form(visit, _as_tried((await _tried(visit, str(draft))).draft))
    kinds = [(kind, source_words.kind(kind, reader), KINDS[kind].state) for kind in registry.offered()]
    return visit.page(
        "add_source.html",
        here="sources",
        kinds=[(kind, name, source_words.tried(state.tried, reader), state.needs) for kind, name, state in kinds],
    )


async def _as_it_is(visit: Visit, source_id: SourceId) -> Filled:
    """Return the form of a source there is. Raises Missing."""
    found = await source.health_of(visit.conn, source_id, now=visit.reader.now)
    if found is None or found.kind not in registry.offered():
        raise Missing
    return _as_tried(
        Draft(
            brand_id=found.brand_id,
            source_id=found.id,
            kind=SourceKind(found.kind),
            name=found.name,
            settings=found.settings,
            interval=found.interval,
            allow_private=found.allow_private,
            match=found.match,
        )
    )


def _as_tried(draft: Draft) -> Filled:
    secret = {one.key for one in registry.settings_of(draft.kind) if one.secret}
    return Filled(
        kind=draft.kind,
        name=draft.name,
        brand="" if draft.brand_id is None else str(draft.brand_id),
        minutes=max(int(draft.interval.total_seconds() // 60), 1),
        allow_private=draft.allow_private,
        match=draft.match,
        values={key: value for key, value in draft.settings.items() if key not in secret},
        source_id=draft.source_id,
        kept=frozenset(secret & set(draft.settings)),
    )


async def _form(visit: Visit, filled: Filled, wrong: Wrong | None = None) -> Response:
    reader = visit.reader
    return visit.page(
        "source_form.html",
        status=200 if wrong is None else 422,
        here="sources",
        filled=filled,
        kind=source_words.kind(filled.kind, reader),
        fields=registry.settings_of(filled.kind),
        state=registry.state_of(filled.kind),
        tried=source_words.tried(registry.state_of(filled.kind).tried, reader),
        polled=filled.kind in registry.kinds(),
        brands=await brand.every(visit.conn),
        intervals={n: reader.span(timedelta(minutes=n)) for n in sorted({*INTERVALS, filled.minutes})},
        draft=number(visit.request.query_params.get("draft")),
        wrong=wrong,
    )


@router.post("/add-source")
async def try_it(visit: Writing) -> Response:
    """Check what a form says, and have it tried; or show the form again with what is wrong. Raises Missing."""
    form = await visit.form()
    kind = or_missing(next((known for known in registry.offered() if known == form.get("kind")), None))
    draft, wrong = await _draft(visit, kind, form)
    if wrong is not None:
        return await _form(visit, _as_tried(draft), wrong)
    async with visit.conn.transaction():
        tried = await tryout.add(visit.conn, draft, by=visit.user, now=visit.reader.now)
        if kind not in registry.kinds():
            # Nothing can be asked: its place sends to us.
            return await _keep(
                visit, Tryout(id=tried, draft=draft, created_by=visit.user, finished_at=None, error=None, found=None)
            )
    return render.moved(f"/add-source/{tried}")


async def _draft(visit: Visit, kind: SourceKind, form: Mapping[str, str]) -> tuple[Draft, Wrong | None]:
    """Return what a form says, and what is wrong with it."""
    _ = visit.reader.words.gettext
    before = await _before(visit, form)
    settings = {}
    for one in registry.settings_of(kind):
        given = storable(form.get(f"set_{one.key}", "")).strip()[:_MOST_VALUE]
        if not given and one.secret and before is not None:
            given = before.settings.get(one.key, "")
        if given:
            settings[one.key] = given
    changed = before if before is not None and before.source_id is not None else None
    chosen = number(form.get("brand"))
    brand_id = changed.brand_id if changed else None if chosen is None else BrandId(chosen)
    draft = Draft(
        brand_id=brand_id,
        source_id=changed.source_id if changed else None,
        kind=kind,
        name=changed.name if changed else " ".join(storable(form.get("name", "")).split())[:_MOST_NAME],
        settings=settings,
        interval=timedelta(minutes=number(form.get("minutes")) or _USUAL_INTERVAL),
        allow_private=form.get("allow_private") == "1",
        # A shared source keeps what is about some brand anyway.
        match=form.get("match") == "1" and brand_id is not None,
    )
    if draft.brand_id is not None and await brand.get(visit.conn, draft.brand_id) is None:
        return replace(draft, brand_id=None), Wrong(field="brand", message=_("There is no such brand; choose another."))
    if not draft.name:
        return draft, Wrong(field="name", message=_("Give the source a name."))
    if changed is None and await _is_taken(visit, draft):
        return draft, Wrong(field="name", message=_("There is a source of this name already; choose another."))
    try:
        registry.check(kind, settings, allow_private=draft.allow_private or visit.settings.allow_private)
    except SettingError as error:
        return draft, Wrong(field=error.field, detail=str(error).removeprefix(f"{error.field}: "))
    return draft, None


async def _before(visit: Visit, form: Mapping[str, str]) -> Draft | None:
    """Return the draft or the source that a form changes: its secrets stay where their fields are empty."""
    if (draft := number(form.get("draft"))) is not None:
        found = await tryout.get(visit.conn, TryoutId(draft))
        return None if found is None else found.draft
    if (changed := number(form.get("change"))) is None:
        return None
    known = await source.health_of(visit.conn, SourceId(changed), now=visit.reader.now)
    if known is None:
        return None
    return Draft(
        brand_id=known.brand_id,
        source_id=known.id,
        kind=SourceKind(known.kind),
        name=known.name,
        settings=known.settings,
        interval=known.interval,
        allow_private=known.allow_private,
        match=known.match,
    )


async def _is_taken(visit: Visit, draft: Draft) -> bool:
    every = await source.health(visit.conn, now=visit.reader.now)
    return any(one.brand_id == draft.brand_id and one.name == draft.name for one in every)


@router.get("/add-source/{tryout_id}")
async def tried(visit: Writing, tryout_id: str) -> Response:
    """Return what came of trying. Raises Missing."""
    found = await _tried(visit, tryout_id)
    return visit.page(
        "tryout.html",
        here="sources",
        tryout=found,
        kind=source_words.kind(found.draft.kind, visit.reader),
        settings=shown_settings(found.draft.kind, found.draft.settings),
        mentions=[] if found.found is None else found.found["mentions"],
    )


@router.post("/add-source/{tryout_id}/keep")
async def keep(visit: Writing, tryout_id: str) -> Response:
    """Make the draft a source. Raises Missing."""
    await visit.form()
    found = await _tried(visit, tryout_id)
    async with visit.conn.transaction():
        return await _keep(visit, found)


async def _keep(visit: Visit, found: Tryout) -> Response:
    draft = found.draft
    kept = await source.put(
        visit.conn,
        brand_id=draft.brand_id,
        kind=draft.kind,
        name=draft.name,
        settings=draft.settings,
        interval=draft.interval,
        allow_private=draft.allow_private,
        enabled=True,
        match=draft.match,
        now=visit.reader.now,
    )
    await tryout.remove(visit.conn, found.id)
    return render.moved(f"/sources/{kept}?came=kept")


async def _tried(visit: Visit, tryout_id: str) -> Tryout:
    return or_missing(await tryout.get(visit.conn, TryoutId(or_missing(number(tryout_id)))))
