"""Access tokens for a form sent to a token endpoint: https://www.rfc-editor.org/rfc/rfc6749#section-6"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from collectors.api import ask
from collectors.errors import CollectError, SettingError
from collectors.tokens import Token
from collectors.types import Egress, Source

_LIFETIME = timedelta(hours=1)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def refreshed(egress: Egress, source: Source, url: str, *, now: datetime) -> Token:
    """Return a token for the settings refresh_token, client_id and client_secret. Raises CollectError."""
    form = {"grant_type": "refresh_token"}
    for key in ("client_id", "client_secret", "refresh_token"):
        form[key] = source.settings.get(key, "").strip()
        if not form[key]:
            raise SettingError(key, "is needed for a refresh token: it stands with the OAuth client at the provider")
    return await token_for(egress, source, url, form, now=now, credential="refresh_token")


async def token_for(
    egress: Egress, source: Source, url: str, form: Mapping[str, str], *, now: datetime, credential: str
) -> Token:
    """Return the access token that a form gives. Raises CollectError."""
    reply = await ask(egress, source, url, now=now, headers=_FORM, body=urlencode(form).encode(), credential=credential)
    value, seconds = reply.document.get("access_token"), reply.document.get("expires_in")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise CollectError("the sign-in gave no access token")
    lasting = timedelta(seconds=seconds) if isinstance(seconds, int) and 0 < seconds <= 86_400 else _LIFETIME
    return Token(value=value, expires_at=now + lasting)
