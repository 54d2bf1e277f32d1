"""What happens, as a chat shows it: a line and a few more, in the reader's language. Pure."""

from dataclasses import dataclass

from alerts import text
from alerts.channels.webhook import WebhookEvent
from alerts.channels.webhook_message import IncidentTold, MentionTold, Told
from alerts.rendering import words_for

_MOST_TITLE, _MOST_WORDS = 120, 500
#: «@everyone» or «<!channel>» in a post would wake everybody in the chat: a joiner that is not seen undoes it.
_CALLS = str.maketrans({"@": "@\u2060", "<": "<\u2060"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatText:
    """A message, plain."""

    title: str
    text: str


def rendered(told: Told, *, language: str) -> ChatText:
    """Return a message in a language."""
    words = words_for(language)
    heads = {
        WebhookEvent.OPENED: words.gettext("New incident: %(brand)s"),
        WebhookEvent.ACKNOWLEDGED: words.gettext("%(who)s has taken it up: %(brand)s"),
        WebhookEvent.ESCALATED: words.gettext("Nobody acknowledged it, the next person is told: %(brand)s"),
        WebhookEvent.RESOLVED: words.gettext("Resolved by %(who)s: %(brand)s"),
        WebhookEvent.ANGRY: words.gettext("Someone is angry: %(brand)s"),
        WebhookEvent.TEST: words.gettext("A test from Earshot: messages arrive here."),
    }
    head = heads[WebhookEvent(told.type)]
    if isinstance(told, IncidentTold):
        data = told.data
        who = data.resolved_by if told.type == WebhookEvent.RESOLVED else data.acknowledged_by
        title = head % {"brand": text.line(data.brand, 60), "who": text.line(who or "Earshot", 40)}
        return _text(title, data.site, f"{data.title}\n{data.text}", data.url)
    if isinstance(told, MentionTold):
        said = told.data
        return _text(head % {"brand": text.line(said.brand, 60)}, said.site, f"{said.title}\n{said.text}", said.url)
    return ChatText(title=head, text=head)


def _text(title: str, site: str, said: str, url: str) -> ChatText:
    quoted = text.shortened(text.body(said).strip(), _MOST_WORDS).translate(_CALLS)
    return ChatText(title=text.line(title, _MOST_TITLE), text=f"{text.line(site, 80)}\n{quoted}\n\n{url}")
