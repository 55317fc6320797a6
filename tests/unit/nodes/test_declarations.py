"""The built-in nodes against ComfyUI's: names, inputs and their order, defaults, limits, outputs.

``core_nodes.json`` describes ComfyUI 0.3.64's nodes as data; ``docs/compatibility.md`` says what is otherwise, and why.
"""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.support.core_nodes import REFERENCE, differences, said, same_input, served, text

Served = dict[str, dict[str, Any]]

OWN_CATEGORIES = ("flow", "inside", "utils/list", "utils/logic", "utils/math")
FROM_ELSEWHERE = {"SaveImageWebsocket", "CFGOverride", "TemporalScoreRescaling"}
"""Not in the list of what ComfyUI 0.3.64 declares: of its custom nodes, or of later versions."""


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return served(tmp_path_factory.mktemp("data"))


def test_every_node_is_comfyuis_or_says_that_it_is_ours(ours: Served) -> None:
    others = ours.keys() - REFERENCE.keys() - FROM_ELSEWHERE
    assert {ours[name]["python_module"] for name in others} == {"wireloom"}
    assert all(info["python_module"] == "wireloom" for info in ours.values() if info["category"] in OWN_CATEGORIES)


def test_no_node_of_our_own_takes_a_name_of_comfyuis(ours: Served) -> None:
    taken = REFERENCE.keys() | said().out_of_scope
    assert not {name for name, info in ours.items() if info["python_module"] == "wireloom"} & taken


@pytest.mark.parametrize("name", REFERENCE)
def test_a_node_is_declared_as_in_comfyui_or_the_document_says_where_not(name: str, ours: Served) -> None:
    told = said()
    if name not in ours:
        assert name in told.absent, f"{name} is absent, and docs/compatibility.md does not say why"
        return
    assert name not in told.absent, f"{name} is there: strike it out of docs/compatibility.md"
    found = differences(ours[name], REFERENCE[name])
    wanted = {place.where for place in told.different if place.node == name}
    assert found.keys() - wanted == set(), f"{name} differs: {found}"
    assert wanted - found.keys() == set(), f"{name} no longer differs there: strike it out of docs/compatibility.md"


def test_the_document_names_only_nodes_of_comfyuis(ours: Served) -> None:
    told = said()
    named = told.absent.keys() | {place.node for place in told.different}
    assert named <= REFERENCE.keys()
    assert not told.out_of_scope & (REFERENCE.keys() | ours.keys())


def test_the_report_counts_every_node_once(ours: Served) -> None:
    there = len(ours.keys() & REFERENCE.keys())
    different = len({place.node for place in said().different})
    last = text().rstrip().splitlines()[-1]
    assert last.startswith(f"{there - different} of 240 equal, {different} different, {240 - there} absent;")
    assert "NO REASON" not in text()
    assert "To strike out" not in text()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda info: info["input"]["required"]["seed"][1].update(max=7), "seed"),
        (lambda info: info["input"]["required"]["cfg"][1].pop("round"), "cfg"),
        (lambda info: info["input"]["required"]["scheduler"][0].reverse(), "scheduler"),
        (
            lambda info: info["input"]["required"].update(model=info["input"]["required"].pop("model")),
            "required inputs",
        ),
        (lambda info: info["input"].update(optional={"more": ["INT", {}]}), "optional inputs"),
        (lambda info: info["input"].update(hidden={"prompt": "PROMPT"}), "hidden inputs"),
        (lambda info: info["output_name"].__setitem__(0, "latent"), "outputs"),
        (lambda info: info.update(category="sampler"), "category"),
        (lambda info: info.update(output_node=True), "output_node"),
        (lambda info: info.update(experimental=True), "experimental"),
        (lambda info: info.update(display_name="Sampler"), "display_name"),
    ],
)
def test_the_comparison_sees_every_kind_of_difference(change: Any, where: str, ours: Served) -> None:
    changed = copy.deepcopy(ours["KSampler"])
    change(changed)
    known = {place.where for place in said().different if place.node == "KSampler"}
    assert differences(changed, REFERENCE["KSampler"]).keys() - known == {where}


def test_an_empty_default_says_no_more_than_none() -> None:
    assert same_input(["STRING", {"default": "", "tooltip": "x"}], {"type": "STRING"})
    assert not same_input(["STRING", {"default": "a"}], {"type": "STRING"})
    assert same_input(["BOOLEAN", {}], {"type": "BOOLEAN", "options": {"default": False}})
    assert not same_input(["INT", {}], {"type": "INT", "options": {"default": 0}})


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document with one row, to be changed."""
    made = tmp_path / "compatibility.md"
    table = "| nodes | why |\n| --- | --- |\n| `KSampler` | not built |\n"
    made.write_text(f"## Different on purpose\n\n## Not there yet\n\n{table}\n## Out of scope\n\n`LoadVideo`\n")
    monkeypatch.setattr("tests.support.core_nodes.DOCUMENT", made)
    return made


def test_a_document_is_read_by_its_tables(document: Path) -> None:
    assert (said().absent, said().different) == ({"KSampler": "not built"}, {})
    assert said().out_of_scope == {"LoadVideo"}


@pytest.mark.parametrize("row", ["| `KSampler` |  |", "| `KSampler` |", "| `KSampler` | not built | yet |"])
def test_a_row_without_a_reason_is_an_error(row: str, document: Path) -> None:
    document.write_text(document.read_text().replace("| `KSampler` | not built |", row))
    with pytest.raises(ValueError, match="a row has 2 cells that say something"):
        said()


def test_a_node_that_is_named_twice_is_an_error(document: Path) -> None:
    document.write_text(document.read_text().replace("`KSampler`", "`KSampler` `KSampler`"))
    with pytest.raises(ValueError, match="KSampler is there twice"):
        said()


def test_the_report_says_what_the_document_does_not_know_and_what_is_to_be_struck_out(
    document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {**REFERENCE, "Unheard": REFERENCE["KSampler"]}
    monkeypatch.setattr("tests.support.core_nodes.REFERENCE", more)
    told = text()
    assert "  Unheard: NO REASON" in told
    assert told.partition("To strike out")[2].splitlines()[1].strip() == "KSampler"
