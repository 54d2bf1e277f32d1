"""One request of a person: who it is, what they read, and one connection to the database."""

import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from service.settings import Settings
from service.store import access, audit, bounds, clock
from service.store.access import Scope, Session
from service.store.pool import OUT_OF_BOUNDS, UNREACHABLE, Connection
from service.web import csrf, links, render
from service.web.reader import Reader, language_of

log = logging.getLogger(__name__)

SESSION_COOKIE = "earshot_session"
_PATIENCE_SECONDS = 5
_T = TypeVar("_T")


class SignInNeeded(Exception):
    """Nobody is signed in."""


class SecondFactorNeeded(Exception):
    """Whoever is signed in must set up a second factor first."""


class Missing(Exception):
    """There is no such page."""


class Denied(Exception):
    """Whoever is signed in may not do that."""


def or_missing(known: _T | None) -> _T:
    """Return what an address names. Raises Missing where there is no such thing."""
    if known is None:
        raise Missing
    return known


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """What every page needs."""

    request: Request
    conn: Connection
    reader: Reader
    settings: Settings
    #: None on the pages before signing in.
    session: Session | None
    #: What this visitor's forms must carry.
    form_secret: str

    @property
    def user(self) -> str:
        """The name of who is signed in. Raises SignInNeeded."""
        if self.session is None:
            raise SignInNeeded
        return self.session.user

    @property
    def user_id(self) -> int:
        """The id of who is signed in. Raises SignInNeeded."""
        if self.session is None:
            raise SignInNeeded
        return self.session.user_id

    @property
    def session_id(self) -> int:
        """The id of the session. Raises SignInNeeded."""
        if self.session is None:
            raise SignInNeeded
        return self.session.id

    @property
    def owes_second_factor(self) -> bool:
        """Whether whoever is signed in must set up a second factor before anything else."""
        needed = self.settings.admin_second_factor
        return self.session is not None and self.session.owes_second_factor(admins_need_one=needed)

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """Return a page."""
        return _page(
            self.request,
            self.reader,
            template,
            status=status,
            session=self.session,
            form_secret=self.form_secret,
            values=values,
        )

    def became(self, said: Mapping[str, str]) -> str:
        """Return what is said of the action that led to this page, by the word in its address; '' for none."""
        return said.get(self.request.query_params.get("came", ""), "")

    def may(self, scope: Scope) -> bool:
        """Whether whoever is signed in may do what a scope allows."""
        return self.session is not None and self.session.may(scope)

    async def form(self, *, most_bytes: int = csrf.MOST_BYTES) -> Mapping[str, str]:
        """Return the fields of a form our page made. Raises csrf.Forged."""
        return await csrf.sent_form(self.request, self.form_secret, most_bytes=most_bytes)


def settings_of(request: Request) -> Settings:
    """Return the program's settings."""
    settings: Settings = request.app.state.settings
    return settings


def zone_of(settings: Settings) -> ZoneInfo:
    """Return the zone in which pages show times; UTC where the setting names none."""
    try:
        return ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def reader_of(request: Request, now: datetime, session: Session | None = None) -> Reader:
    """Return who reads this request's answer."""
    chosen = None if session is None else session.language
    language = chosen or language_of(request.cookies, request.headers.get("accept-language"))
    return Reader(language=language, zone=zone_of(settings_of(request)), now=now)


async def anyone(request: Request) -> AsyncIterator[Visit]:
    """Give the visit of somebody who need not be signed in."""
    async with request.app.state.pool.acquire(timeout=_PATIENCE_SECONDS) as conn:
        now = await clock.now(conn)
        token = request.cookies.get(SESSION_COOKIE)
        session = await access.session_of(conn, token, now=now) if token else None
        if session is not None and request.method == "POST":
            await audit.act_as(conn, session.user)
        secret = session.csrf_token if session else request.cookies.get(csrf.FORM_COOKIE) or csrf.new_secret()
        yield Visit(
            request=request,
            conn=conn,
            reader=reader_of(request, now, session),
            settings=settings_of(request),
            session=session,
            form_secret=secret,
        )


async def themselves(visit: Annotated[Visit, Depends(anyone)]) -> Visit:
    """Return the visit of somebody who sees to their own account. Raises SignInNeeded."""
    if visit.session is None:
        raise SignInNeeded
    return visit


def _allowed(scope: Scope) -> Callable[..., Coroutine[Any, Any, Visit]]:
    """Return the dependency that lets in who may do what a scope allows, within their bounds."""

    async def allowed(visit: Annotated[Visit, Depends(anyone)]) -> Visit:
        if visit.session is None:
            raise SignInNeeded
        if visit.owes_second_factor:
            raise SecondFactorNeeded
        if not visit.may(scope):
            raise Denied
        await bounds.bind(visit.conn, visit.session.brands)
        return visit

    return allowed


Anyone = Annotated[Visit, Depends(anyone)]
Themselves = Annotated[Visit, Depends(themselves)]
SignedIn = Annotated[Visit, Depends(_allowed(Scope.READ))]
Responding = Annotated[Visit, Depends(_allowed(Scope.RESPOND))]
Writing = Annotated[Visit, Depends(_allowed(Scope.WRITE))]
Administering = Annotated[Visit, Depends(_allowed(Scope.ADMIN))]


class PageRoute(APIRoute):
    """Answers what goes wrong with a page, in the design and the reader's language, where the API answers problems."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that answers."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except (SignInNeeded, SecondFactorNeeded) as error:
                return _to_sign_in(request) if isinstance(error, SignInNeeded) else render.moved("/account")
            except (csrf.Forged, Denied, OUT_OF_BOUNDS) as error:
                return trouble(request, 403, denied=not isinstance(error, csrf.Forged))
            except (Missing, RequestValidationError):
                return trouble(request, 404)
            except (*UNREACHABLE, bounds.BoundsError) as error:
                return _without_database(request, error)
            except Exception:
                log.exception("page.failed", extra={"path": request.url.path})
                return trouble(request, 500)

        return handle


def _without_database(request: Request, error: Exception) -> Response:
    """Return what is said of a database that does not answer, or cannot keep somebody within their bounds."""
    # A value that Postgres cannot hold is an InterfaceError too, and ours.
    if isinstance(error, ValueError):
        log.error("page.failed", extra={"path": request.url.path}, exc_info=error)
        return trouble(request, 500)
    if isinstance(error, bounds.BoundsError):
        log.error("page.bounds_not_kept", extra={"path": request.url.path, "reason": str(error)})
        return trouble(request, 503, unbound=True)
    log.warning("page.database_unreachable", extra={"path": request.url.path, "reason": str(error)})
    return trouble(request, 503)


def trouble(request: Request, status: int, *, denied: bool = False, unbound: bool = False) -> Response:
    """Return the page that says what went wrong and what to do; needs no database."""
    reader = reader_of(request, datetime.now(UTC))
    secret = request.cookies.get(csrf.FORM_COOKIE) or csrf.new_secret()
    headers = {"Retry-After": "5"} if status == 503 else {}
    return _page(
        request,
        reader,
        "trouble.html",
        status=status,
        session=None,
        form_secret=secret,
        values={"status": status, "denied": denied, "unbound": unbound, "retry": _again(request)},
        headers=headers,
    )


def _again(request: Request) -> str:
    return (
        links.local(links.with_query(request.url.path, dict(request.query_params))) if request.method == "GET" else "/"
    )


def _to_sign_in(request: Request) -> Response:
    return render.moved(links.sign_in(_again(request)))


def _page(
    request: Request,
    reader: Reader,
    template: str,
    *,
    status: int,
    session: Session | None,
    form_secret: str,
    values: Mapping[str, object],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a template as an answer; a visitor gets the cookie that their forms are compared with."""
    body = render.html(
        reader.language,
        template,
        {
            "reader": reader,
            "session": session,
            "csrf": csrf.masked(form_secret),
            "path": links.local(links.with_query(request.url.path, dict(request.query_params))),
            "zone": reader.zone.key,
            **values,
        },
    )
    response = render.answer(request, body, status=status, headers=headers)
    if session is None and request.cookies.get(csrf.FORM_COOKIE) != form_secret:
        set_cookie(request, response, csrf.FORM_COOKIE, form_secret)
    return response


def set_cookie(request: Request, response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """Set one of our cookies: unseen by scripts, not sent by other sites' forms, only over TLS where we have it."""
    secure = settings_of(request).public_url.startswith("https:")
    response.set_cookie(name, value, max_age=max_age, path="/", httponly=True, samesite="lax", secure=secure)
