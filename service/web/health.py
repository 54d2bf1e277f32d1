"""Whether Earshot hears and can speak: sources, workers, e-mail; each with what to do when it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from collectors.types import SourceKind
from service.settings import Settings
from service.store.component import Component
from service.store.source import SourceHealth
from service.web.reader import Reader

#: A worker says every few seconds that it lives; one silent for this long is gone or hangs.
_SILENT_AFTER = timedelta(seconds=90)
_SHORTEST_BLIND = timedelta(minutes=15)


class Hearing(StrEnum):
    """How a source goes."""

    HEARS = "hears"
    #: Failing, but not for long: what was missed will still be read.
    STUMBLES = "stumbles"
    #: Nothing was read for several turns.
    BLIND = "blind"
    #: Its first turn has not come.
    NEW = "new"
    OFF = "off"
    #: Filled by imports; nothing is polled.
    FILE = "file"
    #: What it says is sent to us, and the last of it could not be read; it is kept.
    UNREAD = "unread"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRow:
    """One source as the overview shows it."""

    source: SourceHealth
    hearing: Hearing
    said: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something that is wrong, and the remedy."""

    title: str
    remedy: str
    detail: str = ""


def hearing(source: SourceHealth, now: datetime) -> Hearing:
    """Return how a source goes."""
    if not source.enabled:
        return Hearing.OFF
    if source.kind == SourceKind.IMPORT:
        return Hearing.FILE
    if source.last_attempt_at is None:
        return Hearing.NEW
    if source.next_due is None:
        # Nobody can say when a place has something to send.
        return Hearing.UNREAD if source.error_count > 0 else Hearing.HEARS
    patience = max(3 * source.interval, _SHORTEST_BLIND)
    heard = source.last_success_at
    # A hub that tells of news, or the place's own wish, makes the turns longer than the interval.
    is_late = source.error_count > 0 or now > source.next_due
    if (source.error_count > 0 and heard is None) or (heard is not None and is_late and now - heard > patience):
        return Hearing.BLIND
    return Hearing.STUMBLES if source.error_count > 0 else Hearing.HEARS


def source_rows(sources: Sequence[SourceHealth], reader: Reader) -> list[SourceRow]:
    """Return the sources, the blind ones first."""
    rows = [
        SourceRow(source=one, hearing=(how := hearing(one, reader.now)), said=_said(one, how, reader))
        for one in sources
    ]
    worst = (Hearing.BLIND, Hearing.UNREAD, Hearing.STUMBLES)
    return sorted(rows, key=lambda row: worst.index(row.hearing) if row.hearing in worst else len(worst))


def _said(source: SourceHealth, how: Hearing, reader: Reader) -> str:
    _ = reader.words.gettext
    if how is Hearing.BLIND and source.last_success_at is not None:
        return _("Blind: nothing read for %(span)s") % {"span": reader.span(reader.now - source.last_success_at)}
    return {
        Hearing.BLIND: _("Blind: never read yet"),
        Hearing.STUMBLES: _("The last attempt failed; it is repeated by itself"),
        Hearing.HEARS: _("Listening; told of news at once") if source.told else _("Listening"),
        Hearing.NEW: _("Waiting for its first delivery")
        if source.next_due is None
        else _("Waiting for its first turn"),
        Hearing.OFF: _("Switched off"),
        Hearing.FILE: _("Filled by imports"),
        Hearing.UNREAD: _("What was sent could not be read; it is kept, and can be read again"),
    }[how]


def mail_notices(components: Sequence[Component], settings: Settings, reader: Reader) -> list[Notice]:
    """Return what keeps e-mails from leaving."""
    named, _ = {part.name: part for part in components}, reader.words.gettext
    found = (
        _mail(named.get("smtp"), settings, reader),
        _ill(
            named.get("outbox"),
            _("Some e-mails were given up: those people were not told."),
            _("Open the outbox, correct the contact or the mail server, and try them again."),
            detailed=False,
        ),
        _ill(
            named.get("contacts"),
            _("Some people get no e-mail: what is sent to them comes back."),
            _("Correct their addresses under Contacts."),
        ),
        _ill(
            named.get("bounces"),
            _("The mailbox for messages that come back cannot be read."),
            _("Check EARSHOT_BOUNCE_URL; what came back meanwhile is read when it answers again."),
        ),
    )
    return [notice for notice in found if notice is not None]


def notices(components: Sequence[Component], settings: Settings, reader: Reader) -> list[Notice]:
    """Return what keeps Earshot from doing its work, gravest first."""
    named, _ = {part.name: part for part in components}, reader.words.gettext
    own = (
        _worker(components, reader),
        _ill(
            named.get("auditor"),
            _("Something that was promised did not happen."),
            _("Run “earshot doctor”: it names what it is, and what to do."),
        ),
        _ill(
            named.get("audit"),
            _("Somebody changed the record of who did what."),
            _("Look at Settings, Audit: it names the row."),
        ),
        _ill(
            named.get("canary"),
            _("The canary, a complaint of Earshot's own, does not arrive in time: real ones may be late too."),
            _("Run “earshot doctor”: it names the stage that holds it up."),
        ),
        _ill(
            named.get("webhooks"),
            _("Some programs are told nothing any more: they took no webhook."),
            _("Mend the receiver, then switch the webhook on again under Webhooks."),
        ),
    )
    return [*(notice for notice in own if notice is not None), *mail_notices(components, settings, reader)]


def _worker(components: Sequence[Component], reader: Reader) -> Notice | None:
    _ = reader.words.gettext
    beats = [part for part in components if part.name.split(".")[0] == "worker"]
    remedy = _("Start “earshot up”, or “earshot work” beside “earshot serve”.")
    if not beats:
        return Notice(title=_("No worker has started yet: nothing is collected, read or sent."), remedy=remedy)
    last = max(part.beat_at for part in beats)
    if reader.now - last > _SILENT_AFTER:
        silent = reader.span(reader.now - last)
        title = _("The worker has been silent for %(span)s: nothing is collected, read or sent.") % {"span": silent}
        return Notice(title=title, remedy=remedy)
    ill = next((part for part in beats if not part.healthy), None)
    if ill is None:
        return None
    title = _("The worker is in trouble.")
    return Notice(title=title, remedy=_("Look into its log; it goes on by itself when it can."), detail=ill.detail)


def _ill(part: Component | None, title: str, remedy: str, *, detailed: bool = True) -> Notice | None:
    """Return what is said of a part that is not well; `detailed`: its own words say more than ours."""
    if part is None or part.healthy:
        return None
    return Notice(title=title, remedy=remedy, detail=part.detail if detailed else "")


def _mail(smtp: Component | None, settings: Settings, reader: Reader) -> Notice | None:
    _ = reader.words.gettext
    if settings.smtp_url is None:
        return Notice(
            title=_("No mail server is set: e-mails wait in the outbox and nobody is told."),
            remedy=_("Set EARSHOT_SMTP_URL, such as smtp://user:password@mail.example.com:587, and start again."),
        )
    return _ill(
        smtp,
        _("The mail server does not take our e-mails."),
        _("Check EARSHOT_SMTP_URL and the server. E-mails wait in the outbox and leave by themselves afterwards."),
    )
