"""What states, reasons and events are called on the pages."""

from collections.abc import Mapping

from alerts import letter, wording
from alerts.types import IncidentStatus, NotificationState, Reason, Resolution, Urgency
from service.store.incident import TimelineEntry
from service.web.reader import Reader


def statuses(reader: Reader) -> Mapping[IncidentStatus, str]:
    """Return what the states of an incident are called."""
    words = reader.words
    return {
        IncidentStatus.TRIGGERED: words.pgettext("incident", "New"),
        IncidentStatus.ACKNOWLEDGED: words.pgettext("incident", "Acknowledged"),
        IncidentStatus.RESOLVED: words.pgettext("incident", "Resolved"),
    }


def resolutions(reader: Reader) -> Mapping[Resolution, str]:
    """Return why an incident may be closed, the usual reason first."""
    _ = reader.words.gettext
    return {
        Resolution.ANSWERED: _("The person was answered"),
        Resolution.NO_ACTION: _("Nothing needs to be done"),
        Resolution.FALSE_POSITIVE: _("Not angry at all: Earshot misread it"),
        Resolution.DUPLICATE: _("Already worked on elsewhere"),
        Resolution.SPAM: _("Spam"),
    }


def states(reader: Reader) -> Mapping[NotificationState, str]:
    """Return what the states of an e-mail are called."""
    words = reader.words
    return {
        NotificationState.PENDING: words.pgettext("e-mail", "Waiting"),
        NotificationState.SENDING: words.pgettext("e-mail", "Being sent"),
        NotificationState.SENT: words.pgettext("e-mail", "Sent"),
        NotificationState.FAILED: words.pgettext("e-mail", "Failed"),
        NotificationState.SUPERSEDED: words.pgettext("e-mail", "Not needed any more"),
    }


def urgency(value: Urgency, reader: Reader) -> str:
    """Return what an urgency is called, as in the e-mails."""
    return wording.urgency_word(value, letter.words_for(reader.language))


def reason(value: Reason, reader: Reader) -> str:
    """Return why a rule fired, as in the e-mails."""
    return wording.reason_sentence(value, letter.words_for(reader.language))


def language_word(tag: str, reader: Reader) -> str:
    """Return what a language is called, as in the e-mails."""
    return wording.language_word(tag, letter.words_for(reader.language))


def event(entry: TimelineEntry, reader: Reader) -> str:
    """Return one line of an incident's timeline as a sentence."""
    words = reader.words
    alerts = entry.detail.get("alerts")
    n = alerts if isinstance(alerts, int) else 1
    pattern = {
        "opened": words.ngettext("Opened by %(n)s mention", "Opened by %(n)s mentions", n),
        "joined": words.ngettext("%(n)s more mention joined", "%(n)s more mentions joined", n),
        "reopened": words.gettext("Opened again by %(who)s")
        if entry.actor
        else words.gettext("Opened again: the trouble came back"),
        "acknowledged": words.gettext("Acknowledged by %(who)s"),
        "resolved": words.gettext("Resolved by %(who)s: %(why)s"),
        "notified": words.gettext("E-mail to %(contact)s was accepted by the mail server"),
        "delivery_failed": words.gettext("E-mail to %(contact)s could not be delivered"),
    }.get(entry.kind)
    if pattern is None:
        return entry.kind
    return pattern % {
        "n": reader.number(n),
        "who": entry.actor or "Earshot",
        "contact": str(entry.detail.get("contact", "")),
        "why": _resolution(entry, reader),
    }


def outcomes(reader: Reader) -> Mapping[str, str]:
    """Return what the ends of a try to send are called."""
    _ = reader.words.gettext
    return {
        "accepted": _("Accepted"),
        "temporary": _("Postponed"),
        "recipient": _("Address refused"),
        "ours": _("Not allowed to send"),
        "ambiguous": _("Uncertain"),
    }


def remedy(outcome: str, reader: Reader) -> str:
    """Return what to do about a try to send that ended so; '' where there is nothing to do."""
    _ = reader.words.gettext
    return {
        "temporary": _("The mail server cannot be reached or asks to wait. The e-mail is sent again by itself."),
        "recipient": _(
            "The server refuses this address for good. Correct the contact's address and apply the file again."
        ),
        "ours": _(
            "The server does not let us send. Check user, password and TLS in EARSHOT_SMTP_URL, then start again."
        ),
        "ambiguous": _(
            "The connection broke at the end: the e-mail may have arrived. It is sent again under the same Message-ID."
        ),
    }.get(outcome, "")


def _resolution(entry: TimelineEntry, reader: Reader) -> str:
    given = str(entry.detail.get("resolution", ""))
    return next((name for known, name in resolutions(reader).items() if known == given), given)
