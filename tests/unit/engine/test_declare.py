"""Annotations are declarations."""

from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.errors import InvalidNode
from engine.marks import Choices, FileIn, Lazy, Socket, Widget
from engine.node import MISSING, Output, OutputSpec
from engine.registry import Registry
from tests.support.toys import registry

Image = Annotated[object, Socket("IMAGE")]


class Both(NamedTuple):
    image: Image
    how_many: int


def test_every_kind_of_input() -> None:
    @node("Kitchen", category="test", title="Kitchen sink")
    def kitchen(
        ctx: Context,
        image: Image,
        count: Annotated[int, Field(ge=1, le=64, multiple_of=8, description="How many.")] = 8,
        share: Annotated[float, Field(ge=0, le=1), Widget(step=0.1, round=0.01)] = 0.5,
        words: Annotated[str, Widget(multiline=True)] = "",
        sure: bool = True,
        mode: Literal["fast", "slow"] = "slow",
        pick: Annotated[str, Choices(lambda: ["x", "y"])] = "x",
        extra: Image | None = None,
    ) -> Both:
        """Takes all there is."""
        raise NotImplementedError

    info = next(i for i in _registry(kitchen.definition).describe() if i.name == "Kitchen")
    assert info.inputs["required"] == {
        "image": ["IMAGE", {}],
        "count": ["INT", {"default": 8, "min": 1, "max": 64, "step": 8, "tooltip": "How many."}],
        "share": ["FLOAT", {"default": 0.5, "min": 0, "max": 1, "step": 0.1, "round": 0.01}],
        "words": ["STRING", {"default": "", "multiline": True}],
        "sure": ["BOOLEAN", {"default": True}],
        "mode": [["fast", "slow"], {"default": "slow"}],
        "pick": [["x", "y"], {"default": "x"}],
    }
    assert info.inputs["optional"] == {"extra": ["IMAGE", {}]}
    assert info.outputs == (OutputSpec("IMAGE", "IMAGE"), OutputSpec("INT", "how_many"))
    assert (info.title, info.category, info.description) == ("Kitchen sink", "test", "Takes all there is.")
    assert kitchen.definition.wants_context


def test_lists_in_and_out_and_no_outputs() -> None:
    @node("Lists")
    def lists(values: list[int]) -> list[str]:
        return [str(value) for value in values]

    assert lists.definition.takes_lists
    assert lists.definition.outputs == (OutputSpec("STRING", "STRING", is_list=True),)
    assert lists([1, 2]) == ["1", "2"]  # the decorated thing stays the function

    @node("Silent", is_output=True)
    def silent() -> None: ...

    @node("Shown", is_output=True)
    def shown() -> Output:
        return Output()

    assert silent.definition.outputs == shown.definition.outputs == ()


def test_lazy_inputs_are_required_and_marked() -> None:
    @node("Late")
    def late(a: Lazy[int]) -> int:
        return a or 0

    (spec,) = late.definition.inputs
    assert (spec.required, spec.lazy, spec.default) == (True, True, MISSING)
    assert _registry(late.definition).config(spec) == ["INT", {"lazy": True}]


def test_extras_are_hung_on_the_node() -> None:
    @node("Extra")
    def extra(file: Annotated[str, FileIn("input")]) -> str:
        return file

    @extra.fingerprint
    def stamp(inputs: Any, services: Any) -> str:
        return f"seen {inputs['file']}"

    @extra.check("file")
    def fine(inputs: Any, services: Any) -> list[Any]:
        return []

    assert extra.definition.fingerprint is stamp
    assert (extra.definition.check, extra.definition.checked) == (fine, {"file"})


def test_an_annotation_that_cannot_be_shown_is_named() -> None:
    with pytest.raises(InvalidNode, match=r"Strange\.what"):

        @node("Strange")
        def strange(what: complex) -> int:
            return 1


def test_a_name_in_use_is_refused() -> None:
    definitions = registry()
    with pytest.raises(InvalidNode, match="Number"):
        definitions.add(definitions["Number"])
    assert len(definitions) == len(list(definitions))


def _registry(*definitions: Any) -> Registry:
    made = Registry()
    made.add(*definitions)
    return made
