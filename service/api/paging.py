"""Cursors: where a page ended, sealed together with the question it answers.

A cursor opens nothing that its owner could not ask for anyway, so it needs no secret: the checksum is there to tell
a cursor of another question, or a mangled one, from a good one.
"""

import base64
import binascii
import hmac
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import orjson
from pydantic import BaseModel

from service.api.errors import BadCursor, FieldError
from service.api.parameters import LARGEST_ID

_SUM_BYTES = 12


def _checksum(question: bytes, place: bytes) -> bytes:
    return sha256(len(question).to_bytes(8, "big") + question + place).digest()[:_SUM_BYTES]


def _question(noun: str, query: BaseModel) -> bytes:
    return noun.encode() + b"\0" + query.model_dump_json(exclude={"cursor", "limit"}).encode()


def seal(noun: str, query: BaseModel, place: tuple[datetime | float, int | UUID]) -> str:
    """Return the cursor of a page of `noun` that ended at a place."""
    # The driver's UUID is a subclass, which orjson does not know.
    ended = orjson.dumps(place, default=str)
    return base64.urlsafe_b64encode(_checksum(_question(noun, query), ended) + ended).decode().rstrip("=")


def _open(noun: str, query: BaseModel, cursor: str) -> list[str | float | int]:
    """Return the place sealed in a cursor. Raises BadCursor."""
    try:
        opened = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        checksum, ended = opened[:_SUM_BYTES], opened[_SUM_BYTES:]
        if not hmac.compare_digest(checksum, _checksum(_question(noun, query), ended)):
            raise _bad()
        place = orjson.loads(ended)
    except (binascii.Error, ValueError):
        raise _bad() from None
    if not isinstance(place, list) or len(place) != 2:
        raise _bad()
    return place


def _bad() -> BadCursor:
    detail = "is not the `next` of a page with these filters; begin again without it"
    return BadCursor(f"cursor: {detail}", errors=[FieldError(field="cursor", detail=detail)])


def _id(given: object) -> int:
    if not isinstance(given, int) or not 1 <= given <= LARGEST_ID:
        raise _bad()
    return given


def _time(given: object) -> datetime:
    try:
        at = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise _bad()
    return at


def time_and_id(noun: str, query: BaseModel, cursor: str) -> tuple[datetime, int]:
    """Return the place of a list in order of time. Raises BadCursor."""
    at, last = _open(noun, query, cursor)
    return _time(at), _id(last)


def time_and_uuid(noun: str, query: BaseModel, cursor: str) -> tuple[datetime, UUID]:
    """Return the place of a list in order of time whose ids are UUIDs. Raises BadCursor."""
    at, last = _open(noun, query, cursor)
    try:
        return _time(at), UUID(str(last))
    except ValueError:
        raise _bad() from None


def share_and_id(noun: str, query: BaseModel, cursor: str) -> tuple[float, int]:
    """Return the place of a list in order of a share, 0 to 1. Raises BadCursor."""
    share, last = _open(noun, query, cursor)
    if not isinstance(share, float | int) or not 0 <= share <= 1:
        raise _bad()
    return float(share), _id(last)
