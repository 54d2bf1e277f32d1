"""Webhooks: which programs are told of what, how that goes, and how the messages look."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, status
from pydantic import Field

from alerts.channels import chat
from alerts.channels import webhook as signing
from alerts.channels.chat import ChatError
from alerts.channels.webhook import WebhookEvent
from alerts.channels.webhook_message import IncidentTold, MentionTold
from collectors.addresses import checked_url
from collectors.errors import CollectError
from service.api.access import Administering
from service.api.errors import Conflict, Invalid, NotFound
from service.api.parameters import PREFIX, BrandGiven, Flag, Id, Limit, Page, Shape, Words, brand_of
from service.store import webhook, webhook_delivery
from service.store.pool import Connection
from service.store.webhook import Webhook, WebhookId, WebhookKind
from service.store.webhook_delivery import Delivery

router = APIRouter(prefix=PREFIX, tags=["webhooks"])
#: What is sent, for the document alone: nobody calls these here.
messages = APIRouter()
WebhookPath = Annotated[Id, Path(alias="id")]


class WebhookChange(Shape):
    """A webhook as it should be from now on."""

    name: Annotated[Words, Field(min_length=1, max_length=200)] = Field(examples=["Help desk"])
    url: Annotated[Words, Field(min_length=8, max_length=2000)] | None = Field(
        default=None, description="Null: it stays.", examples=["https://desk.example.com/earshot"]
    )
    language: Literal["en", "zh-Hant", "zh-Hans", "th"] = Field(default="en", description="Of a chat's messages.")
    events: list[WebhookEvent] = Field(
        default=[WebhookEvent.OPENED, WebhookEvent.ACKNOWLEDGED, WebhookEvent.ESCALATED, WebhookEvent.RESOLVED],
        min_length=1,
        max_length=5,
        description="`mention.angry` sends each angry mention; `test` is sent when asked for only.",
    )
    brand: BrandGiven = Field(default=None, description="Only of this brand; null: of all.")
    allow_private: Flag = Field(default=False, description="The address may lie in a private network.")
    description: Annotated[Words, Field(max_length=1000)] = Field(default="", description="What it is for.")


class WebhookBody(WebhookChange):
    """A webhook as it should be."""

    url: Annotated[Words, Field(min_length=8, max_length=2000)] = Field(examples=["https://desk.example.com/earshot"])
    kind: WebhookKind = Field(
        default=WebhookKind.WEBHOOK,
        description="`chat`: people in Slack, Telegram, Discord, LINE and others; `url` is Apprise's address.",
    )


class WebhookItem(Shape):
    """A webhook. Its secret is shown when it is made or rotated, and never again."""

    id: int
    name: str
    url: str = Field(description="Of a chat only how its address begins.")
    kind: WebhookKind
    language: str
    events: list[WebhookEvent]
    brand_id: int | None
    allow_private: bool
    enabled: bool
    failing_since: datetime | None = Field(description="Null: the last message was taken.")
    disabled_why: str | None = Field(description="Why it was switched off by itself.")
    description: str

    @classmethod
    def of(cls, one: Webhook) -> Self:
        """Return the shape of a webhook."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields if name != "events"}, events=[*one.events])


class WebhookMade(Shape):
    """A webhook with its new secret, which is shown this once."""

    webhook: WebhookItem
    secret: str | None = Field(examples=["whsec_…"], description="Null for a chat, whose address is its secret.")


class DeliveryItem(Shape):
    """One message, and how far it came."""

    id: UUID = Field(description="The header `webhook-id` of every try.")
    kind: str
    state: str = Field(description="pending, sending, sent or failed.")
    happened_at: datetime
    not_before: datetime
    attempts: int
    sent_at: datetime | None
    status: int | None
    error: str | None

    @classmethod
    def of(cls, one: Delivery) -> Self:
        """Return the shape of a message."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


@router.get("/webhooks", summary="List webhooks")
async def webhooks_list(asked: Administering) -> Page[WebhookItem]:
    """All in one page, by name."""
    return Page(items=[WebhookItem.of(one) for one in await webhook.every(asked.conn)], next=None)


@router.post("/webhooks", summary="Add a webhook", status_code=status.HTTP_201_CREATED)
async def webhook_add(asked: Administering, body: WebhookBody) -> WebhookMade:
    """Messages are signed as [Standard Webhooks](https://www.standardwebhooks.com) asks. Keep the secret."""
    url, secret = _address(body.url, body.kind, allow_private=body.allow_private)
    added = await webhook.add(
        asked.conn,
        name=body.name,
        url=url,
        events=_events(body),
        brand_id=await brand_of(asked.conn, body.brand),
        allow_private=body.allow_private,
        secret=secret,
        kind=body.kind,
        language=body.language,
        description=body.description,
        now=asked.now,
    )
    if added is None:
        raise Conflict(f"There is a webhook named {body.name!r} already; choose another name.")
    shown = secret if body.kind is WebhookKind.WEBHOOK else None
    return WebhookMade(webhook=WebhookItem.of(await _known(asked.conn, added)), secret=shown)


@router.put("/webhooks/{id}", summary="Change a webhook")
async def webhook_change(asked: Administering, webhook_id: WebhookPath, body: WebhookChange) -> WebhookItem:
    """The whole webhook, as it should be from now on; what waits goes to its new address. Its secret stays: POST
    …/rotate gives it a new one. Whether it is told: POST …/enable and …/disable."""
    known = await _known(asked.conn, webhook_id)
    shown, address = known.url, body.url or known.url
    if body.url is not None or known.kind is WebhookKind.WEBHOOK:
        shown, _secret = _address(address, known.kind, allow_private=body.allow_private)
    wanted = replace(
        known,
        name=body.name,
        url=shown,
        language=body.language,
        events=tuple(_events(body)),
        brand_id=await brand_of(asked.conn, body.brand),
        allow_private=body.allow_private,
        description=body.description,
    )
    secret = body.url if known.kind is WebhookKind.CHAT else None
    if not await webhook.change(asked.conn, wanted, secret=secret):
        raise Conflict(f"There is another webhook named {body.name!r}; choose another name.")
    return WebhookItem.of(await _known(asked.conn, webhook_id))


def _events(body: WebhookChange) -> list[WebhookEvent]:
    """Return what a webhook is told of, each once. Raises Invalid."""
    if WebhookEvent.TEST in body.events:
        raise Invalid("events", "`test` is sent when asked for; leave it out")
    return list(dict.fromkeys(body.events))


def _address(url: str, kind: WebhookKind, *, allow_private: bool) -> tuple[str, str]:
    """Return the address that may be shown, and the secret. Raises Invalid."""
    try:
        if kind is WebhookKind.CHAT:
            return chat.checked(url), url
        checked_url(url, allow_private=allow_private)
    except (ChatError, CollectError) as error:
        raise Invalid("url", str(error)) from error
    return url, signing.new_secret()


@router.delete("/webhooks/{id}", summary="Remove a webhook", status_code=status.HTTP_204_NO_CONTENT)
async def webhook_remove(asked: Administering, webhook_id: WebhookPath) -> None:
    """With its log."""
    await webhook.remove(asked.conn, (await _known(asked.conn, webhook_id)).id)


@router.post("/webhooks/{id}/enable", summary="Tell a webhook again")
async def webhook_enable(asked: Administering, webhook_id: WebhookPath) -> WebhookItem:
    """What waits is sent; what was given up is sent when asked for."""
    known = await _known(asked.conn, webhook_id)
    await webhook.enable(asked.conn, known.id, enabled=True)
    return WebhookItem.of(await _known(asked.conn, webhook_id))


@router.post("/webhooks/{id}/disable", summary="Tell a webhook nothing for now")
async def webhook_disable(asked: Administering, webhook_id: WebhookPath) -> WebhookItem:
    """What happens meanwhile is not told later."""
    known = await _known(asked.conn, webhook_id)
    await webhook.enable(asked.conn, known.id, enabled=False)
    return WebhookItem.of(await _known(asked.conn, webhook_id))


@router.post("/webhooks/{id}/rotate", summary="Give a webhook a new secret")
async def webhook_rotate(asked: Administering, webhook_id: WebhookPath) -> WebhookMade:
    """For 24 hours each message carries two signatures, so that no message is refused while you change over."""
    known = await _known(asked.conn, webhook_id)
    if known.kind is WebhookKind.CHAT:
        raise Conflict("A chat's secret is its address; remove it, and add the new one.")
    secret = signing.new_secret()
    await webhook.rotate(asked.conn, known.id, secret, former_until=asked.now + signing.ROTATION)
    return WebhookMade(webhook=WebhookItem.of(known), secret=secret)


@router.post("/webhooks/{id}/test", summary="Send a test", status_code=status.HTTP_202_ACCEPTED)
async def webhook_test(asked: Administering, webhook_id: WebhookPath) -> DeliveryItem:
    """One message, tried once; its end is in the log within seconds."""
    known = await _known(asked.conn, webhook_id)
    made = await webhook_delivery.owe_test(asked.conn, known.id, now=asked.now)
    log = await webhook_delivery.log(asked.conn, known.id, limit=10)
    return DeliveryItem.of(next(one for one in log if one.id == made))


@router.get("/webhooks/{id}/deliveries", summary="What a webhook was told")
async def webhook_log(asked: Administering, webhook_id: WebhookPath, limit: Limit = 50) -> Page[DeliveryItem]:
    """The last that happened first."""
    known = await _known(asked.conn, webhook_id)
    return Page(
        items=[DeliveryItem.of(one) for one in await webhook_delivery.log(asked.conn, known.id, limit=limit)], next=None
    )


@router.post("/webhooks/{id}/deliveries/{delivery}/again", summary="Send a message again")
async def webhook_again(
    asked: Administering, webhook_id: WebhookPath, delivery_id: Annotated[UUID, Path(alias="delivery")]
) -> None:
    """With the id and the bytes it had, so that a receiver that knows it already can tell."""
    known = await _known(asked.conn, webhook_id)
    if not await webhook_delivery.deliver_again(asked.conn, known.id, delivery_id, now=asked.now):
        raise Conflict(f"Message {delivery_id} is on its way, or there is none.")


@messages.post("incident", summary="Something happened to an incident")
def incident_told(body: IncidentTold) -> None:
    """Answer with 2xx within 20 seconds. The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` are as
    Standard Webhooks has them; a message may come twice with one `webhook-id`. No redirect is followed; 410 ends it."""


@messages.post("mention.angry", summary="Somebody is angry")
def mention_told(body: MentionTold) -> None:
    """As above, for each angry mention that is news."""


async def _known(conn: Connection, webhook_id: int) -> Webhook:
    found = await webhook.get(conn, WebhookId(webhook_id))
    if found is None:
        raise NotFound(f"There is no webhook {webhook_id}.")
    return found
