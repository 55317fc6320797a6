"""How nodes that use models get along with little memory: they say what they hold, and what to do when it runs out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from engine.context import Context
from engine.ledger import Ledger
from engine.memory import Weights, Working
from engine.relief import is_out_of_memory
from engine.services import Services
from nodes.codec import size
from nodes.diffusion.ladder import Ladder
from nodes.diffusion.lazy import Kept, Residency


def ladder(ctx: Context, *used: Kept[Any]) -> Ladder:
    """What a node does when memory runs out: first what it does not use goes, results, then other models' weights."""
    ledger = ctx.services.find(Ledger)
    free = [lambda: ledger.now(ledger.forget()), lambda: ledger.now(ledger.unload(used))] if ledger else []
    return Ladder(free, lambda text, differs: ctx.rung(text, differs=differs), is_out_of_memory)


@contextmanager
def holding(ctx: Context, what: str, *values: Any) -> Iterator[None]:
    """Note in the ledger that a running node holds these values, and what is put into them meanwhile."""
    ledger = ctx.services.find(Ledger)
    if ledger is None:
        yield
        return
    with ledger.working(lambda: Working(ctx.job.id, ctx.node_id, what, size(values))):
        yield


def weights(services: Services) -> list[Weights]:
    """What the residency has in memory, the least recently used first."""
    return [
        Weights(
            *network.origin, str(network.dtype).removeprefix("torch."), str(network.device), held.size, held.used_ms
        )
        for network, held in services.get(Residency).resident().items()
    ]


def drop_weights(services: Services, but: Collection[object] = ()) -> list[Kept[Any]]:
    """Let go of all weights but those of some networks, also of what torch keeps for later on a device."""
    gone = services.get(Residency).drop_all(but)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return gone
