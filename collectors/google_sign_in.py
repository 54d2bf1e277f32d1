"""Asks Google's APIs for owners: with an access token, a refresh token, or a service account.

https://developers.google.com/identity/protocols/oauth2/web-server#offline ·
https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

import json
from datetime import datetime, timedelta

from collectors.api import Reply, address, ask
from collectors.errors import SettingError
from collectors.jwt import Algorithm, signed_token
from collectors.oauth import refreshed, token_for
from collectors.tokens import Token, ask_signed
from collectors.types import Egress, Source

_SIGN_IN = "https://oauth2.googleapis.com"
_ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = timedelta(hours=1)


async def ask_google(egress: Egress, source: Source, url: str, *, scope: str, now: datetime) -> Reply:
    """Return the API's answer to the source's owner. Raises as `ask`, and SettingError where no way in is set."""
    if _set(source, "service_account"):
        way, sign_in = "service_account", _with_service_account
    elif _set(source, "refresh_token"):
        way, sign_in = "refresh_token", _with_refresh_token
    elif token := _set(source, "access_token"):
        headers = {"Authorization": f"Bearer {token}"}
        return await ask(egress, source, url, now=now, headers=headers, credential="access_token")
    else:
        raise SettingError("service_account", "give a service account's key file, or a refresh_token")
    return await ask_signed(
        egress, source, url, now=now, credential=way, sign_in=lambda: sign_in(egress, source, scope, now)
    )


async def _with_refresh_token(egress: Egress, source: Source, scope: str, now: datetime) -> Token:
    """Return a token for the refresh token, whose scope was settled when it was given."""
    del scope
    return await refreshed(egress, source, address(source, _SIGN_IN, "/token"), now=now)


async def _with_service_account(egress: Egress, source: Source, scope: str, now: datetime) -> Token:
    """Return a token for the service account's signature."""
    email, private_key = _account(source)
    issued = int(now.timestamp())
    claims: dict[str, str | int] = {
        "iss": email,
        "scope": scope,
        # The audience is Google's, whichever server stands in for it.
        "aud": f"{_SIGN_IN}/token",
        "iat": issued,
        "exp": issued + int(_LIFETIME.total_seconds()),
    }
    assertion = signed_token(claims, private_key=private_key, algorithm=Algorithm.RS256, setting="service_account")
    form = {"grant_type": _ASSERTION, "assertion": assertion}
    url = address(source, _SIGN_IN, "/token")
    return await token_for(egress, source, url, form, now=now, credential="service_account")


def _account(source: Source) -> tuple[str, str]:
    """Return e-mail and private key of the service account. Raises SettingError."""
    try:
        account = json.loads(_set(source, "service_account"))
        email, private_key = account["client_email"], account["private_key"]
    # The message of a JSON error names a place in the file, never its content.
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        remedy = "paste the whole JSON file that Google gave"
        raise SettingError("service_account", f"is no key file ({type(error).__name__}); {remedy}") from None
    if not (isinstance(email, str) and isinstance(private_key, str)):
        raise SettingError("service_account", "is no key file; paste the whole JSON file that Google gave")
    return email, private_key


def _set(source: Source, key: str) -> str:
    return source.settings.get(key, "").strip()
