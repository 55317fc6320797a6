"""Node types by name. Built explicitly by ``register`` functions, never on import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.errors import InvalidNode
from engine.folders import Folders
from engine.marks import FileIn
from engine.node import MISSING, InputSpec, NodeDef, NodeInfo, Section
from engine.services import Services


class Registry(Mapping[str, NodeDef]):
    """Name -> NodeDef, together with the services that their choices and checks ask."""

    def __init__(self, services: Services | None = None) -> None:
        self.services = services or Services()
        self._definitions: dict[str, NodeDef] = {}

    def add(self, *definitions: NodeDef) -> None:
        """Register node types. Raises InvalidNode for a name in use."""
        for definition in definitions:
            if definition.name in self._definitions:
                raise InvalidNode(f"node type {definition.name!r} is registered already")
            self._definitions[definition.name] = definition

    def __getitem__(self, name: str) -> NodeDef:
        return self._definitions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._definitions)

    def __len__(self) -> int:
        return len(self._definitions)

    def choices(self, spec: InputSpec) -> Sequence[str] | None:
        """What a choice input offers now; None if it is no choice."""
        if isinstance(spec.choices, FileIn):
            return self.services.get(Folders).list(spec.choices.folder)
        return spec.choices() if callable(spec.choices) else spec.choices

    def config(self, spec: InputSpec) -> list[Any]:
        """``[type, options]`` as ComfyUI shows an input; a choice's type is its list."""
        options = dict(spec.options)
        if spec.default is not MISSING and spec.default is not None:
            options = {"default": spec.default, **options}
        if spec.lazy:
            options["lazy"] = True
        choices = self.choices(spec)
        return [spec.type if choices is None else list(choices), options]

    def has_fingerprint(self, definition: NodeDef) -> bool:
        """Whether the constants of this type of node do not tell all."""
        return definition.fingerprint is not None or any(isinstance(spec.choices, FileIn) for spec in definition.inputs)

    def fingerprint(self, definition: NodeDef, literals: Mapping[str, Any]) -> Any:
        """What the literals do not show of a node's inputs: its own fingerprint, and the stamps of its files."""
        changed: list[Any] = []
        for spec in definition.inputs:
            if isinstance(spec.choices, FileIn) and isinstance(name := literals.get(spec.name), str):
                changed.append(self.services.get(Folders).stamp(spec.choices.folder, name))
        if definition.fingerprint:
            changed.append(definition.fingerprint(literals, self.services))
        return changed or None

    def describe(self) -> list[NodeInfo]:
        """All node types as data, for the editor and for clients."""
        return [self._info(definition) for definition in self.values()]

    def _info(self, definition: NodeDef) -> NodeInfo:
        inputs: dict[Section, dict[str, list[Any]]] = {"required": {}}
        for spec in definition.inputs:
            inputs.setdefault("required" if spec.required else "optional", {})[spec.name] = self.config(spec)
        return NodeInfo(
            name=definition.name,
            inputs=inputs,
            hidden=definition.hidden,
            outputs=definition.outputs,
            category=definition.category,
            title=definition.title or definition.name,
            description=definition.description,
            module=definition.module,
            is_output=definition.is_output,
            takes_lists=definition.takes_lists,
            flags=definition.flags,
        )
