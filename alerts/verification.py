"""The e-mail that asks an address whether it wants to be told, in the contact's language. Pure."""

from dataclasses import dataclass

from alerts import text
from alerts.catalogue import Catalogue
from alerts.rendering import Rendered, filled, words_for
from alerts.types import Verification


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    """What the two templates show."""

    language: str
    subject: str
    name: str
    email: str
    url: str


def rendered(verification: Verification) -> Rendered:
    """Return the subject, the plain text and the HTML of the e-mail."""
    words = words_for(verification.contact.language)
    letter = _question(verification, words)
    return filled("verification", letter)


def _question(verification: Verification, words: Catalogue) -> _Question:
    return _Question(
        language=words.language,
        subject=words.gettext("Do you want to get Earshot's alerts?"),
        name=text.line(verification.contact.name, 200),
        email=text.line(verification.contact.email, 254),
        url=verification.url,
    )
