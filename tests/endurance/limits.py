"""Limits of memory, as containers have them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OLD, NEW = "memory.limit_in_bytes", "memory.max"
"""The file that holds the limit: in cgroups version 1 and 2."""


class NoGroups(Exception):
    """This system does not let us limit the memory of a process that way; the text says why."""


@contextmanager
def memory_group(limit_bytes: int) -> Iterator[Callable[[int], None]]:
    """A control group with that limit; what it gives puts a process into it. Raises NoGroups."""
    parent = CGROUPS / "memory" if (CGROUPS / "memory").is_dir() else CGROUPS
    group = parent / f"wireloom-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        raise NoGroups(f"no control group can be made in {parent}: {error.strerror}") from None
    try:
        limit = next((group / name for name in (OLD, NEW) if (group / name).exists()), None)
        if limit is None:
            raise NoGroups(f"{parent} has no controller of memory")
        limit.write_text(str(limit_bytes))
        yield lambda pid: (group / "cgroup.procs").write_text(str(pid)) and None
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            (parent / "cgroup.procs").write_text(pid)
        group.rmdir()
