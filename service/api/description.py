"""The OpenAPI document: what FastAPI derives from the routes, and the problems every route may answer with."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from service.api.errors import MEDIA_TYPE, Problem
from service.api.query import read_by

TITLE = "Earshot"
#: The contract's version, not the program's.
VERSION = "1"
_ABOUT = """
Word-of-mouth and review monitoring: what was said, how it was meant, and who has been told.

Errors are `application/problem+json` (RFC 9457). Times are ISO 8601 with an offset; send `+` as `%2B`. Lists come in
pages: give `next` as `cursor` and keep the filters. An unknown parameter is an error.
"""
_TAGS = [
    {"name": "mentions", "description": "What was said, with its verdict."},
    {"name": "trends", "description": "Counts over time, and the measures computed from them."},
    {"name": "incidents", "description": "Open problems, and what a person does about them."},
    {"name": "contacts", "description": "Whom to tell, and how."},
    {"name": "on call", "description": "Who is told, and who next: schedules, policies and calendars."},
    {"name": "rules", "description": "What to flag, how each rule does, and what one would have done."},
    {"name": "silences", "description": "What is kept quiet for a while, and planned maintenance."},
    {"name": "quality", "description": "How right the verdicts are, by what people corrected."},
    {"name": "exports", "description": "Lists of mentions as files."},
    {"name": "sources", "description": "Where Earshot listens, and how it goes."},
    {"name": "brands", "description": "What is watched."},
    {"name": "notifications", "description": "The outbox: who was told, and how it went."},
    {"name": "webhooks", "description": "Which other programs are told of what; signed as Standard Webhooks asks."},
    {"name": "keys", "description": "Who may use this API."},
    {"name": "users", "description": "Who may sign in, what each may do, and their open sessions."},
    {"name": "audit", "description": "Who did what, and the proof that nobody changed the record."},
    {"name": "erasures", "description": "What was erased for good, at a person's wish."},
    {"name": "events", "description": "What changes, as it changes."},
    {"name": "health", "description": "For load balancers and Prometheus; open to everybody."},
]
_SCHEMAS = "#/components/schemas/"
_REF = {"$ref": f"{_SCHEMAS}Problem"}
_OF_GUARDED = {
    "401": "No key, or one that is unknown, revoked or expired.",
    "403": "The key lacks the scope, or the browser's request its token.",
    "422": "A parameter or field is wrong; `errors` names it.",
    "429": "Too many requests in this minute; go on after `Retry-After` seconds. `RateLimit` tells how many are left.",
    "503": "The database does not answer; try again after `Retry-After` seconds.",
}
_OF_LISTS = {"400": "The cursor belongs to other filters, or to nothing."}
_OF_KEYED = {"409": "A request with this Idempotency-Key is being answered right now; ask again."}
_OF_ONE = {"404": "There is no such thing."}
_OF_ACTIONS = {"409": "The thing's state, or that of another, forbids it; the problem says which."}
_OF_BODIES = {"400": "The body is no JSON."}


def _problem_answer(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": _REF}}}


def _problems_of(path: str, method: str, operation: dict[str, Any]) -> dict[str, str]:
    """Return the problems an operation may answer with."""
    if not operation.get("security"):
        return {}
    problems = dict(_OF_GUARDED)
    names = {one["name"] for one in operation.get("parameters", ())}
    if "cursor" in names:
        problems |= _OF_LISTS
    if "{id}" in path:
        problems |= _OF_ONE
    if method != "get" or path.endswith("/address"):
        problems |= _OF_ACTIONS
    if "Idempotency-Key" in names:
        problems |= _OF_KEYED
    if "requestBody" in operation:
        problems |= _OF_BODIES
    return problems


def _say_plainly(parameter: dict[str, Any]) -> None:
    """Say of an optional parameter only what it may be: leaving it away is not the word "null"."""
    schema = parameter["schema"]
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema |= choices[0]


def _add_queries(document: dict[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Say of routes whose query is read by a model what it may hold."""
    for route in routes:
        if isinstance(route, APIRoute) and (reads := read_by(route)) is not None:
            parameters, schemas = reads.parameters(_SCHEMAS + "{model}")
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                operation["parameters"] = operation.get("parameters", []) + parameters
            known = document["components"]["schemas"]
            for name, schema in schemas.items():
                if known.setdefault(name, schema) != schema:
                    raise ValueError(f"two things are called {name}; rename one of them")


def describe(app: FastAPI, routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an app that has these routes among others."""
    document = get_openapi(
        title=TITLE,
        version=VERSION,
        description=_ABOUT.strip(),
        tags=_TAGS,
        routes=app.routes,
        webhooks=app.webhooks.routes,
    )
    _add_queries(document, routes)
    schemas = document["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template=_SCHEMAS + "{model}")
    schemas |= problem.pop("$defs")
    schemas["Problem"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for told in document.get("webhooks", {}).values():
        # Problems are what we answer; what others answer to us is their own.
        told["post"]["responses"].pop("422", None)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                _say_plainly(parameter)
            answers = operation["responses"]
            answers.pop("422", None)
            for status, description in _problems_of(path, method, operation).items():
                answers[status] = _problem_answer(description)
    return document


def mount(app: FastAPI, routes: Iterable[BaseRoute]) -> None:
    """Let the app serve this document at /openapi.json, computed once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app, routes)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it
