"""List mapping: the lists between nodes become calls, and what calls return becomes lists again. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.graph import Link
from engine.node import Blocked, Expand, Lists, NodeDef, Output, Result


def spread(lists: Lists, definition: NodeDef) -> list[dict[str, Any]]:
    """The arguments of each call: as many calls as the longest list, shorter lists repeating their last element.

    A node that takes lists is called once with all of them. Raises ValueError if some, but not all, are empty.
    """
    if definition.takes_lists:
        return [dict(lists)]
    longest = max(map(len, lists.values()), default=0)
    if longest == 0:
        return [{}]
    if longest == 1 and all(lists.values()):
        return [{name: values[0] for name, values in lists.items()}]
    if empty := [name for name, values in lists.items() if not values]:
        raise ValueError(f"input {', '.join(empty)} got an empty list while other inputs have values")
    return [{name: values[min(i, len(values) - 1)] for name, values in lists.items()} for i in range(longest)]


def normalise(returned: Any, definition: NodeDef) -> Output | Expand:
    """Bring what a node function returned into one form. Raises ValueError if the number of values is wrong."""
    values: tuple[Any, ...]
    result: Output | Expand
    if isinstance(returned, Output | Expand):
        values, result = returned.values, returned
    elif isinstance(returned, Blocked):
        return Output((returned,) * len(definition.outputs))
    elif returned is None and not definition.outputs:
        return Output()
    elif isinstance(returned, tuple):
        values, result = tuple(returned), Output(tuple(returned))
    else:
        values, result = (returned,), Output((returned,))
    if len(values) != len(definition.outputs):
        raise ValueError(f"{definition.name} returned {len(values)} values for {len(definition.outputs)} outputs")
    return result


def merge(outputs: Sequence[Output], definition: NodeDef) -> Result:
    """Join the calls' values slot by slot, and what they want shown key by key."""
    if len(outputs) == 1 and not any(spec.is_list for spec in definition.outputs):
        return Result(tuple([value] for value in outputs[0].values), outputs[0].ui, outputs[0].proof)
    lists = tuple(_slot(outputs, i, spec.is_list) for i, spec in enumerate(definition.outputs))
    return Result(lists, *_told(outputs))


def join(results: Sequence[Result]) -> Result:
    """The lists of several calls behind one another, slot by slot."""
    if len(results) == 1:
        return results[0]
    lists = zip(*(result.lists for result in results), strict=True)
    return Result(tuple([value for part in slot for value in part] for slot in lists), *_told(results))


def resolved(values: Sequence[Any], definition: NodeDef, follow: Callable[[Link], list[Any]]) -> tuple[list[Any], ...]:
    """What an expansion gives: for a link all that it leads to, for a list with links all of each, else the value."""
    return tuple(_followed(value, spec.is_list, follow) for value, spec in zip(values, definition.outputs, strict=True))


def _followed(value: Any, is_list: bool, follow: Callable[[Link], list[Any]]) -> list[Any]:
    if isinstance(value, Link):
        return follow(value)
    if not is_list or not isinstance(value, list):
        return [value]
    return [each for item in value for each in (follow(item) if isinstance(item, Link) else [item])]


def _slot(outputs: Sequence[Output], index: int, is_list: bool) -> list[Any]:
    values: list[Any] = []
    for output in outputs:
        value = output.values[index]
        if is_list and not isinstance(value, Blocked):
            values.extend(value)
        else:
            values.append(value)
    return values


def _told(calls: Sequence[Output | Result]) -> tuple[dict[str, list[Any]] | None, tuple[Any, ...]]:
    """What the calls show, key by key, and their proofs."""
    shown = [call.ui for call in calls if call.ui is not None]
    ui = {key: [item for part in shown for item in part.get(key, [])] for key in shown[0]} if shown else None
    return ui, tuple(each for call in calls for each in call.proof)


def blocked(arguments: Mapping[str, Any], definition: NodeDef) -> Blocked | None:
    """The first blocker among a call's arguments, if any."""
    for value in arguments.values():
        if isinstance(value, Blocked):
            return value
        if definition.takes_lists and isinstance(value, list):
            for item in value:
                if isinstance(item, Blocked):
                    return item
    return None
