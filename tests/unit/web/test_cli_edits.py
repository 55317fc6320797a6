"""--set, --sweep, --text and --seed as changes of a workflow."""

from typing import Any

import pytest

from web.cli.edits import set_input, set_seed, set_sweep, set_text
from web.cli.terminal import Mistake
from web.edits import NoSuchPlace, find_node


def encoder(title: str, text: str) -> dict[str, Any]:
    return {"class_type": "CLIPTextEncode", "inputs": {"text": text, "clip": ["1", 1]}, "_meta": {"title": title}}


def workflow() -> dict[str, Any]:
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
        "2": encoder("Words", "a cat"),
        "3": encoder("Not", "bad"),
        "4": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["2", 0], "conditioning_2": ["6", 0]}},
        "5": {
            "class_type": "KSampler",
            "inputs": {"seed": 3, "cfg": 4.0, "positive": ["4", 0], "negative": ["3", 0]},
            "_meta": {"title": "Draw v1.0"},
        },
        "6": encoder("More", "a hat"),
        "7": {"class_type": "KSamplerAdvanced", "inputs": {"noise_seed": 8, "seed": ["1", 0]}},
    }


@pytest.mark.parametrize("name", ["5", "Draw v1.0", "KSampler"])
def test_a_node_is_named_by_id_title_or_class(name: str) -> None:
    assert set_input(workflow(), f"{name}.cfg=2.5")["5"]["inputs"]["cfg"] == 2.5


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("1.5", 1.5), ("true", True), ('["1", 0]', ["1", 0]), ("a = b", "a = b"), ("NaN", "NaN"), ("", "")],
)
def test_a_value_is_json_if_it_parses(text: str, value: object) -> None:
    assert set_input(workflow(), f"Words.text={text}")["2"]["inputs"]["text"] == value


def test_the_original_is_left_alone() -> None:
    original = workflow()
    set_input(original, "5.seed=9")
    set_text(original, "a dog")
    set_seed(original, 9)
    assert original == workflow()


def test_an_ambiguous_name_lists_the_candidates() -> None:
    with pytest.raises(NoSuchPlace, match=r"2 \(Words\), 3 \(Not\), 6 \(More\)"):
        find_node(workflow(), "CLIPTextEncode")


def test_an_unknown_name_lists_all_nodes() -> None:
    with pytest.raises(Mistake, match=r"no node is called 'Sampler'.*5 \(Draw v1\.0\)"):
        set_input(workflow(), "Sampler.cfg=1")


def test_an_unknown_input_lists_those_there_are() -> None:
    with pytest.raises(Mistake, match=r"no input 'steps'.*seed, cfg, positive, negative"):
        set_input(workflow(), "5.steps=1")


@pytest.mark.parametrize("assignment", ["5.cfg", "cfg=1", ".cfg=1", "5.=1", "="])
def test_a_malformed_assignment_is_refused(assignment: str) -> None:
    with pytest.raises(Mistake, match="expected NODE"):
        set_input(workflow(), assignment)


def test_text_reaches_the_positive_words_through_combinations() -> None:
    changed = set_text(workflow(), "a dog")
    assert [changed[n]["inputs"]["text"] for n in ("2", "3", "6")] == ["a dog", "bad", "a dog"]


def test_text_without_an_encoder_is_refused() -> None:
    with pytest.raises(Mistake, match="no text encoder feeds"):
        set_text({"7": workflow()["7"]}, "a dog")


def test_text_ends_in_a_cycle() -> None:
    loop = {"1": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["1", 0], "positive": ["1", 0]}}}
    with pytest.raises(Mistake, match="no text encoder feeds"):
        set_text(loop, "a dog")


def test_seed_sets_every_literal_seed() -> None:
    changed = set_seed(workflow(), 11)
    assert changed["5"]["inputs"]["seed"] == 11
    assert changed["7"]["inputs"] == {"noise_seed": 11, "seed": ["1", 0]}


def test_seed_without_a_sampler_is_refused() -> None:
    with pytest.raises(Mistake, match="no node of this workflow has a seed"):
        set_seed({"2": workflow()["2"]}, 1)


def drawn() -> dict[str, Any]:
    """The same with two pictures, of which the second one is saved."""
    return {
        **workflow(),
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
        "9": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}},
        "10": {"class_type": "VAEDecode", "inputs": {"samples": ["7", 0], "vae": ["1", 2]}},
        "11": {"class_type": "SaveImage", "inputs": {"images": ["10", 0], "filename_prefix": "out"}},
    }


def test_a_sweep_takes_the_place_of_what_saves_the_picture() -> None:
    original = drawn()
    swept = set_sweep(original, ["KSamplerAdvanced.noise_seed=1..3", "1.ckpt_name=a.safetensors, b=c.safetensors"])
    assert swept["11:plot"] == {
        "class_type": "PlotXY",
        "inputs": {
            "image": ["10", 0], "x_input": "7.noise_seed", "x_values": "1..3",
            "y_input": "1.ckpt_name", "y_values": "a.safetensors, b=c.safetensors",
        },
    }  # fmt: skip
    links = {"image": ["11:plot", 0], "cells": ["11:plot", 1], "sweep": ["11:plot", 2]}
    assert swept["11"] == {"class_type": "SaveSweep", "inputs": {**links, "filename_prefix": "out_sweep"}}
    assert original == drawn()


def test_of_several_pictures_it_is_one_on_which_the_input_has_an_effect() -> None:
    swept = set_sweep(drawn(), ["KSampler.cfg=1, 2"])
    assert swept["9:plot"]["inputs"] == {"image": ["8", 0], "x_input": "5.cfg", "x_values": "1, 2"}


@pytest.mark.parametrize(
    ("sweeps", "says"),
    [
        (["KSampler.cfg"], r"--sweep KSampler.cfg: expected NODE.INPUT=VALUES"),
        (["KSampler.cgf=1"], "has no input 'cgf'"),
        (["5.cfg=1", "5.seed=1", "2.text=a"], "at most 2 inputs can be swept, not 3"),
        (["5.cfg=1", "7.noise_seed=1"], r"node 5 \(Draw v1\.0\) has no part in the picture of node 11 \(SaveImage\)"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(sweeps: list[str], says: str) -> None:
    with pytest.raises(Mistake, match=says):
        set_sweep(drawn(), sweeps)


def test_without_a_picture_there_is_nothing_to_sweep() -> None:
    with pytest.raises(Mistake, match="no picture to sweep"):
        set_sweep(workflow(), ["5.cfg=1"])
