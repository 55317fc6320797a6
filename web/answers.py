"""What the routes of ComfyUI's protocol answer. Nothing is built from these models: they are what the OpenAPI document
says, and its fuzz test compares every answer with them."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, RootModel

from web.shapes import Shape

ApiWorkflow: TypeAlias = dict[str, Any]
"""Node id -> ``{"class_type": ..., "inputs": {...}}``."""


class QueueItem(RootModel[tuple[float, str, ApiWorkflow, dict[str, Any], list[str]]]):
    """A job: its place in the queue, its id, its workflow, what came along with it, and the output nodes to run."""


class QueueListing(Shape):
    """What runs and what waits."""

    queue_running: list[QueueItem]
    queue_pending: list[QueueItem]


class ExecutionStatus(Shape):
    """How a job ended, and the messages that said so over the websocket: each its type and its data."""

    status_str: Literal["success", "error"]
    completed: bool
    messages: list[tuple[str, dict[str, Any]]]


class NodeMeta(Shape):
    """Who a node of the outputs is: the node to highlight, the one that expanded into it, the one of the workflow."""

    node_id: str
    display_node: str
    parent_node: str | None
    real_node_id: str


NodeOutputs: TypeAlias = dict[str, dict[str, list[Any]]]
"""Node id -> what it shows, by kind: ``images`` are files to fetch from ``/view``."""


class HistoryEntry(Shape):
    """A finished job."""

    prompt: QueueItem
    outputs: NodeOutputs
    status: ExecutionStatus
    meta: dict[str, NodeMeta]


class PreviewOutput(Shape):
    """What stands for a job in a list: a file, or the beginning of a text."""

    model_config = ConfigDict(extra="allow")

    nodeId: str
    mediaType: str


class ListedJob(Shape):
    """A job in a list; times are in milliseconds since 1970. Keys without a value are left out."""

    id: str
    status: Literal["pending", "in_progress", "completed", "failed", "cancelled"]
    priority: float
    create_time: float
    execution_start_time: int = 0
    execution_end_time: int = 0
    execution_error: dict[str, Any] = Field(default={})
    outputs_count: int
    previewable_outputs_count: int
    preview_output: PreviewOutput | None = None
    workflow_id: str = ""


class JobSource(Shape):
    """Where a job came from."""

    prompt: ApiWorkflow
    extra_data: dict[str, Any]


class JobDetail(ListedJob):
    """A job; one that has ended with its outputs, its status and its workflow."""

    outputs: NodeOutputs = Field(default={})
    execution_status: ExecutionStatus | None = None
    workflow: JobSource | None = None


class Pagination(Shape):
    """Which part of the list this is. ``limit`` is null if there was none."""

    offset: int
    limit: int | None
    total: int
    has_more: bool


class JobListing(Shape):
    """One page of the list."""

    jobs: list[ListedJob]
    pagination: Pagination


class Cancelled(Shape):
    """Whether anything was stopped or removed."""

    cancelled: bool


class PlainError(Shape):
    """A mistake in one line; some answers say more."""

    model_config = ConfigDict(extra="allow")

    error: str


class Difference(Shape):
    """One reason why a node ran: what its result depends on was another the last time."""

    kind: Literal["new", "type", "version", "input", "file", "upstream", "link", "always", "changed", "forgotten"]
    input: str | None = None
    node: str | None = None
    before: Any = None
    now: Any = None


class NodeAccount(Shape):
    """How a node came by its result, and why it ran if it did."""

    type: str
    how: str
    seconds: float
    shown_as: str | None
    parent: str | None
    causes: list[Difference]


class Explanation(Shape):
    """Why the nodes of a job ran, or did not have to."""

    prompt_id: str
    nodes: dict[str, NodeAccount]


class NodeDefinition(Shape):
    """A node type. Each input is ``[type]`` or ``[type, options]``; a list in place of the type holds the choices."""

    model_config = ConfigDict(extra="allow")

    input: dict[str, dict[str, Any]]
    input_order: dict[str, list[str]]
    is_input_list: bool
    output: list[str]
    output_is_list: list[bool]
    output_name: list[str]
    name: str
    display_name: str
    description: str
    python_module: str
    category: str
    output_node: bool
    has_intermediate_output: bool


class System(Shape):
    """Versions, and bytes of memory. ``comfyui_version`` is the protocol spoken here."""

    model_config = ConfigDict(extra="allow")

    os: str
    ram_total: int
    ram_free: int
    comfyui_version: str
    required_frontend_version: str | None
    installed_templates_version: str | None
    required_templates_version: str | None
    python_version: str
    pytorch_version: str
    embedded_python: bool
    deploy_environment: str
    argv: list[str]
    comfy_package_versions: list[PackageVersion]
    wireloom_version: str


class PackageVersion(Shape):
    """A package of ComfyUI's that is installed, and the version that is needed; null if any will do."""

    name: str
    installed: str
    required: str | None


class Device(Shape):
    """What models run on; memory in bytes."""

    name: str
    type: str
    index: int | None
    vram_total: int
    vram_free: int
    torch_vram_total: int
    torch_vram_free: int


class SystemStats(Shape):
    """What this server is and runs on."""

    system: System
    devices: list[Device]
