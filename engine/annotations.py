"""What the annotation of a node's parameter or output says: its type on the wire, its limits, its marks."""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from engine.errors import InvalidNode
from engine.marks import HIDDEN, Choices, FileIn, Hidden, LazyMark, MultiSelect, RawLink, Socket, Widget

M = TypeVar("M")

PLAIN: Mapping[Any, str] = {int: "INT", float: "FLOAT", str: "STRING", bool: "BOOLEAN"}
UNIONS = (Union, types.UnionType)
NUMBERS = frozenset({"INT", "FLOAT"})
LIMITS = ("ge", "gt", "le", "lt", "multiple_of")


@dataclass(frozen=True)
class Meaning:
    """An annotation, understood. ``options`` are what the editor is told; ``hidden`` is the kind of a hidden input."""

    type: str
    is_list: bool = False
    optional: bool = False
    lazy: bool = False
    link_only: bool = False
    raw: bool = False
    hidden: str | None = None
    choices: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)


def read(where: str, annotation: Any) -> Meaning:
    """Understand an annotation. Raises InvalidNode, which names ``where`` and says how to mend it."""
    marks: list[Any] = []  # an outer one comes behind an inner one, and so has the last word
    is_list = optional = False
    while True:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            annotation, marks = arguments[0], [*arguments[1:], *marks]
        elif _last(marks, Socket) or _last(marks, Hidden):
            break  # what the value's own Python type is made of is not the engine's business
        elif origin in UNIONS and type(None) in arguments:
            optional = optional or not _last(marks, LazyMark)
            annotation = Union[tuple(each for each in arguments if each is not type(None))]  # noqa: UP007
        elif origin is list and not is_list and not _last(marks, MultiSelect):
            is_list, annotation = True, arguments[0]
        else:
            break
    return replace(
        _base(where, annotation, marks),
        is_list=is_list,
        optional=optional,
        lazy=_last(marks, LazyMark) is not None,
        raw=_last(marks, RawLink) is not None,
    )


def _base(where: str, annotation: Any, marks: list[Any]) -> Meaning:
    """The meaning without what stands around the type."""
    if hidden := _last(marks, Hidden):
        if hidden.kind not in HIDDEN:
            raise InvalidNode(f"{where}: there is no hidden input {hidden.kind!r}; there are {', '.join(HIDDEN)}")
        return Meaning("*", hidden=hidden.kind)
    if socket := _last(marks, Socket):
        names = socket_names(socket.name)
        if not all(names):
            raise InvalidNode(f'{where}: {socket.name!r} names no type; write Socket("IMAGE"), or Socket("INT,FLOAT")')
        link_only = names.isdisjoint({"*", *PLAIN.values()})
        return Meaning(socket.name, link_only=link_only, options=_options(where, socket.name, marks))
    if (choices := _choices(where, annotation, marks)) is not None:
        many = {"multiselect": True} if _last(marks, MultiSelect) else {}
        return Meaning("COMBO", choices=choices, options=many | _options(where, "COMBO", marks))
    if get_origin(annotation) in UNIONS:
        return _union(where, [read(where, member) for member in get_args(annotation)], marks)
    kind = "*" if annotation is Any else PLAIN.get(annotation)
    if kind is None:
        raise InvalidNode(f"{where}: {_advice(annotation)}")
    return Meaning(kind, options=_options(where, kind, marks))


def _choices(where: str, annotation: Any, marks: list[Any]) -> Any:
    """Where the choices come from; None if it is no choice."""
    file, choices = _last(marks, FileIn), _last(marks, Choices)
    if _last(marks, MultiSelect):
        annotation = get_args(annotation)[0] if get_origin(annotation) is list else None
        if file or not (choices or get_origin(annotation) is Literal):
            raise InvalidNode(f'{where}: MultiSelect is for a list of choices; write list[Literal["a", "b"]]')
    if (file or choices) and annotation is not str:
        raise InvalidNode(f"{where}: what is chosen out of a list is a string; write Annotated[str, ...]")
    if file or choices:
        return file or (choices and choices.read)
    if get_origin(annotation) is not Literal:
        return None
    offered = get_args(annotation)
    if odd := [each for each in offered if not isinstance(each, str)]:
        raise InvalidNode(f"{where}: the choice {odd[0]!r} is no string; write Literal[{str(odd[0])!r}]")
    return offered


def _union(where: str, members: list[Meaning], marks: list[Any]) -> Meaning:
    """``int | float``: a socket that takes either."""
    if any(member.choices is not None or member.is_list for member in members):
        raise InvalidNode(f"{where}: a choice or a list cannot be part of a union; write one type, or Socket('*')")
    kind = ",".join(dict.fromkeys(name for member in members for name in member.type.split(",")))
    options = {key: value for member in members for key, value in member.options.items()}
    link_only = all(member.link_only for member in members)
    return Meaning(kind, link_only=link_only, options=options | _options(where, kind, marks))


def _options(where: str, kind: str, marks: list[Any]) -> dict[str, Any]:
    """Limits and tooltip from ``Field``, the rest from ``Widget``, in the order the editor's users know."""
    options = _limits(where, kind, marks)
    for mark in marks:
        if isinstance(mark, FieldInfo) and mark.description:
            options["tooltip"] = mark.description
        elif isinstance(mark, Widget):
            options |= mark.options
    return options


def _limits(where: str, kind: str, marks: list[Any]) -> dict[str, Any]:
    """``min``, ``max`` and ``step``. Raises InvalidNode for limits that cannot be shown and checked."""
    given: dict[str, Any] = {}
    for mark in marks:
        if isinstance(mark, FieldInfo) and not mark.is_required():
            raise InvalidNode(
                f"{where}: write the default behind the parameter, as = {mark.get_default()!r}, not in Field"
            )
        for limit in mark.metadata if isinstance(mark, FieldInfo) else [mark]:
            found = {key: getattr(limit, key) for key in LIMITS if getattr(limit, key, None) is not None}
            if isinstance(mark, FieldInfo) and not found:
                raise InvalidNode(f"{where}: {limit!r} cannot be shown; look at the value in a check hook instead")
            given |= found
    if given and not socket_names(kind) <= NUMBERS:
        raise InvalidNode(f"{where}: {', '.join(given)} limits a number, and this is {kind}; drop it")
    if wrong := [value for value in given.values() if not isinstance(value, int | float) or not math.isfinite(value)]:
        raise InvalidNode(f"{where}: the limit {wrong[0]!r} is no finite number; leave it out if there is none")
    options = _whole_limits(given) if kind == "INT" else _float_limits(where, given)
    if options.get("step", 1) <= 0:
        raise InvalidNode(f"{where}: multiple_of={options['step']} is no step; write one above 0")
    return options


def _whole_limits(given: Mapping[str, Any]) -> dict[str, Any]:
    least = [math.ceil(given["ge"])] if "ge" in given else []
    least += [math.floor(given["gt"]) + 1] if "gt" in given else []
    most = [math.floor(given["le"])] if "le" in given else []
    most += [math.ceil(given["lt"]) - 1] if "lt" in given else []
    options = {"min": max(least, default=None), "max": min(most, default=None), "step": given.get("multiple_of")}
    return {key: value for key, value in options.items() if value is not None}


def _float_limits(where: str, given: Mapping[str, Any]) -> dict[str, Any]:
    for key, closed in (("gt", "ge"), ("lt", "le")):
        if key in given:
            raise InvalidNode(f"{where}: an editor cannot show {key}={given[key]} of a float; write {closed}=")
    names = {"ge": "min", "le": "max", "multiple_of": "step"}
    return {names[key]: given[key] for key in names if key in given}


def _advice(annotation: Any) -> str:
    """What to write instead of an annotation that means nothing here."""
    if annotation in (list, tuple, set, dict):
        return f"{annotation.__name__} says not of what; write list[int], or a type of your own with Socket"
    if get_origin(annotation) is list:
        return "a list of lists cannot travel on a link; give the inner one a type of its own with Socket"
    shown = getattr(annotation, "__name__", None) or repr(annotation)
    return (
        f"{shown} is no type that the editor knows; write int, float, str, bool, a Literal of strings, "
        f'or Annotated[{shown}, Socket("NAME")] for a type of your own'
    )


def socket_names(kind: str) -> frozenset[str]:
    """The types that a union such as ``INT,FLOAT`` is made of."""
    return frozenset(part.strip() for part in kind.split(","))


def _last(marks: Iterable[Any], kind: type[M]) -> M | None:
    """The outermost mark of a kind."""
    return next((mark for mark in reversed(list(marks)) if isinstance(mark, kind)), None)
