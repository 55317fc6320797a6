"""The lock of a file that somebody sends: not to be trusted to be of any size."""

from __future__ import annotations

from engine.errors import InvalidLock
from engine.lock import LOCK, Lock, read_lock

MAX_NAMED = 2000
"""Things that a lock may name: files among them are looked for, and perhaps read."""

PRIVATE = "user"
"""The folder of which not even hashes are told."""


def sent_lock(text: str) -> Lock:
    """Raises InvalidLock for one that is broken, names more than anybody uses, or what is nobody else's business."""
    lock = read_lock(text)
    named = sum(map(len, (lock.files, lock.nodes, lock.packages, lock.machine, lock.unnamed)))
    if named > MAX_NAMED:
        raise InvalidLock(f"its {LOCK} names {named} things, more than {MAX_NAMED}")
    if any(file.folder == PRIVATE for file in lock.files):
        raise InvalidLock(f"its {LOCK} names files of users, from which no node reads")
    return lock
