"""Progress, thinned out: of each node so much is told, and the last of it always."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from engine.events import NodeProgress, NodeText
from engine.graph import NodeId

SELDOM_S = 0.1
"""How often progress of one node is told."""

Passing: TypeAlias = NodeProgress | NodeText
Slot: TypeAlias = tuple[type[Passing], NodeId]


class Pace:
    """Passes events on at once, or holds them back until it is time; what is held back is replaced by what is newer."""

    def __init__(self, tell: Callable[[Passing], None]) -> None:
        self._tell = tell
        self._told: dict[Slot, float] = {}
        self._held: dict[Slot, tuple[Passing, asyncio.TimerHandle]] = {}

    def put(self, event: Passing) -> None:
        slot: Slot = type(event), event.node.id
        if held := self._held.get(slot):
            self._held[slot] = event, held[1]
            return
        loop = asyncio.get_running_loop()
        due = self._told.get(slot, -SELDOM_S) + SELDOM_S
        if loop.time() < due:
            self._held[slot] = event, loop.call_at(due, self._pass_on, slot)
            return
        self._told[slot] = loop.time()
        self._tell(event)

    def flush(self, node_id: NodeId | None = None) -> None:
        """Pass on what is held back of one node, or of all."""
        for slot in [slot for slot in self._held if node_id in (None, slot[1])]:
            self._pass_on(slot)

    def reset(self) -> None:
        """Forget everything, also what is held back."""
        for _, timer in self._held.values():
            timer.cancel()
        self._held.clear()
        self._told.clear()

    def _pass_on(self, slot: Slot) -> None:
        event, timer = self._held.pop(slot)
        timer.cancel()
        self._told[slot] = asyncio.get_running_loop().time()
        self._tell(event)
