"""Types -> JSON schemas that share their definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

Mode: TypeAlias = Literal["validation", "serialization"]
"""What comes in, or what goes out."""
Schema: TypeAlias = dict[str, Any]

WHERE = "#/components/schemas/"


class _Untitled(GenerateJsonSchema):
    """Fields are not given titles: those would repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class Schemas:
    """The schemas of types."""

    def __init__(self, kinds: Iterable[tuple[Any, Mode]]) -> None:
        wanted = {(id(kind), mode): kind for kind, mode in kinds}
        adapters = [(key, mode, TypeAdapter(kind)) for (key, mode), kind in wanted.items()]
        self._found, made = TypeAdapter.json_schemas(
            adapters, ref_template=WHERE + "{model}", schema_generator=_Untitled
        )
        self._made: dict[str, Schema] = made.get("$defs", {})
        self._apart: set[str] = set()

    def of(self, kind: Any, mode: Mode) -> Schema:
        """The schema of one of the types, most often a reference."""
        return self._found[id(kind), mode]

    def taken_apart(self, kind: Any) -> Schema:
        """The schema of a model that is only used field by field, so that it is no component."""
        schema = self.of(kind, "validation")
        name = schema.get("$ref", "").removeprefix(WHERE)
        self._apart.add(name)
        return self._made.get(name, schema)

    @property
    def components(self) -> dict[str, Schema]:
        """What the schemas refer to, by name."""
        return {name: schema for name, schema in self._made.items() if name not in self._apart}
