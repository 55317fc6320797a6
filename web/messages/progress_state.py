"""``progress_state``: how far each node of a job is, in messages whose sum stays small.

ComfyUI repeats every node in every message, which is quadratic: hundreds of megabytes for a thousand nodes. A job of
few nodes is told so here too. Beyond that a message has the nodes that changed since the last one, and the newest of
those that run; it comes only so often. Each node's end is told in any case.
"""

from __future__ import annotations

from typing import Any

from engine.events import NodeEvent
from engine.graph import NodeId

FEW_NODES = 32
SELDOM_MS = 100


class ProgressStates:
    """The states of one job's nodes, and which of them its client has yet to hear of."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._states: dict[NodeId, dict[str, Any]] = {}
        self._running: dict[NodeId, NodeId] = {}  # those that run, by the node that is shown for them; newest last
        self._untold: dict[NodeId, None] = {}
        self._told_ms = 0

    @property
    def owes(self) -> bool:
        """Whether something was held back."""
        return bool(self._untold)

    def knows(self, node_id: NodeId) -> bool:
        """Whether the node was spoken of before."""
        return node_id in self._states

    def total(self, node_id: NodeId) -> float:
        """What counts as the whole of a node's work."""
        total: float = self._states[node_id]["max"] if node_id in self._states else 1
        return total

    def change(self, event: NodeEvent, value: float, total: float, state: str) -> dict[str, Any] | None:
        """Take in a node's state; return what to tell now, if anything."""
        node = event.node
        self._states[node.id] = {
            "value": value,
            "max": total,
            "state": state,
            "node_id": node.id,
            "prompt_id": self._job_id,
            "display_node_id": node.shown_as,
            "parent_node_id": node.parent,
            "real_node_id": node.real,
        }
        self._untold[node.id] = None
        self._follow(node.id, node.shown_as, running=state == "running")
        if len(self._states) > FEW_NODES and event.at_ms - self._told_ms < SELDOM_MS:
            return None
        return self.tell(event.at_ms)

    def tell(self, at_ms: int) -> dict[str, Any]:
        """The data of a message that leaves nothing untold."""
        chosen = self._states if len(self._states) <= FEW_NODES else self._newest()
        self._untold, self._told_ms = {}, at_ms
        return {"prompt_id": self._job_id, "nodes": {node_id: self._states[node_id] for node_id in chosen}}

    def _newest(self) -> dict[NodeId, None]:
        """What is untold, and what runs: one node for each that is shown, and not more than a few."""
        return dict.fromkeys(list(self._running.values())[-FEW_NODES:]) | self._untold

    def _follow(self, node_id: NodeId, shown_as: NodeId, *, running: bool) -> None:
        if running:
            self._running.pop(shown_as, None)
            self._running[shown_as] = node_id
        elif self._running.get(shown_as) == node_id:
            del self._running[shown_as]
