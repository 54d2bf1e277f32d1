"""Which mentions a reader asks for: an address on one side, a filter of the store on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.errors import QueryError
from alerts.query import Query, parse
from alerts.query_parser import MOST_CHARACTERS
from alerts.types import BrandId, IncidentId, MentionId, SourceId, StoryId
from analysis.heads import CAUSES, KINDS
from analysis.types import Sentiment
from service.store.mention import MentionFilter, Place
from service.store.search import storable
from service.web import links
from service.web.period import from_local
from service.web.reader import Reader

_FIELDS = (
    *("brand", "source", "language", "label", "angry", "q", "from", "to", "incident", "story", "author"),
    *("kind", "cause", "sort", "archive"),
)
_LARGEST_ID = 2**63 - 1
_MOST = 300
#: A search looks back so far where nothing else bounds it.
SEARCHED = timedelta(days=365)


class Sort(StrEnum):
    """The order in which mentions are shown."""

    NEWEST = "newest"
    #: Of a search only.
    RELEVANCE = "relevance"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an address asks for. What cannot be read is left out: a broken link still shows a page."""

    #: The fields as given, to fill the form again and to make links with.
    fields: Mapping[str, str]
    wanted: MentionFilter
    #: What is searched for; None where nothing is, or where it cannot be read.
    query: Query | None
    mistake: QueryError | None
    #: Only what was said lately is searched, because nothing else bounds it.
    is_recent: bool
    sort: Sort
    after: Place | None
    #: Behind which relevance and mention the page begins.
    after_relevance: tuple[float, MentionId] | None
    #: Fields that were given and could not be read.
    unread: Sequence[str]

    def link(self, **changes: str | None) -> str:
        """Return the address of these mentions with some fields changed."""
        return links.with_query("/mentions", {**self.fields, **changes})

    def export(self, kind: str) -> str:
        """Return the address of these mentions as a file."""
        times = {"from": self.wanted.since, "to": self.wanted.until}
        asked = {
            **{key: value for key, value in self.fields.items() if key != "sort"},
            **{key: None if at is None else at.isoformat() for key, at in times.items()},
            "angry": None if self.wanted.angry is None else str(self.wanted.angry).lower(),
            "archive": "true" if "archive" in self.fields else None,
            "format": kind,
        }
        return links.with_query("/api/v1/exports", asked)

    @property
    def is_narrow(self) -> bool:
        """Whether anything is asked for in particular."""
        return bool(self.fields)


def asked(query: Mapping[str, str], reader: Reader) -> Asked:
    """Return what the query of an address asks for."""
    longest = {"q": MOST_CHARACTERS}
    fields = {
        key: value for key in _FIELDS if (value := storable(query.get(key, "")).strip()[: longest.get(key, _MOST)])
    }
    label = fields.get("label")
    words, mistake = _searched(fields.get("q"))
    bounds = ("from", "to", "incident", "story", "author", "archive")
    is_recent = words is not None and not any(key in fields for key in bounds)
    by_relevance = words is not None and fields.get("sort") == Sort.RELEVANCE
    wanted = MentionFilter(
        brand_id=None if (brand := number(fields.get("brand"))) is None else BrandId(brand),
        source_id=None if (source := number(fields.get("source"))) is None else SourceId(source),
        incident_id=None if (incident := number(fields.get("incident"))) is None else IncidentId(incident),
        story_id=None if (story := number(fields.get("story"))) is None else StoryId(story),
        language=fields.get("language"),
        label=label if label in tuple(Sentiment) else None,
        angry={"1": True, "0": False}.get(fields.get("angry", "")),
        author=fields.get("author"),
        kind=kind if (kind := fields.get("kind")) in KINDS else None,
        cause=cause if (cause := fields.get("cause")) in CAUSES else None,
        since=reader.now - SEARCHED if is_recent else _time(fields.get("from"), reader),
        until=_time(fields.get("to"), reader, end=True),
    )
    read = {
        "brand": wanted.brand_id,
        "source": wanted.source_id,
        "incident": wanted.incident_id,
        "story": wanted.story_id,
        "label": wanted.label,
        "kind": wanted.kind,
        "cause": wanted.cause,
        "from": None if is_recent else wanted.since,
        "to": wanted.until,
    }
    unread = tuple(key for key, value in read.items() if key in fields and value is None)
    return Asked(
        fields={key: value for key, value in fields.items() if key not in unread},
        wanted=wanted,
        query=words,
        mistake=mistake,
        is_recent=is_recent,
        sort=Sort.RELEVANCE if by_relevance else Sort.NEWEST,
        after=None if by_relevance else place(query.get("older")),
        after_relevance=_ranked(query.get("older")) if by_relevance else None,
        unread=unread,
    )


def _searched(text: str | None) -> tuple[Query | None, QueryError | None]:
    """Return the query a search box holds, or what is wrong with it."""
    if text is None:
        return None, None
    try:
        return parse(text), None
    except QueryError as error:
        return None, error


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


def ranked_cursor(relevance: float, mention_id: MentionId) -> str:
    """Return where a page by relevance ends, as an address carries it."""
    return f"{relevance}_{mention_id}"


def _ranked(text: str | None) -> tuple[float, MentionId] | None:
    share, _, row = (text or "").partition("_")
    try:
        relevance = float(share)
    except ValueError:
        return None
    known = number(row)
    return None if known is None or not 0 <= relevance <= 1 else (relevance, MentionId(known))


def _time(text: str | None, reader: Reader, *, end: bool = False) -> datetime | None:
    return None if text is None else from_local(text, reader.zone, end=end)
