"""From a template to an answer: the environment per language, and the headers that keep a page private and safe."""

import gzip
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from alerts import text
from alerts.catalogue import LANGUAGES, NATIVE_NAMES
from service.web import chart_library, links, static_files
from service.web.reader import FOLDER, words_in

#: Nothing but our own files; no inline script or style; in nobody's frame.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
#: An e-mail shown in a frame of the outbox: its own inline style, nothing else, no scripts, no forms, no way out.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
PRIVATE: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Encoding, Accept-Language, Cookie",
}
#: Of a page whose address holds a token, which must not travel on in a Referer.
SECRET: Mapping[str, str] = {"Referrer-Policy": "no-referrer"}
_WORTH_ZIPPING = 1000


@cache
def environment(language: str) -> Environment:
    """Return the templates in one language."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    words_in(language).install(made)
    made.globals.update(
        asset=static_files.address,
        chart_library=f"/static/chart/{chart_library.name()}",
        languages={tag: NATIVE_NAMES[tag] for tag in LANGUAGES},
        outside=text.link,
        is_tag=text.is_tag,
        clean=text.body,
        host_of=links.host_of,
    )
    return made


def html(language: str, template: str, values: Mapping[str, Any]) -> str:
    """Return a template filled in."""
    return environment(language).get_template(template).render(values)


def answer(
    request: Request,
    body: str,
    *,
    status: int = 200,
    media_type: str = "text/html; charset=utf-8",
    policy: str = PAGE_POLICY,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a private page or piece of data, compressed where that pays."""
    content = body.encode("utf-8", "replace")
    sent = {**PRIVATE, "Content-Security-Policy": policy, **(headers or {})}
    if len(content) > _WORTH_ZIPPING and "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, 5, mtime=0)
        sent["Content-Encoding"] = "gzip"
    return Response(content, status_code=status, media_type=media_type, headers=sent)


def data(request: Request, value: object) -> Response:
    """Return JSON to one of our scripts."""
    return answer(request, json.dumps(value, ensure_ascii=False, separators=(",", ":")), media_type="application/json")


def moved(to: str) -> Response:
    """Return «see there»: a path of this site, or the page of a provider of identities."""
    return Response(status_code=303, headers={**PRIVATE, "Location": to, "Content-Security-Policy": PAGE_POLICY})
