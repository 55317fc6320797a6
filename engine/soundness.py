"""Whether a node definition can work, whoever made it. Each rule says in one sentence how to mend what is wrong."""

from __future__ import annotations

import inspect
from collections import Counter
from typing import TypeGuard

from engine.annotations import socket_names
from engine.errors import InvalidNode
from engine.marks import HIDDEN, FileIn
from engine.node import MISSING, InputSpec, NodeDef

FITTING: dict[str, tuple[type, ...]] = {
    "INT": (int,),
    "FLOAT": (int, float),
    "STRING": (str,),
    "BOOLEAN": (bool,),
    "COMBO": (str, int, float),
    "*": (str, int, float, bool),
}
"""By the type of an input, the Python types that a default may have."""

SYNCHRONOUS = ("check", "check_types", "intact", "wiring")


def check_definition(definition: NodeDef) -> None:
    """Raises InvalidNode for a definition that contradicts itself."""
    if not definition.name.strip():
        raise InvalidNode(f"a node of {origin(definition)} has no name; give it one that workflows can call it by")
    for spec in (*definition.inputs, *([definition.extra] if definition.extra else [])):
        _check_input(f"{definition.name}.{spec.name or '**'}", spec)
    if definition.extra and isinstance(definition.extra.choices, FileIn):
        raise InvalidNode(f"{definition.name}: changes of files are only seen on inputs with names; declare them")
    _check_names(definition)
    _check_hooks(definition)


def origin(definition: NodeDef) -> str:
    """The Python module that a definition's function comes from."""
    return str(getattr(definition.fn, "__module__", None) or definition.module)


def _check_names(definition: NodeDef) -> None:
    counts = Counter([*(spec.name for spec in definition.inputs), *definition.hidden])
    if twice := [name for name, count in counts.items() if count > 1]:
        raise InvalidNode(f"{definition.name}: two inputs are called {twice[0]}; rename one")
    if unknown := [kind for kind in definition.hidden.values() if kind not in HIDDEN]:
        raise InvalidNode(f"{definition.name}: there is no hidden input {unknown[0]!r}; there are {', '.join(HIDDEN)}")
    unknown = sorted(definition.checked - definition.by_name.keys())
    if unknown and definition.extra is None:
        there = ", ".join(definition.by_name) or "none"
        raise InvalidNode(f"{definition.name}: its check names an input {unknown[0]!r}, but the inputs are: {there}")


def _check_hooks(definition: NodeDef) -> None:
    lazy = [spec.name for spec in definition.inputs if spec.lazy]
    any_lazy = bool(lazy) or (definition.extra is not None and definition.extra.lazy)
    if any_lazy and definition.needs is None:
        name = lazy[0] if lazy else "**"
        raise InvalidNode(f"{definition.name}.{name}: is lazy, but nothing says when it is needed; add a needs hook")
    if definition.needs and not any_lazy:
        raise InvalidNode(f"{definition.name}: has a needs hook, but no lazy input; write Lazy[T] for what can wait")
    if definition.fingerprint and definition.wiring:
        raise InvalidNode(f"{definition.name}: has a fingerprint hook and a wiring hook; of these there can be one")
    for name in SYNCHRONOUS:
        if inspect.iscoroutinefunction(getattr(definition, name)):
            raise InvalidNode(f"{definition.name}: its {name} hook cannot wait; write def instead of async def")


def _check_input(where: str, spec: InputSpec) -> None:
    least, most = spec.options.get("min"), spec.options.get("max")
    if _is_number(least) and _is_number(most) and least > most:
        raise InvalidNode(f"{where}: no value is both at least {least} and at most {most}; exchange the limits")
    if spec.lazy and spec.raw:
        raise InvalidNode(f"{where}: a raw link is never computed, so it cannot be lazy; drop Lazy or RawLink")
    if spec.default is not MISSING and spec.default is not None:
        _check_default(where, spec, spec.default)


def _check_default(where: str, spec: InputSpec, default: object) -> None:
    fitting = {kind for name in socket_names(spec.type) for kind in FITTING.get(name, ())}
    if not fitting:
        raise InvalidNode(f"{where}: no constant such as {default!r} can stand for {spec.type}; write T | None = None")
    if not isinstance(default, tuple(fitting)) or (isinstance(default, bool) and bool not in fitting):
        raise InvalidNode(f"{where}: the default {default!r} is no {spec.type}; write one that is")
    if isinstance(spec.choices, list | tuple) and default not in spec.choices:
        there = ", ".join(map(repr, spec.choices))
        raise InvalidNode(f"{where}: the default {default!r} is none of the choices; take one of {there}")
    if not _is_number(default):
        return
    least, most, step = (spec.options.get(key) for key in ("min", "max", "step"))
    if _is_number(least) and default < least:
        raise InvalidNode(f"{where}: the default {default} is below the least value {least}; change one of them")
    if _is_number(most) and default > most:
        raise InvalidNode(f"{where}: the default {default} is above the largest value {most}; change one of them")
    if spec.type == "INT" and isinstance(step, int) and step > 1 and default % step:
        raise InvalidNode(f"{where}: the default {default} is no multiple of {step}; take one that is")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
