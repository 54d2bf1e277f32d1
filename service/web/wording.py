"""What states, reasons, roles and events are called on the pages."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from alerts import reasons, wording
from alerts.errors import Mistake
from alerts.incidents import BY_PEOPLE
from alerts.rendering import words_for
from alerts.types import IncidentStatus, NotificationState, Purpose, Reason, Resolution, Severity, Urgency
from service.store.access import Role
from service.store.incident import TimelineEntry
from service.web.reader import Reader


def statuses(reader: Reader) -> Mapping[IncidentStatus, str]:
    """Return what the states of an incident are called."""
    words = reader.words
    return {
        IncidentStatus.TRIGGERED: words.pgettext("incident", "New"),
        IncidentStatus.ACKNOWLEDGED: words.pgettext("incident", "Acknowledged"),
        IncidentStatus.SNOOZED: words.pgettext("incident", "Snoozed"),
        IncidentStatus.RESOLVED: words.pgettext("incident", "Resolved"),
    }


def resolutions(reader: Reader) -> Mapping[Resolution, str]:
    """Return why an incident may be closed by a person, the usual reason first."""
    every = all_resolutions(reader)
    return {resolution: every[resolution] for resolution in every if resolution in BY_PEOPLE}


def all_resolutions(reader: Reader) -> Mapping[Resolution, str]:
    """Return why an incident may be closed."""
    _ = reader.words.gettext
    return {
        Resolution.ANSWERED: _("The person was answered"),
        Resolution.NO_ACTION: _("Nothing needs to be done"),
        Resolution.FALSE_POSITIVE: _("Not angry at all: Earshot misread it"),
        Resolution.DUPLICATE: _("Already worked on elsewhere"),
        Resolution.SPAM: _("Spam"),
        Resolution.MERGED: _("It goes on in another incident"),
        Resolution.ENDED: _("It ended by itself"),
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
        NotificationState.BUNDLED: words.pgettext("e-mail", "In a list"),
    }


def roles(reader: Reader) -> Mapping[Role, str]:
    """Return what the roles are called, and what they may do."""
    _ = reader.words.gettext
    return {
        Role.VIEWER: _("Viewer: reads"),
        Role.RESPONDER: _("Responder: also answers incidents and corrects"),
        Role.ANALYST: _("Analyst: also changes rules, sources and brands"),
        Role.ADMIN: _("Administrator: may do everything"),
    }


def purposes(reader: Reader) -> Mapping[Purpose, str]:
    """Return what e-mails about no incident are about."""
    words = reader.words
    return {
        Purpose.VERIFY: words.pgettext("e-mail", "Asks whether the address wants to be told"),
        Purpose.NOTICE: words.pgettext("e-mail", "A webhook was switched off"),
        Purpose.DIGEST: words.pgettext("e-mail", "Report"),
        Purpose.TRIAL: words.pgettext("e-mail", "Test"),
        Purpose.CANARY: words.pgettext("e-mail", "Canary"),
    }


def urgency(value: Urgency, reader: Reader) -> str:
    """Return what an urgency is called, as in the e-mails."""
    return wording.urgency_word(value, words_for(reader.language))


def severity(value: Severity, reader: Reader) -> str:
    """Return what a severity is called."""
    words = reader.words
    return {
        Severity.MINOR: words.pgettext("severity", "Minor"),
        Severity.MAJOR: words.pgettext("severity", "Major"),
        Severity.CRITICAL: words.pgettext("severity", "Critical"),
    }[value]


def reason(value: Reason, reader: Reader) -> str:
    """Return why a rule fired, as in the e-mails."""
    return reasons.sentence(value, words_for(reader.language))


def language_word(tag: str, reader: Reader) -> str:
    """Return what a language is called, as in the e-mails."""
    return reasons.language_word(tag, words_for(reader.language))


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
        "kept": words.gettext("%(who)s is still on it"),
        "given_back": words.gettext("%(who)s gave it back: whoever is on duty is told again"),
        "lapsed": words.gettext("%(by)s acknowledged it and did nothing since: whoever is on duty is told again"),
        "resolved": words.gettext("Resolved by %(who)s: %(why)s"),
        "worsened": words.gettext("It got worse: whoever is on duty is told again"),
        "snoozed": words.gettext("Snoozed by %(who)s until %(until)s"),
        "woke": words.gettext("The snooze is over"),
        "assigned": words.gettext("Given to %(to)s by %(who)s")
        if entry.detail.get("to")
        else words.gettext("%(who)s took the name off it"),
        "noted": words.gettext("%(who)s noted: %(text)s"),
        "merged": words.gettext("Merged into incident %(into)s by %(who)s"),
        "absorbed": words.gettext("Incident %(incident)s was merged into this one by %(who)s"),
        "ended": words.gettext("What the rule saw is over; it closed by itself"),
        "escalated": words.gettext("Nobody acknowledged it: step %(step)s is told, %(late)s late")
        if entry.detail.get("late_by")
        else words.gettext("Nobody acknowledged it: step %(step)s is told"),
        "suppressed": words.gettext("Nobody is told for now: incident %(incident)s tells of it already")
        if entry.detail.get("incident")
        else words.gettext("Nobody is told for now: %(by)s"),
        "notified": words.gettext("The mail server accepted a reminder to %(contact)s")
        if entry.detail.get("purpose")
        else words.gettext("E-mail to %(contact)s was accepted by the mail server"),
        "delivery_failed": words.gettext("E-mail to %(contact)s could not be delivered"),
    }.get(entry.kind)
    if pattern is None:
        return entry.kind
    return pattern % {
        "n": reader.number(n),
        "who": entry.actor or "Earshot",
        "contact": str(entry.detail.get("contact", "")),
        "why": _resolution(entry, reader),
        "until": _moment(entry.detail.get("until"), reader),
        "step": reader.number(int(entry.detail.get("level", 0)) + 1),
        "late": reader.span(timedelta(seconds=int(entry.detail.get("late_by", 0)))),
        **{key: str(entry.detail.get(key, "")) for key in ("to", "text", "into", "incident", "by")},
    }


def _moment(given: object, reader: Reader) -> str:
    """Return a time that a timeline's detail holds, as people write it."""
    try:
        return reader.exactly(datetime.fromisoformat(str(given)))
    except ValueError:
        return str(given)


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
    return next((name for known, name in all_resolutions(reader).items() if known == given), given)


def mistakes(reader: Reader) -> dict[Mistake, str]:
    """Return what is wrong with a search, and the remedy."""
    _ = reader.words.gettext
    return {
        Mistake.EMPTY: _("Write a word to look for."),
        Mistake.QUOTATION: _("A quotation mark is never closed: add another."),
        Mistake.BRACKET: _("A bracket is empty, or its partner is missing: add or remove one."),
        Mistake.OPERATOR: _(
            "AND, OR and NOT need words beside them; to look for such a word put it in quotation marks."
        ),
        Mistake.NEAR: _("Write how near, such as NEAR/5, between two words or phrases."),
        Mistake.FIELD: _(
            "There is no such field or value; to look for the words themselves put them in quotation marks."
        ),
        Mistake.STAR: _("The sign * stands at the end of a word of at least two letters."),
        Mistake.ESCAPE: _("Nothing follows the backslash: remove it."),
        Mistake.LETTERS: _("A word has no letters: write some, or remove it."),
        Mistake.SIZE: _("It is too long: use fewer words and brackets."),
    }
