"""The first run: three steps from an empty Earshot to a first mention."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from alerts import brands
from alerts.brands import BrandTerms
from alerts.catalogue import LANGUAGES, NATIVE_NAMES
from alerts.errors import BrandError
from alerts.types import RuleKind, RuleMode, Urgency
from service.store import brand, contact, rule, source, trend, verification
from service.store.search import storable
from service.web import render
from service.web.visit import PageRoute, Visit, Writing

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_MOST = 200
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Steps:
    """What is there already."""

    brand: bool
    source: bool
    contact: bool
    #: Somebody may be told: who is a contact agreed to it.
    agreed: bool
    mention: bool

    @property
    def are_done(self) -> bool:
        """Whether nobody needs to be led any more."""
        return self.brand and self.source and self.agreed and self.mention


async def steps(visit: Visit) -> Steps:
    """Return what an Earshot has that a newcomer needs."""
    contacts = await contact.every(visit.conn)
    return Steps(
        brand=bool(await brand.every(visit.conn)),
        source=bool(await source.health(visit.conn, now=visit.reader.now)),
        contact=bool(contacts),
        agreed=any(one.verified for one in contacts),
        mention=await trend.total(visit.conn) > 0,
    )


@router.get("/welcome/brand")
async def ask_brand(visit: Writing) -> Response:
    """Return the form of a brand."""
    return _form(visit, "brand", {})


@router.post("/welcome/brand")
async def add_brand(visit: Writing) -> Response:
    """Watch a brand, or show the form again with what is wrong."""
    form, _ = await visit.form(), visit.reader.words.gettext
    aliases = tuple(filter(None, (_line(one) for one in form.get("aliases", "").splitlines())))
    terms = BrandTerms(name=_line(form.get("name", "")), aliases=aliases)
    if not terms.name:
        return _form(visit, "brand", form, wrong=_("Give the brand a name."))
    try:
        brands.check(terms)
    except BrandError as error:
        return _form(visit, "brand", form, wrong=str(error))
    async with visit.conn.transaction():
        added = await brand.add(visit.conn, terms, now=visit.reader.now)
    if added is None:
        return _form(visit, "brand", form, wrong=_("This brand is watched already."))
    return render.moved("/")


@router.get("/welcome/contact")
async def ask_contact(visit: Writing) -> Response:
    """Return the form of a contact."""
    return _form(visit, "contact", {"language": visit.reader.language})


@router.post("/welcome/contact")
async def add_contact(visit: Writing) -> Response:
    """Ask somebody whether to be told, or show the form again with what is wrong. Where no rule is, a first is made."""
    form, _ = await visit.form(), visit.reader.words.gettext
    name, email = _line(form.get("name", "")), _line(form.get("email", ""))
    language = form.get("language", "")
    if not name:
        return _form(visit, "contact", form, wrong=_("Give the contact a name."))
    if not _ADDRESS.fullmatch(email):
        return _form(visit, "contact", form, wrong=_("Give a whole e-mail address, such as mei@example.com."))
    if language not in LANGUAGES:
        language = visit.reader.language
    if any(one.name == name for one in await contact.every(visit.conn)):
        return _form(visit, "contact", form, wrong=_("There is a contact of this name already; choose another."))
    async with visit.conn.transaction():
        added = await contact.put(
            visit.conn,
            name=name,
            email=email,
            language=language,
            enabled=True,
            verified=False,
            now=visit.reader.now,
        )
        await verification.ask(visit.conn, added, now=visit.reader.now)
        if not await rule.every(visit.conn):
            await _first_rule(visit)
    return render.moved("/")


async def _first_rule(visit: Visit) -> None:
    """Put the rule that Earshot is for: somebody is angry, everybody who is a contact hears of it at once."""
    await rule.put(
        visit.conn,
        brand_id=None,
        kind=RuleKind.ANGRY_MENTION,
        name=visit.reader.words.gettext("Angry mentions"),
        settings={},
        mode=RuleMode.ACTIVE,
        urgency=Urgency.URGENT,
        now=visit.reader.now,
    )


def _form(visit: Visit, what: str, form: Mapping[str, str], *, wrong: str = "") -> Response:
    return visit.page(
        "welcome.html",
        status=422 if wrong else 200,
        here="overview",
        what=what,
        form=form,
        wrong=wrong,
        spoken={tag: NATIVE_NAMES[tag] for tag in LANGUAGES},
    )


def _line(text: str) -> str:
    return " ".join(storable(text).split())[:_MOST]
