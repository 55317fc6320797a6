"""What a process keeps in memory, in bytes: plain data, which can be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Weights:
    """The weights of one network that are in memory. ``used_ms`` is when they were used last, Unix time."""

    part: str
    file: str
    dtype: str
    device: str
    size_bytes: int
    used_ms: int


@dataclass(frozen=True)
class Remembered:
    """The results that one tier of a cache keeps. ``entries`` is None where they are not counted, and
    ``budget_bytes`` where there is no such limit."""

    tier: Literal["memory", "disk"]
    size_bytes: int
    entries: int | None = None
    budget_bytes: int | None = None


@dataclass(frozen=True)
class Working:
    """What a running node holds, such as a sampling's latents and conditionings."""

    job_id: str
    node_id: str
    what: str
    size_bytes: int


@dataclass(frozen=True)
class Machine:
    """What the process has of the machine. ``limit_bytes`` is the machine's memory, or less where the process is held
    to less (cgroup, ulimit); ``free_bytes`` is how much of that nobody uses."""

    resident_bytes: int
    limit_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class Memory:
    """All of it, of the process that computes. The least recently used weights come first."""

    machine: Machine
    weights_budget_bytes: int
    weights: tuple[Weights, ...] = ()
    remembered: tuple[Remembered, ...] = ()
    working: tuple[Working, ...] = ()
