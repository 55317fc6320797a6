"""What became of each node of a run, and what its key was made of: enough to explain the next run."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

How: TypeAlias = Literal["memory", "disk", "equal", "unchanged", "ran"]
"""Remembered in memory or on disk; equal to another node of the run; run before on inputs of equal content; or run."""


@dataclass
class Fate:
    """How a node came by its result. ``began`` is on the clock of ``time.perf_counter``."""

    how: How
    began: float = 0.0
    ended: bool = True
    spent: list[float] = field(default_factory=list)

    @classmethod
    def running(cls) -> Fate:
        """Of a node that begins now, or when its lane is free."""
        return cls("ran", time.perf_counter(), ended=False)

    def begin(self) -> None:
        self.began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """The time of its calls, without what they waited for a free lane."""
        return sum(self.spent)

    def end(self) -> Fate:
        self.ended = True
        return self

    def lasted(self) -> None:
        """It expanded: what it cost is all the time since it began."""
        self.spent = [time.perf_counter() - self.began]

    def timed(self, fn: Callable[..., Any], arguments: Mapping[str, Any]) -> Callable[[], Any]:
        """The call as a thread may make it, noting how long it takes."""
        spent = self.spent

        def call() -> Any:
            began = time.perf_counter()
            returned = fn(**arguments)
            spent.append(time.perf_counter() - began)
            return returned

        return call

    async def timed_async(self, call: Awaitable[Any]) -> Any:
        """Await a call, noting how long it takes."""
        began = time.perf_counter()
        returned = await call
        self.spent.append(time.perf_counter() - began)
        return returned
