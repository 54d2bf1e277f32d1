"""The web process: the API, the dashboard, and what they share."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import api
from service.api.access import RATE
from service.api.errors import MEDIA_TYPE, ApiError, is_unreachable, problem_of
from service.api.etag import tagged
from service.api.hub import Hub
from service.api.limits import Allowances
from service.api.parameters import PREFIX
from service.openid.provider import Provider
from service.settings import HOOKS, Settings
from service.store.pool import open_pool
from service.web import pages

_log = logging.getLogger(__name__)
_MAX_BODY_BYTES = 1_000_000
#: Of what places send: a hub hands on whole feeds.
_MAX_PUSH_BYTES = 4_000_000
_OPEN_ROUTES = ("/healthz", "/readyz", "/metrics", "/openapi.json")
_SAFETY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def _is_api(path: str) -> bool:
    return path.startswith("/api/") or path in _OPEN_ROUTES


def _answer(request: Request, error: Exception) -> JSONResponse:
    """Return the problem an error is told as."""
    told = problem_of(error, request.url.path)
    return JSONResponse(told.content, told.status, told.headers, MEDIA_TYPE)


async def _answer_error(request: Request, error: Exception) -> JSONResponse:
    return _answer(request, error)


class _Edge:
    """Limits bodies; gives every API answer its safety headers, every unexpected error a problem and a log line.

    Pages have their own headers and say their errors themselves.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD" and scope["path"] != f"{PREFIX}/events":
            # Answered as GET; the server leaves the body out, for it knows what was asked.
            scope = {**scope, "method": "GET"}
        if not _is_api(scope["path"]):
            await self._app(scope, _limited(receive, _MAX_BODY_BYTES), send)
            return
        begun = False
        rate: dict[str, str] = {}
        scope = {**scope, RATE: rate}
        send = tagged(scope, send)

        async def send_safely(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update({**_SAFETY_HEADERS, **rate})
            await send(message)

        try:
            most = _MAX_PUSH_BYTES if scope["path"].startswith(f"{HOOKS}/") else _MAX_BODY_BYTES
            await self._app(scope, _limited(receive, most), send_safely)
        except Exception as error:
            _record(error, scope)
            if begun:
                raise
            await _answer(Request(scope), error)(scope, receive, send_safely)


def _limited(receive: Receive, most: int) -> Receive:
    """Return a `receive` that stops a body too large for what is asked for."""
    left = most

    async def receive_limited() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            # FastAPI lets this kind alone pass through its reading of a body.
            raise HTTPException(413, f"The body has more than {most} bytes; send less at once.")
        return message

    return receive_limited


def _record(error: Exception, scope: Scope) -> None:
    fields = {"method": scope["method"], "path": scope["path"]}
    if is_unreachable(error):
        _log.warning("api.database_unreachable", extra={**fields, "reason": str(error)})
    else:
        _log.error("api.failed", extra=fields, exc_info=error)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold the pool and the hub for as long as the app runs."""
    settings: Settings = app.state.settings
    hub: Hub = app.state.hub
    app.state.pool = await open_pool(str(settings.database_url))
    listening = asyncio.create_task(hub.run())
    try:
        yield
    finally:
        hub.close()
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        if app.state.provider is not None:
            await app.state.provider.close()
        app.state.pool.terminate()


def create_app(settings: Settings) -> FastAPI:
    """Return the app; it opens its connections when it starts. `settings.database_url` must be set."""
    if settings.database_url is None:
        raise ValueError("the app needs a database_url")
    app = FastAPI(
        title="Earshot",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.provider = Provider(settings) if settings.oidc_url else None
    app.state.hub = Hub(settings.database_url)
    app.state.allowances = Allowances(settings.rate_limit)
    for kind in (ApiError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _answer_error)
    api.mount(app)
    pages.mount(app)
    app.add_middleware(_Edge)
    return app


class Server(uvicorn.Server):
    """A server that ends the event streams before it waits for open answers to finish."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking requests, let those under way finish, and stop the app."""
        self._hub.close()
        await super().shutdown(sockets)
