"""Loops: what lies between a start and its end is run once for each item, or again and again.

An end is given links, not values, so that nothing of the body runs before the loop does. It expands into copies of
the body, each with its own key: a second run repeats only the rounds whose inputs changed. The start itself gives
blockers, so an output node within the body runs in the copies only.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.graph import Link, Node, NodeId
from engine.lanes import INLINE
from engine.loops import Body, Round, body
from engine.marks import RawLink, Socket
from engine.node import Blocked, Expand
from engine.subgraph import Subgraph

MOST_ROUNDS = 1_000_000
STATES = ("value_1", "value_2", "value_3", "value_4", "value_5")
RESULTS = ("result", "result_2", "result_3", "result_4")
ENDS = frozenset({"ForEachEnd", "ForEachRun", "RepeatEnd", "WhileEnd"})
FIRST_STATE = 2
"""The slot of a start's first carried value: before it come the loop and the round's index."""

Loop = Annotated[Any, Socket("LOOP")]
LoopLink = Annotated[Any, Socket("LOOP"), RawLink(), Field(description="From the node that starts this loop.")]
Value = Annotated[Any, Socket("*")]
ValueLink = Annotated[Any, Socket("*"), RawLink()]
Carried = ValueLink | None
Rounds = Annotated[int, Field(ge=0, le=MOST_ROUNDS)]

flow = partial(node, category="flow", module="wireloom", lane=INLINE)
inner = partial(flow, flags={"dev_only": True})


def closes(node: Node) -> NodeId | None:
    """The start of the loop that a node ends, if it ends one."""
    loop = node.inputs.get("loop")
    return loop.node if node.type in ENDS and isinstance(loop, Link) else None


class Item(NamedTuple):
    loop: Loop
    item: Value
    index: int  # type: ignore[assignment]  # hides tuple.index, as the name of an output may
    count: int  # type: ignore[assignment]


class Turn(NamedTuple):
    loop: Loop
    index: int  # type: ignore[assignment]  # hides tuple.index, as the name of an output may
    value_1: Value
    value_2: Value
    value_3: Value
    value_4: Value
    value_5: Value


class Collected(NamedTuple):
    results: list[Value]
    results_2: list[Value]
    results_3: list[Value]
    results_4: list[Value]


class Final(NamedTuple):
    value_1: Value
    value_2: Value
    value_3: Value
    value_4: Value
    value_5: Value


@flow("ForEach", title="For Each")
def for_each(items: list[Value]) -> Item | Blocked:
    """Start a loop over a list: what depends on ``item`` or ``index`` is run for each, up to the For Each End."""
    return Blocked()


@flow("ForEachEnd", title="For Each End")
def for_each_end(
    ctx: Context,
    loop: LoopLink,
    result: ValueLink,
    result_2: Carried = None,
    result_3: Carried = None,
    result_4: Carried = None,
) -> Collected | Expand:
    """End a loop over a list: each result becomes a list, in the order of the items."""
    start = opened(ctx, loop, "ForEach")
    given = {"result": result, "result_2": result_2, "result_3": result_3, "result_4": result_4}
    graph = Subgraph(ctx)
    run = graph.add("ForEachRun", {"items": start.inputs["items"], "loop": loop, **present(given)})
    return graph.expand(*(run.out(slot) for slot in range(len(RESULTS))))


@inner("ForEachRun", title="For Each (running)")
def for_each_run(
    ctx: Context,
    items: list[Value],
    loop: LoopLink,
    result: ValueLink,
    result_2: Carried = None,
    result_3: Carried = None,
    result_4: Carried = None,
) -> Collected | Expand:
    """The loop itself, once its list is known: copies of the body side by side."""
    inside = body(ctx.graph, loop[0].node, closes)
    rounds = []
    for index, item in enumerate(items):
        given = {1: item, 2: index, 3: len(items)}
        rounds.append(Round(ctx.graph, inside, given, ctx.node_id, f"{ctx.node_id}.{index}."))
    nodes = tuple(copy for each in rounds for copy in each.nodes)
    wanted = (result, result_2, result_3, result_4)
    values = tuple([each.value(links[0]) for each in rounds] if links else [] for links in wanted)
    return Expand(nodes, values, counts=True)


@flow("Repeat", title="Repeat")
def repeat(
    times: Rounds = 3,
    value_1: Carried = None,
    value_2: Carried = None,
    value_3: Carried = None,
    value_4: Carried = None,
    value_5: Carried = None,
) -> Turn | Blocked:
    """Start a loop of so many rounds. Each gets the values of the one before; the first gets those given here."""
    return Blocked()


@flow("RepeatEnd", title="Repeat End")
def repeat_end(
    ctx: Context,
    loop: LoopLink,
    value_1: Carried = None,
    value_2: Carried = None,
    value_3: Carried = None,
    value_4: Carried = None,
    value_5: Carried = None,
) -> Final | Expand:
    """End a loop of so many rounds: the values go into the next round, and come out after the last."""
    start = opened(ctx, loop, "Repeat")
    after = dict(zip(STATES, (value_1, value_2, value_3, value_4, value_5), strict=True))
    return first_step(ctx, loop, start, after, times=start.inputs["times"])


@flow("While", title="While")
def while_(
    limit: Annotated[int, Field(ge=1, le=MOST_ROUNDS, description="No more rounds than this.")] = 100,
    at_limit: Literal["fail", "stop"] = "fail",
    value_1: Carried = None,
    value_2: Carried = None,
    value_3: Carried = None,
    value_4: Carried = None,
    value_5: Carried = None,
) -> Turn | Blocked:
    """Start a loop that runs once, and again as long as the condition at its end holds."""
    return Blocked()


@flow("WhileEnd", title="While End")
def while_end(
    ctx: Context,
    loop: LoopLink,
    condition: Annotated[Any, Socket("BOOLEAN"), RawLink(), Field(description="Whether to go on with another round.")],
    value_1: Carried = None,
    value_2: Carried = None,
    value_3: Carried = None,
    value_4: Carried = None,
    value_5: Carried = None,
) -> Final | Expand:
    """End a loop with a condition: the values go into the next round, and come out after the last."""
    start = opened(ctx, loop, "While")
    after = dict(zip(STATES, (value_1, value_2, value_3, value_4, value_5), strict=True))
    limits = {"times": start.inputs["limit"], "at_limit": start.inputs["at_limit"], "condition": condition}
    return first_step(ctx, loop, start, after, **limits)


@inner("LoopStep", title="Loop (running)")
def loop_step(
    ctx: Context,
    inside: Value,
    index: int,
    times: Rounds,
    go_on: bool = True,
    at_limit: Literal["stop", "fail"] = "stop",
    condition: Carried = None,
    **links: ValueLink,
) -> Final | Expand:
    """A round of a loop: copies of the body, and behind them the next step. ``links`` are ``now_N`` and ``next_N``."""
    if index == times or not go_on:
        if go_on and at_limit == "fail":
            raise ValueError(f"the condition still holds after {times} rounds, which is the limit of this loop")
        return Expand((), tuple(links.get(f"now_{i}") for i in range(len(STATES))))
    ctx.progress(index, times)
    given = {1: index} | {FIRST_STATE + i: links.get(f"now_{i}") for i in range(len(STATES))}
    turn = Round(ctx.graph, inside, given, ctx.node_id, f"{ctx.node_id}.")
    inputs = {
        **(ctx.graph[ctx.node_id].inputs),
        "index": index + 1,
        "go_on": turn.value(condition) if condition is not None else True,
    }
    for i in range(len(STATES)):
        if f"next_{i}" in links:
            inputs[f"now_{i}"] = turn.value(links[f"next_{i}"])
    following = Node(f"{ctx.node_id.rpartition('.')[0]}.{index + 1}", "LoopStep", inputs, ctx.node_id)
    values = tuple(Link(following.id, slot) for slot in range(len(STATES)))
    return Expand((*turn.nodes, following), values)


def first_step(ctx: Context, loop: Link, start: Node, after: Mapping[str, Any], **limits: Any) -> Expand:
    """What the end of a loop with carried values expands into."""
    inside: Body = body(ctx.graph, loop.node, closes)
    inputs: dict[str, Any] = {"inside": inside, "index": 0, "go_on": True, **limits}
    for i, name in enumerate(STATES):
        if start.inputs.get(name) is not None:
            inputs[f"now_{i}"] = start.inputs[name]
        if after[name] is not None:
            inputs[f"next_{i}"] = after[name]
    graph = Subgraph(ctx)
    step = graph.add("LoopStep", inputs, "0")
    return graph.expand(*(step.out(slot) for slot in range(len(STATES))))


def opened(ctx: Context, loop: Any, kind: str) -> Node:
    """The node that starts the loop. Raises ValueError if ``loop`` comes from elsewhere."""
    start = ctx.graph[loop.node] if isinstance(loop, Link) else None
    if start is None or start.type != kind:
        found = f"{start.type} (node {start.id})" if start else repr(loop)
        raise ValueError(f"the loop of this node must come from a {kind} node, not from {found}")
    return start


def present(links: Mapping[str, Any]) -> dict[str, Any]:
    return {name: link for name, link in links.items() if link is not None}
