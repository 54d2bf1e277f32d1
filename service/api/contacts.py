"""Whom to tell, and how: contacts. One that is added here is told nothing until somebody at the address agrees."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path, status
from pydantic import Field

from alerts import digest, quiet
from alerts.channels.addressing import plain_address
from alerts.errors import DutyError
from alerts.types import Contact, ContactId, DigestKind, DigestWish, QuietHours, Urgency
from service.api.access import Reading, Writing
from service.api.errors import Conflict, Invalid, NotFound
from service.api.parameters import PREFIX, Flag, Id, Page, Shape, Words, Zone
from service.store import contact, notification, verification
from service.store.pool import Connection

router = APIRouter(prefix=PREFIX, tags=["contacts"])
ContactPath = Annotated[Id, Path(alias="id")]
Clock = Annotated[Words, Field(max_length=5, examples=["22:00"])]


class ContactBody(Shape):
    """A contact as it should be."""

    name: Annotated[Words, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")] = Field(
        examples=["Mei"]
    )
    email: Annotated[Words, Field(min_length=3, max_length=254)] = Field(examples=["mei@example.com"])
    language: Literal["en", "zh-Hant", "zh-Hans", "th"] = "en"
    enabled: bool = Field(default=True, description="False: told nothing, and kept.")
    zone: Zone | None = Field(default=None, description="Null: the installation's.")
    quiet_from: Clock | None = Field(default=None, description="Start of the quiet hours, by the zone's clock.")
    quiet_to: Clock | None = Field(default=None, description="Their end; may lie on the next day.")
    quiet_for: list[Urgency] = Field(
        default_factory=list, max_length=3, description="What waits for their end; none given: `normal` alone."
    )
    digest: list[DigestKind] = Field(
        default_factory=list, max_length=2, description="Reports by e-mail: of each day, of each week from Monday."
    )
    digest_at: Clock = Field(default="08:00", description="When they leave on the day after, by the zone's clock.")
    digest_always: Flag = Field(default=False, description="True: also when nothing was said.")


class ContactItem(Shape):
    """A contact."""

    id: int
    name: str
    email: str
    language: str
    enabled: bool
    verified: bool = Field(description="Somebody at the address agreed, or it stands in earshot.toml.")
    zone: str | None
    quiet_from: str | None
    quiet_to: str | None
    quiet_for: list[Urgency]
    digest: list[DigestKind]
    digest_at: str
    digest_always: bool

    @classmethod
    def of(cls, one: Contact) -> Self:
        """Return the shape of a contact."""
        hours = one.quiet
        return cls(
            id=one.id,
            name=one.name,
            email=one.email,
            language=one.language,
            enabled=one.enabled,
            verified=one.verified,
            zone=one.zone,
            quiet_from=None if hours is None else hours.starts.strftime("%H:%M"),
            quiet_to=None if hours is None else hours.ends.strftime("%H:%M"),
            quiet_for=[] if hours is None else [urgency for urgency in Urgency if urgency in hours.urgencies],
            digest=sorted(one.digest.kinds),
            digest_at=one.digest.at.strftime("%H:%M"),
            digest_always=one.digest.always,
        )


@router.get("/contacts", summary="List contacts")
async def contacts_list(asked: Reading) -> Page[ContactItem]:
    """All in one page, by name."""
    return Page(items=[ContactItem.of(one) for one in await contact.every(asked.conn)], next=None)


@router.get("/contacts/{id}", summary="One contact")
async def contact_one(asked: Reading, contact_id: ContactPath) -> ContactItem:
    """What the list shows, of one."""
    return ContactItem.of(await _known(asked.conn, contact_id))


@router.post("/contacts", summary="Add a contact", status_code=status.HTTP_201_CREATED)
async def contact_add(asked: Writing, body: ContactBody) -> ContactItem:
    """An e-mail asks the address; it is told nothing until somebody there agrees."""
    hours, wish = _checked(body)
    async with asked.conn.transaction():
        if await contact.named(asked.conn, body.name) is not None:
            raise Conflict(f"There is a contact named {body.name!r} already; choose another name, or change that one.")
        contact_id = await contact.put(
            asked.conn,
            name=body.name,
            email=body.email,
            language=body.language,
            enabled=body.enabled,
            zone=body.zone,
            quiet=hours,
            digest=wish,
            verified=False,
            now=asked.now,
        )
        await verification.ask(asked.conn, contact_id, now=asked.now)
    return ContactItem.of(await _known(asked.conn, contact_id))


@router.put("/contacts/{id}", summary="Change a contact")
async def contact_change(asked: Writing, contact_id: ContactPath, body: ContactBody) -> ContactItem:
    """The whole contact, as it should be from now on. Another address is asked anew."""
    hours, wish = _checked(body)
    async with asked.conn.transaction():
        before = await _known(asked.conn, contact_id)
        other = await contact.named(asked.conn, body.name)
        if other is not None and other.id != before.id:
            raise Conflict(f"There is another contact named {body.name!r}; choose another name.")
        wanted = Contact(
            id=before.id,
            name=body.name,
            email=body.email,
            language=body.language,
            enabled=body.enabled,
            zone=body.zone,
            quiet=hours,
            digest=wish,
        )
        await contact.change(asked.conn, wanted)
        if wanted.email != before.email:
            await verification.ask(asked.conn, before.id, now=asked.now)
    return ContactItem.of(await _known(asked.conn, contact_id))


@router.delete("/contacts/{id}", summary="Remove a contact", status_code=status.HTTP_204_NO_CONTENT)
async def contact_remove(asked: Writing, contact_id: ContactPath) -> None:
    """With what it was told. To keep that, set `enabled` to false."""
    await contact.remove(asked.conn, (await _known(asked.conn, contact_id)).id)


@router.post("/contacts/{id}/verification", summary="Ask a contact's address again")
async def contact_ask(asked: Writing, contact_id: ContactPath) -> ContactItem:
    """The e-mail with the link leaves once more. Refused where there is nothing to ask, or one is on its way."""
    known = await _known(asked.conn, contact_id)
    async with asked.conn.transaction():
        if not await verification.ask(asked.conn, known.id, now=asked.now):
            why = "it is verified" if known.verified else "an e-mail is on its way, or it is not enabled"
            raise Conflict(f"Contact {contact_id} is not asked: {why}.")
    return ContactItem.of(known)


@router.post("/contacts/{id}/test", summary="Send a contact a test e-mail", status_code=status.HTTP_202_ACCEPTED)
async def contact_test(asked: Writing, contact_id: ContactPath) -> ContactItem:
    """To see whether mail arrives; /notifications tells how it went. Refused where one waits, or nobody agreed."""
    known = await _known(asked.conn, contact_id)
    async with asked.conn.transaction():
        if not await notification.owe_trial(asked.conn, known.id, now=asked.now):
            why = "one is on its way" if known.reachable else "the contact is not enabled, or has not agreed yet"
            raise Conflict(f"No test is sent to contact {contact_id}: {why}.")
    return ContactItem.of(known)


async def _known(conn: Connection, contact_id: int) -> Contact:
    found = await contact.get(conn, ContactId(contact_id))
    if found is None:
        raise NotFound(f"There is no contact {contact_id}.")
    return found


def _checked(body: ContactBody) -> tuple[QuietHours | None, DigestWish]:
    """Return the quiet hours and the digests a body means. Raises Invalid."""
    if plain_address(body.email) is None:
        raise Invalid("email", "is no address that e-mail can be sent to; write one such as mei@example.com")
    try:
        hours = quiet.hours(body.quiet_from, body.quiet_to, body.quiet_for, zone=body.zone)
        return hours, digest.wish(body.digest, body.digest_at, always=body.digest_always)
    except DutyError as error:
        raise Invalid(error.field, error.said) from error
