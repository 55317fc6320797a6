"""Early cut-off: where what a node's inputs hold is what they held before, what lies below is not run again.

Merkle keys say how values were made. Here nodes get a second key, by what their inputs hold, under which the first
key of an earlier run is found. It costs a hash of every value, so it is off unless asked for.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from engine.graph import Link, Node
from engine.keys import Digest, Key
from engine.node import Blocked, Lists, NodeDef, Result

if TYPE_CHECKING:
    from engine.run import Run

ENTRIES = 100_000


class Cutoff:
    """Remembers which key a node had when its inputs held the same. Shared by the runs of a process."""

    def __init__(self, digest: Digest) -> None:
        self._digest = digest
        self._keys: OrderedDict[Key, Key] = OrderedDict()

    async def find(self, run: Run, node: Node, definition: NodeDef, lists: Lists) -> Result | None:
        """The result of an earlier run of this node, or of one like it, on inputs that held the same."""
        linked = {name: lists[name] for name, value in node.inputs.items() if isinstance(value, Link)}
        if not linked or any(definition.is_raw(name) for name in linked):
            return None
        contents = await asyncio.to_thread(self._contents, linked)
        by_content = run.admission.content_key(node, definition, contents)
        key = run.admission.keys[node.id]
        earlier = self._keys.get(by_content)
        self._keys[by_content] = key
        self._keys.move_to_end(by_content)
        if len(self._keys) > ENTRIES:
            self._keys.popitem(last=False)
        if earlier is None or earlier == key:
            return None
        result = await run.cache.get(earlier)
        return result if result and await run.calling.is_intact(definition, result) else None

    def _contents(self, linked: Lists) -> dict[str, bytes]:
        """Digests of the inputs that have one; the others go by how they were made."""
        return {name: content for name, values in linked.items() if (content := self._of(values))}

    def _of(self, values: list[Any]) -> bytes | None:
        return None if any(isinstance(value, Blocked) for value in values) else self._digest(values)
