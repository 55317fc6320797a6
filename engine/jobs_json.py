"""Jobs and outcomes as JSON text, for queues that store them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from engine.jobs import Job, Outcome


def dump(value: Job | Outcome) -> str:
    """As JSON. What JSON has no form for (a node may show anything) becomes its text."""
    return json.dumps(value, default=_plain, skipkeys=True)


def load_job(text: str) -> Job:
    return _jobs().validate_python(json.loads(text))


def load_outcome(text: str) -> Outcome:
    return _outcomes().validate_python(json.loads(text))


# Made when there is something to read: it takes a while, and a server that starts has other things to do.
@cache
def _jobs() -> TypeAdapter[Job]:
    return TypeAdapter(Job)


@cache
def _outcomes() -> TypeAdapter[Outcome]:
    return TypeAdapter(Outcome)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return str(value)
