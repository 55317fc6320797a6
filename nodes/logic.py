"""Nodes that decide. What is not chosen is not computed."""

from functools import partial
from typing import Annotated, Any

from pydantic import Field

from engine.declare import node
from engine.lanes import INLINE
from engine.marks import Lazy
from engine.node import Blocked, Lists
from nodes.types import Anything

logic = partial(node, category="utils/logic", module="wireloom", lane=INLINE)


@logic("Not", title="Not")
def negate(value: bool) -> bool:
    """True for false, false for true."""
    return not value


@logic("And", title="And")
def both(a: bool, b: bool) -> bool:
    """Whether both are true."""
    return bool(a and b)


@logic("Or", title="Or")
def either(a: bool, b: bool) -> bool:
    """Whether at least one is true."""
    return bool(a or b)


@logic("Switch", title="Switch")
def switch(condition: bool, on_true: Lazy[Anything], on_false: Lazy[Anything]) -> Anything:
    """One value if a condition holds, another if not; only that one is computed."""
    return on_true if condition else on_false


@switch.needs
def branch(lists: Lists) -> set[str]:
    return {"on_true" if holds else "on_false" for holds in decided(lists, "condition")}


@logic("Select", title="Select")
def select(
    index: Annotated[int, Field(ge=0, description="0 takes value_0, 7 takes value_7.")] = 0,
    value_0: Lazy[Anything] | None = None,
    value_1: Lazy[Anything] | None = None,
    value_2: Lazy[Anything] | None = None,
    value_3: Lazy[Anything] | None = None,
    **values: Lazy[Anything],
) -> Anything:
    """The value of a number; only that one is computed. Inputs value_4, value_5 ... may be added."""
    known = {"value_0": value_0, "value_1": value_1, "value_2": value_2, "value_3": value_3, **values}
    return known[f"value_{index}"]


@select.needs
def chosen(lists: Lists) -> set[str]:
    """Raises ValueError for an index without a value."""
    names = {f"value_{index}" for index in decided(lists, "index")}
    if missing := sorted(names - lists.keys()):
        there = ", ".join(name for name in lists if name != "index") or "nothing"
        raise ValueError(f"the index asks for {missing[0]}, but connected is {there}")
    return names


def decided(lists: Lists, name: str) -> list[Any]:
    """What an input decides, call by call; a call that is blocked decides nothing."""
    return [value for value in lists[name] if not isinstance(value, Blocked)]
