"""Asks with a token that a sign-in gave: kept in this process until it ends, renewed once when the place refuses it."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.api import Reply, ask
from collectors.types import Egress, Source

_MAX_KEPT = 1_000
_MARGIN = timedelta(minutes=1)
_EXPIRED = frozenset({"ExpiredToken", "InvalidToken", "invalid_token"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What a place lets us in with."""

    value: str
    #: None where the place does not say.
    expires_at: datetime | None = None


SignIn = Callable[[], Awaitable[Token]]

# Places limit sign-ins (Bluesky to 30 in five minutes), so that every poll of this process shares them.
_kept: dict[str, Token] = {}


async def ask_signed(
    egress: Egress, source: Source, url: str, *, sign_in: SignIn, now: datetime, credential: str
) -> Reply:
    """Return the answer to a request with the source's token. Raises like `ask`."""
    token = _good(_key(source), now)
    if token is not None:
        reply = await ask(egress, source, url, now=now, headers=_bearer(token), answers=(400, 401))
        if reply.status < 400:
            return reply
        if not _is_expired(reply):
            # Asked again only for the error in words: a token that is good must not cost a sign-in.
            return await ask(egress, source, url, now=now, headers=_bearer(token), credential=credential)
    forget_token(source)
    token = await kept_token(source, sign_in=sign_in, now=now)
    return await ask(egress, source, url, now=now, headers=_bearer(token), credential=credential)


async def kept_token(source: Source, *, sign_in: SignIn, now: datetime) -> Token:
    """Return the source's token, signing in where none is good any more. Raises like `sign_in`."""
    key = _key(source)
    token = _good(key, now)
    if token is None:
        token = await sign_in()
        if len(_kept) >= _MAX_KEPT:
            _kept.clear()
        _kept[key] = token
    return token


def forget_token(source: Source) -> None:
    """Sign in anew for this source: its token was refused."""
    _kept.pop(_key(source), None)


def _good(key: str, now: datetime) -> Token | None:
    """Return the token that was kept, unless it ends soon."""
    token = _kept.get(key)
    return token if token and (token.expires_at is None or now < token.expires_at - _MARGIN) else None


def forget_tokens() -> None:
    """Sign in anew everywhere."""
    _kept.clear()


def _key(source: Source) -> str:
    """Return what a token belongs to: other settings are another account."""
    parts = [source.kind.value, source.base_url or "", *(f"{k}={v}" for k, v in sorted(source.settings.items()))]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


def _bearer(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def _is_expired(reply: Reply) -> bool:
    error = reply.document.get("error") if isinstance(reply.document, dict) else None
    return reply.status == 401 or (isinstance(error, str) and error in _EXPIRED)
