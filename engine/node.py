"""What a node is to the executor, and what a node may return."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.marks import FileIn
from engine.problems import Problem

if TYPE_CHECKING:
    from engine.graph import Graph, Node
    from engine.registry import Registry
    from engine.services import Services

Lists: TypeAlias = Mapping[str, list[Any]]
"""Between nodes every value travels in a list, one element per mapped call."""

MISSING: Any = object()
"""Stands for "no default"."""


@dataclass(frozen=True)
class InputSpec:
    """One declared input: ``type`` is a socket name, or ``COMBO`` for a choice out of a list.

    ``link_only``: no constant can stand for a value of this type, such as a model. ``raw``: the function gets the
    ``Link`` itself, and what it leads to is not run for it.
    """

    name: str
    type: str
    required: bool = True
    default: Any = MISSING
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: Sequence[str] | Callable[[], Sequence[str]] | FileIn | None = None
    lazy: bool = False
    link_only: bool = False
    raw: bool = False


@dataclass(frozen=True)
class OutputSpec:
    """One output slot."""

    type: str
    name: str
    is_list: bool = False


Needs: TypeAlias = Callable[[Lists], "set[str] | Awaitable[set[str]]"]
Fingerprint: TypeAlias = Callable[[Mapping[str, Any], "Services"], Any]
Reads: TypeAlias = Callable[[Mapping[str, Any], "Services"], Iterable[tuple[str, str]]]
Check: TypeAlias = Callable[[Mapping[str, Any], "Services"], Sequence[Problem]]
CheckTypes: TypeAlias = Callable[[Mapping[str, Any]], Sequence[Problem]]
Wiring: TypeAlias = Callable[["Node", "Graph", "Registry", Mapping[str, Any]], Any]
Intact: TypeAlias = Callable[["Result", "Services"], bool]


@dataclass(frozen=True)
class NodeDef:
    """All that the executor knows of a node type. ``@node`` makes one from a function; a test makes one by hand.

    ``hidden`` maps parameter names to what the executor passes unasked (``UNIQUE_ID``, ``PROMPT`` ...); ``extra``
    says what inputs beyond the declared ones are like, if the function takes any; ``intact`` tells whether a
    remembered result can still be used, such as a picture whose file is still there. ``check_types`` gets the types
    of what the inputs link to, by name, and replaces the built-in comparison of types. ``wiring`` is the
    fingerprint of nodes that mean others by names, of which keys know nothing: it gets the node, the graph, the
    registry and the workflow in API format. ``reads`` names the files, by folder and name, that it reads besides those
    that its inputs name by themselves.
    """

    name: str
    fn: Callable[..., Any]
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    lane: str = "gpu"
    version: str = "1"
    category: str = ""
    title: str = ""
    description: str = ""
    module: str = "nodes"
    hidden: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)
    is_output: bool = False
    takes_lists: bool = False
    per_node: bool = False
    wants_context: bool = False
    needs: Needs | None = None
    fingerprint: Fingerprint | None = None
    wiring: Wiring | None = None
    reads: Reads | None = None
    check: Check | None = None
    checked: frozenset[str] = frozenset()
    check_types: CheckTypes | None = None
    extra: InputSpec | None = None
    intact: Intact | None = None

    @cached_property
    def by_name(self) -> Mapping[str, InputSpec]:
        """The inputs by name, in declaration order."""
        return {spec.name: spec for spec in self.inputs}

    @cached_property
    def lazy(self) -> frozenset[str]:
        """Names of the inputs that wait until ``needs`` asks for them."""
        return frozenset(spec.name for spec in self.inputs if spec.lazy)

    @cached_property
    def raw(self) -> frozenset[str]:
        """Names of the inputs that get the link itself."""
        return frozenset(spec.name for spec in self.inputs if spec.raw)

    @cached_property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.fn)

    @cached_property
    def picks(self) -> bool:
        """Whether it may leave some of its linked inputs uncomputed."""
        extra = self.extra is not None and (self.extra.lazy or self.extra.raw)
        return bool(self.lazy or self.raw or extra)

    def is_lazy(self, name: str) -> bool:
        """Whether the input of this name waits until ``needs`` asks for it."""
        return name in self.lazy or (self.extra is not None and self.extra.lazy and name not in self.by_name)

    def is_raw(self, name: str) -> bool:
        """Whether the input of this name gets the link itself."""
        return name in self.raw or (self.extra is not None and self.extra.raw and name not in self.by_name)

    def accepts(self, name: str, *, link: bool) -> bool:
        """Whether the function takes an input of this name: declared, hidden, or one more of any kind."""
        return name in self.by_name or self.extra is not None or (name in self.hidden and not link)


@dataclass(frozen=True)
class Output:
    """What one call gives: a value per slot, and what the user interface should show.

    ``proof`` is plain data by which the node's ``intact`` hook recognises what it left outside, such as files.
    """

    values: tuple[Any, ...] = ()
    ui: Mapping[str, list[Any]] | None = None
    proof: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Expand:
    """A call's answer "run these nodes instead".

    ``values`` may be links into them, and for an output that is a list also lists with links. With ``counts`` the
    node's progress is how many of the links are there.
    """

    nodes: tuple[Node, ...]
    values: tuple[Any, ...] = ()
    ui: Mapping[str, list[Any]] | None = None
    counts: bool = False


@dataclass(frozen=True)
class Blocked:
    """In place of a value: those who use it do not run, and pass it on. The first one reached tells the reason."""

    reason: str | None = None


@dataclass(frozen=True)
class Result:
    """What a node gave in all: a list per output slot, and the proofs of its calls."""

    lists: tuple[list[Any], ...]
    ui: Mapping[str, list[Any]] | None = None
    proof: tuple[Any, ...] = ()


Section: TypeAlias = Literal["required", "optional"]


@dataclass(frozen=True)
class NodeInfo:
    """The data half of a ``NodeDef``, with its choices read: what ``/object_info`` shows.

    ``inputs`` maps section -> input name -> ``[type, options]`` in ComfyUI's form; the flag ``extra_input`` is such a
    pair for the inputs that may be added, if the node takes any.
    """

    name: str
    inputs: Mapping[Section, Mapping[str, list[Any]]]
    hidden: Mapping[str, str]
    outputs: tuple[OutputSpec, ...]
    category: str
    title: str
    description: str
    module: str
    is_output: bool
    takes_lists: bool
    flags: Mapping[str, Any] = field(default_factory=dict)
