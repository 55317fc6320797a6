"""The Merkle key of a node: equal key, equal result. It is the whole of caching."""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from engine.graph import Link, Node, NodeId
from engine.node import NodeDef

Key: TypeAlias = bytes
Digest: TypeAlias = Callable[[Any], bytes | None]

KEY_BYTES = 32


def node_key(
    node: Node,
    definition: NodeDef,
    keys: Mapping[NodeId, Key],
    changed: Any = None,
    opaque: Mapping[str, str] | None = None,
) -> Key:
    """Hash a node's type, its constants and the keys it links to; 32 bytes.

    O(inputs), because the keys of linked nodes stand for everything above them. ``changed`` is what the constants
    do not show, such as a file's stamp; ``opaque`` has tokens for inputs whose value does not speak for itself. The
    node's id and title do not matter, unless the type is ``per_node``.
    """
    parts = [definition.name, definition.version]
    if changed is not None:
        parts.append(f"changed {token(changed)}")
    if definition.per_node:
        parts.append(f"id {node.id}")
    inputs = node.inputs
    for name in sorted(inputs):
        value = inputs[name]
        if opaque and name in opaque:
            parts.append(f"{name} ~ {opaque[name]}")
        elif isinstance(value, Link):
            parts.append(f"{name} <- {keys[value.node].hex()} {value.slot}")
        else:
            parts.append(f"{name} = {token(value)}")
    # Each part by its length, so that no text can pass for two parts.
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def token(value: Any) -> str:
    """A text that is equal for equal constants; 1, 1.0 and True differ. Another each time for what is not plain."""
    return plain_token(value) or secrets.token_hex(16)


def plain_token(value: Any) -> str | None:
    """The token of plain data; None for NaN, tensors and whatever else JSON has no form for."""
    if type(value) is int:
        return str(value)
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return None


def opaque_tokens(node: Node, digest: Digest, parent_key: Key | None) -> dict[str, str]:
    """Tokens for the constants of an expanded node that are not plain data, such as a picture out of a list.

    By their content where they have one that can be told. Else by where they stand: what a node expands into is
    determined by its key, so such a constant is determined by that key and its place in the expansion.
    """
    tokens: dict[str, str] = {}
    for name, value in node.inputs.items():
        if isinstance(value, Link) or plain_token(value) is not None or is_nan(value):
            continue
        if content := digest(value):
            tokens[name] = content.hex()
        elif parent_key is not None:
            place = node.id.removeprefix(node.parent or "")
            tokens[name] = f"{parent_key.hex()} {place}"
    return tokens


def is_nan(value: Any) -> bool:
    """NaN never matches anything, not even itself: the way to say "run always"."""
    return isinstance(value, float) and math.isnan(value)
