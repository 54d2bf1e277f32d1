"""What every e-mail is made with: the words of its language, its templates, and the parts it ends as. Pure."""

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from alerts.catalogue import ENGLISH, LANGUAGES, Catalogue, catalogue

FOLDER = Path(__file__).parent
LOCALE = FOLDER / "locale"
TEMPLATES = FOLDER / "templates"
DOMAIN = "alerts"


def picture_id(number: int) -> str:
    """Return what the part of an e-mail is called that is its picture of this number, from 0."""
    return f"chart-{number}@earshot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A notification ready to be shown or put into an e-mail."""

    language: str
    subject: str
    text: str
    html: str
    #: What the HTML shows as `cid:` and `picture_id`, in order.
    pictures: tuple[bytes, ...] = ()

    @property
    def page(self) -> str:
        """The HTML with its pictures within, for a page."""
        html = self.html
        for number, png in enumerate(self.pictures):
            html = html.replace(f"cid:{picture_id(number)}", f"data:image/png;base64,{b64encode(png).decode()}")
        return html


class Filling(Protocol):
    """What a pair of templates shows, as each needs it at least."""

    @property
    def language(self) -> str:
        """Of the words."""

    @property
    def subject(self) -> str:
        """One line, fit for a header."""


def filled(template: str, letter: Filling, *, pictures: tuple[bytes, ...] = ()) -> Rendered:
    """Return an e-mail whose text and HTML are the templates of this name."""
    templates = _environment(letter.language)
    return Rendered(
        language=letter.language,
        subject=letter.subject,
        text=templates.get_template(f"{template}.txt").render(letter=letter).strip() + "\n",
        html=templates.get_template(f"{template}.html").render(letter=letter),
        pictures=pictures,
    )


def words_for(language: str) -> Catalogue:
    """Return the alerts' words in a contact's language; English for one we do not speak."""
    return catalogue(LOCALE, DOMAIN, language if language in LANGUAGES else ENGLISH)


@cache
def _environment(language: str) -> Environment:
    """Return the templates of e-mails in one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html",), default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["strong"] = lambda words: Markup("<strong>{}</strong>").format(words)
    words_for(language).install(made)
    return made
