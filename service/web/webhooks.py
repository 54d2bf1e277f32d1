"""The page of webhooks: which programs are told, how that goes, and the buttons to test, rotate and switch."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from alerts.channels import chat
from alerts.channels import webhook as signing
from alerts.channels.chat import ChatError
from alerts.channels.webhook import WebhookEvent
from collectors.addresses import checked_url
from collectors.errors import CollectError
from service.store import webhook, webhook_delivery
from service.store.search import storable
from service.store.webhook import Webhook, WebhookId, WebhookKind
from service.web import render
from service.web.mention_query import number
from service.web.reader import Reader
from service.web.visit import Administering, Missing, PageRoute, Visit, or_missing
from service.web.wrong import Wrong

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_LOGGED = 10
_MOST_NAME, _MOST_DESCRIPTION = 200, 1000
_USUAL = (WebhookEvent.OPENED, WebhookEvent.ACKNOWLEDGED, WebhookEvent.ESCALATED, WebhookEvent.RESOLVED)


@router.get("/webhooks")
async def listed(visit: Administering) -> Response:
    """Return the page."""
    return await _page(visit)


async def _page(
    visit: Visit,
    *,
    secret: str = "",
    wrong: Wrong | None = None,
    given: Mapping[str, str] | None = None,
    changing: WebhookId | None = None,
) -> Response:
    """Return the page; `changing`: what was given and is wrong is about this webhook, not a new one."""
    events = event_names(visit.reader)
    hooks = await webhook.every(visit.conn)
    return visit.page(
        "webhooks.html",
        here="webhooks",
        status=200 if wrong is None else 422,
        hooks=[(one, await webhook_delivery.log(visit.conn, one.id, limit=_LOGGED)) for one in hooks],
        events=events,
        kinds={**events, WebhookEvent.TEST: visit.reader.words.pgettext("webhook", "Test")},
        states=state_names(visit.reader),
        secret=secret,
        wrong=wrong,
        given=dict.fromkeys(_USUAL, "1") if given is None or changing else given,
        changes={one.id: given if one.id == changing and given is not None else _given(one) for one in hooks},
        changing=changing,
    )


def _given(one: Webhook) -> dict[str, str]:
    """Return what the form that changes a webhook is filled with; a chat's address is its secret."""
    return {
        "name": one.name,
        "url": "" if one.kind is WebhookKind.CHAT else one.url,
        "description": one.description,
        "private": "1" if one.allow_private else "",
        **dict.fromkeys(one.events, "1"),
    }


@router.post("/webhooks")
async def add(visit: Administering) -> Response:
    """Add a webhook and show its secret, this once."""
    form, _ = await _form(visit), visit.reader.words.gettext
    url, private = form.get("url", ""), bool(form.get("private"))
    chosen = [event for event in event_names(visit.reader) if form.get(event)]
    if (wrong := _mistake(visit, form)) is not None:
        return await _page(visit, wrong=wrong, given=form)
    kind = WebhookKind.WEBHOOK if url.startswith(("http:", "https:")) else WebhookKind.CHAT
    try:
        shown, secret = _address(url, kind, private=private)
    except (ChatError, CollectError) as error:
        wrong = Wrong(field="url", message=_("This address cannot be used."), detail=str(error))
        return await _page(visit, wrong=wrong, given=form)
    added = await webhook.add(
        visit.conn,
        name=form["name"],
        url=shown,
        events=chosen,
        brand_id=None,
        allow_private=private,
        secret=secret,
        kind=kind,
        language=visit.reader.language,
        description=form.get("description", ""),
        now=visit.reader.now,
    )
    if added is None:
        wrong = Wrong(field="name", message=_("There is a webhook of this name; choose another one."))
        return await _page(visit, wrong=wrong, given=form)
    return await _page(visit, secret=secret) if kind is WebhookKind.WEBHOOK else render.moved("/webhooks")


async def _form(visit: Visit) -> Mapping[str, str]:
    """Return what was written, each on one line and such as the database can hold."""
    return {field: " ".join(storable(value).split()) for field, value in (await visit.form()).items()}


def _mistake(visit: Visit, form: Mapping[str, str]) -> Wrong | None:
    """Return what is wrong with what was written, but for the address."""
    _ = visit.reader.words.gettext
    if not 0 < len(form.get("name", "")) <= _MOST_NAME or not any(
        form.get(event) for event in event_names(visit.reader)
    ):
        return Wrong(field="name", message=_("Give it a name, and choose what it is told."))
    if len(form.get("description", "")) > _MOST_DESCRIPTION:
        said = _("Write at most %(n)s characters.") % {"n": visit.reader.number(_MOST_DESCRIPTION)}
        return Wrong(field="description", message=said)
    return None


async def _change(visit: Visit, one: Webhook, form: Mapping[str, str]) -> Response:
    """Make a webhook as its form says; an address left empty stays."""
    _, private = visit.reader.words.gettext, bool(form.get("private"))
    given = form.get("url", "")
    shown, wrong = one.url, _mistake(visit, form)
    if wrong is None and (given or one.kind is WebhookKind.WEBHOOK):
        try:
            shown, _secret = _address(given or one.url, one.kind, private=private)
        except (ChatError, CollectError) as error:
            wrong = Wrong(field="url", message=_("This address cannot be used."), detail=str(error))
    if wrong is not None:
        return await _page(visit, wrong=wrong, given=form, changing=one.id)
    wanted = replace(
        one,
        name=form["name"],
        url=shown,
        events=tuple(event for event in event_names(visit.reader) if form.get(event)),
        allow_private=private,
        description=form.get("description", ""),
    )
    secret = given if given and one.kind is WebhookKind.CHAT else None
    if not await webhook.change(visit.conn, wanted, secret=secret):
        wrong = Wrong(field="name", message=_("There is a webhook of this name; choose another one."))
        return await _page(visit, wrong=wrong, given=form, changing=one.id)
    return render.moved("/webhooks")


def _address(url: str, kind: WebhookKind, *, private: bool) -> tuple[str, str]:
    """Return the address that may be shown, and the secret. Raises ChatError or CollectError."""
    if kind is WebhookKind.CHAT:
        return chat.checked(url), url
    checked_url(url, allow_private=private)
    return url, signing.new_secret()


@router.post("/webhooks/{webhook_id}/{verb}")
async def act(visit: Administering, webhook_id: str, verb: str) -> Response:
    """Do what a button says. Raises Missing."""
    form = await _form(visit)
    one, now = await _known(visit, webhook_id), visit.reader.now
    match verb:
        case "test":
            await webhook_delivery.owe_test(visit.conn, one.id, now=now)
        case "again":
            await webhook_delivery.deliver_again(visit.conn, one.id, _delivery(form.get("delivery", "")), now=now)
        case "enable" | "disable":
            await webhook.enable(visit.conn, one.id, enabled=verb == "enable")
        case "change":
            return await _change(visit, one, form)
        case "remove":
            await webhook.remove(visit.conn, one.id)
        case "rotate":
            if one.kind is WebhookKind.CHAT:
                raise Missing
            secret = signing.new_secret()
            await webhook.rotate(visit.conn, one.id, secret, former_until=now + signing.ROTATION)
            return await _page(visit, secret=secret)
        case _:
            raise Missing
    return render.moved("/webhooks")


async def _known(visit: Visit, webhook_id: str) -> Webhook:
    return or_missing(await webhook.get(visit.conn, WebhookId(or_missing(number(webhook_id)))))


def _delivery(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Missing from None


def event_names(reader: Reader) -> dict[WebhookEvent, str]:
    """Return what a webhook may be told, in words."""
    _ = reader.words.gettext
    return {
        WebhookEvent.OPENED: _("An incident opens"),
        WebhookEvent.ACKNOWLEDGED: _("Somebody acknowledges it"),
        WebhookEvent.ESCALATED: _("Nobody does, and the next person is told"),
        WebhookEvent.RESOLVED: _("It is resolved"),
        WebhookEvent.ANGRY: _("Each angry mention"),
    }


def state_names(reader: Reader) -> dict[str, str]:
    """Return what the states of a message are called."""
    words = reader.words
    return {
        "pending": words.pgettext("webhook", "Waiting"),
        "sending": words.pgettext("webhook", "On its way"),
        "sent": words.pgettext("webhook", "Taken"),
        "failed": words.pgettext("webhook", "Given up"),
    }
