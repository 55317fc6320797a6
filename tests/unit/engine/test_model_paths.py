"""ComfyUI's extra_model_paths.yaml, as parsed."""

from pathlib import Path
from typing import Any

import pytest

from engine.model_paths import InvalidModelPaths, ModelPath, read_model_paths

BESIDE = Path("/config").absolute()


def test_several_paths_a_key_lie_below_the_base_path() -> None:
    document = {"comfyui": {"base_path": "/models", "loras": "loras\n  more/loras  \n\n", "vae": "vae"}}
    assert read_model_paths(document, BESIDE) == [
        ModelPath("loras", Path("/models/loras"), False),
        ModelPath("loras", Path("/models/more/loras"), False),
        ModelPath("vae", Path("/models/vae"), False),
    ]


def test_without_a_base_path_they_lie_beside_the_file() -> None:
    assert read_model_paths({"mine": {"vae": "../vae"}}, BESIDE) == [ModelPath("vae", BESIDE.parent / "vae", False)]


def test_a_relative_base_path_lies_beside_the_file() -> None:
    document = {"mine": {"base_path": "sub", "vae": "vae"}}
    assert read_model_paths(document, BESIDE) == [ModelPath("vae", BESIDE / "sub" / "vae", False)]


def test_an_absolute_path_needs_no_base() -> None:
    document = {"mine": {"base_path": "/models", "vae": "/elsewhere/vae"}}
    assert read_model_paths(document, BESIDE) == [ModelPath("vae", Path("/elsewhere/vae"), False)]


def test_home_and_environment_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("WEIGHTS", "big")
    document = {"mine": {"base_path": "~/comfy", "vae": "$WEIGHTS/vae", "loras": "~/loras"}}
    assert [entry.path for entry in read_model_paths(document, BESIDE)] == [
        Path("/home/ada/comfy/big/vae"),
        Path("/home/ada/loras"),
    ]


def test_a_section_may_be_the_default() -> None:
    document = {"one": {"is_default": True, "vae": "a"}, "two": {"is_default": False, "vae": "b"}}
    assert [entry.is_default for entry in read_model_paths(document, BESIDE)] == [True, False]


@pytest.mark.parametrize("document", [None, {}, {"empty": None}, {"mine": {"vae": None}}, {"mine": {"vae": " \n"}}])
def test_what_is_empty_has_no_paths(document: Any) -> None:
    assert read_model_paths(document, BESIDE) == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("models/vae", "the file: expected names and values, not 'models/vae'"),
        ({3: {}}, "the file: the name 3 is not text"),
        ({"mine": "models"}, "section 'mine': expected names and values, not 'models'"),
        ({"mine": {"vae": ["a", "b"]}}, r"section 'mine', key 'vae': expected paths, one a line, not \['a', 'b'\]"),
        ({"mine": {"base_path": 7}}, "section 'mine', key 'base_path': expected paths, one a line, not 7"),
        ({"mine": {"is_default": "yes"}}, "section 'mine', key 'is_default': expected true or false, not 'yes'"),
    ],
)
def test_another_shape_is_refused_by_section_and_key(document: Any, message: str) -> None:
    with pytest.raises(InvalidModelPaths, match=message):
        read_model_paths(document, BESIDE)
