"""Small nodes for the rules of section 3.3."""

from typing import Annotated, Any

from pydantic import Field

from engine.declare import node
from engine.node import InputSpec, NodeDef
from engine.plan import Plan, plan
from engine.workflow import read_api
from tests.semantics.stage import registry
from tests.support.toys import api

Limited = Annotated[int, Field(ge=0, le=10)]
LIMITED = ["INT", {"default": 1, "min": 0, "max": 10}]


@node("Four", is_output=True)
def four(i: Limited = 1, f: float = 0.5, s: str = "a", b: bool = True) -> None: ...


@node("Maybe", is_output=True)
def maybe(value: int, more: Limited | None = None) -> None: ...


def made(*inputs: InputSpec, **more: Any) -> NodeDef:
    """An output node ``Made`` with these inputs."""
    return NodeDef("Made", fn=lambda **_: None, inputs=inputs, is_output=True, **more)


def fours(**changed: Any) -> dict[str, Any]:
    """A workflow of one node ``o`` that is a ``Four``."""
    return api(o=("Four", {"i": 1, "f": 1.0, "s": "s", "b": True, **changed}))


def planned(document: dict[str, Any], *more: NodeDef) -> Plan:
    return plan(read_api(document), registry(*more))
