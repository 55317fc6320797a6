"""Annotations are declarations."""

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.errors import InvalidNode
from engine.folders import Folders
from engine.marks import Choices, FileIn, Hidden, Lazy, MultiSelect, RawLink, Socket, Widget
from engine.node import MISSING, Blocked, Expand, InputSpec, Lists, NodeDef, Output, OutputSpec
from engine.registry import Registry
from engine.services import Services
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
    def late(a: Lazy[int], b: Lazy[Image] | None = None) -> int:
        return a or 0

    @late.needs
    async def now(lists: Lists) -> set[str]:
        return {"a"}

    a, b = late.definition.inputs
    assert (a.required, a.lazy, a.default) == (True, True, MISSING)
    assert (b.required, b.lazy, b.type) == (False, True, "IMAGE")
    assert _registry(late.definition).config(a) == ["INT", {"lazy": True}]


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        (Annotated[int, Field(gt=0, lt=10)], ["INT", {"min": 1, "max": 9}]),
        (Annotated[int, Field(gt=0.5, le=9.5)], ["INT", {"min": 1, "max": 9}]),
        (Annotated[int, Field(ge=0), Field(ge=4)], ["INT", {"min": 4}]),
        (Annotated[Annotated[int, Field(ge=0, le=9)] | None, Field(le=5)], ["INT", {"min": 0, "max": 5}]),
        (Annotated[float, Field(ge=0.1, multiple_of=0.1)], ["FLOAT", {"min": 0.1, "step": 0.1}]),
        (int | float, ["INT,FLOAT", {}]),
        (Annotated[int | float, Field(ge=0, description="Any.")], ["INT,FLOAT", {"min": 0, "tooltip": "Any."}]),
        (Image | Annotated[str, Socket("MASK")] | None, ["IMAGE,MASK", {}]),
        (Annotated[bytes, Socket("INT,FLOAT")], ["INT,FLOAT", {}]),
        (Any, ["*", {}]),
        (Annotated[Image, Socket("MASK")], ["MASK", {}]),
        (Annotated[list[Literal["a", "b"]], MultiSelect()], [["a", "b"], {"multiselect": True}]),
        (Annotated[list[str], Choices(lambda: ["x"]), MultiSelect()], [["x"], {"multiselect": True}]),
        (list[Annotated[str, Choices(lambda: ["x"])]], [["x"], {}]),
        (list[Annotated[int, Field(ge=0)]], ["INT", {"min": 0}]),
        (Annotated[Any, Socket("*"), RawLink()], ["*", {"rawLink": True}]),
    ],
)
def test_what_an_annotation_becomes(annotation: Any, shown: list[Any]) -> None:
    def shows(a: Any = None) -> int:
        return 1

    shows.__annotations__["a"] = annotation | None
    definition = node("Shows")(shows).definition
    assert _registry(definition).config(definition.inputs[0]) == shown


@pytest.mark.parametrize(("annotation", "link_only"), [(Image, True), (Any, False), (int | float, False)])
def test_a_constant_can_stand_for_what_is_no_object(annotation: Any, link_only: bool) -> None:
    def takes(a: Any) -> int:
        return 1

    takes.__annotations__["a"] = annotation
    assert node("Takes")(takes).definition.inputs[0].link_only == link_only


def test_hidden_inputs_are_no_inputs() -> None:
    @node("Hides")
    def hides(
        a: int, who: Annotated[str, Hidden("UNIQUE_ID")], prompt: Annotated[dict[str, Any], Hidden("PROMPT")]
    ) -> int:
        return a

    assert [spec.name for spec in hides.definition.inputs] == ["a"]
    assert hides.definition.hidden == {"who": "UNIQUE_ID", "prompt": "PROMPT"}
    assert hides.definition.per_node


def test_further_inputs_are_described_once() -> None:
    @node("More")
    def more(first: Image, **others: Image) -> int:
        return len(others)

    @node("MoreLists")
    def more_lists(first: list[int], **others: list[int]) -> int:
        return len(others)

    assert more.definition.extra == InputSpec("", "IMAGE", required=False, link_only=True)
    assert not more.definition.takes_lists
    assert more_lists.definition.takes_lists


def test_raw_links_may_stand_beside_lists() -> None:
    @node("RawAndLists")
    def raw_and_lists(ctx: Context, items: list[int], body: Annotated[Any, Socket("*"), RawLink()]) -> int:
        return len(items)

    assert raw_and_lists.definition.takes_lists
    assert raw_and_lists.definition.raw == {"body"}


def test_outputs_have_tooltips_and_may_be_named_beside_what_stands_for_them() -> None:
    class Pair(NamedTuple):
        image: Annotated[object, Socket("IMAGE"), Field(description="The picture.")]
        seed: int

    @node("Paired", flags={"deprecated": True})
    def paired() -> Pair | Blocked | Expand:
        return Blocked()

    assert paired.definition.outputs == (OutputSpec("IMAGE", "IMAGE"), OutputSpec("INT", "seed"))
    assert paired.definition.flags == {"output_tooltips": ("The picture.", ""), "deprecated": True}

    @node("Quiet")
    def quiet() -> Output | None: ...

    assert quiet.definition.outputs == ()


async def test_an_async_function_stays_one() -> None:
    @node("Slow")
    async def slow(a: int) -> int:
        return a

    assert slow.definition.is_async
    assert slow.definition.outputs == (OutputSpec("INT", "INT"),)
    assert await slow(3) == 3


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

    @extra.intact
    def there(result: Any, services: Any) -> bool:
        return True

    @extra.check_types
    def types(received: Any) -> list[Any]:
        return []

    assert extra.definition.fingerprint is stamp
    assert (extra.definition.intact, extra.definition.check_types) == (there, types)
    assert (extra.definition.check, extra.definition.checked) == (fine, {"file"})


def test_an_output_may_keep_a_name_like_its_type() -> None:
    class Kept(NamedTuple):
        image: Annotated[Any, Socket("IMAGE"), Widget(name="image")]

    @node("N")
    def kept() -> Kept:
        return Kept(1)

    assert kept.definition.outputs == (OutputSpec("IMAGE", "image"),)


def test_an_annotation_that_cannot_be_shown_is_named() -> None:
    with pytest.raises(InvalidNode, match=r"Strange\.what"):

        @node("Strange")
        def strange(what: complex) -> int:
            return 1


def test_a_name_in_use_is_refused_and_nothing_is_added() -> None:
    definitions = registry()
    before = list(definitions)

    @node("Fresh")
    def fresh() -> int:
        return 1

    with pytest.raises(InvalidNode, match=r"'Number' is registered already by tests\.support\.toys"):
        definitions.add(fresh.definition, definitions["Number"])
    assert list(definitions) == before
    with pytest.raises(InvalidNode, match="'Fresh' is registered already"):
        definitions.add(fresh.definition, fresh.definition)


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"name": " "}, "has no name"),
        ({"inputs": (InputSpec("a", "INT"), InputSpec("a", "INT"))}, "two inputs are called a"),
        ({"inputs": (InputSpec("a", "INT"),), "hidden": {"a": "PROMPT"}}, "two inputs are called a"),
        ({"hidden": {"a": "WEATHER"}}, "no hidden input 'WEATHER'"),
        ({"inputs": (InputSpec("a", "INT", options={"min": 2, "max": 1}),)}, "at least 2 and at most 1"),
        ({"inputs": (InputSpec("a", "INT", default=True),)}, "the default True is no INT"),
        ({"inputs": (InputSpec("a", "COMBO", default="z", choices=["x"]),)}, "none of the choices; take one of 'x'"),
        ({"inputs": (InputSpec("a", "INT", lazy=True),)}, "add a needs hook"),
        ({"extra": InputSpec("", "INT", lazy=True)}, "add a needs hook"),
        ({"fingerprint": lambda i, s: 1, "wiring": lambda n, g, r, p: 1}, "of these there can be one"),
        ({"needs": lambda lists: set()}, "no lazy input"),
        ({"checked": frozenset({"b"})}, "an input 'b', but the inputs are: none"),
    ],
)
def test_a_definition_made_by_hand_is_checked_too(parts: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidNode, match=complaint):
        _registry(NodeDef(**{"name": "Hand", "fn": print, **parts}))


def test_choices_are_read_anew_and_the_rest_is_kept(tmp_path: Path) -> None:
    offered = ["x"]

    @node("Offers")
    def offers(
        pick: Annotated[str, Choices(lambda: offered)], file: Annotated[str, FileIn("input")], a: int = 1
    ) -> int:
        return 1

    folders = Folders(tmp_path)
    folders.lay_out()
    made = Registry(Services(folders))
    made.add(offers.definition)
    pick, file, a = offers.definition.inputs
    assert (made.config(pick)[0], made.config(file)[0]) == (["x"], [])
    offered.append("y")
    (folders.directory("input") / "z.png").touch()
    assert (made.config(pick)[0], made.config(file)[0]) == (["x", "y"], ["z.png"])
    assert made.config(a) is made.config(a)


def test_files_are_stamped_apart_from_the_fingerprint(tmp_path: Path) -> None:
    @node("Reads")
    def reads(file: Annotated[str, FileIn("input")], word: str = "") -> str:
        return file

    folders = Folders(tmp_path)
    folders.lay_out()
    (folders.directory("input") / "z.png").touch()
    made = Registry(Services(folders))
    made.add(reads.definition)
    assert made.has_fingerprint(reads.definition)
    assert made.stamps(reads.definition, {"file": "z.png"})["file"]
    assert made.stamps(reads.definition, {"file": "no.png"}) == {"file": None}
    assert made.stamps(reads.definition, {"file": None}) == {}
    assert made.fingerprint(reads.definition, {"file": "z.png"}) is None

    @node("Hooked")
    def hooked(word: str) -> str:
        return word

    hooked.fingerprint(lambda inputs, services: inputs["word"] * 2)
    made.add(hooked.definition)
    assert made.has_fingerprint(hooked.definition)
    assert made.fingerprint(hooked.definition, {"word": "ha"}) == "haha"
    toys = registry()
    assert not toys.has_fingerprint(toys["Number"])


def _registry(*definitions: Any) -> Registry:
    made = Registry()
    made.add(*definitions)
    return made
