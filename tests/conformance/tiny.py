"""The small nodes whose behaviour examples.json records, and some that show or tell what they are given."""

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.graph import Link, Node
from engine.marks import Hidden, Lazy, Socket
from engine.node import Blocked, Expand, InputSpec, NodeDef, Output
from engine.problems import Problem, unfit
from engine.registry import Registry
from engine.services import Services

JPEG = b"\xff\xd8\xff a picture"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
"""One red pixel."""
Any_ = Annotated[Any, Socket("INT,STRING")]


class Whole(NamedTuple):
    INT: int
    STRING: str


@node("TInt", title="T Int", category="t", module="custom_nodes.tpack")
def t_int(
    v: Annotated[int, Field(ge=0, le=10)] = 1,
    f: float = 0.5,
    s: str = "a",
    b: bool = True,
    c: Literal["x", "y"] = "x",
    c2: str = "p",
    any: Annotated[Any, Socket("*")] | None = None,
    uid: Annotated[str, Hidden("UNIQUE_ID")] = "",
) -> Whole:
    return Whole(v, s)


def with_options(definition: NodeDef) -> NodeDef:
    """Choices as the newer packs declare them: under ``options``, the type a plain ``COMBO``."""
    combo = InputSpec("c2", "COMBO", options={"options": ["p", "q"]})
    return replace(definition, inputs=tuple(combo if spec.name == "c2" else spec for spec in definition.inputs))


@node("TOut", is_output=True)
def t_out(v: Any_) -> None:
    return Output(ui={"text": [str(v)]})  # type: ignore[return-value]


@node("TErr")
def t_err(v: int) -> int:
    raise ValueError("boom")


@node("TBlock")
def t_block(v: int, m: str) -> int:
    return Blocked(m or None)  # type: ignore[return-value]


@node("TExpand")
def t_expand(ctx: Context, v: int) -> int:
    one, two = f"{ctx.node_id}.0.0.1", f"{ctx.node_id}.0.0.2"
    inner = Node(one, "TSlow", {"v": v}, ctx.node_id), Node(two, "TOut", {"v": Link(one, 0)}, ctx.node_id)
    return Expand(inner, (Link(one, 0),))  # type: ignore[return-value]


@node("TSlow")
def t_slow(ctx: Context, v: int) -> int:
    for done in (1, 2):
        ctx.progress(done, 2)
        ctx.preview("image/jpeg", JPEG)
    return v + 1


@node("TAsync")
async def t_async(v: int) -> int:
    await asyncio.sleep(0.01)
    return v


@node("TList", category="t", module="custom_nodes.tpack")
def t_list(n: int) -> list[int]:
    return list(range(n))


@node("TLazy", category="t", module="custom_nodes.tpack")
def t_lazy(sw: bool = True, a: Lazy[int] = None, b: Lazy[int] = None) -> int:
    return (a if sw else b) or 0


@t_lazy.needs
def which(lists: Mapping[str, list[Any]]) -> set[str]:
    return {"a" if sw else "b" for sw in lists["sw"]}


@node("TVal")
def t_val(v: Annotated[int, Field(ge=5)], c: Literal["z"]) -> int:
    return v


@t_val.check("v")
def at_most_three(inputs: Mapping[str, Any], services: Services) -> list[Problem]:
    return [unfit("v", "bad v")] if inputs["v"] is not None and inputs["v"] > 3 else []


@node("EmptyLatentImage")
def empty_latent(width: int, height: int, batch_size: int) -> Annotated[Any, Socket("LATENT")]:
    return (width, height, batch_size)


@node("TLong", is_output=True)
def t_long(ctx: Context, v: int) -> None:
    for _ in range(1000):
        ctx.check()
        time.sleep(0.01)


@node("TShow", is_output=True, lane="cpu")
def t_show(ui: str) -> None:
    """Shows any UI data, given as JSON."""
    return Output(ui=json.loads(ui))  # type: ignore[return-value]


@node("TTell", is_output=True, lane="cpu")
def t_tell(ctx: Context, text: str) -> None:
    """Tells a line of text, and sends a finished picture as PNG."""
    ctx.say(text)
    ctx.send("image/png", PNG)


TINY = (t_show, t_tell, t_out, t_err, t_block, t_expand, t_slow, t_async, t_list, t_lazy, t_val, empty_latent, t_long)
DEFINITIONS = (with_options(t_int.definition), *(tiny.definition for tiny in TINY))


def registry(*services: object) -> Registry:
    """All of them."""
    known = Registry(Services(*services))
    known.add(*DEFINITIONS)
    return known
