"""One node's inputs: from what was given to what the executor takes, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from engine import checks
from engine.checks import Rule
from engine.errors import UnsafePath
from engine.folders import Folders
from engine.graph import Link, NodeId
from engine.marks import FileIn
from engine.node import InputSpec, NodeDef
from engine.problems import Problem, unfit
from engine.registry import Registry
from engine.workflow import ApiNode

Raised: TypeAlias = tuple[Exception, str]
"""An exception while checking, and what it means."""


@dataclass
class _Found:
    """What checking one node brings."""

    inputs: dict[str, Any] = field(default_factory=dict)
    types: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem | Raised] = field(default_factory=list)


class Inputs:
    """Checks the inputs of a workflow's nodes. Choices are read once, whatever the number of nodes that offer them."""

    def __init__(self, given: Mapping[NodeId, ApiNode], types: Mapping[NodeId, NodeDef], registry: Registry) -> None:
        self._given, self._types, self._registry = given, types, registry
        self._rules: dict[str, dict[str, list[Rule]]] = {}
        self._configs: dict[int, tuple[InputSpec, list[Any]]] = {}

    def check(self, node_id: NodeId, document: dict[str, Any]) -> tuple[dict[str, Any], list[Problem | Raised]]:
        """The node's inputs, links as ``Link``, and its problems. Converted constants are written into ``document``."""
        type_, found = self._types[node_id], _Found()
        given = self._given[node_id].inputs
        rules = self._rules.get(type_.name)
        if rules is None:
            rules = self._rules[type_.name] = {spec.name: self._rules_of(spec, type_) for spec in type_.inputs}
        for spec in type_.inputs:
            if spec.name in given:
                self._check_one(spec, given[spec.name], rules[spec.name], found, document, type_)
            elif spec.required:
                found.problems.append(checks.missing(spec))
        if type_.extra is not None:
            for name in [name for name in given if name not in type_.by_name]:
                spec = replace(type_.extra, name=name)
                self._check_one(spec, given[name], self._rules_of(spec, type_), found, document, type_)
            found.inputs = {name: found.inputs[name] for name in given if name in found.inputs}
        if not found.problems:
            self._own_checks(type_, found)
        return found.inputs, found.problems

    def of(self, node_id: NodeId) -> Iterator[tuple[InputSpec, Any]]:
        """The inputs that the node's type takes, in the order of the workflow, with what is given for them."""
        type_ = self._types[node_id]
        for name, value in self._given[node_id].inputs.items():
            if spec := type_.by_name.get(name):
                yield spec, value
            elif type_.extra is not None:
                yield replace(type_.extra, name=name), value

    def shown(self, spec: InputSpec) -> list[Any]:
        """``[type, options]`` as clients see the input."""
        if id(spec) not in self._configs:
            self._configs[id(spec)] = spec, self._registry.config(spec)  # with the spec, so that its id stays its own
        return self._configs[id(spec)][1]

    def _rules_of(self, spec: InputSpec, type_: NodeDef) -> list[Rule]:
        if spec.name in type_.checked:
            return []
        if isinstance(spec.choices, FileIn) and spec.choices.anywhere:
            return [self._file]
        return checks.rules(spec)

    def _check_one(
        self, spec: InputSpec, value: Any, rules: list[Rule], found: _Found, document: dict[str, Any], type_: NodeDef
    ) -> None:
        if isinstance(value, list):
            self._check_link(spec, value, found, type_)
            return
        value, problem = checks.convert(spec, self.shown, checks.unwrapped(value))
        found.inputs[spec.name] = value
        # An array stays wrapped in the document, or its next reader would take it for a link.
        document[spec.name] = {"__value__": value} if isinstance(value, list) else value
        if problem is None and rules:
            problem = next((broken for rule in rules if (broken := rule(spec, self.shown, value))), None)
        if problem:
            found.problems.append(problem)

    def _check_link(self, spec: InputSpec, value: list[Any], found: _Found, type_: NodeDef) -> None:
        name = spec.name
        if not checks.is_link(value):
            found.problems.append(checks.bad_link(spec, self.shown, value))
            return
        source, slot = value[0], int(value[1])
        source_type = self._types.get(source)
        if source_type is None:
            hint = f"input {name} links to node {source}, which is not in the workflow"
            found.problems.append((KeyError(source), hint))
            return
        outputs = source_type.outputs
        if not 0 <= slot < len(outputs):
            hint = f"input {name} links to output {slot} of node {source}, which has {len(outputs)} outputs"
            found.problems.append((IndexError("tuple index out of range"), hint))
            return
        received = found.types[name] = outputs[slot].type
        found.inputs[name] = Link(source, slot)
        if type_.check_types is None and (problem := checks.link_type(spec, self.shown, received, value)):
            found.problems.append(problem)

    def _own_checks(self, type_: NodeDef, found: _Found) -> None:
        """What the node type itself asks of its inputs; whatever that raises is a problem of the node."""
        try:
            if type_.check_types:
                found.problems.extend(type_.check_types(found.types))
            if type_.check and not found.problems:
                constants = {name: None if name in found.types else value for name, value in found.inputs.items()}
                found.problems.extend(type_.check(constants, self._registry.services))
        except Exception as error:  # whatever a check raises is told, and the node does not run
            found.problems.append((error, f"the check of {type_.name} failed: {error!r}"))

    def _file(self, spec: InputSpec, shown: checks.Shown, name: Any) -> Problem | None:
        """The file must be there, listed or not."""
        assert isinstance(spec.choices, FileIn)
        try:
            self._registry.services.get(Folders).resolve(spec.choices.folder, str(name))
        except (FileNotFoundError, UnsafePath) as error:
            problem = unfit(spec.name, f"Invalid file: {name}")
            more = {"received_value": name, "hint": str(error)}
            return replace(problem, extra_info={**problem.extra_info, **more})
        return None
