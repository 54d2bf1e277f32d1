"""Which mentions a reader asks for: an address on one side, a filter of the store on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.types import BrandId, IncidentId, MentionId, SourceId, StoryId
from analysis.types import Sentiment
from service.store.mention import MentionFilter, Place
from service.store.search import storable, tolerant_terms_of
from service.web import links
from service.web.period import from_local
from service.web.reader import Reader

_FIELDS = ("brand", "source", "language", "label", "angry", "q", "from", "to", "incident", "story", "author")
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an address asks for. What cannot be read is left out: a broken link still shows a page."""

    #: The fields as given, to fill the form again and to make links with.
    fields: Mapping[str, str]
    wanted: MentionFilter
    after: Place | None
    #: Fields that were given and could not be read.
    unread: Sequence[str]

    def link(self, **changes: str | None) -> str:
        """Return the address of these mentions with some fields changed."""
        return links.with_query("/mentions", {**self.fields, **changes})

    @property
    def is_narrow(self) -> bool:
        """Whether anything is asked for in particular."""
        return bool(self.fields)


def asked(query: Mapping[str, str], reader: Reader) -> Asked:
    """Return what the query of an address asks for."""
    fields = {key: value for key in _FIELDS if (value := storable(query.get(key, "")).strip()[:300])}
    label = fields.get("label")
    wanted = MentionFilter(
        brand_id=None if (brand := number(fields.get("brand"))) is None else BrandId(brand),
        source_id=None if (source := number(fields.get("source"))) is None else SourceId(source),
        incident_id=None if (incident := number(fields.get("incident"))) is None else IncidentId(incident),
        story_id=None if (story := number(fields.get("story"))) is None else StoryId(story),
        language=fields.get("language"),
        label=label if label in tuple(Sentiment) else None,
        angry={"1": True, "0": False}.get(fields.get("angry", "")),
        author=fields.get("author"),
        since=_time(fields.get("from"), reader),
        until=_time(fields.get("to"), reader, end=True),
        terms=tolerant_terms_of(fields.get("q", "")),
    )
    read = {
        "brand": wanted.brand_id,
        "source": wanted.source_id,
        "incident": wanted.incident_id,
        "story": wanted.story_id,
        "label": wanted.label,
        "from": wanted.since,
        "to": wanted.until,
    }
    unread = tuple(key for key, value in read.items() if key in fields and value is None)
    return Asked(
        fields={key: value for key, value in fields.items() if key not in unread},
        wanted=wanted,
        after=place(query.get("older")),
        unread=unread,
    )


def number(text: str | None) -> int | None:
    """Return an id an address gives; None for anything else."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    return value if 0 < (value := int(text)) <= _LARGEST_ID else None


def cursor(at: Place) -> str:
    """Return where a page ends, as an address carries it."""
    return f"{at.said_at.isoformat()}_{at.id}"


def place(text: str | None) -> Place | None:
    """Return where the page before ended; None where the address gives none."""
    when, _, row = (text or "").partition("_")
    try:
        said_at = datetime.fromisoformat(when)
    except ValueError:
        return None
    known = number(row)
    return None if known is None or said_at.tzinfo is None else Place(said_at=said_at, id=MentionId(known))


def _time(text: str | None, reader: Reader, *, end: bool = False) -> datetime | None:
    return None if text is None else from_local(text, reader.zone, end=end)
