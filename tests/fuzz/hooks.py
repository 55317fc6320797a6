"""Bodies for schemathesis: a workflow that runs, or a picture, is beyond what it makes up."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import schemathesis
from pydantic import BaseModel, ValidationError
from schemathesis import HookContext

from tests.fuzz.workflows import PNG, WORKFLOWS
from web.v1.comparing import DiffRequest
from web.v1.recognising import LockRequest
from web.v1.schemas import JobRequest

MASK = {"image": PNG, "original_ref": json.dumps({"filename": "f_00001_.png"})}
FILES = [
    {"folder": "checkpoints", "name": "wireloom-mini.safetensors", "size": 1},
    {"folder": "output", "name": "../../x", "size": 0, "sha256": "00", "layout": "00"},
    {"folder": "nowhere", "name": "\0", "size": -1},
]
GOOD: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("POST", "/prompt"): [{"prompt": workflow} for workflow in WORKFLOWS],
    ("POST", "/v1/jobs"): [{"workflow": workflow} for workflow in WORKFLOWS],
    ("POST", "/v1/workflows/convert"): WORKFLOWS,
    ("POST", "/v1/workflows/diff"): [{"a": one, "b": other} for one, other in pairwise(WORKFLOWS)],
    ("POST", "/v1/workflows/files"): [
        {"lock": {"format": 1, "engine": "0", "node": "1", "files": [file]}} for file in FILES
    ],
    ("POST", "/v1/shares"): [{"name": "fuzz", "workflow": workflow} for workflow in WORKFLOWS],
    ("POST", "/v1/bundles"): [{"name": "fuzz", "workflow": workflow} for workflow in WORKFLOWS],
    ("POST", "/upload/image"): [{"image": PNG, "type": "input", "subfolder": "fuzz"}],
    ("POST", "/upload/mask"): [{**MASK, "type": "input", "subfolder": "fuzz"}],
}
"""Parts of bodies, by method and path."""
STRICT: dict[tuple[str, str], type[BaseModel]] = {
    ("POST", "/v1/jobs"): JobRequest,
    ("POST", "/v1/workflows/diff"): DiffRequest,
    ("POST", "/v1/workflows/files"): LockRequest,
}
"""Where a body that is made up to be refused must stay so."""


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    """Every other body has a good part, all else in it as it was made up."""
    operation = context.operation
    route = (operation.method.upper(), operation.path) if operation else ("", "")
    parts = GOOD.get(route)
    if parts is None or not isinstance(body, dict) or not _allowed(route, body):
        return body
    number = sum(json.dumps(body, default=str).encode())  # the same body gets the same part
    return body if number % 2 else {**body, **parts[number // 2 % len(parts)]}


def _allowed(route: tuple[str, str], body: dict[str, Any]) -> bool:
    try:
        return route not in STRICT or STRICT[route].model_validate(body) is not None
    except ValidationError:
        return False
