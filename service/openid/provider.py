"""A provider of identities by OpenID Connect: where it sends people, and whom it says they are."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2
import orjson
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from collectors.addresses import checked_url
from collectors.egress import GuardedEgress
from collectors.errors import CollectError
from collectors.polite import Pace
from service.openid.identity import Identity, NotBelieved, claim, claims_of, identity_of
from service.openid.transport import GuardedTransport
from service.settings import Settings

#: Somebody waits in front of the page.
_DEADLINE = timedelta(seconds=5)
#: What the provider says of itself, and its keys, are read anew so often; keys at once when an unknown one signs.
_KEEP = timedelta(hours=1)
#: Each holds a connection to the database while the provider thinks.
_AT_ONCE = 4


class ProviderDown(Exception):
    """The provider cannot be asked now; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A sign-in that the provider is to finish."""

    #: Where the browser goes.
    url: str
    #: Comes back with the browser, which keeps it too.
    state: str
    #: Comes back in the ID token.
    nonce: str
    #: Proves at the end that it was us who began (PKCE).
    verifier: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What the provider says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    basic: bool
    keys: KeySet
    at: datetime


class Provider:
    """The provider that the settings name; close it."""

    def __init__(self, settings: Settings) -> None:
        """`settings.oidc_url` must be set."""
        self._settings = settings
        self._private = settings.oidc_allow_private
        # It is our own provider, asked when a person signs in: no pause between requests.
        self._egress = GuardedEgress(deadline=_DEADLINE, pace=Pace(timedelta()))
        self._told: _Told | None = None
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Close every connection."""
        await self._egress.close()

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to; it must be registered there."""
        return f"{self._settings.public_url}/sign-in/provider/back"

    async def begin(self, *, now: datetime) -> Begun:
        """Return a new sign-in. Raises ProviderDown."""
        async with self._seat():
            told = await self._tell(now=now)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        async with self._client(told) as client:
            url, _ = client.create_authorization_url(
                told.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        return Begun(url=url, state=state, nonce=nonce, verifier=verifier)

    async def identify(self, code: str, *, nonce: str, verifier: str, now: datetime) -> Identity:
        """Return whom the provider vouches for by a code. Raises NotBelieved or ProviderDown."""
        async with self._seat():
            told = await self._tell(now=now)
            token = await self._exchange(told, code, verifier)
            raw = str(token.get("id_token", ""))
            try:
                claims = self._claims(told, raw, nonce, now)
            except NotBelieved:
                # It may have new keys since; a wrong token is wrong by the new ones too.
                told = await self._tell(now=now, anew=told.at < now)
                claims = self._claims(told, raw, nonce, now)
            claims = await self._completed(told, claims, token)
        return identity_of(claims, issuer=told.issuer, groups_claim=self._settings.oidc_role_claim)

    def is_issuer(self, issuer: str) -> bool:
        """Whether an answer that names its issuer (RFC 9207) comes from this one."""
        return self._told is None or issuer == self._told.issuer

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[None]:
        """Give one of the few who may wait for the provider at a time their turn. Raises ProviderDown."""
        if self._room.locked():
            raise ProviderDown("too many sign-ins wait for it")
        async with self._room:
            yield

    def _claims(self, told: _Told, token: str, nonce: str, now: datetime) -> Mapping[str, object]:
        client_id = str(self._settings.oidc_client_id)
        return claims_of(token, told.keys, issuer=told.issuer, client_id=client_id, nonce=nonce, now=now)

    def _client(self, told: _Told) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=self._settings.oidc_client_id,
            client_secret=self._settings.oidc_client_secret,
            scope="openid email profile",
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if told.basic else "client_secret_post",
            transport=GuardedTransport(self._egress, allow_private=self._private),
            trust_env=False,
        )

    async def _exchange(self, told: _Told, code: str, verifier: str) -> Mapping[str, object]:
        """Return the tokens a code stands for. Raises NotBelieved for a code that is none, or ProviderDown."""
        try:
            async with self._client(told) as client:
                token: Mapping[str, object] = await client.fetch_token(
                    told.token_endpoint, code=code, code_verifier=verifier, grant_type="authorization_code"
                )
        except (CollectError, httpx2.HTTPStatusError) as error:
            raise ProviderDown(str(error)) from error
        except (AuthlibBaseError, ValueError) as error:
            raise NotBelieved(f"the code: {error}") from error
        return token

    async def _completed(
        self, told: _Told, claims: Mapping[str, object], token: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Return the claims with those that some providers tell only when asked again. Raises NotBelieved or
        ProviderDown."""
        wanted = filter(None, ("email", self._settings.oidc_role_claim))
        if told.userinfo_endpoint is None or all(claim(claims, name) is not None for name in wanted):
            return claims
        more = await self._document(
            told.userinfo_endpoint, headers={"Authorization": f"Bearer {token.get('access_token', '')}"}
        )
        if more.get("sub") != claims["sub"]:
            raise NotBelieved("the provider tells of somebody else than its ID token")
        # Whether an address is verified is said where the address is.
        of = claims if "email" in claims else more
        return {**more, **claims, "email": of.get("email"), "email_verified": of.get("email_verified")}

    async def _tell(self, *, now: datetime, anew: bool = False) -> _Told:
        """Return what the provider says of itself, not older than an hour. Raises ProviderDown."""
        if self._told is None or anew or now - self._told.at >= _KEEP:
            self._told = await self._asked(now)
        return self._told

    async def _asked(self, now: datetime) -> _Told:
        said = await self._document(str(self._settings.oidc_url))
        issuer = said.get("issuer")
        if not isinstance(issuer, str):
            raise ProviderDown("its description names no issuer; EARSHOT_OIDC_URL may lead elsewhere")
        where = {name: self._address(said, name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        ways = said.get("token_endpoint_auth_methods_supported")
        try:
            keys = KeySet.import_key_set(await self._document(where["jwks_uri"]))  # type: ignore[arg-type]  # it looks
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderDown(f"its keys cannot be read: {error}") from error
        return _Told(
            issuer=issuer,
            **where,
            userinfo_endpoint=self._address(said, "userinfo_endpoint") if "userinfo_endpoint" in said else None,
            basic=not isinstance(ways, list) or "client_secret_basic" in ways or "client_secret_post" not in ways,
            keys=keys,
            at=now,
        )

    def _address(self, said: Mapping[str, object], name: str) -> str:
        """Return one of the provider's addresses, protected as its own description is. Raises ProviderDown."""
        address = said.get(name)
        try:
            url = checked_url(address if isinstance(address, str) else "", allow_private=self._private)
        except CollectError as error:
            raise ProviderDown(f"its {name} cannot be used: {error}") from error
        if str(self._settings.oidc_url).startswith("https:") and url.scheme != "https":
            raise ProviderDown(f"its {name} is not protected by https")
        return str(address)

    async def _document(self, url: str, *, headers: Mapping[str, str] | None = None) -> dict[str, object]:
        """Return a JSON object. Raises ProviderDown."""
        try:
            answer = await self._egress.get(url, headers=headers, allow_private=self._private)
            found = orjson.loads(answer.body)
        except CollectError as error:
            raise ProviderDown(str(error)) from error
        except orjson.JSONDecodeError as error:
            raise ProviderDown(f"no JSON at {url}") from error
        if not isinstance(found, dict):
            raise ProviderDown(f"no JSON object at {url}")
        return found
