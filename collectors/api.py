"""Asks places that answer in JSON, and turns what goes wrong there into errors that say what to do.

answer = await ask(egress, source, address(source, "https://api.example", "/v1/reviews", {"limit": 100}),
                   credential="api_key", now=now)
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from collectors.errors import CollectError, RateLimited, Unreachable
from collectors.limits import asked_for, refused_for
from collectors.parsers import shared_parsers
from collectors.registry import settings_of
from collectors.text import clean
from collectors.types import Answer, Egress, Source

#: Every status that can carry an explanation.
_EXPLAINED = frozenset(range(400, 600))
#: No JSON of this length fills a memory.
_SMALL_BYTES = 64 * 1024
_SHORTEST_SECRET = 4
_SECRET_IN_QUERY = re.compile(
    r"\b((?:api|app|client|access|refresh|auth)?[_-]?(?:key|token|secret|password|signature|sig|assertion|code))"
    r"=[^&\s\"'<>]+",
    re.IGNORECASE,
)
_CREDENTIAL_REASONS = frozenset({"API_KEY_INVALID", "keyInvalid", "keyExpired", "authError"})
_MAX_SAID_CHARS = 300
#: What stands beside an error and says more about it.
_AROUND_ERRORS = frozenset({"error", "errors", "parameters", "extras", "details", "meta"})

Query = Mapping[str, str | int | Sequence[str] | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One answer of an API."""

    status: int
    headers: Mapping[str, str]
    #: The decoded JSON; None with a 304 or an empty answer.
    document: Any
    #: The address that answered.
    url: str
    #: The place asks for this pause before the next request.
    pause: timedelta | None = None
    #: What the place says went wrong though it answered with 2xx.
    warning: str | None = None
    #: The body came whole.
    complete: bool = field(default=True)

    @property
    def unchanged(self) -> bool:
        """Nothing changed since the validators."""
        return self.status == 304


def address(source: Source, default: str, path: str = "", query: Query | None = None) -> str:
    """Return the address to ask: `default` and path, with the scheme, host and path prefix of the source's own server
    where it has one. Query values that are None are left out, sequences repeated."""
    platform = urlsplit(default)
    place = urlsplit(source.base_url) if source.base_url else None
    prefix = (place.path.rstrip("/") if place else "") + platform.path.rstrip("/")
    pairs = {key: value for key, value in (query or {}).items() if value is not None}
    scheme, host = (place.scheme, place.netloc) if place else (platform.scheme, platform.netloc)
    return urlunsplit((scheme, host, prefix + path, urlencode(pairs, doseq=True), ""))


async def ask(
    egress: Egress,
    source: Source,
    url: str,
    *,
    now: datetime,
    headers: Mapping[str, str] | None = None,
    credential: str | None = None,
    body: bytes | None = None,
    answers: Collection[int] = (),
) -> Reply:
    """Return the API's JSON object, or whatever came with a status in `answers`.

    `credential` is the setting that holds the key or token: an error that is about it says so. With `body` it is sent
    by POST. Raises RateLimited in whatever dialect the place speaks, CollectError for everything else; no message
    holds a secret.
    """
    reply = await ask_any(
        egress, source, url, now=now, headers=headers, credential=credential, body=body, answers=answers
    )
    if not isinstance(reply.document, dict) and not reply.unchanged and reply.status not in answers:
        raise CollectError(f"{_host(url)} answered with JSON that is no object, as its documentation promises")
    return reply


async def ask_any(
    egress: Egress,
    source: Source,
    url: str,
    *,
    now: datetime,
    headers: Mapping[str, str] | None = None,
    credential: str | None = None,
    body: bytes | None = None,
    answers: Collection[int] = (),
) -> Reply:
    """Return the API's JSON, of whatever shape; otherwise as `ask`."""
    sent = {"Accept": "application/json", **(headers or {})}
    private = source.allow_private
    if body is None:
        answer = await egress.get(url, headers=sent, allow_private=private, answers=_EXPLAINED)
    else:
        answer = await egress.post(url, body=body, headers=sent, allow_private=private, answers=_EXPLAINED)
    document, flaw = await _decoded(answer)
    failed = answer.status >= 400 or _is_only_an_error(document)
    pause = refused_for(answer.status, answer.headers, document, now=now) if failed else None
    if pause is not None:
        said = _explained(source, document) or "too many requests"
        raise RateLimited(f"{_host(url)} asks for a pause (status {answer.status}): {said}", retry_after=pause)
    if failed and answer.status not in answers:
        raise failure(source, url, answer.status, document, credential)
    if answer.status == 304 and not _is_conditional(sent):
        raise CollectError(f"{_host(url)} answered that nothing changed (status 304), which it was not asked")
    if flaw and not failed and answer.status != 304:
        raise CollectError(f"{_host(url)} answered with something that cannot be read: {flaw}")
    return Reply(
        status=answer.status,
        headers=answer.headers,
        document=document,
        url=answer.url,
        pause=asked_for(answer.headers, document, now=now),
        warning=None if failed else _partial(source, document),
        complete=answer.complete,
    )


def masked(source: Source, text: str) -> str:
    """Return the text without the source's secrets and without anything that looks like a key in an address."""
    for setting in settings_of(source.kind):
        value = source.settings.get(setting.key, "")
        if setting.secret and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return _SECRET_IN_QUERY.sub(r"\1=***", text)


def decode(payload: bytes) -> Any:
    """Return the JSON in the bytes. Raises CollectError."""
    try:
        return json.loads(payload)
    # Bytes in no encoding raise UnicodeDecodeError, a ValueError; nesting without end a RecursionError.
    except (ValueError, RecursionError) as error:
        raise CollectError(f"not JSON: {str(error)[:200]}") from error


async def _decoded(answer: Answer) -> tuple[Any, str | None]:
    """Return the JSON of the answer and what is wrong with it. A few bytes of JSON can be many of memory: what is not
    small is first read where that harms nobody, and here only if it is light."""
    if answer.status in {204, 304}:
        return None, None
    try:
        if len(answer.body) > _SMALL_BYTES:
            await shared_parsers().parse_soon({"reader": "json_weight"}, answer.body)
        return decode(answer.body), None
    except CollectError as error:
        cut = "" if answer.complete else " (the answer was cut short)"
        return None, f"{error}{cut}"


def _is_conditional(headers: Mapping[str, str]) -> bool:
    return any(name.lower() in {"if-none-match", "if-modified-since"} for name in headers)


def _is_only_an_error(document: object) -> bool:
    """Say whether a document that came as a success holds an error and nothing that could have been asked for."""
    if not isinstance(document, dict):
        return False
    says_so = bool(document.get("error")) or document.get("ok") is False or "error_id" in document
    return says_so and not any(
        isinstance(value, list | dict) for key, value in document.items() if key not in _AROUND_ERRORS
    )


def failure(source: Source, url: str, status: int, document: object, credential: str | None) -> CollectError:
    """Return the error for an answer that is no success, with its remedy."""
    said = _explained(source, document)
    because = f": {said}" if said else ""
    if status in {401, 403} or _is_about_credential(document):
        what = "do what is asked" if status == 403 else "read anything"
        if credential is None:
            remedy = "the place needs a permission or does not allow this; check the settings"
        else:
            remedy = (
                f"the setting {credential} holds a credential that is wrong, expired or lacks a permission: renew it"
            )
        return CollectError(f"{_host(url)} does not let us {what} (status {status}){because}; {remedy}", permanent=True)
    if status >= 500:
        return Unreachable(f"{_host(url)} answered with status {status}{because}")
    return CollectError(f"{_host(url)} answered with status {status}{because}", permanent=status == 410)


def _is_about_credential(document: object) -> bool:
    """Say whether an error that came with another status is about the key or token, as Meta and Google have it."""
    error = document.get("error") if isinstance(document, dict) else None
    if error in ("invalid_grant", "invalid_client", "invalid_token", "unauthorized_client"):
        return True
    if not isinstance(error, dict):
        return isinstance(document, dict) and document.get("ok") is False and document.get("error_code") == 401
    return error.get("code") in (102, 190) or not _CREDENTIAL_REASONS.isdisjoint(reasons_of(document))


def reasons_of(document: object) -> list[str]:
    """Return the machine-readable reasons of a Google error."""
    error = document.get("error") if isinstance(document, dict) else None
    listed = [*_list(error.get("errors")), *_list(error.get("details"))] if isinstance(error, dict) else []
    reasons = [entry.get("reason") for entry in listed if isinstance(entry, dict)]
    return [reason for reason in reasons if isinstance(reason, str)]


def _explained(source: Source, document: object) -> str:
    """Return the place's own words about an error, in one line, without secrets."""
    if not isinstance(document, dict):
        return ""
    error, described = document.get("error"), document.get("error_description")
    if isinstance(error, str) and isinstance(described, str):
        # OAuth has the name of the error in one field and its words in the other.
        return _line(source, f"{error}: {described}")
    holders = [error, document, *_list(document.get("errors"))]
    keys = ("message", "detail", "error_message", "error_description", "description", "title", "error", "reason")
    for holder in holders:
        if isinstance(holder, str):
            return _line(source, holder)
        for key in keys if isinstance(holder, dict) else ():
            if isinstance(holder.get(key), str) and holder[key]:
                return _line(source, holder[key])
    return ""


def _partial(source: Source, document: object) -> str | None:
    """Return what a successful answer says failed inside it, or None."""
    if not isinstance(document, dict):
        return None
    errors = [*_list(document.get("errors")), *_list(document.get("warnings"))]
    if document.get("error"):
        errors.append(document["error"])
    if not errors:
        return None
    said = [_explained(source, entry if isinstance(entry, dict) else {"error": entry}) for entry in errors[:3]]
    words = "; ".join(word for word in said if word) or "no reason given"
    return f"the place left out {len(errors)} thing{'s' if len(errors) > 1 else ''}: {words}"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _line(source: Source, text: str) -> str:
    return masked(source, clean(" ".join(text[:2000].split()), _MAX_SAID_CHARS))


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the place"
