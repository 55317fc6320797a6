"""Nodes for lists. Those that are given one take it whole, where other nodes are called for each item.

Then all their inputs are lists; where one value is meant, ``single`` says so if there are more.
"""

import re
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import Field

from engine.declare import node
from engine.lanes import INLINE
from engine.marks import Widget
from nodes.types import Anything

T = TypeVar("T")

LONGEST = 1_000_000
"""Items that a node makes: more is a slip of the hand."""

Items = list[Anything]
Index = Annotated[list[int], Field(description="Counted from 0; negative ones count from the end."), Widget(default=0)]

lists = partial(node, category="utils/list", module="wireloom", lane=INLINE)


@lists("MakeList", title="Make List")
def make_list(
    value_0: Items | None = None,
    value_1: Items | None = None,
    value_2: Items | None = None,
    value_3: Items | None = None,
    **values: Items,
) -> Items:
    """A list of the values connected, in the order of their numbers; lists among them are joined end to end."""
    known = {"value_0": value_0, "value_1": value_1, "value_2": value_2, "value_3": value_3, **values}
    ordered = sorted(known, key=by_number)
    return [item for name in ordered for item in known[name] or []]


@lists("ListConcat", title="Join Lists")
def list_concat(first: Items, second: Items) -> Items:
    """One list behind the other."""
    return [*first, *second]


@lists("ListItem", title="List Item")
def list_item(items: Items, index: Index) -> Items:
    """The item at an index; for several indices a list of them."""
    for each in index:
        if not -len(items) <= each < len(items):
            raise ValueError(f"there is no item {each} in a list of {len(items)}")
    return [items[each] for each in index]


@lists("ListLength", title="List Length")
def list_length(items: Items) -> int:
    """How many items."""
    return len(items)


@lists("ListSlice", title="List Slice")
def list_slice(
    items: Items,
    start: Index,
    stop: Annotated[Index, Field(description="Up to but without this."), Widget(default=LONGEST)],
    step: Annotated[list[int], Field(description="-1 goes backwards."), Widget(default=1)],
) -> Items:
    """The items from ``start`` up to ``stop``, each ``step``-th of them."""
    stride = single(step, "step")
    if stride == 0:
        raise ValueError("a step of 0 leads nowhere")
    return items[slice(single(start, "start"), single(stop, "stop"), stride)]


@lists("ListReverse", title="Reverse List")
def list_reverse(items: Items) -> Items:
    """The last item first."""
    return items[::-1]


@lists("ListRepeat", title="Repeat List")
def list_repeat(
    items: Items, times: Annotated[list[Annotated[int, Field(ge=0, le=LONGEST)]], Widget(default=2)]
) -> Items:
    """A list several times over."""
    count = single(times, "times")
    if len(items) * count > LONGEST:
        raise ValueError(f"{len(items)} items {count} times are more than {LONGEST}")
    return items * count


@lists("ListRange", title="List Range")
def list_range(start: int = 0, stop: int = 10, step: int = 1) -> list[int]:
    """Whole numbers from ``start`` up to but without ``stop``."""
    if step == 0:
        raise ValueError("a step of 0 leads nowhere")
    found = range(start, stop, step)
    if len(found) > LONGEST:
        raise ValueError(f"from {start} to {stop} by {step} are {len(found)} numbers, more than {LONGEST}")
    return list(found)


@lists("SplitText", title="Split Text")
def split_text(
    text: Annotated[str, Widget(multiline=True)],
    separator: Annotated[str, Field(description="A line break if it is \\n, any white space if it is empty.")] = "\\n",
) -> list[str]:
    """The parts of a text as a list."""
    return text.split(unescaped(separator) or None)


@lists("JoinText", title="Join Text")
def join_text(
    texts: list[str],
    separator: Annotated[list[str], Field(description="A line break if it is \\n."), Widget(default=", ")],
) -> str:
    """A list of texts, or of what can be written as text, as one."""
    return unescaped(single(separator, "separator")).join(map(str, texts))


def single(values: list[T], name: str) -> T:
    """The one value of an input. Raises ValueError for several, or none."""
    if len(values) != 1:
        raise ValueError(f"{name} takes one value, not {len(values)}")
    return values[0]


def by_number(name: str) -> list[Any]:
    """Sorts value_2 before value_10."""
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in re.split(r"(\d+)", name)]


def unescaped(separator: str) -> str:
    """A field of one line holds no line break, so it is written as in programs."""
    return separator.replace("\\n", "\n").replace("\\t", "\t")
