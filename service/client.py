"""Talks to Earshot's API from another program, with nothing but Python: `Client(address, key)`.

Its shapes are those of `/openapi.json`, as far as they name things; a test compares them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, TypedDict, Unpack
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

_PREFIX = "/api/v1"
Label = Literal["negative", "neutral", "positive"]


class Named(TypedDict):
    """Something with an id, and its name."""

    id: int
    name: str


class Judged(TypedDict):
    """What the model said, whatever a person said after."""

    label: Label
    anger_level: int
    angry: bool
    kind: str | None
    causes: list[str] | None


class Analysis(TypedDict):
    """The verdict on a mention, as a person corrected it."""

    model: str
    at: str
    language: str
    sentiment: dict[str, float]
    label: Label
    anger: float
    anger_level: int
    angry: bool
    corrected: bool
    judged: Judged
    because: list[dict[str, Any]] | None
    kind: dict[str, float] | None
    likeliest_kind: str | None
    churn: float | None
    recommend: float | None
    stage: dict[str, float] | None
    severity: float | None
    purpose: dict[str, float] | None
    causes: list[dict[str, Any]] | None


class Mention(TypedDict):
    """One post, comment, review or message."""

    id: int
    brand: Named
    source: Named
    kind: str
    site: str
    external_id: str
    url: str | None
    parent: str | None
    root: str | None
    author: dict[str, str | None]
    published_at: str | None
    edited_at: str | None
    first_seen_at: str
    said_at: str
    title: str
    text: str
    language: str | None
    language_hint: str | None
    rating: dict[str, float] | None
    engagement: dict[str, int]
    reply_by_owner: bool
    own: bool
    promotion: bool
    irrelevant: bool
    deleted: bool
    erased: bool
    version: int
    story: int | None
    incident: int | None
    analysis: Analysis | None
    highlights: list[dict[str, Any]]


class MentionFilters(TypedDict, total=False):
    """Which mentions; `since` and `until` are the API's `from` and `to`."""

    brand: str
    source: int
    language: str
    label: Label
    angry: bool
    author: str
    kind: str
    cause: str
    story: int
    incident: int
    since: str
    until: str
    q: str
    counted: bool
    archive: bool
    sort: Literal["newest", "angriest", "relevance"]


class TrendFilters(TypedDict, total=False):
    """Which counts."""

    brand: str
    since: str
    until: str
    bucket: Literal["hour", "day", "week"]
    group: Literal["source", "language", "label", "cause"]
    tz: str


class Step(TypedDict):
    """The counts and measures of one bucket."""

    start: str
    total: int
    negative: int
    neutral: int
    positive: int
    angry: int
    net_of_all: float | None
    net_of_opinions: float | None
    pn_ratio: float | None
    pn_smoothed: float
    anger_rate: float | None
    anger_rate_low: float | None
    anger_rate_high: float | None
    gap: bool


class Trend(TypedDict):
    """Counts over time, with what each measure means."""

    buckets: list[Step]
    previous: dict[str, Any]
    silence: dict[str, Any]
    definitions: dict[str, str]


class Refused(Exception):
    """Earshot said no; the message names the field and the remedy."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        self.status = status
        self.problem = problem


def _parameters(given: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return parameters as the API names and writes them."""
    names = {"since": "from", "until": "to"}
    return [
        (names.get(name, name), str(one).lower() if isinstance(one, bool) else str(one))
        for name, value in given.items()
        if value is not None
        for one in (value if isinstance(value, list | tuple) else [value])
    ]


class Client:
    """Asks one Earshot by one key."""

    def __init__(self, address: str, key: str, *, timeout: float = 30) -> None:
        if not address.startswith(("http://", "https://")):
            raise ValueError(f"{address!r} is no address; write one such as http://127.0.0.1:8000")
        self._address, self._key, self._timeout = address.rstrip("/"), key, timeout

    def mentions(self, **filters: Unpack[MentionFilters]) -> Iterator[Mention]:
        """Yield mentions, page by page, as many as are taken."""
        cursor: str | None = None
        while True:
            page = self._ask("GET", "/mentions", {**filters, "limit": 200, "cursor": cursor})
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def mention(self, mention_id: int) -> Mention:
        """Return one mention, with its versions and why it is about its brand."""
        found: Mention = self._ask("GET", f"/mentions/{mention_id}")
        return found

    def trends(self, **filters: Unpack[TrendFilters]) -> Trend:
        """Return counts over time, of the last 30 days by default."""
        found: Trend = self._ask("GET", "/trends", filters)
        return found

    def share_of_voice(self, brands: Sequence[str], **filters: Unpack[TrendFilters]) -> dict[str, Any]:
        """Return how much of what is said about these brands is about each."""
        found: dict[str, Any] = self._ask("GET", "/share-of-voice", {"brand": list(brands), **filters})
        return found

    def correct(self, mention_id: int, **said: object) -> dict[str, Any]:
        """Say what a mention is: label, anger_level, kind, causes or irrelevant; None gives one back to the model."""
        done: dict[str, Any] = self._ask("PATCH", f"/mentions/{mention_id}", body=said)
        return done

    def push(
        self, brand: str, items: Sequence[Mapping[str, object]], *, idempotency_key: str | None = None
    ) -> list[dict[str, Any]]:
        """Send mentions in, at most 500; return what became of each. They are stored when this returns."""
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        done = self._ask("POST", "/mentions", body={"brand": brand, "items": list(items)}, headers=headers)
        outcomes: list[dict[str, Any]] = done["items"]
        return outcomes

    def acknowledge(self, incident_id: int) -> dict[str, Any]:
        """Take an incident on: nobody else is called for it."""
        done: dict[str, Any] = self._ask("POST", f"/incidents/{incident_id}/ack", body={})
        return done

    def _ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, object] | None = None,
        *,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return what is answered. Raises Refused."""
        words = urlencode(_parameters(parameters or {}))
        request = Request(  # noqa: S310  # the scheme was looked at
            f"{self._address}{_PREFIX}{quote(path)}" + (f"?{words}" if words else ""),
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                return None if answer.status == HTTPStatus.NO_CONTENT else json.load(answer)
        except HTTPError as error:
            raise Refused(error.code, _problem(error)) from None


def _problem(error: HTTPError) -> Mapping[str, Any]:
    """Return what an answer says is wrong."""
    try:
        found = json.load(error)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
