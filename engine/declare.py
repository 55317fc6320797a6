"""``@node``: a typed function becomes a node definition. The annotations are the declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from engine.annotations import UNIONS, Meaning, read
from engine.context import Context
from engine.errors import InvalidNode
from engine.node import (
    MISSING,
    Blocked,
    Check,
    CheckTypes,
    Expand,
    Fingerprint,
    InputSpec,
    Intact,
    Needs,
    NodeDef,
    Output,
    OutputSpec,
    Reads,
    Wiring,
)

P = ParamSpec("P")
R = TypeVar("R")

CONTEXT = "ctx"
ANSWERS = (Output, Expand, Blocked)
"""What a function may return in place of its values. In a return annotation they stand for no output."""


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

    def wiring(self, hook: Wiring) -> Wiring:
        """Decorate the function that tells which nodes of the graph are meant by names."""
        self.definition = replace(self.definition, wiring=hook)
        return hook

    def reads(self, hook: Reads) -> Reads:
        """Decorate the function that names the files, by folder and name, that no input names by itself."""
        self.definition = replace(self.definition, reads=hook)
        return hook

    def intact(self, hook: Intact) -> Intact:
        """Decorate the function that tells whether a remembered result can still be used."""
        self.definition = replace(self.definition, intact=hook)
        return hook

    def check(self, *instead_of: str) -> Callable[[Check], Check]:
        """Decorate a further check of the constants; the built-in checks of the inputs ``instead_of`` are off."""

        def keep(hook: Check) -> Check:
            self.definition = replace(self.definition, check=hook, checked=frozenset(instead_of))
            return hook

        return keep

    def check_types(self, hook: CheckTypes) -> CheckTypes:
        """Decorate the check of the types that the inputs are linked to, in place of the built-in one."""
        self.definition = replace(self.definition, check_types=hook)
        return hook


def node(
    name: str,
    *,
    category: str = "",
    title: str = "",
    lane: str = "gpu",
    version: str = "1",
    module: str = "nodes",
    is_output: bool = False,
    per_node: bool = False,
    flags: Mapping[str, Any] | None = None,
) -> Callable[[Callable[P, R]], NodeFunction[P, R]]:
    """Declare a function as a node. Inputs and outputs are read from its annotations, see docs/writing-nodes.md.

    ``lane`` is where it runs, ``version`` part of the key by which its results are remembered, ``per_node`` makes the
    node's id part of that too. ``flags`` are told to the editor: ``deprecated``, ``search_aliases`` ...
    Raises InvalidNode, which says how to mend the declaration.
    """

    def declare(fn: Callable[P, R]) -> NodeFunction[P, R]:
        hints = _hints(name, fn)
        inputs = _Inputs(name, fn, hints)
        outputs, tooltips = _outputs(name, hints)
        definition = NodeDef(
            name=name,
            fn=fn,
            inputs=tuple(inputs.specs),
            outputs=outputs,
            lane=lane,
            version=version,
            category=category,
            title=title,
            description=inspect.cleandoc(fn.__doc__ or ""),
            module=module,
            hidden=inputs.hidden,
            flags={**({"output_tooltips": tooltips} if any(tooltips) else {}), **(flags or {})},
            is_output=is_output,
            takes_lists=inputs.takes_lists,
            per_node=per_node or "UNIQUE_ID" in inputs.hidden.values(),
            wants_context=inputs.wants_context,
            extra=inputs.extra,
        )
        return NodeFunction(fn, definition)

    return declare


def _hints(name: str, fn: Callable[..., Any]) -> dict[str, Any]:
    try:
        hints = get_type_hints(fn, include_extras=True)
    except (NameError, AttributeError, TypeError) as error:
        raise InvalidNode(
            f"{name}: an annotation cannot be evaluated ({error}); import or define what it names"
        ) from None
    if "return" not in hints:
        raise InvalidNode(
            f"{name}: says not what it returns; write -> int, -> None, or a NamedTuple whose fields are the outputs"
        )
    return hints


@dataclass
class _Inputs:
    """What the parameters of a function declare."""

    name: str
    fn: Callable[..., Any]
    hints: Mapping[str, Any]
    specs: list[InputSpec] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)
    extra: InputSpec | None = None
    takes_lists: bool = False
    wants_context: bool = False

    def __post_init__(self) -> None:
        single: list[str] = []
        for parameter in inspect.signature(self.fn).parameters.values():
            meaning = self._add(parameter)
            if meaning and meaning.is_list:
                self.takes_lists = True
            elif meaning and not meaning.raw:
                single.append(parameter.name)
        if self.takes_lists and single:
            raise InvalidNode(
                f"{self.name}.{single[0]}: another input takes a whole list, and then all do; "
                f"make this a list too, and use its first element if one will do"
            )

    def _add(self, parameter: inspect.Parameter) -> Meaning | None:
        """Take in a parameter; return what it means if it is an input."""
        where = f"{self.name}.{parameter.name}"
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            raise InvalidNode(f"{where}: inputs are passed by name; write **{parameter.name} instead of *")
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise InvalidNode(f"{where}: inputs are passed by name; drop the / from the parameters")
        if parameter.name not in self.hints:
            raise InvalidNode(f"{where}: has no annotation; write {parameter.name}: int, or whatever type it is")
        if self.hints[parameter.name] is Context:
            if parameter.name != CONTEXT:
                raise InvalidNode(f"{where}: the context is passed as {CONTEXT}; rename the parameter")
            self.wants_context = True
            return None
        meaning = read(where, self.hints[parameter.name])
        if meaning.hidden:
            self.hidden[parameter.name] = meaning.hidden
            return None
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            self.extra = replace(_input(where, parameter, meaning), name="", required=False)
        else:
            self.specs.append(_input(where, parameter, meaning))
        return meaning


def _input(where: str, parameter: inspect.Parameter, meaning: Meaning) -> InputSpec:
    return InputSpec(
        name=parameter.name,
        type=meaning.type,
        required=not meaning.optional,
        default=_default(where, parameter, meaning),
        options=meaning.options,
        choices=meaning.choices,
        lazy=meaning.lazy,
        link_only=meaning.link_only,
        raw=meaning.raw,
    )


def _default(where: str, parameter: inspect.Parameter, meaning: Meaning) -> Any:
    """The default that the editor shows. Raises InvalidNode for one that it could not."""
    default = parameter.default
    if default is inspect.Parameter.empty:
        if meaning.optional and parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            raise InvalidNode(f"{where}: may be left out, so it needs a default; write = None")
        return MISSING
    if default is None:
        if not meaning.optional and not meaning.lazy:
            raise InvalidNode(f"{where}: None is its default, so it may be left out; write T | None = None")
        return MISSING
    if isinstance(default, list | dict | set):
        raise InvalidNode(f"{where}: the default {default!r} would be shared by all calls; write T | None = None")
    if meaning.is_list or meaning.options.get("multiselect"):
        raise InvalidNode(f"{where}: a list has no constant for a default; write Widget(default={default!r})")
    if meaning.options.get("default", default) != default:
        shown = meaning.options["default"]
        raise InvalidNode(f"{where}: the default {default!r} is not the {shown!r} of its Widget; drop one of them")
    first = meaning.choices[0] if isinstance(meaning.choices, tuple) else MISSING
    return MISSING if default == first else default  # a list's first is its default


def _outputs(name: str, hints: Mapping[str, Any]) -> tuple[tuple[OutputSpec, ...], tuple[str, ...]]:
    """One output, named outputs of a NamedTuple, or none; and their tooltips."""
    annotation = _values(name, hints["return"])
    if annotation is None:
        return (), ()
    if get_origin(annotation) is tuple or annotation is tuple:
        raise InvalidNode(f"{name}: a tuple does not name its outputs; return a NamedTuple with a field for each")
    fields: Mapping[str, Any] = {"": annotation}
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        fields = get_type_hints(annotation, include_extras=True)
    specs: list[OutputSpec] = []
    tooltips: list[str] = []
    for field_name, hint in fields.items():
        meaning = read(f"{name} -> {field_name or 'return'}", hint)
        named = field_name if field_name and field_name.upper() != meaning.type else meaning.type
        named = meaning.options.get("name", named)
        if any(spec.name == named for spec in specs):
            raise InvalidNode(f"{name} -> {field_name}: another output is called {named} already; rename one")
        specs.append(OutputSpec(meaning.type, named, meaning.is_list))
        tooltips.append(meaning.options.get("tooltip", ""))
    return tuple(specs), tuple(tooltips)


def _values(name: str, annotation: Any) -> Any:
    """A return annotation without what may stand in place of values; None for no outputs."""
    if annotation is Expand or annotation is Blocked:
        raise InvalidNode(f"{name}: {annotation.__name__} names no outputs; write -> int | {annotation.__name__}")
    if get_origin(annotation) in UNIONS:
        values = [each for each in get_args(annotation) if each not in ANSWERS and each is not type(None)]
        return Union[tuple(values)] if values else None  # noqa: UP007
    return None if annotation in (None, type(None), Output) else annotation
