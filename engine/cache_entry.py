"""A result as the bytes of one file, which tell whether they are whole and whose they are."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import fields

from engine.cache import Codec
from engine.keys import Key
from engine.node import Result

MAGIC = b"wireloom result 1\n"
CHECK_BYTES = 32
SECONDS = struct.Struct("<d")
HEADER_BYTES = len(MAGIC) + CHECK_BYTES + SECONDS.size
"""The magic, a check of all that follows, and the seconds; then come the codec's bytes."""


class BrokenEntry(ValueError):
    """Bytes that are no result of this key and salt."""


def dump_entry(result: Result, seconds: float, codec: Codec, key: Key, salt: bytes) -> tuple[bytes, bytes] | None:
    """Header and body; None if there is a value that cannot be stored."""
    body = codec.dump(tuple(getattr(result, each.name) for each in fields(Result)))
    if body is None:
        return None
    took = SECONDS.pack(seconds)
    return MAGIC + _check(took, body, key, salt) + took, body


def load_entry(header: bytes, body: bytes, codec: Codec, key: Key, salt: bytes) -> tuple[Result, float]:
    """The result, and the seconds it took. Raises BrokenEntry."""
    if len(header) != HEADER_BYTES or not header.startswith(MAGIC):
        raise BrokenEntry("it is no result")
    check, took = header[len(MAGIC) : -SECONDS.size], header[-SECONDS.size :]
    if check != _check(took, body, key, salt):
        raise BrokenEntry("it is damaged, or belongs elsewhere")
    try:
        value = codec.load(body)
    except ValueError as error:
        raise BrokenEntry(str(error)) from error
    return _result(value), SECONDS.unpack(took)[0]


def _result(value: object) -> Result:
    if isinstance(value, tuple) and len(value) == len(fields(Result)):
        result = Result(*value)
        if isinstance(result.lists, tuple) and all(isinstance(each, list) for each in result.lists):
            return result
    raise BrokenEntry("it holds no result")


def _check(took: bytes, body: bytes, key: Key, salt: bytes) -> bytes:
    """A hash of what is stored, and of the key and the salt, which are not."""
    hasher = hashlib.blake2b(digest_size=CHECK_BYTES)
    for part in (key, salt):
        hasher.update(len(part).to_bytes(8, "little") + part)
    hasher.update(took)
    hasher.update(body)
    return hasher.digest()
