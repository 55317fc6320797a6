"""Node types out of installed packages: each names a ``register(registry)`` in the entry point group of this module.

Importing a package runs its code, so that is done only when asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from engine.errors import InvalidNode
from engine.registry import Registry

GROUP = "wireloom.nodes"
PACK_MODULE = "custom_nodes."
UNNAMED_MODULE = "nodes"
"""What ``@node`` says of a node that names no module of its own: that it is built in."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackReport:
    """What came of loading a pack: the names of its node types, or the problem for which it has none."""

    name: str
    nodes: tuple[str, ...] = ()
    problem: str | None = None


def installed_packs() -> list[EntryPoint]:
    """The packs that are installed, by name. Imports none of them."""
    return sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))


@cache
def pack_versions() -> Mapping[str, str]:
    """By the module that node types of a pack are said to be of, its package and version."""
    named = ((pack.name, pack.dist) for pack in installed_packs())
    return {PACK_MODULE + name: f"{dist.name} {dist.version}" if dist else name for name, dist in named}


def load_packs(registry: Registry, packs: Iterable[EntryPoint]) -> list[PackReport]:
    """Import packs and add their node types; of a pack that fails none are kept, and the others are loaded."""
    reports = [_load(registry, pack) for pack in packs]
    for report in reports:
        if report.problem is None:
            log.info("node pack %s: %d node types", report.name, len(report.nodes))
    return reports


def tell_unloaded(packs: Iterable[EntryPoint]) -> None:
    """Log which packs are installed, but not asked for."""
    if names := [pack.name for pack in packs]:
        log.warning("node packs are installed but not loaded: %s; --packs loads them", ", ".join(names))


def _load(registry: Registry, pack: EntryPoint) -> PackReport:
    apart = Registry(registry.services)
    try:
        pack.load()(apart)
        named = PACK_MODULE + pack.name
        found = [replace(each, module=named) if each.module == UNNAMED_MODULE else each for each in apart.values()]
        registry.add(*found)
        registry.replace(*(each for several in apart.replacements.values() for each in several))
    except (Exception, SystemExit) as error:  # whatever a pack does, the others and the built-in nodes are there
        mistake = isinstance(error, InvalidNode)
        problem = str(error) if mistake else f"{type(error).__name__}: {error}"
        log.error("node pack %s is not loaded: %s", pack.name, problem, exc_info=None if mistake else error)
        return PackReport(pack.name, problem=problem)
    return PackReport(pack.name, tuple(each.name for each in found))
