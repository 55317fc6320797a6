"""A workflow as a function: its inputs as JSON Schema, its outputs by name. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.exposed import Exposed, Place, constants, exposed, title_of
from engine.graph import NodeId
from engine.node import NodeInfo
from web.v1.schemas import InputPlace, WorkflowOutput, WorkflowSignature
from web.v1.views import names_of_outputs

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES = {"INT": "integer", "FLOAT": "number", "STRING": "string", "BOOLEAN": "boolean"}
LIMITS = {"min": "minimum", "max": "maximum"}


def signature(
    name: str, title: str, description: str, prompt: Mapping[str, Any], infos: Mapping[str, NodeInfo]
) -> WorkflowSignature:
    """Raises InvalidWorkflow if what the workflow exposes cannot be told. ``infos`` are the node types by name."""
    offered = exposed(prompt)
    return WorkflowSignature(
        name=name,
        title=title,
        description=description,
        inputs=_inputs(prompt, offered, infos),
        places={
            name: InputPlace(
                node_id=place.node, class_type=prompt[place.node].get("class_type") or "", input=place.input
            )
            for name, place in _places(prompt, offered).items()
        },
        outputs={
            name: WorkflowOutput(
                node_id=node_id, class_type=prompt[node_id].get("class_type") or "", title=title_of(prompt[node_id])
            )
            for name, node_id in names_of_outputs(prompt, _output_nodes(prompt, offered, infos)).items()
        },
    )


def _output_nodes(prompt: Mapping[str, Any], offered: Exposed, infos: Mapping[str, NodeInfo]) -> list[NodeId]:
    if offered.outputs:
        return list(offered.outputs.values())
    types = {node_id: infos.get(node.get("class_type") or "") for node_id, node in prompt.items()}
    return [node_id for node_id, info in types.items() if info and info.is_output]


def _places(prompt: Mapping[str, Any], offered: Exposed) -> Mapping[str, Place]:
    return offered.inputs or constants(prompt)


def _inputs(prompt: Mapping[str, Any], offered: Exposed, infos: Mapping[str, NodeInfo]) -> dict[str, Any]:
    required = []
    properties: dict[str, Any] = {}
    for name, place in _places(prompt, offered).items():
        info = infos.get(prompt[place.node].get("class_type") or "")
        properties[name] = _property(prompt, place, info)
        if "default" not in properties[name] and info and place.input in info.inputs.get("required", {}):
            required.append(name)
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _property(prompt: Mapping[str, Any], place: Place, info: NodeInfo | None) -> dict[str, Any]:
    node = prompt[place.node]
    made = _declared(info, place.input)
    made["title"] = f"{title_of(node) or node.get('class_type')}: {place.input}"
    inputs = node.get("inputs", {})
    if place.input in inputs:
        made["default"] = _unwrapped(inputs[place.input])
    return made


def _declared(info: NodeInfo | None, name: str) -> dict[str, Any]:
    """What the node type says of an input; nothing for one that it does not declare."""
    sections = info.inputs.values() if info else ()
    config = next((inputs[name] for inputs in sections if name in inputs), None)
    if not config:
        return {}
    kind, options = config[0], config[1] if len(config) > 1 and isinstance(config[1], Mapping) else {}
    choices = kind if isinstance(kind, list) else options.get("options")
    made: dict[str, Any] = {}
    if isinstance(choices, list | tuple):
        chosen = {"type": "string", "enum": list(choices)}
        made = {"type": "array", "items": chosen} if options.get("multiselect") else chosen
    elif kind in TYPES:
        made = {"type": TYPES[kind]}
    if kind in ("INT", "FLOAT"):
        made |= {word: options[limit] for limit, word in LIMITS.items() if limit in options}
    if isinstance(options.get("tooltip"), str):
        made["description"] = options["tooltip"]
    return made


def _unwrapped(value: Any) -> Any:
    """Arrays stand in the API format as ``{"__value__": [...]}``."""
    return value["__value__"] if isinstance(value, Mapping) and value.keys() == {"__value__"} else value
