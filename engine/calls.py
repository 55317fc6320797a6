"""List mapping: the lists between nodes become calls, and what calls return becomes lists again. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
        return Result(tuple([value] for value in outputs[0].values), outputs[0].ui)
    lists = tuple(_slot(outputs, i, spec.is_list) for i, spec in enumerate(definition.outputs))
    return Result(lists, _merged_ui([output.ui for output in outputs if output.ui is not None]))


def _slot(outputs: Sequence[Output], index: int, is_list: bool) -> list[Any]:
    values: list[Any] = []
    for output in outputs:
        value = output.values[index]
        if is_list and not isinstance(value, Blocked):
            values.extend(value)
        else:
            values.append(value)
    return values


def _merged_ui(parts: Sequence[Mapping[str, list[Any]]]) -> dict[str, list[Any]] | None:
    if not parts:
        return None
    return {key: [item for part in parts for item in part.get(key, [])] for key in parts[0]}


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
