"""How a call gets from the event loop into a thread, and its answer back.

Leaner than an executor, whose futures and locks take as long as the switch to the thread itself.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Call(Generic[T]):
    """A call on its way through a thread. ``make`` is the thread's, everything else the event loop's."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call: Callable[[], T] | None = call
        self._context = contextvars.copy_context()
        self._loop = asyncio.get_running_loop()
        self._has_returned: asyncio.Future[None] | None = None
        self._over = False
        self._results: list[T] = []
        self._error: BaseException | None = None
        self.answer: asyncio.Future[T] = self._loop.create_future()

    def make(self) -> None:
        """Call, and tell the loop. The thread holds nothing any more when the loop hears of it."""
        call, self._call = self._call, None
        assert call
        try:
            self._results.append(self._context.run(call))
        except BaseException as error:
            self._error = error
        del call
        self._loop.call_soon_threadsafe(self._end)

    async def returned(self) -> None:
        """Wait until the thread is out of the call, however often one is cancelled meanwhile."""
        self._has_returned = self._loop.create_future()
        while not self._over:
            try:
                await asyncio.wait([self._has_returned])
            except asyncio.CancelledError:
                continue

    def _end(self) -> None:
        error, self._error = self._error, None
        if self.answer.done():  # cancelled meanwhile
            self._results.clear()
        elif error is None:
            self.answer.set_result(self._results.pop())
        else:
            # A future takes no StopIteration: it would end whoever awaits it in silence.
            wrong = isinstance(error, StopIteration)
            self.answer.set_exception(RuntimeError(repr(error)) if wrong else error)
        self._over = True
        if self._has_returned:
            self._has_returned.set_result(None)
