"""Reads what a list is asked for in one step, by the model that names it, and says it in the OpenAPI document.

FastAPI's own way to read a model from the query looks anew at the type of every field at every request, which for a
list of many filters is a quarter of the whole answer's work.
"""

from collections.abc import Iterator
from types import UnionType
from typing import Any, Generic, TypeVar, get_args, get_origin

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class Read(Generic[M]):
    """The dependency that gives the query as a model."""

    def __init__(self, model: type[M]) -> None:
        self.model = model
        fields = model.model_fields.items()
        self._many = frozenset(field.alias or name for name, field in fields if _is_list(field.annotation))

    async def __call__(self, request: Request) -> M:
        """Return what the query says. Raises RequestValidationError."""
        given = request.query_params
        told = {name: given.getlist(name) if name in self._many else value for name, value in given.items()}
        try:
            return self.model.model_validate(told)
        except ValidationError as error:
            raise RequestValidationError([{**one, "loc": ("query", *one["loc"])} for one in error.errors()]) from error

    def parameters(self, ref_template: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the parameters as OpenAPI has them, and the schemas that they name."""
        schema = self.model.model_json_schema(ref_template=ref_template)
        return list(_parameters(schema)), schema.get("$defs", {})


def _is_list(annotation: object) -> bool:
    """Return whether a field may be given several times."""
    origin = get_origin(annotation)
    return origin is list or (origin is UnionType and any(map(_is_list, get_args(annotation))))


def _parameters(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, said in schema["properties"].items():
        about = {"description": said["description"]} if "description" in said else {}
        # Left away is not the word "null".
        told = {key: value for key, value in said.items() if (key, value) != ("default", None)}
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": told, **about}


def read_by(route: APIRoute) -> Read[Any] | None:
    """Return what reads the query of a route; None where FastAPI does."""
    return next((one.call for one in route.dependant.dependencies if isinstance(one.call, Read)), None)
