"""Which inputs and outputs of its nodes a workflow offers as its own, and under which names.

A node says so in ``_meta`` (API format) or ``properties`` (an editor's): ``{"wireloom": {"inputs": {"text": "words"},
"output": "picture"}}``. That is no part of its key, and other programs pass over it. In the API format
``follows`` names further inputs that get the same value, where one widget of a subgraph is several inputs inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.checks import is_link
from engine.errors import InvalidWorkflow
from engine.graph import NodeId
from engine.problems import Problem

OWN = "wireloom"
FOLLOWS = "follows"


class Place(NamedTuple):
    """An input of a node."""

    node: NodeId
    input: str


@dataclass(frozen=True)
class Exposed:
    """Public name -> where it leads; ``followers`` are the other inputs that get the value too."""

    inputs: Mapping[str, Place] = field(default_factory=dict)
    outputs: Mapping[str, NodeId] = field(default_factory=dict)
    followers: Mapping[str, Sequence[Place]] = field(default_factory=dict)

    def lacks_values(self, prompt: Mapping[str, Any]) -> bool:
        """Whether some of its inputs have no value in the workflow."""
        return any(place.input not in prompt[place.node].get("inputs", {}) for place in self.inputs.values())


def exposed(prompt: Mapping[str, Any]) -> Exposed:
    """What a workflow in API format exposes. Raises InvalidWorkflow for a name that two nodes give, for an input that
    is fed by a link, and for what cannot be read. An input may be exposed that has no value in the workflow."""
    inputs: dict[str, Place] = {}
    outputs: dict[str, NodeId] = {}
    followers: dict[str, list[Place]] = {}
    for node_id, node in prompt.items():
        for place, name in _inputs(prompt, node_id, node, FOLLOWS):
            followers.setdefault(name, []).append(place)
        for place, name in _inputs(prompt, node_id, node, "inputs"):
            if name in inputs:
                raise _refused(
                    f"the input {name!r} is exposed by {_label(prompt, inputs[name].node)} and by"
                    f" {_label(prompt, node_id)}; give each its own name",
                    node_id,
                )
            inputs[name] = place
        output = _output(prompt, node_id, node)
        if output is None:
            continue
        if output in outputs:
            raise _refused(
                f"the output {output!r} is exposed by {_label(prompt, outputs[output])} and by"
                f" {_label(prompt, node_id)}; give each its own name",
                node_id,
            )
        outputs[output] = node_id
    return Exposed(inputs, outputs, followers)


def constants(prompt: Mapping[str, Any]) -> dict[str, Place]:
    """All that can be set where nothing is exposed, as ``NODE.INPUT``."""
    return {
        f"{node_id}.{name}": Place(node_id, name)
        for node_id, node in prompt.items()
        for name, value in (node.get("inputs") or {}).items()
        if not is_link(value)
    }


def title_of(node: Mapping[str, Any]) -> str | None:
    """The name its author gave a node of the API format."""
    title = (node.get("_meta") or {}).get("title")
    return title if isinstance(title, str) else None


def _inputs(
    prompt: Mapping[str, Any], node_id: NodeId, node: Mapping[str, Any], key: str
) -> Iterator[tuple[Place, str]]:
    given = _own(prompt, node_id, node).get(key, {})
    if not isinstance(given, Mapping):
        raise _refused(f"{_label(prompt, node_id)}: expected an object of input and name, got {given!r:.80}", node_id)
    for input_, name in given.items():
        if not isinstance(name, str) or not name:
            said = f"{_label(prompt, node_id)}: the name of its input {input_!r} is to be a text, not {name!r:.80}"
            raise _refused(said, node_id)
        if is_link((node.get("inputs") or {}).get(input_)):
            said = f"{_label(prompt, node_id)} exposes its input {input_!r}, which is fed by another node"
            raise _refused(said, node_id)
        yield Place(node_id, input_), name


def _output(prompt: Mapping[str, Any], node_id: NodeId, node: Mapping[str, Any]) -> str | None:
    name = _own(prompt, node_id, node).get("output")
    if name is not None and (not isinstance(name, str) or not name):
        raise _refused(f"{_label(prompt, node_id)}: the name of its output is to be a text, not {name!r:.80}", node_id)
    return name


def _own(prompt: Mapping[str, Any], node_id: NodeId, node: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (node.get("_meta") or {}).get(OWN, {})
    if not isinstance(found, Mapping):
        raise _refused(f"{_label(prompt, node_id)}: expected an object under {OWN!r}, got {found!r:.80}", node_id)
    return found


def _label(prompt: Mapping[str, Any], node_id: NodeId) -> str:
    node = prompt[node_id]
    return f"node {node_id} ({title_of(node) or node.get('class_type')})"


def _refused(details: str, node_id: NodeId) -> InvalidWorkflow:
    message = "What the workflow exposes cannot be told"
    return InvalidWorkflow(Problem("invalid_exposure", message, details, {"node_id": node_id}))
