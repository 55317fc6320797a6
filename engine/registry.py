"""Node types by name. Built explicitly by ``register`` functions, never on import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.errors import InvalidNode
from engine.folders import Folders
from engine.marks import FileIn
from engine.node import MISSING, InputSpec, NodeDef, NodeInfo, Section
from engine.replacements import Replacement
from engine.services import Services
from engine.soundness import check_definition, origin


class Registry(Mapping[str, NodeDef]):
    """Name -> NodeDef, together with the services that their choices and checks ask."""

    def __init__(self, services: Services | None = None) -> None:
        self.services = services or Services()
        self._definitions: dict[str, NodeDef] = {}
        self._replacements: dict[str, list[Replacement]] = {}
        self._files: dict[int, tuple[InputSpec, ...]] = {}  # by id of a definition: its inputs that name files
        self._configs: dict[int, list[Any]] = {}  # by id of a spec, for those that show the same each time

    def add(self, *definitions: NodeDef) -> None:
        """Register node types, all or none. Raises InvalidNode for a name in use or a definition that cannot work."""
        added: dict[str, NodeDef] = {}
        for definition in definitions:
            check_definition(definition)
            name = definition.name
            if other := self._definitions.get(name) or added.get(name):
                both = f"by {origin(other)}, so {origin(definition)} cannot use the name; rename one of them"
                raise InvalidNode(f"node type {name!r} is registered already {both}")
            added[name] = definition
        self._definitions |= added
        for definition in added.values():
            self._files[id(definition)] = _file_inputs(definition)
            for spec in definition.inputs:
                if not callable(spec.choices) and not isinstance(spec.choices, FileIn):
                    self._configs[id(spec)] = self._config(spec)

    def replace(self, *replacements: Replacement) -> None:
        """Register what takes the place of types that are no longer there; of several for one type the first counts."""
        for each in replacements:
            self._replacements.setdefault(each.old, []).append(each)

    @property
    def replacements(self) -> Mapping[str, Sequence[Replacement]]:
        """What takes the place of an older type, by its name."""
        return self._replacements

    def __getitem__(self, name: str) -> NodeDef:
        return self._definitions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._definitions)

    def __len__(self) -> int:
        return len(self._definitions)

    def choices(self, spec: InputSpec) -> Sequence[str] | None:
        """What a choice input offers now; None if it is no choice."""
        if isinstance(spec.choices, FileIn):
            folders, listed, endings = self.services.get(Folders), spec.choices.listed, spec.choices.endings
            more = list(spec.choices.more(folders)) if spec.choices.more else []
            if listed:
                return [f"{name} [{listed}]" for name in folders.list(listed, endings)] + more
            return folders.list(spec.choices.folder, endings) + more
        return spec.choices() if callable(spec.choices) else spec.choices

    def config(self, spec: InputSpec) -> list[Any]:
        """``[type, options]`` as ComfyUI shows an input; a choice's type is its list. Not to be changed: it is kept."""
        return self._configs.get(id(spec)) or self._config(spec)

    def _config(self, spec: InputSpec) -> list[Any]:
        options = dict(spec.options)
        if spec.default is not MISSING and spec.default is not None:
            options = {"default": spec.default, **options}
        if spec.lazy:
            options["lazy"] = True
        if spec.raw:
            options["rawLink"] = True
        choices = self.choices(spec)
        return [spec.type if choices is None else list(choices), options]

    def has_fingerprint(self, definition: NodeDef) -> bool:
        """Whether the constants of a registered type of node do not tell all."""
        hook = definition.fingerprint or definition.wiring
        return hook is not None or bool(self._files[id(definition)])

    def stamps(self, definition: NodeDef, literals: Mapping[str, Any]) -> dict[str, Any]:
        """By input name, what tells the content of the files that the literals name; None for one that is not there."""
        return {
            spec.name: self.services.get(Folders).stamp(spec.choices.folder, name)
            for spec in self._files[id(definition)]
            if isinstance(spec.choices, FileIn) and isinstance(name := literals.get(spec.name), str)
        }

    def files(self, definition: NodeDef, literals: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The files that a node reads, by folder and name, as its literals tell; not all of them need be there."""
        folders = self.file_inputs(definition).items()
        named = [(folder, name) for key, folder in folders if isinstance(name := literals.get(key), str)]
        return named + (list(definition.reads(literals, self.services)) if definition.reads else [])

    def file_inputs(self, definition: NodeDef) -> Mapping[str, str]:
        """The folders of the inputs that name files, by input."""
        specs = self._files[id(definition)]
        return {spec.name: spec.choices.folder for spec in specs if isinstance(spec.choices, FileIn)}

    def fingerprint(self, definition: NodeDef, literals: Mapping[str, Any]) -> Any:
        """What a node's own hook says of what the literals do not show; None if it has no hook."""
        return definition.fingerprint(literals, self.services) if definition.fingerprint else None

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
            flags={**definition.flags, **({"extra_input": self.config(definition.extra)} if definition.extra else {})},
        )


def _file_inputs(definition: NodeDef) -> tuple[InputSpec, ...]:
    return tuple(spec for spec in definition.inputs if isinstance(spec.choices, FileIn))
