"""When a call runs out of memory: what can be had again is let go, and the call is made once more."""

from __future__ import annotations

import errno
import traceback

from engine.context import Context
from engine.ledger import Ledger

SAID = (
    "can't allocate memory",  # torch's allocator
    "cannot allocate memory",  # the system
    "std::bad_alloc",  # C++
    "could not create a primitive",  # oneDNN, for this reason and few others
    "can't start new thread",  # Python: a thread needs a stack
)
"""What is said by who has no class of error for it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on whatever device: their libraries have errors of their own for it."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in SAID)


async def relieved(context: Context, error: Exception) -> bool:
    """After a call failed: whether it ran out of memory, and so much was let go that another try makes sense.

    A node that takes rungs of its own has taken these as well; its call is not repeated.
    """
    ledger = context.services.find(Ledger)
    if ledger is None or context.rungs or not is_out_of_memory(error):
        return False
    traceback.clear_frames(error.__traceback__)  # what the call had made
    for freed in (await ledger.forget(), await ledger.unload()):
        if freed:
            context.rung(freed)
    return True


def advise(context: Context, error: Exception) -> None:
    """Add to the error that a call fails with, if that is for want of memory, what was in memory."""
    ledger = context.services.find(Ledger)
    if ledger and is_out_of_memory(error):
        error.add_note(ledger.told())
