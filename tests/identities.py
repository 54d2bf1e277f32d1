"""A provider of identities on 127.0.0.1: OpenID Connect with code, PKCE and RS256, as wrong as a test wants it."""

import asyncio
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from time import time
from urllib.parse import quote, urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.places import served

CLIENT_ID, CLIENT_SECRET = "earshot", "a secret: of ours"


@dataclass(kw_only=True)
class Identities:
    """The provider, and what it says."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    #: Signs in place of its own key, if set.
    signer: RSAKey | None = None
    #: What is claimed of whoever signs in; None leaves a claim out.
    claims: dict[str, object] = field(default_factory=dict)
    #: Told by the userinfo endpoint alone.
    only_when_asked: dict[str, object] = field(default_factory=dict)
    #: Added to what comes back with the browser.
    returned: dict[str, str] = field(default_factory=dict)
    down: bool = False
    #: A gateway before it answers in its place, if set: with this status, and in HTML.
    gateway: int | None = None
    #: Answers wait for it.
    open: asyncio.Event = field(default_factory=asyncio.Event)
    #: What was asked for by each code that was not exchanged yet.
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Requests by path.
    asked: list[str] = field(default_factory=list)

    @property
    def discovery(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    async def describe(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
            }
        )

    async def keys(self, _request: web.Request) -> web.Response:
        return web.json_response(KeySet([self.key]).as_dict(private=False))

    async def authorize(self, request: web.Request) -> web.Response:
        """Answer as where somebody is signed in already and agrees."""
        asked = dict(request.query)
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = token_urlsafe()
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], **self.returned})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = self._codes.pop(str(form["code"]), None)
        challenge = urlsafe_b64encode(sha256(str(form["code_verifier"]).encode()).digest()).decode().rstrip("=")
        user = b64encode(f"{quote(CLIENT_ID)}:{quote(CLIENT_SECRET)}".encode()).decode()
        plain = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") not in (f"Basic {user}", f"Basic {plain}"):
            return web.json_response({"error": "invalid_client"}, status=401)
        if asked is None or (asked["code_challenge"], asked["redirect_uri"]) != (challenge, form["redirect_uri"]):
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time())
        claims = {
            "iss": self.url,
            "sub": "248289761001",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "email": "Mei@Lantern.example",
            "email_verified": True,
            **self.claims,
        }
        key = self.signer or self.key
        header = {"alg": "RS256", "kid": str(self.key.kid)}
        signed = jwt.encode(header, {name: one for name, one in claims.items() if one is not None}, key)
        return web.json_response(
            {"access_token": "of mei", "token_type": "Bearer", "expires_in": 300, "id_token": signed}
        )

    async def userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer of mei"
        return web.json_response({"sub": "248289761001", **self.only_when_asked})


@asynccontextmanager
async def serving_identities() -> AsyncIterator[Identities]:
    """Serve a provider while in use."""
    provider = Identities()
    provider.open.set()

    @web.middleware
    async def seen(request: web.Request, handler: object) -> web.StreamResponse:
        provider.asked.append(request.path)
        await provider.open.wait()
        if provider.down:
            return web.Response(status=503)
        if provider.gateway:
            return web.Response(status=provider.gateway, text="<p>No.</p>", content_type="text/html")
        answer: web.StreamResponse = await handler(request)  # type: ignore[operator]  # aiohttp's own type is private
        return answer

    app = web.Application(middlewares=[seen])
    app.router.add_get("/.well-known/openid-configuration", provider.describe)
    app.router.add_get("/keys", provider.keys)
    app.router.add_get("/authorize", provider.authorize)
    app.router.add_post("/token", provider.token)
    app.router.add_get("/userinfo", provider.userinfo)
    async with served(app) as address:
        provider.url = address
        yield provider
