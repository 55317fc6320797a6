"""What processes tell each other, as JSON and back: events, jobs, node types, plans, errors.

Values that a node shows may be anything. What JSON has no form for becomes its text, as in history; NaN and infinities
stay, as Python's json writes and reads them.
"""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter

from engine import errors, events
from engine.errors import CycleError, EngineError, FailedElsewhere, InvalidWorkflow
from engine.events import Event, NodePreview
from engine.node import MISSING
from engine.problems import NodeProblems, Problem

T = TypeVar("T")

EVENTS: Mapping[str, type[Event]] = {
    name: kind for name, kind in vars(events).items() if isinstance(kind, type) and issubclass(kind, Event)
}
SHOWN_CALLS = 20
PLAIN_ERRORS = (
    errors.NotAWorkflow,
    errors.InvalidNode,
    errors.DuplicateNode,
    errors.UnsafePath,
    errors.FolderNotFound,
    errors.JobNotFound,
    errors.WorkflowNotFound,
)
"""Errors that are a text and nothing more."""


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: inner for name, inner in vars(value).items() if inner is not MISSING}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return str(value)


to_json = json.JSONEncoder(default=_plain, skipkeys=True, separators=(",", ":")).encode
"""A value as JSON in ASCII; dataclasses as their fields. Raises ValueError for circles."""


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def read(kind: type[T], value: Any) -> T:
    """A value out of JSON as the type it was. Raises pydantic.ValidationError."""
    made: T = _adapter(kind).validate_python(value)  # type: ignore[arg-type]
    return made


def of_event(event: Event) -> list[Any]:
    """For ``to_json``."""
    if isinstance(event, NodePreview):
        return ["NodePreview", replace(event, data=base64.b64encode(event.data).decode())]  # type: ignore[arg-type]
    return [type(event).__name__, event]


def read_event(told: list[Any]) -> Event:
    """Raises KeyError, pydantic.ValidationError, binascii.Error."""
    name, given = told
    if name == "NodePreview":
        given = {**given, "data": base64.b64decode(given["data"])}
    return read(EVENTS[name], given)


def of_error(error: BaseException) -> dict[str, Any]:
    """For ``to_json``."""
    told: dict[str, Any] = {"type": type(error).__name__, "text": str(error)}
    if isinstance(error, InvalidWorkflow):
        return {**told, "problem": error.problem, "node_problems": error.node_problems}
    if isinstance(error, CycleError):
        return {**told, "loop": error.loop}
    return {**told, "traceback": "".join(traceback.format_exception(error, limit=-SHOWN_CALLS))}


def read_error(told: Mapping[str, Any]) -> EngineError:
    """The same error; FailedElsewhere for any that is no mistake of a user."""
    name, text = told["type"], str(told["text"])
    if name == "InvalidWorkflow":
        found = read(dict[str, NodeProblems], told["node_problems"])
        return InvalidWorkflow(read(Problem, told["problem"]), found)
    if name == "CycleError":
        return CycleError(tuple(told["loop"]))
    for kind in PLAIN_ERRORS:
        if name == kind.__name__:
            return kind(text)
    return FailedElsewhere(str(name), text, str(told.get("traceback", "")))
