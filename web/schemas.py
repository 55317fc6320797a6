"""What clients send, checked at the border, and what they are answered. Unknown keys are kept or ignored: clients send
their own."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict

from web.shapes import Shape


def _truth(value: Any) -> bool:
    return bool(value)


Truth = Annotated[bool, BeforeValidator(_truth)]
"""A flag as ComfyUI reads it: anything that counts as true."""


UuidText = Annotated[Any, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"})]
"""A UUID in lower case, see ``is_uuid``."""
EXAMPLE: JsonDict = {
    "prompt": {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
}


class PromptRequest(Shape):
    """Body of POST /prompt."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [EXAMPLE]})

    prompt: dict[str, Any] | None = None
    prompt_id: UuidText | None = None
    client_id: str | None = None
    extra_data: dict[str, Any] | None = None
    number: Annotated[float, Field(allow_inf_nan=False)] | None = None
    front: Truth = False
    partial_execution_targets: list[str] | None = None


class NodeErrors(Shape):
    """What is wrong with one node of a workflow."""

    errors: list[Complaint]
    dependent_outputs: list[str]
    class_type: str


class Complaint(Shape):
    """One mistake: its kind, what it is, and where."""

    type: str
    message: str
    details: str
    extra_info: dict[str, Any]


class Refusal(Shape):
    """Any answer to a mistake, in the shape that ComfyUI's clients show."""

    error: Complaint
    node_errors: dict[str, NodeErrors]


class PromptAccepted(Shape):
    """Answer of POST /prompt; ``node_errors`` tells of output nodes that will not run."""

    prompt_id: str
    number: float
    node_errors: dict[str, NodeErrors]


class ExecInfo(Shape):
    queue_remaining: int


class QueueLength(Shape):
    """How many jobs are pending or running."""

    exec_info: ExecInfo


class QueueRequest(Shape):
    """Body of POST /queue and POST /history."""

    clear: Truth = False
    delete: list[str] | None = None


class InterruptRequest(Shape):
    """Body of POST /interrupt."""

    prompt_id: str | None = None


class CancelRequest(Shape):
    """Body of POST /api/jobs/cancel."""

    job_ids: list[UuidText]


class FreeRequest(Shape):
    """Body of POST /free; ``free_memory`` implies unloading."""

    unload_models: Truth = False
    free_memory: Truth = False


class HistoryQuery(Shape):
    """Query of GET /history. SQLite counts in 64 bits."""

    max_items: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    offset: int = Field(default=-1, ge=-(2**63), lt=2**63)


def is_uuid(text: Any) -> bool:
    """Whether a job id is written as a UUID should be: lower case, with hyphens."""
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text
    except ValueError:
        return False
