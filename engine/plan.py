"""Workflow + registry -> Plan: what can run, and for each output that cannot, why."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine import checks
from engine.errors import CycleError, InvalidWorkflow, UnsafePath
from engine.folders import Folders
from engine.graph import Graph, Link, Node, NodeId
from engine.marks import FileIn
from engine.node import InputSpec, NodeDef
from engine.problems import NodeProblems, Problem
from engine.registry import Registry
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
    _check_types(workflow, registry)
    outputs = [
        node_id
        for node_id, node in workflow.root.items()
        if registry[node.class_type or ""].is_output and (only is None or node_id in only)
    ]
    if not outputs:
        raise InvalidWorkflow(Problem("prompt_no_outputs", "Prompt has no outputs"))
    checking = _Checking(workflow, registry, frozenset(outputs))
    rejected = checking.rejected(outputs)
    targets = tuple(node_id for node_id in outputs if not checking.fails(node_id))
    if not targets:
        mine = [problem for n in outputs for problem in checking.problems.get(n, ())]
        details = "\n".join(f"{problem.message}: {problem.details}" for problem in mine)
        message = "Prompt outputs failed validation"
        raise InvalidWorkflow(Problem("prompt_outputs_failed_validation", message, details), rejected)
    return Plan(checking.graph, targets, rejected, checking.prompt)


def _check_types(workflow: ApiWorkflow, registry: Registry) -> None:
    """Every node must be of a known type, needed or not."""
    for node_id, node in workflow.root.items():
        if node.class_type is not None and node.class_type in registry:
            continue
        title = node.title
        if node.class_type is None:
            shown = f"'{title}'" if title else f"'ID #{node_id}'"
            message = f"Node {shown} has no class_type. The workflow may be corrupted or a custom node is missing."
        else:
            message = f"Node '{title or node.class_type}' not found. The custom node may not be installed."
        extra = {"node_id": node_id, "class_type": node.class_type, "node_title": title or node.class_type}
        raise InvalidWorkflow(Problem("missing_node_type", message, f"Node ID '#{node_id}'", extra))


class _Checking:
    """The nodes of one workflow, checked one by one."""

    def __init__(self, workflow: ApiWorkflow, registry: Registry, outputs: frozenset[NodeId]) -> None:
        self.workflow, self.registry, self.outputs = workflow, registry, outputs
        self.problems: dict[NodeId, list[Problem]] = {}
        self.prompt = workflow.dump()
        self.graph = Graph()
        self._users: dict[NodeId, tuple[InputSpec, list[Any]]] = {}  # a node -> an input that uses it, and its link
        self._failing: dict[NodeId, bool] = {}
        for node_id in workflow.root:
            self.graph.add([self._links_only(node_id)])

    def _links_only(self, node_id: NodeId) -> Node:
        """The node with the links that lead somewhere, enough to walk the graph."""
        node = self.workflow.root[node_id]
        definition = self.registry[node.class_type or ""]
        inputs: dict[str, Any] = {}
        for name, value in node.inputs.items():
            spec = definition.by_name.get(name)
            if spec and _is_link(value) and value[0] in self.workflow.root:
                inputs[name] = Link(value[0], int(value[1]))
                self._users.setdefault(value[0], (spec, value))
        return Node(node_id, definition.name, inputs)

    def rejected(self, outputs: Collection[NodeId]) -> dict[NodeId, NodeProblems]:
        """Check what the outputs need; report the nodes with problems of their own."""
        needs: dict[NodeId, frozenset[NodeId]] = {}
        for output in outputs:
            try:
                needs[output] = frozenset(self._check_needed(output))
            except CycleError as error:
                needs[output] = frozenset(error.loop)
                self._blame_cycle(error.loop)
                self._failing[output] = True
        return {
            node_id: NodeProblems(
                tuple(problems),
                tuple(output for output in outputs if node_id in needs[output]),
                self.workflow.root[node_id].class_type or "",
            )
            for node_id, problems in self.problems.items()
            if problems
        }

    def fails(self, node_id: NodeId) -> bool:
        """Whether the node, or one it needs, has problems."""
        return self._failing[node_id]

    def _check_needed(self, output: NodeId) -> list[NodeId]:
        order = self.graph.order([output])
        for node_id in order:
            if node_id in self._failing:
                continue
            self.problems[node_id] = []
            sources = set(self.graph[node_id].sources())
            inputs = self._check_node(node_id)
            self._failing[node_id] = bool(self.problems[node_id]) or any(self._failing[s] for s in sources)
            self.graph.nodes[node_id] = Node(node_id, self.graph[node_id].type, inputs)
        return order

    def _blame_cycle(self, loop: tuple[NodeId, ...]) -> None:
        members = loop[:-1]
        shown = " -> ".join(f"{n} ({self.workflow.root[n].class_type})" for n in loop)
        for node_id in members:
            extra = {"node_id": node_id, "cycle_nodes": list(members)}
            problem = Problem("dependency_cycle", "Dependency cycle detected", shown, extra)
            if problem not in self.problems.setdefault(node_id, []):
                self.problems[node_id].append(problem)

    def _check_node(self, node_id: NodeId) -> dict[str, Any]:
        """Collect the node's problems; return its inputs as the executor takes them."""
        given = self.workflow.root[node_id].inputs
        definition = self.registry[self.graph[node_id].type]
        inputs: dict[str, Any] = {}
        for spec in definition.inputs:
            if spec.name not in given:
                if spec.required:
                    self.problems[node_id].append(checks.missing(spec))
                continue
            value = given[spec.name]
            if isinstance(value, list):
                self._check_link(node_id, spec, value, inputs)
            else:
                self._check_constant(node_id, definition, spec, value, inputs)
        if definition.check and not self.problems[node_id]:
            constants = {name: None if isinstance(value, Link) else value for name, value in inputs.items()}
            self.problems[node_id].extend(definition.check(constants, self.registry.services))
        return inputs

    def _check_link(self, node_id: NodeId, spec: InputSpec, value: list[Any], inputs: dict[str, Any]) -> None:
        config = self.registry.config(spec)
        if not _is_link(value):
            self.problems[node_id].append(checks.bad_link(spec, config, value))
            return
        source, slot = value[0], int(value[1])
        if source not in self.workflow.root:
            hint = f"input {spec.name} links to node {source}, which is not in the workflow"
            self.problems[node_id].append(self._dead_link(node_id, repr(source), "KeyError", hint))
            return
        outputs = self.registry[self.graph[source].type].outputs
        if not 0 <= slot < len(outputs):
            hint = f"input {spec.name} links to output {slot} of node {source}, which has {len(outputs)} outputs"
            self.problems[node_id].append(self._dead_link(node_id, "tuple index out of range", "IndexError", hint))
            return
        if problem := checks.link_type(spec, config, outputs[slot].type, value):
            self.problems[node_id].append(problem)
        inputs[spec.name] = Link(source, slot)

    def _dead_link(self, node_id: NodeId, details: str, error: str, hint: str) -> Problem:
        """ComfyUI tells a dead link as an exception: of the output node itself, or of a node seen from its user."""
        extra: dict[str, Any] = {"exception_type": error, "traceback": [], "hint": hint}
        if node_id in self.outputs or node_id not in self._users:
            return Problem("exception_during_validation", "Exception when validating node", details, extra)
        spec, link = self._users[node_id]
        config = self.registry.config(spec)
        seen_from = {"input_name": spec.name, "input_config": config, "exception_message": details}
        message = "Exception when validating inner node"
        return Problem(
            "exception_during_inner_validation", message, details, {**seen_from, **extra, "linked_node": link}
        )

    def _check_constant(
        self, node_id: NodeId, definition: NodeDef, spec: InputSpec, value: Any, inputs: dict[str, Any]
    ) -> None:
        if isinstance(value, Mapping) and "__value__" in value:
            value = value["__value__"]
        config = self.registry.config(spec)
        value, problem = checks.convert(spec, config, value)
        inputs[spec.name] = self.prompt[node_id]["inputs"][spec.name] = value
        if problem is None and spec.name not in definition.checked:
            problem = self._first_broken_rule(spec, config, value)
        if problem:
            self.problems[node_id].append(problem)

    def _first_broken_rule(self, spec: InputSpec, config: list[Any], value: Any) -> Problem | None:
        if isinstance(spec.choices, FileIn) and spec.choices.anywhere:
            return self._check_file(spec, spec.choices, value)
        return next((problem for rule in checks.RULES if (problem := rule(spec, config, value))), None)

    def _check_file(self, spec: InputSpec, where: FileIn, name: Any) -> Problem | None:
        try:
            self.registry.services.get(Folders).resolve(where.folder, str(name))
        except (FileNotFoundError, UnsafePath) as error:
            extra = {"input_name": spec.name, "received_value": name, "hint": str(error)}
            details = f"{spec.name} - Invalid file: {name}"
            return Problem("custom_validation_failed", "Custom validation failed for node", details, extra)
        return None


def _is_link(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int | float)
        and not isinstance(value[1], bool)
        and math.isfinite(value[1])
    )
