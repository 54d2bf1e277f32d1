"""The dashboard's pages, mounted on the program."""

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from service.web import (
    account,
    acting,
    agreeing,
    audit,
    authors,
    brands,
    causes,
    chart_library,
    compare,
    contacts,
    correcting,
    erasures,
    incidents,
    keys,
    mentions,
    on_call,
    outbox,
    overview,
    provider,
    quality,
    quarantine,
    reports,
    rules,
    second_factor,
    sign_in,
    sign_in_code,
    silences,
    source_form,
    sources,
    static_files,
    stories,
    users,
    webhooks,
    welcome,
)
from service.web.chart_library import ChartLibrary, LibraryError
from service.web.visit import PageRoute, settings_of, trouble

#: What has routes, in the order in which an address is looked up.
PARTS = (
    overview,
    mentions,
    correcting,
    stories,
    causes,
    compare,
    authors,
    quality,
    reports,
    incidents,
    rules,
    on_call,
    silences,
    outbox,
    webhooks,
    agreeing,
    acting,
    contacts,
    sources,
    quarantine,
    source_form,
    welcome,
    sign_in,
    sign_in_code,
    provider,
    account,
    second_factor,
    brands,
    keys,
    users,
    audit,
    erasures,
)

#: What answers machines: a wrong address there is a problem, not a page.
_FOR_MACHINES = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs")


def mount(app: FastAPI) -> None:
    """Add the pages. At request time `app.state` must have `pool` and `settings`."""
    for part in PARTS:
        app.include_router(part.router)
    app.include_router(_files())
    app.router.routes.append(_Elsewhere("/{path:path}", _lost, methods=["GET", "HEAD"], include_in_schema=False))


def _files() -> APIRouter:
    """Return the routes of what does not change."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    library = ChartLibrary()

    @router.get("/static/chart/{name}")
    async def chart_script(request: Request, name: str) -> Response:
        """Return the chart's JavaScript, made at the first wish for it."""
        if name != chart_library.name():
            return trouble(request, 404)
        try:
            zipped = await library.zipped(settings_of(request).data_dir / "cache")
        except LibraryError:
            return trouble(request, 503)
        return _file(request, zipped, media_type="text/javascript; charset=utf-8", etag=name)

    @router.get("/static/{version}/{name}")
    async def file(request: Request, version: str, name: str) -> Response:
        """Return a style sheet, script or picture."""
        asset = static_files.assets().get(name)
        if asset is None:
            return trouble(request, 404)
        # A page of before a restart may ask under the old name: it gets what there is, not to be kept.
        keep = static_files.FOR_GOOD if version == static_files.version() else "no-cache"
        etag = f"{static_files.version()}-{name}"
        return _file(request, asset.zipped, media_type=asset.media_type, etag=etag, keep=keep)

    return router


def _file(
    request: Request, zipped: bytes, *, media_type: str, etag: str, keep: str = static_files.FOR_GOOD
) -> Response:
    if request.headers.get("if-none-match") == f'"{etag}"':
        return Response(status_code=304, headers={"ETag": f'"{etag}"', "Cache-Control": keep})
    accepts = request.headers.get("accept-encoding", "")
    return static_files.zipped_response(zipped, media_type=media_type, etag=etag, accepts=accepts, keep=keep)


class _Elsewhere(Route):
    """Any address no page has, except those of machines."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the address is for people."""
        path = scope.get("path", "")
        if path == "/api" or path.startswith(_FOR_MACHINES):
            return Match.NONE, {}
        return super().matches(scope)


async def _lost(request: Request) -> Response:
    if request.url.path in ("/robots.txt", "/favicon.ico"):
        name = {"/robots.txt": "robots.txt", "/favicon.ico": "favicon.svg"}[request.url.path]
        asset = static_files.assets()[name]
        return _file(request, asset.zipped, media_type=asset.media_type, etag=name, keep="public, max-age=86400")
    return trouble(request, 404)
