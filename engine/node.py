"""What a node is to the executor, and what a node may return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.marks import FileIn
from engine.problems import Problem

if TYPE_CHECKING:
    from engine.graph import Node
    from engine.services import Services

Lists: TypeAlias = Mapping[str, list[Any]]
"""Between nodes every value travels in a list, one element per mapped call."""

MISSING: Any = object()
"""Stands for "no default"."""


@dataclass(frozen=True)
class InputSpec:
    """One declared input: ``type`` is a socket name, or ``COMBO`` for a choice out of a list.

    ``link_only``: no constant can stand for a value of this type, such as a model.
    """

    name: str
    type: str
    required: bool = True
    default: Any = MISSING
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: Sequence[str] | Callable[[], Sequence[str]] | FileIn | None = None
    lazy: bool = False
    link_only: bool = False


@dataclass(frozen=True)
class OutputSpec:
    """One output slot."""

    type: str
    name: str
    is_list: bool = False


Needs: TypeAlias = Callable[[Lists], set[str]]
Fingerprint: TypeAlias = Callable[[Mapping[str, Any], "Services"], Any]
Check: TypeAlias = Callable[[Mapping[str, Any], "Services"], Sequence[Problem]]


@dataclass(frozen=True)
class NodeDef:
    """All that the executor knows of a node type. ``@node`` makes one from a function; a test makes one by hand."""

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
    check: Check | None = None
    checked: frozenset[str] = frozenset()

    @cached_property
    def by_name(self) -> Mapping[str, InputSpec]:
        """The inputs by name, in declaration order."""
        return {spec.name: spec for spec in self.inputs}

    @cached_property
    def lazy(self) -> frozenset[str]:
        """Names of the inputs that wait until ``needs`` asks for them."""
        return frozenset(spec.name for spec in self.inputs if spec.lazy)


@dataclass(frozen=True)
class Output:
    """What one call gives: a value per slot, and what the user interface should show."""

    values: tuple[Any, ...] = ()
    ui: Mapping[str, list[Any]] | None = None


@dataclass(frozen=True)
class Expand:
    """A call's answer "run these nodes instead"; ``values`` may be links into them."""

    nodes: tuple[Node, ...]
    values: tuple[Any, ...] = ()
    ui: Mapping[str, list[Any]] | None = None


@dataclass(frozen=True)
class Blocked:
    """In place of a value: those who use it do not run, and pass it on. The first one reached tells the reason."""

    reason: str | None = None


@dataclass(frozen=True)
class Result:
    """What a node gave in all: a list per output slot."""

    lists: tuple[list[Any], ...]
    ui: Mapping[str, list[Any]] | None = None


Section: TypeAlias = Literal["required", "optional"]


@dataclass(frozen=True)
class NodeInfo:
    """The data half of a ``NodeDef``, with its choices read: what ``/object_info`` shows.

    ``inputs`` maps section -> input name -> ``[type, options]`` in ComfyUI's form.
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
