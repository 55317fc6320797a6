"""``@node``: a typed function becomes a node definition. The annotations are the declaration."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import update_wrapper
from typing import Annotated, Any, Generic, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from engine.context import Context
from engine.errors import InvalidNode
from engine.marks import Choices, FileIn, LazyMark, Socket, Widget
from engine.node import MISSING, Check, Fingerprint, InputSpec, Needs, NodeDef, Output, OutputSpec

P = ParamSpec("P")
R = TypeVar("R")

PLAIN = {int: "INT", float: "FLOAT", str: "STRING", bool: "BOOLEAN"}
LIMITS = {"ge": "min", "le": "max", "multiple_of": "step"}


class NodeFunction(Generic[P, R]):
    """A declared node: still callable as the plain function; rare extras are hung on it like property setters."""

    def __init__(self, fn: Callable[P, R], definition: NodeDef) -> None:
        update_wrapper(self, fn)
        self.fn, self.definition = fn, definition

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.fn(*args, **kwargs)

    def needs(self, hook: Needs) -> Needs:
        """Decorate the function that names which lazy inputs to compute next."""
        self.definition = replace(self.definition, needs=hook)
        return hook

    def fingerprint(self, hook: Fingerprint) -> Fingerprint:
        """Decorate the function that tells what the constants do not show."""
        self.definition = replace(self.definition, fingerprint=hook)
        return hook

    def check(self, *instead_of: str) -> Callable[[Check], Check]:
        """Decorate a further check of the constants; the built-in checks of the inputs ``instead_of`` are off."""

        def keep(hook: Check) -> Check:
            self.definition = replace(self.definition, check=hook, checked=frozenset(instead_of))
            return hook

        return keep


def node(name: str, **attributes: Any) -> Callable[[Callable[P, R]], NodeFunction[P, R]]:
    """Declare a function as a node; ``attributes`` are those of ``NodeDef`` (category, title, lane, is_output ...).

    Inputs and outputs are read from the annotations, see docs/nodes.md; ``step`` and limits from pydantic's ``Field``.
    Raises InvalidNode for an annotation that cannot be shown.
    """

    def declare(fn: Callable[P, R]) -> NodeFunction[P, R]:
        hints = get_type_hints(fn, include_extras=True)
        outputs = _outputs(name, hints.get("return"))
        specs, takes_lists, wants_context = [], False, False
        for parameter in inspect.signature(fn).parameters.values():
            if hints.get(parameter.name) is Context:
                wants_context = True
                continue
            mark = _read(f"{name}.{parameter.name}", hints.get(parameter.name))
            takes_lists = takes_lists or mark.is_list
            specs.append(_input(parameter, mark))
        definition = NodeDef(
            name=name,
            fn=fn,
            inputs=tuple(specs),
            outputs=outputs,
            description=inspect.cleandoc(fn.__doc__ or ""),
            takes_lists=takes_lists,
            wants_context=wants_context,
        )
        return NodeFunction(fn, replace(definition, **attributes))

    return declare


@dataclass
class _Mark:
    """What an annotation says."""

    type: str
    is_list: bool = False
    optional: bool = False
    lazy: bool = False
    link_only: bool = False
    choices: Any = None
    options: dict[str, Any] = field(default_factory=dict)


def _read(where: str, annotation: Any) -> _Mark:
    """Understand an annotation. Raises InvalidNode naming the place."""
    extras: list[Any] = []
    is_list = optional = False
    while True:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            annotation, extras = arguments[0], [*extras, *arguments[1:]]
        elif any(isinstance(extra, Socket) for extra in extras):
            break  # what a socket's own Python type is made of is not the engine's business
        elif origin in (Union, types.UnionType) and len(arguments) == 2 and type(None) in arguments:
            optional, annotation = True, next(a for a in arguments if a is not type(None))
        elif origin is list:
            is_list, annotation = True, arguments[0]
        else:
            break
    mark = _base(where, annotation, extras)
    mark.is_list, mark.optional, mark.lazy = is_list, optional, any(isinstance(e, LazyMark) for e in extras)
    return mark


def _base(where: str, annotation: Any, extras: list[Any]) -> _Mark:
    options = _options(extras)
    for extra in extras:
        if isinstance(extra, Socket):
            names = {part.strip() for part in extra.name.split(",")}
            return _Mark(extra.name, link_only=names.isdisjoint({"*", *PLAIN.values()}), options=options)
        if isinstance(extra, FileIn | Choices):
            return _Mark("COMBO", choices=extra.read if isinstance(extra, Choices) else extra, options=options)
    if get_origin(annotation) is Literal:
        return _Mark("COMBO", choices=get_args(annotation), options=options)
    if annotation not in PLAIN:
        raise InvalidNode(f"{where}: {annotation!r} is no socket, number, string, boolean or choice")
    return _Mark(PLAIN[annotation], options=options)


def _options(extras: list[Any]) -> dict[str, Any]:
    """Limits and tooltip from ``Field``, the rest from ``Widget``, in the order the editor's users know."""
    options: dict[str, Any] = {}
    for extra in extras:
        if isinstance(extra, FieldInfo):
            found = {key: getattr(limit, key) for limit in extra.metadata for key in LIMITS if hasattr(limit, key)}
            options |= {LIMITS[key]: found[key] for key in LIMITS if key in found}
            if extra.description:
                options["tooltip"] = extra.description
        elif isinstance(extra, Widget):
            options |= extra.options
    return options


def _input(parameter: inspect.Parameter, mark: _Mark) -> InputSpec:
    empty = parameter.default is inspect.Parameter.empty
    default = MISSING if empty or parameter.default is None else parameter.default
    if mark.choices is not None and not callable(mark.choices) and not isinstance(mark.choices, FileIn):
        default = MISSING if not empty and default == mark.choices[0] else default  # a list's first is its default
    return InputSpec(
        name=parameter.name,
        type=mark.type,
        required=not mark.optional or mark.lazy,
        default=default,
        options=mark.options,
        choices=mark.choices,
        lazy=mark.lazy,
        link_only=mark.link_only,
    )


def _outputs(name: str, annotation: Any) -> tuple[OutputSpec, ...]:
    """One output, named outputs of a NamedTuple, or none."""
    if annotation is None or annotation in (type(None), Output):
        return ()
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        fields: Mapping[str, Any] = get_type_hints(annotation, include_extras=True)
        return tuple(_output(f"{name} -> {field_name}", hint, field_name) for field_name, hint in fields.items())
    return (_output(f"{name} -> return", annotation, ""),)


def _output(where: str, annotation: Any, field_name: str) -> OutputSpec:
    mark = _read(where, annotation)
    named = field_name if field_name and field_name.upper() != mark.type else mark.type
    return OutputSpec(mark.type, named, mark.is_list)
