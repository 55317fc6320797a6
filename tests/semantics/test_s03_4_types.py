"""Section 3.4: which types of outputs fit which types of inputs."""

from typing import Any

import pytest

from engine.node import InputSpec, NodeDef, OutputSpec
from engine.plan import plan
from engine.workflow import read_api
from tests.semantics.stage import registry
from tests.support.toys import api


def fits(received: Any, expected: Any) -> bool:
    """Whether a workflow with such a link is accepted."""
    source = NodeDef("From", fn=lambda: None, outputs=(OutputSpec(received, "out"),))
    target = NodeDef("To", fn=lambda value: None, inputs=(InputSpec("value", expected),), is_output=True)
    given = read_api(api(a=("From", {}), b=("To", {"value": ["a", 0]}), ok=("Show", {"value": 1, "style": "plain"})))
    rejected = plan(given, registry(source, target)).rejected
    assert {error.type for found in rejected.values() for error in found.errors} <= {"return_type_mismatch"}
    return not rejected


@pytest.mark.rule("3.4-a")
def test_s3_4_equal_types_fit_and_others_do_not() -> None:
    assert fits("IMAGE", "IMAGE")
    assert not fits("IMAGE", "LATENT")
    assert not fits("IMAGE", "image")
    assert not fits("INT", "FLOAT")


@pytest.mark.rule("3.4-b")
def test_s3_4_a_type_that_is_never_unequal_fits_everything() -> None:
    class Any_(str):
        def __ne__(self, other: object) -> bool:
            return False

        __hash__ = str.__hash__

    assert fits(Any_("ANYTHING"), "LATENT")
    assert fits("LATENT", Any_("ANYTHING"))


@pytest.mark.rule("3.4-c")
@pytest.mark.parametrize(
    ("received", "expected", "fit"),
    [
        ("INT", "INT,FLOAT", True),
        ("FLOAT", "INT , FLOAT", True),
        ("INT,FLOAT", "FLOAT,STRING", True),
        ("INT,FLOAT", "INT", True),
        ("INT,FLOAT", "STRING,BOOLEAN", False),
        ("IN", "INT,FLOAT", False),
    ],
)
def test_s3_4_unions_fit_if_they_share_a_type(received: str, expected: str, fit: bool) -> None:
    assert fits(received, expected) is fit


@pytest.mark.rule("3.4-d")
def test_s3_4_what_is_no_text_fits_only_its_equal() -> None:
    assert not fits(["x", "y"], "STRING")
    assert not fits(5, "INT")
    assert not fits("INT", 5)
    assert fits(("x", "y"), ("x", "y"))


@pytest.mark.rule("3.4-e")
@pytest.mark.parametrize(("received", "expected"), [("*", "INT"), ("INT", "*"), ("INT", "IMAGE,*"), ("A, *", "INT")])
def test_s3_4_the_star_fits_everything(received: str, expected: str) -> None:
    assert fits(received, expected)


@pytest.mark.rule("3.4-f")
def test_s3_4_match_types_fit_everything() -> None:
    assert fits("COMFY_MATCHTYPE_V3", "IMAGE")
    assert fits("IMAGE", "COMFY_MATCHTYPE_V3")


@pytest.mark.rule("3.4-g")
def test_s3_4_a_list_of_choices_fits_a_combo() -> None:
    assert fits(["x", "y"], "COMBO")
    assert fits(["x", "y"], "*")
    assert not fits("COMBO", ["x", "y"])
