"""The small nodes whose behaviour examples.json records."""

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.graph import Link, Node
from engine.marks import Lazy, Socket
from engine.node import Blocked, Expand, Output
from engine.registry import Registry
from engine.services import Services

JPEG = b"\xff\xd8\xff a picture"
Any_ = Annotated[Any, Socket("INT,STRING")]


@node("TInt")
def t_int(
    v: Annotated[int, Field(ge=0, le=10)] = 1,
    f: float = 0.5,
    s: str = "a",
    b: bool = True,
    c: Literal["x", "y"] = "x",
) -> int:
    return v


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


@node("TList")
def t_list(n: int) -> list[int]:
    return list(range(n))


@node("TLazy")
def t_lazy(sw: bool, a: Lazy[int], b: Lazy[int]) -> int:
    return (a if sw else b) or 0


@t_lazy.needs
def which(lists: Mapping[str, list[Any]]) -> set[str]:
    return {"a" if sw else "b" for sw in lists["sw"]}


@node("TLong", is_output=True)
def t_long(ctx: Context, v: int) -> None:
    for _ in range(1000):
        ctx.check()
        time.sleep(0.01)


def registry(*services: object) -> Registry:
    """All of them."""
    known = Registry(Services(*services))
    for tiny in (t_int, t_out, t_err, t_block, t_expand, t_slow, t_async, t_list, t_lazy, t_long):
        known.add(tiny.definition)
    return known
