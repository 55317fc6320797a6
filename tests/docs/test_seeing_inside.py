"""docs/seeing-inside.md names the nodes that it is about."""

from pathlib import Path

from engine.declare import NodeFunction
from nodes import inside_film, inside_latents

TEXT = (Path(__file__).parents[2] / "docs" / "seeing-inside.md").read_text(encoding="utf-8")


def test_every_node_has_a_section() -> None:
    declared = [
        value.definition.name
        for module in (inside_film, inside_latents)
        for value in vars(module).values()
        if isinstance(value, NodeFunction)
    ]
    assert declared
    assert [name for name in declared if f"\n## {name}\n" not in TEXT] == []
