"""The pools of this process, and the node types that they load. Importing it brings in no torch; loading those does."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.cache import NoCache
from engine.checkpoints import Checkpoints
from engine.embedding import Embedding
from engine.errors import Misconfigured
from engine.folders import Folders
from engine.lanes import Lanes, call_in
from engine.ledger import Ledger
from engine.machine import machine
from engine.memory import Weights
from engine.notebook import Notebook
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from web.cli.caching import MIB, LazyCodec, build_cache, salt
from web.cli.memory import giver_back, hold_to, trimmer
from web.cli.terminal import Mistake
from web.cli.wiring import UNFINISHED, data_dir

if TYPE_CHECKING:
    import argparse

    from nodes.diffusion.stepper import Stepper

LANES = {"gpu": 1, "cpu": os.cpu_count() or 1, "hook": 1}
SAMPLING = "sampling"
"""The lane of nodes that sample: one for each job at a time, and all of them by turns in the device's lane."""


class Computing(NamedTuple):
    """Where models compute, in which numbers, and whether only in ways that give the same bits each time."""

    device: str = "auto"
    dtype: str = "auto"
    deterministic: bool = False


class NoSuchDevice(Misconfigured, Mistake):
    """A mistake of whoever called this process, and to the one that has it work the reason why it cannot."""


class NodeTypes:
    """The built-in node types, loaded when they are first needed: that imports torch and takes seconds.

    With ``packs`` those of installed packages too. As ``Models`` it tells of the weights, of which at most
    ``budget_bytes`` are in memory, by default half of what this process may have, or what an accelerator has for them.
    ``stepper`` makes what shares the device between samplings.
    """

    def __init__(
        self,
        folders: Folders,
        packs: bool = False,
        budget_bytes: int | None = None,
        stepper: Callable[[], Stepper] | None = None,
        computing: Computing | None = None,
    ) -> None:
        self._folders, self._packs, self._stepper = folders, packs, stepper or _stepper
        self._computing, self._own_budget = computing or Computing(), budget_bytes is not None
        self.budget_bytes = machine().limit_bytes // 2 if budget_bytes is None else budget_bytes
        self._provided: list[object] = []
        self._registry: Registry | None = None

    def provide(self, service: object) -> None:
        """Give nodes one more service; before they are loaded."""
        self._provided.append(service)

    def load(self) -> Registry:
        """All node types, with the services they ask for. Raises NoSuchDevice for one that is not there."""
        import nodes
        from nodes.computing import compute_deterministically, loader

        device, dtype, deterministic = self._computing
        if deterministic:
            compute_deterministically()
        try:
            opener = loader(self.budget_bytes, device, dtype, own_budget=self._own_budget)
        except ValueError as error:
            raise NoSuchDevice(str(error)) from None
        self.budget_bytes = opener.residency.budget_bytes
        services = Services(self._folders, opener.residency, opener, self._stepper(), *self._provided)
        registry = Registry(services)
        nodes.register(registry)
        _add_packs(registry, wanted=self._packs)
        self._registry = registry
        gc.freeze()  # what is loaded stays: looking through it for cycles would hold up everybody for half a second
        return registry

    def weights(self) -> Sequence[Weights]:
        """What is in memory, the least recently used first."""
        if self._registry is None:
            return ()
        from nodes.memory import weights

        return weights(self._registry.services)

    def drop_all(self, but: Collection[object] = ()) -> Sequence[object]:
        """Let go of the weights in memory, but those of some networks."""
        if self._registry is None:
            return ()
        from nodes.memory import drop_weights

        return drop_weights(self._registry.services, but)


def local_pool(folders: Folders, *, packs: bool = False, computing: Computing | None = None) -> LocalPool:
    """A pool in this process that remembers nothing; it loads the node types when it is first asked something."""
    types = NodeTypes(folders, packs, computing=computing)
    return LocalPool(types.load, NoCache(), _lanes(), types.drop_all, digest=LazyCodec().digest)


def remembering_pool(args: argparse.Namespace, folders: Folders, *, resuming: bool = True) -> LocalPool:
    """A pool that shares what it remembers with every other one on the same data.

    With ``resuming``, jobs that are run again go on where they were: for those of a queue.
    """
    if args.memory_mb is not None:
        hold_to(args.memory_mb)
    data, codec = data_dir(args.data), LazyCodec()
    budget = None if args.weights_mb is None else int(args.weights_mb * MIB)
    computing = Computing(args.device, args.dtype, args.deterministic)
    stepper = partial(_stepper, args.batch, data / "cache" / "gains.json")
    types = NodeTypes(folders, args.packs, budget, stepper, computing)
    cache = build_cache(data, args, codec)
    ledger = Ledger(cache, types, trimmer())
    types.provide(ledger)
    types.provide(Embedding(args.metadata, args.write_infotext))
    return LocalPool(
        types.load,
        cache,
        _lanes(args.jobs),
        types.drop_all,
        size=args.jobs,
        digest=codec.digest,
        notebook=Notebook(data / "cache" / "runs.sqlite"),
        cutoff=args.early_cutoff,
        tidy=giver_back(),
        ledger=ledger,
        checkpoints=Checkpoints(data / UNFINISHED, salt(args)) if resuming else None,
        machine=_machine,
    )


def _lanes(jobs: int = 1) -> Lanes:
    # One more, for a job that is too urgent to wait for another to end.
    return Lanes({**LANES, SAMPLING: jobs + 1}, _without_gradients, each={SAMPLING: 1})


def _stepper(batch: str = "off", kept: Path | None = None) -> Stepper:
    """What shares the device between samplings: ``batch`` is off, auto, or how many evaluations go into one call."""
    from nodes.diffusion.gains import Gains
    from nodes.diffusion.stepper import Stepper

    turn = partial(call_in, "gpu")
    if batch == "auto":
        return Stepper(turn, gains=Gains(kept))
    return Stepper(turn, 1 if batch == "off" else int(batch))


def _machine(registry: Registry) -> Mapping[str, str]:
    from nodes.locking import machine  # torch is there by now

    return machine(registry.services)


def _without_gradients() -> None:
    from nodes.computing import without_gradients  # brings torch, which the node types have brought by then

    without_gradients()


def _add_packs(registry: Registry, *, wanted: bool) -> None:
    from engine.packs import installed_packs, load_packs, tell_unloaded

    if wanted:
        load_packs(registry, installed_packs())
    else:
        tell_unloaded(installed_packs())
