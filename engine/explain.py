"""Why a node ran: what its key was made of, against what it was made of the last time. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from engine.graph import Link, NodeId
from engine.keys import is_nan, plain_token

if TYPE_CHECKING:
    from engine.run import Run

SHOWN_CHARACTERS = 200

Kind: TypeAlias = Literal[
    "new", "type", "version", "input", "file", "upstream", "link", "always", "changed", "forgotten"
]


@dataclass(frozen=True)
class Made:
    """What a node's key was made of. ``links`` maps input -> (node, slot, the key of that node)."""

    type: str
    version: str
    key: str
    constants: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: Any = None


@dataclass(frozen=True)
class Cause:
    """One difference. ``before`` and ``now`` are values, files, or ``[node, slot]``; ``node`` is the one upstream."""

    kind: Kind
    input: str | None = None
    node: NodeId | None = None
    before: Any = None
    now: Any = None


@dataclass(frozen=True)
class Account:
    """What became of a node and, if it ran, why. ``how`` is ``skipped`` if nobody asked for its result."""

    type: str
    how: str
    seconds: float = 0.0
    shown_as: NodeId | None = None
    parent: NodeId | None = None
    causes: tuple[Cause, ...] = ()


Trace: TypeAlias = Mapping[NodeId, Made]


def trace(run: Run) -> dict[NodeId, Made]:
    """What the keys of a run's nodes were made of."""
    admission = run.admission
    return {node_id: _made(run, node_id, key.hex()) for node_id, key in admission.keys.items()}


def _made(run: Run, node_id: NodeId, key: str) -> Made:
    node, admission = run.graph[node_id], run.admission
    constants: dict[str, Any] = {}
    links: dict[str, list[Any]] = {}
    for name, value in node.inputs.items():
        if isinstance(value, Link):
            links[name] = [value.node, value.slot, admission.keys[value.node].hex()]
        else:
            constants[name] = value if plain_token(value) else f"({admission.opaque.get(node_id, {}).get(name, '?')})"
    fingerprint = admission.fingerprints.get(node_id)
    return Made(
        type=node.type,
        version=run.registry[node.type].version,
        key=key,
        constants=constants,
        links=links,
        files=dict(admission.stamps.get(node_id, {})),
        fingerprint="NaN" if is_nan(fingerprint) else fingerprint if plain_token(fingerprint) else str(fingerprint),
    )


def explain(run: Run, now: Trace, earlier: Iterable[Trace]) -> dict[NodeId, Account]:
    """An account of every node, against the one of the ``earlier`` runs (newest first) that is most like this."""
    before = _likest(now, earlier)
    accounts: dict[NodeId, Account] = {}
    for node_id in run.graph.nodes:
        node, ref, fate = run.graph[node_id], run.graph.ref(node_id), run.fates.get(node_id)
        how = "skipped" if fate is None else fate.how if fate.ended else "failed"
        causes = causes_of(node_id, now[node_id], before) if fate and fate.how in ("ran", "unchanged") else ()
        seconds = round(fate.seconds, 6) if fate else 0.0
        accounts[node_id] = Account(node.type, how, seconds, ref.shown_as, ref.parent, causes)
    return accounts


def causes_of(node_id: NodeId, made: Made, before: Trace) -> tuple[Cause, ...]:
    """Every part of a node's key that differs from the last time; never empty."""
    last = before.get(node_id)
    if last is None:
        return (Cause("new"),)
    if last.type != made.type:
        return (Cause("type", before=last.type, now=made.type),)
    causes: list[Cause] = []
    if last.version != made.version:
        causes.append(Cause("version", before=last.version, now=made.version))
    if made.fingerprint == "NaN":
        causes.append(Cause("always"))
    elif last.fingerprint != made.fingerprint:
        causes.append(Cause("changed", before=short(last.fingerprint), now=short(made.fingerprint)))
    names = dict.fromkeys((*last.constants, *last.links, *made.constants, *made.links))
    causes += [cause for name in names for cause in _of_input(name, last, made)]
    return tuple(causes) or (Cause("forgotten"),)


def _of_input(name: str, last: Made, made: Made) -> Iterable[Cause]:
    if name in last.links and name in made.links:
        yield from _of_link(name, last.links[name], made.links[name])
        return
    before, now = _shown(name, last), _shown(name, made)
    if plain_token(before) != plain_token(now):
        yield Cause("input", name, before=short(before), now=short(now))
    elif last.files.get(name) != made.files.get(name):
        yield Cause("file", name, before=last.files.get(name), now=made.files.get(name))


def _of_link(name: str, before: Sequence[Any], now: Sequence[Any]) -> Iterable[Cause]:
    if before[1] != now[1] or (before[0] != now[0] and before[2] != now[2]):
        yield Cause("link", name, now[0], before=list(before[:2]), now=list(now[:2]))
    elif before[2] != now[2]:
        yield Cause("upstream", name, now[0])


def _shown(name: str, made: Made) -> Any:
    return list(made.links[name][:2]) if name in made.links else made.constants.get(name)


def _likest(now: Trace, earlier: Iterable[Trace]) -> Trace:
    """The run that has the most nodes with ids and types of this one; of several the newest. None that has hardly any
    is: it was of another workflow."""
    likest: Trace = {}
    most = 0
    for other in earlier:
        alike = sum(node_id in other and other[node_id].type == made.type for node_id, made in now.items())
        if alike > most and 2 * alike >= min(len(now), len(other)):
            likest, most = other, alike
        if most == len(now):
            break
    return likest


def short(value: Any) -> Any:
    """A value to read: long texts are cut."""
    text = value if isinstance(value, str) else plain_token(value) or str(value)
    return value if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def plain(accounts: Mapping[NodeId, Account]) -> dict[NodeId, Any]:
    """As JSON data; what is not said is left out."""
    return {node_id: _plain(account) for node_id, account in accounts.items()}


def _plain(account: Account) -> dict[str, Any]:
    causes = [{key: value for key, value in vars(cause).items() if value is not None} for cause in account.causes]
    return {**vars(account), "causes": causes}
