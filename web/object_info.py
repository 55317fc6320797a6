"""Node types -> ``/object_info``: ComfyUI's classic form, keys in its order."""

from __future__ import annotations

from typing import Any

from engine.node import NodeInfo

TRAILING = (
    "output_tooltips",
    "deprecated",
    "experimental",
    "dev_only",
    "api_node",
    "search_aliases",
    "essentials_category",
)


def describe(info: NodeInfo) -> dict[str, Any]:
    """One node type as clients read it."""
    sections: dict[str, dict[str, Any]] = {}
    for section in ("required", "optional"):
        if section in info.inputs:
            sections[section] = dict(info.inputs[section])
    if info.hidden:
        sections["hidden"] = dict(info.hidden)
    entry: dict[str, Any] = {
        "input": sections,
        "input_order": {section: list(names) for section, names in sections.items()},
        "is_input_list": info.takes_lists,
        "output": [output.type for output in info.outputs],
        "output_is_list": [output.is_list for output in info.outputs],
        "output_name": [output.name for output in info.outputs],
        "name": info.name,
        "display_name": info.title or info.name,
        "description": info.description,
        "python_module": info.module,
        "category": info.category,
        "output_node": info.is_output,
        "has_intermediate_output": bool(info.flags.get("has_intermediate_output", False)),
    }
    known = {name: info.flags[name] for name in TRAILING if name in info.flags}
    others = {name: value for name, value in info.flags.items() if name not in entry and name not in known}
    return entry | known | others
