"""What can be wrong with a request, and how an error is told: RFC 9457 problem details."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from service.store.bounds import BoundsError
from service.store.pool import OUT_OF_BOUNDS, TOO_SLOW, UNREACHABLE

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_SECONDS = 5


class FieldError(BaseModel):
    """One wrong field or parameter."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(description="The parameter's or field's name; nested ones with dots.", examples=["from"])
    detail: str = Field(description="What is wrong and what to do.")


class Problem(BaseModel):
    """An error, as RFC 9457 has it. A problem may carry more members, such as `incident` in a conflict."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(examples=["urn:earshot:problem:unprocessable-content"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["from: needs an offset, such as 2026-03-05T12:00:00+08:00"])
    instance: str = Field(description="The address that was asked.", examples=["/api/v1/mentions"])
    errors: list[FieldError] | None = Field(default=None, description="Which fields are wrong, where fields are.")


class ApiError(Exception):
    """A request cannot be answered as asked; the detail says why and what to do."""

    status: ClassVar[HTTPStatus]

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), shown: Mapping[str, BaseModel] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        #: Members beside the standard ones.
        self.shown = shown or {}


class BadCursor(ApiError):
    """The cursor is not one of this list's."""

    status = HTTPStatus.BAD_REQUEST


class Unauthenticated(ApiError):
    """Nobody we know asks."""

    status = HTTPStatus.UNAUTHORIZED


class Forbidden(ApiError):
    """We know who asks, and they may not."""

    status = HTTPStatus.FORBIDDEN


class TooMany(ApiError):
    """They ask too often."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, detail: str, *, headers: Mapping[str, str]) -> None:
        super().__init__(detail)
        self.headers = dict(headers)


class NotFound(ApiError):
    """There is no such thing."""

    status = HTTPStatus.NOT_FOUND


class Conflict(ApiError):
    """The thing's state forbids the action."""

    status = HTTPStatus.CONFLICT


class Invalid(ApiError):
    """One parameter or field is wrong."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}", errors=[FieldError(field=name, detail=detail)])


class TooSlow(ApiError):
    """The request did not come to its end in time."""

    status = HTTPStatus.REQUEST_TIMEOUT


class Unavailable(ApiError):
    """Not now; asked again later it may go well."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemAnswer:
    """A problem with its headers."""

    status: int
    content: dict[str, object]
    headers: dict[str, str] = field(default_factory=dict)


#: Python 3.13 renamed them; ours stay the same.
_TITLES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content",
}
_HEADERS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(_RETRY_AFTER_SECONDS)},
}
_INTERNAL_DETAIL = "Earshot failed to answer; the reason is in its log."
_WORDS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address; /openapi.json lists what there is.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that method; the Allow header lists those it takes.",
}


def _clean(text: str) -> str:
    """Return the text without what UTF-8 cannot carry: a field's name may hold half a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _problem(
    status: HTTPStatus, detail: str, instance: str, errors: Sequence[FieldError] = (), **shown: object
) -> dict[str, object]:
    title = _TITLES.get(status, status.phrase)
    known: dict[str, object] = {
        "type": f"urn:earshot:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": int(status),
        "detail": _clean(detail),
        "instance": _clean(instance),
    }
    if errors:
        known["errors"] = [{"field": _clean(one.field), "detail": _clean(one.detail)} for one in errors]
    return {**known, **shown}


def _field_errors(error: RequestValidationError) -> list[FieldError]:
    """Return which fields the validator refused, without echoing what was sent."""
    errors = []
    for one in error.errors():
        where, *rest = one["loc"]
        # A parameter given more than once is one field to who asks.
        place = [str(part) for part in rest if not (where == "query" and isinstance(part, int))]
        if one["type"] == "json_invalid":
            place = []
        errors.append(FieldError(field=".".join(place) or str(where), detail=_detail(one, whole=not place)))
    return errors


def _detail(one: Mapping[str, Any], *, whole: bool) -> str:
    """Return what is wrong with a field, or with the whole body."""
    match one["type"]:
        case "extra_forbidden":
            return "there is no such field; leave it away"
        case "json_invalid":
            return f"is no JSON from character {one['loc'][-1]} on: {one['ctx']['error']}"
        case "model_attributes_type" | "dict_type" | "missing" if whole:
            return "send a JSON object, with Content-Type: application/json"
    return str(one["msg"]).removeprefix("Value error, ")


def is_unreachable(error: Exception) -> bool:
    """Whether the database is the trouble. A value it could not encode is asyncpg's InterfaceError too, and ours."""
    return isinstance(error, UNREACHABLE) and not isinstance(error, ValueError)


def _of_postgres(error: Exception) -> tuple[HTTPStatus, str, dict[str, str]] | None:
    """Return status, detail and headers of what the database says no with; None for what else it says."""
    if is_unreachable(error):
        detail = "The database does not answer; try again in a few seconds."
        return HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": str(_RETRY_AFTER_SECONDS)}
    if isinstance(error, TOO_SLOW):
        detail = "The answer took too long to find; ask for one brand, or a shorter time."
        return HTTPStatus.SERVICE_UNAVAILABLE, detail, {}
    if isinstance(error, BoundsError):
        detail = "Postgres cannot keep you to your brands yet; whoever runs Earshot asks `earshot doctor` what to do."
        return HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": str(_RETRY_AFTER_SECONDS)}
    if isinstance(error, OUT_OF_BOUNDS):
        detail = "Your key or user is bound to other brands; this needs one that is not."
        return HTTPStatus.FORBIDDEN, detail, {}
    return None


def problem_of(error: Exception, instance: str) -> ProblemAnswer:
    """Return how an error is told; of an unknown one nothing but that it happened."""
    match error:
        case TooMany():
            content = _problem(error.status, error.detail, instance)
            return ProblemAnswer(status=error.status, content=content, headers=error.headers)
        case ApiError():
            shown = {name: model.model_dump(mode="json") for name, model in error.shown.items()}
            content = _problem(error.status, error.detail, instance, error.errors, **shown)
            return ProblemAnswer(status=error.status, content=content, headers=_HEADERS.get(error.status, {}))
        case RequestValidationError():
            errors = _field_errors(error)
            detail = "; ".join(f"{one.field}: {one.detail}" for one in errors)
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return ProblemAnswer(status=status, content=_problem(status, detail, instance, errors))
        case HTTPException():
            status = HTTPStatus(error.status_code)
            content = _problem(status, _WORDS.get(status, error.detail), instance)
            return ProblemAnswer(status=status, content=content, headers=dict(error.headers or {}))
        case _ if (told := _of_postgres(error)) is not None:
            status, detail, headers = told
            return ProblemAnswer(status=status, content=_problem(status, detail, instance), headers=headers)
        case _:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            return ProblemAnswer(status=status, content=_problem(status, _INTERNAL_DETAIL, instance))
