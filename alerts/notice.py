"""The e-mail that a webhook was switched off because it took nothing, in the contact's language. Pure."""

from dataclasses import dataclass

from alerts import text
from alerts.rendering import Rendered, filled, words_for
from alerts.types import Notice


@dataclass(frozen=True, kw_only=True, slots=True)
class _Letter:
    """What the two templates show."""

    language: str
    subject: str
    why: str
    url: str


def rendered(notice: Notice) -> Rendered:
    """Return the subject, the plain text and the HTML of the e-mail."""
    words = words_for(notice.contact.language)
    subject = words.gettext("“%(name)s” is told nothing any more") % {"name": text.line(notice.webhook, 60)}
    letter = _Letter(language=words.language, subject=subject, why=text.line(notice.why, 300), url=notice.url)
    return filled("notice", letter)
