"""What ``/v1`` takes and answers. Keys that are not known are refused: a misspelt one is named."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, HttpUrl, RootModel, UrlConstraints

from web.shapes import Shape
from web.webhooks.signing import sound_secret

Ended: TypeAlias = Literal["succeeded", "failed", "cancelled"]
State: TypeAlias = Literal["pending", "running", "succeeded", "failed", "cancelled"]
ENDED: tuple[Ended, ...] = ("succeeded", "failed", "cancelled")

Instant: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339, UTC, to the millisecond."""
WebUrl: TypeAlias = Annotated[HttpUrl, UrlConstraints(max_length=2083, allowed_schemes=["http", "https"])]


class _Asked(Shape):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Webhook(_Asked):
    """Where the end of a job is to be told. With a ``secret``, what is sent is signed with it."""

    url: WebUrl
    secret: Annotated[str, Field(min_length=1), AfterValidator(sound_secret)] | None = None
    states: list[Ended] = Field(default=list(ENDED), min_length=1)


class JobRequest(_Asked):
    """Body of POST /v1/jobs.

    ``workflow`` is a workflow in API format, as an editor saves it, or the name of a saved one. ``inputs`` sets some of
    its constants: by the names that it exposes, or as ``NODE.INPUT`` with the id, title or class of a node.
    ``outputs`` are the exposed outputs or the ids of the output nodes that are wanted; without it, all. ``priority`` is
    the place in the queue, lowest first; ``front`` is before all that wait. ``metadata`` is given back as it is;
    ``extra_pnginfo`` goes into the pictures as text, by its keys. ``embed`` says how much does: nothing,
    the workflow as it ran, or that and ``extra_pnginfo``; the server may be set to less.
    """

    workflow: dict[str, Any] | Annotated[str, Field(min_length=1)]
    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: Annotated[list[str], Field(min_length=1)] | None = None
    client_id: str | None = None
    front: Annotated[bool, Field(strict=True)] = False
    priority: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    webhook: Webhook | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    extra_pnginfo: dict[str, Any] = Field(default_factory=dict)
    embed: Literal["none", "recipe", "full"] = "full"


class File(Shape):
    """A file that a node wrote. ``url`` is where to fetch it, on this server."""

    filename: str
    subfolder: str
    type: str
    url: str
    media_type: str


class Shown(Shape):
    """What a node shows: its files, and whatever else by the names it gives."""

    files: list[File] = Field(default_factory=list)
    data: dict[str, list[Any]] = Field(default_factory=dict)


class Output(Shown):
    """What came out of the workflow, and of which of its nodes."""

    node_id: str


class Cause(Shape):
    """One reason why a node ran: what its result depends on was another the last time."""

    kind: str
    input: str | None = None
    node: str | None = None
    before: Any = None
    now: Any = None


class NodeView(Shape):
    """What became of a node. ``how`` is ``memory``, ``disk``, ``equal``, ``unchanged``, ``ran``, ``failed`` or
    ``skipped``; ``seconds`` is what its calls took. A node that another expanded into has a ``parent``."""

    class_type: str
    title: str | None = None
    how: str | None = None
    seconds: float | None = None
    why: list[Cause] = Field(default_factory=list)
    parent: str | None = None
    shown: Shown | None = None


class JobError(Shape):
    """Why a job failed. The node is empty if none is to blame."""

    node_id: str
    node_type: str
    message: str
    exception_type: str
    traceback: list[str] = Field(default_factory=list)


class Seconds(Shape):
    """How long a job waited in the queue, and ran, until now or until its end."""

    waiting: float
    running: float | None = None


class Links(Shape):
    self: str
    events: str


class JobSummary(Shape):
    """A job in a list. ``position`` counts from 0 and is given while it is pending; ``outputs`` are by exposed name, or
    else by the title or the id of the node. ``workflow`` is the name of the saved workflow that it came from,
    ``inputs`` what was given for it."""

    id: str
    state: State
    position: int | None = None
    created: Instant
    started: Instant | None = None
    finished: Instant | None = None
    seconds: Seconds
    workflow: str | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, Output] = Field(default_factory=dict)
    error: JobError | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    links: Links


class WebhookView(Shape):
    """Whether the end of a job was told to its webhook, and how often that was tried."""

    delivered: bool
    tries: int


class NoteView(Shape):
    """What a user should know of how a node came by its result, such as that memory ran out and less had to do."""

    node_id: str
    text: str


class JobView(JobSummary):
    """A job with all that is known of it, and its nodes once it has ended; ``webhook`` tells of its call from then on.
    ``attempts`` counts how often it was taken up, ``deaths`` how often the process that ran it died of it."""

    attempts: int = 0
    deaths: int = 0
    notes: list[NoteView] = Field(default_factory=list)
    nodes: dict[str, NodeView] = Field(default_factory=dict)
    webhook: WebhookView | None = None


class JobPage(Shape):
    """Jobs, newest first. ``next`` is the cursor of the page after this one; null on the last."""

    jobs: list[JobSummary]
    next: str | None = None


class WorkflowDocument(RootModel[dict[str, Any]]):
    """A workflow as an editor saves it (schema 0.4 or 1.0), or in API format."""


class InfotextRequest(_Asked):
    """Body of POST /v1/workflows/infotext: the text ``parameters`` of a picture that a web UI made."""

    text: str = Field(max_length=50_000)


class InfotextRead(Shape):
    """A workflow in API format, and what of the text is not in it, each by its name."""

    workflow: dict[str, Any]
    left_out: list[str]


class WorkflowEntry(Shape):
    """A workflow in a list. ``source`` is ``saved`` or ``shipped``."""

    name: str
    title: str
    source: Literal["saved", "shipped"]
    links: dict[str, str]


class WorkflowList(Shape):
    """The workflows that can be run by name. A saved one hides a shipped one of the same name."""

    workflows: list[WorkflowEntry]


class WorkflowOutput(Shape):
    """What a workflow gives: the node that shows it."""

    node_id: str
    class_type: str
    title: str | None = None


class InputPlace(Shape):
    """Which input of which node a workflow's input is."""

    node_id: str
    class_type: str
    input: str


class WorkflowSignature(Shape):
    """A workflow as a function. ``inputs`` is a JSON Schema (2020-12) of an object, for ``inputs`` of a job; ``places``
    says where each leads."""

    name: str
    title: str
    description: str
    inputs: dict[str, Any]
    places: dict[str, InputPlace] = Field(default_factory=dict)
    outputs: dict[str, WorkflowOutput]


class NodeEventData(Shape):
    """Something happened at a node. ``workflow_node_id`` is the node of the workflow that expanded into it, or itself;
    ``progress`` has ``value`` and ``total``, ``text`` has ``text``."""

    at: Instant
    node_id: str
    workflow_node_id: str
    value: float | None = None
    total: float | None = None
    text: str | None = None
    reason: str | None = None


class NodeFinishedData(NodeEventData):
    """A node has its result. ``how`` is that of a job's nodes; ``seconds`` is what its calls took."""

    how: str
    seconds: float
    files: list[File] = Field(default_factory=list)
    data: dict[str, list[Any]] = Field(default_factory=dict)
