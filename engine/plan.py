"""Workflow + registry -> Plan: what can run, and for each output that cannot, why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.checking import Checking
from engine.errors import InvalidWorkflow
from engine.graph import Graph, NodeId
from engine.problems import NodeProblems, Problem
from engine.registry import Registry
from engine.unknown_types import types_of
from engine.workflow import ApiWorkflow


@dataclass(frozen=True)
class Plan:
    """A checked graph. ``targets`` are the output nodes that passed; ``rejected`` says what is wrong with others.

    ``prompt`` is the workflow as plain data, its constants brought to the declared types.
    """

    graph: Graph
    targets: tuple[NodeId, ...]
    rejected: Mapping[NodeId, NodeProblems]
    prompt: Mapping[str, Any]


def plan(workflow: ApiWorkflow, registry: Registry, only: Collection[NodeId] | None = None) -> Plan:
    """Check a workflow; ``only`` keeps the output nodes named. Raises InvalidWorkflow if no output can run."""
    types = types_of(workflow.root, registry)
    wanted = types if only is None else frozenset(only)
    outputs = [node_id for node_id, type_ in types.items() if type_.is_output and node_id in wanted]
    if not outputs:
        raise InvalidWorkflow(Problem("prompt_no_outputs", "Prompt has no outputs"))
    checking = Checking(workflow.root, types, registry, outputs)
    targets = tuple(node_id for node_id in outputs if node_id not in checking.failing)
    rejected = checking.rejected()
    if not targets:
        mine = [problem for n in outputs if n in rejected for problem in rejected[n].errors]
        details = "\n".join(f"{problem.message}: {problem.details}" for problem in mine)
        message = "Prompt outputs failed validation"
        raise InvalidWorkflow(Problem("prompt_outputs_failed_validation", message, details), rejected)
    return Plan(checking.graph(), targets, rejected, checking.prompt)
