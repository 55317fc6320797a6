"""What a handler takes and answers, said beside it: the OpenAPI document is made from that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from web.safety import access

H = TypeVar("H", bound=Handler)
M = TypeVar("M", bound=BaseModel)

ATTRIBUTE = "__operation__"


@dataclass(frozen=True)
class Media:
    """An answer or a body that is not JSON, by its media types: ``Media("image/png", "image/webp")``."""

    types: tuple[str, ...]

    def __init__(self, *types: str) -> None:
        object.__setattr__(self, "types", types)


@dataclass(frozen=True)
class Operation:
    """``body`` is the type of a JSON body (``X | None`` if it may be left out) or a ``Media``, ``form`` the model of a
    multipart one, whose ``bytes`` are files; ``query`` and ``headers`` are models of what their names say. ``answers``
    gives for each status the type of its JSON, a ``Media``, None if it is empty, or a tuple if it may be one or the
    other. What the middlewares answer to any request (400, 401, 403, 413, 500) need not be named.
    """

    tag: str
    query: type[BaseModel] | None = None
    headers: type[BaseModel] | None = None
    body: Any = None
    form: type[BaseModel] | None = None
    answers: Mapping[int, Any] = field(default_factory=dict)


def operation(
    tag: str,
    *,
    query: type[BaseModel] | None = None,
    headers: type[BaseModel] | None = None,
    body: Any = None,
    form: type[BaseModel] | None = None,
    answers: Mapping[int, Any],
) -> Callable[[H], H]:
    """Say what a handler takes and answers; goes below ``@routes.get(...)``. Its docstring is the description."""

    def say(handler: H) -> H:
        setattr(handler, ATTRIBUTE, Operation(tag, query, headers, body, form, answers))
        return handler

    return say


def operation_of(handler: object) -> Operation | None:
    """What was said of a handler; None if nothing was."""
    found: Operation | None = getattr(handler, ATTRIBUTE, None)
    return found


def read_query(request: web.Request, model: type[M]) -> M:
    """The query as a model, without the token, which any may bring. Raises ValidationError, answered with 400."""
    return model.model_validate({name: value for name, value in request.query.items() if name != access.QUERY})
