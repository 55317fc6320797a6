"""Node types as a server declares them (``/object_info``), so far as editors' workflows are lowered with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.node import InputSpec, NodeDef, OutputSpec
from engine.registry import Registry


def registry_of(object_info: Mapping[str, Any]) -> Registry:
    """The types of a server, for ``engine.lower``: none of them can run here."""
    registry = Registry()
    registry.add(*(_definition(name, entry) for name, entry in object_info.items()))
    return registry


def _definition(name: str, entry: Mapping[str, Any]) -> NodeDef:
    sections = entry.get("input") or {}
    extra = entry.get("extra_input")
    return NodeDef(
        name,
        _elsewhere,
        inputs=tuple(_inputs(sections)),
        outputs=tuple(OutputSpec(kind, kind) for kind in map(str, entry.get("output") or ())),
        title=str(entry.get("display_name") or ""),
        is_output=bool(entry.get("output_node")),
        extra=_input("", extra, required=False) if isinstance(extra, list) else None,
    )


def _inputs(sections: Mapping[str, Any]) -> Iterator[InputSpec]:
    for section in ("required", "optional"):
        for name, config in (sections.get(section) or {}).items():
            yield _input(name, config, required=section == "required")


def _input(name: str, config: Any, *, required: bool) -> InputSpec:
    """``[type, options]``, or ``[[choice, ...], options]``. Defaults stay among the options: they are not checked."""
    kind, options = config[0], dict(config[1]) if len(config) > 1 and isinstance(config[1], Mapping) else {}
    if isinstance(kind, list):
        return InputSpec(name, "COMBO", required, options=options, choices=kind)
    return InputSpec(name, str(kind), required, options=options)


def _elsewhere(**inputs: Any) -> None:
    raise RuntimeError("this node type is on a server")
