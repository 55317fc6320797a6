"""Before nodes run: their keys, their ranks, and what their constants do not show."""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from engine.embedding import Embedded
from engine.errors import InvalidNode
from engine.graph import Graph, Link, Node, NodeId
from engine.jobs import Job
from engine.keys import Digest, Key, node_key, opaque_tokens
from engine.lanes import Lanes
from engine.marks import EMBEDDED
from engine.node import NodeDef
from engine.registry import Registry

log = logging.getLogger(__name__)


class Admission:
    """What is known of a run's nodes before they run. ``uses`` counts for each node who still waits for its result."""

    def __init__(self, job: Job, graph: Graph, registry: Registry, lanes: Lanes, digest: Digest) -> None:
        self._job, self._graph, self._registry, self._lanes, self._digest = job, graph, registry, lanes, digest
        self.keys: dict[NodeId, Key] = {}
        self.rank: dict[NodeId, int] = {}
        self.stamps: dict[NodeId, Mapping[str, Any]] = {}
        self.fingerprints: dict[NodeId, Any] = {}
        self.opaque: dict[NodeId, Mapping[str, str]] = {}
        self.uses: Counter[NodeId] = Counter()
        self.embedded = Embedded(job, registry)

    async def admit(self, order: Iterable[NodeId]) -> None:
        """Take in nodes that are not known yet, dependencies first."""
        for node_id in order:
            if node_id in self.keys:
                continue
            node = self._graph[node_id]
            definition = self._registry[node.type]
            is_told = self._registry.has_fingerprint(definition) or self._embeds(definition)
            changed = await self._changed(node, definition) if is_told else None
            opaque = await self._opaque(node) if node.parent is not None else None
            self.keys[node_id] = node_key(node, definition, self.keys, changed, opaque)
            self.rank[node_id] = len(self.rank)
            for source in set(node.sources()):
                self.uses[source] += 1

    def content_key(self, node: Node, definition: NodeDef, contents: Mapping[str, bytes]) -> Key:
        """The key by what the inputs hold instead of how that was made; ``contents`` has the digests by input."""
        told = {name: f"content {content.hex()}" for name, content in contents.items()}
        opaque = {**self.opaque.get(node.id, {}), **told}
        return node_key(node, definition, self.keys, self._known_change(node.id), opaque)

    def _known_change(self, node_id: NodeId) -> Any:
        if node_id not in self.stamps and node_id not in self.fingerprints:
            return None
        return [list(self.stamps.get(node_id, {}).values()), self.fingerprints.get(node_id)]

    async def _changed(self, node: Node, definition: NodeDef) -> Any:
        """The stamps of the files that the node names, and its own fingerprint."""
        constants = {name: None if isinstance(value, Link) else value for name, value in node.inputs.items()}
        self.stamps[node.id] = await self._off_loop(partial(self._registry.stamps, definition, constants))
        given = self._job.prompt.get(node.id)
        if isinstance(given, Mapping) and "is_changed" in given:
            self.fingerprints[node.id] = given["is_changed"]
        elif definition.fingerprint:
            self.fingerprints[node.id] = await self._fingerprint(node, definition, constants)
        elif definition.wiring:
            self.fingerprints[node.id] = definition.wiring(node, self._graph, self._registry, self._job.prompt)
        if self._embeds(definition):
            self.fingerprints[node.id] = [self.fingerprints.get(node.id), self.embedded.changed]
        return self._known_change(node.id)

    def _embeds(self, definition: NodeDef) -> bool:
        """Whether the node's files hold something else than they usually do."""
        return self.embedded.changed is not None and not EMBEDDED.isdisjoint(definition.hidden.values())

    async def _fingerprint(self, node: Node, definition: NodeDef, constants: Mapping[str, Any]) -> Any:
        try:
            found = await self._off_loop(partial(self._registry.fingerprint, definition, constants))
            return await found if inspect.isawaitable(found) else found
        except Exception as error:  # whatever a hook raises: the node then runs each time
            log.warning("node %s (%s) runs each time, its fingerprint failed: %r", node.id, node.type, error)
            return float("nan")

    async def _opaque(self, node: Node) -> Mapping[str, str] | None:
        values = node.inputs.values()
        if all(isinstance(value, Link | str | int | bool) or value is None for value in values):
            return None
        parent = self.keys.get(node.parent or "")
        self.opaque[node.id] = await self._off_loop(partial(opaque_tokens, node, self._digest, parent))
        return self.opaque[node.id]

    async def _off_loop(self, hook: Any) -> Any:
        return await self._lanes.run("hook", 0, hook)


def expanded(nodes: Iterable[Node], registry: Registry, graph: Graph) -> list[Node]:
    """Nodes that an expansion brings, with the inputs that their types take. Raises InvalidNode for what cannot be."""
    brought = list(nodes)
    fresh = {node.id for node in brought}
    kept = []
    for node in brought:
        if node.type not in registry:
            raise InvalidNode(f"it expands into node {node.id} of type {node.type!r}, which does not exist")
        definition = registry[node.type]
        for name, value in node.inputs.items():
            if isinstance(value, Link) and value.node not in fresh and value.node not in graph:
                raise InvalidNode(f"it expands into node {node.id}, whose input {name} links to no node: {value.node}")
        inputs = {n: v for n, v in node.inputs.items() if definition.accepts(n, link=isinstance(v, Link))}
        kept.append(replace(node, inputs=inputs))
    return kept
