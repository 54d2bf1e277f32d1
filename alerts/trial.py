"""The e-mail that only shows that mail arrives, in the contact's language. Pure."""

from dataclasses import dataclass

from alerts import text
from alerts.rendering import Rendered, filled, words_for
from alerts.types import Trial


@dataclass(frozen=True, kw_only=True, slots=True)
class _Letter:
    """What the two templates show."""

    language: str
    subject: str
    name: str
    url: str


def rendered(trial: Trial) -> Rendered:
    """Return the subject, the plain text and the HTML of the e-mail."""
    words = words_for(trial.contact.language)
    letter = _Letter(
        language=words.language,
        subject=words.gettext("Earshot's e-mails arrive here"),
        name=text.line(trial.contact.name, 200),
        url=trial.url,
    )
    return filled("trial", letter)
