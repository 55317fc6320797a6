"""JSON out and JSON in."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel

from engine.workflow import parse

M = TypeVar("M", bound=BaseModel)


def dumps(data: Any) -> str:
    """JSON that any client can read: what has no JSON form becomes text, numbers that are not finite become null."""
    try:
        return json.dumps(data, default=_plain, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(data), default=_plain)


def reply(data: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.json_response(data, status=status, dumps=dumps)


async def read_body(request: web.Request, model: type[M]) -> M:
    """The body as a model, whatever content type it claims. Raises NotAWorkflow for bad JSON, ValidationError."""
    return model.model_validate(parse(await request.read()))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
