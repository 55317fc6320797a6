"""The Merkle key of a node: equal key, equal result. It is the whole of caching."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any, TypeAlias

from engine.graph import Link, Node, NodeId
from engine.node import NodeDef

Key: TypeAlias = bytes


def node_key(node: Node, definition: NodeDef, keys: Mapping[NodeId, Key], changed: Any = None) -> Key:
    """Hash a node's type, its constants and the keys it links to; 32 bytes.

    O(inputs), because the keys of linked nodes stand for everything above them. ``changed`` is what the constants
    do not show, such as a file's stamp. The node's id and title do not matter, unless the type is ``per_node``.
    """
    parts: list[Any] = [definition.name, definition.version, _token(changed)]
    if definition.per_node:
        parts.append(node.id)
    for name in sorted(node.inputs):
        value = node.inputs[name]
        if isinstance(value, Link):
            parts.append([name, True, keys[value.node].hex(), value.slot])
        else:
            parts.append([name, False, _token(value)])
    return hashlib.blake2b(json.dumps(parts, separators=(",", ":")).encode(), digest_size=32).digest()


def _token(value: Any) -> str:
    """A text that is equal for equal constants; 1, 1.0 and True differ."""
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return secrets.token_hex(16)  # NaN, tensors: unique to this run, and so is everything below
