"""How much memory there is for this process: the machine's, or what a container or a ulimit leaves of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from engine.memory import Machine

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


def machine(cgroups: Path = CGROUPS, own: Path = OWN_CGROUP) -> Machine:
    """The figures now. Of several limits the tightest counts."""
    import psutil  # takes a while, and the server is to answer at once

    memory = psutil.virtual_memory()
    limit, free = memory.total, memory.available
    for most, used in _cgroup_limits(cgroups, own):
        limit, free = min(limit, most), min(free, max(0, most - used))
    resident = resident_bytes()
    if (ulimit := _ulimit()) is not None:
        limit, free = min(limit, ulimit), min(free, max(0, ulimit - resident))
    return Machine(resident, limit, free)


def resident_bytes() -> int:
    """What this process takes of the machine's memory."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def _cgroup_limits(cgroups: Path, own: Path) -> Iterator[tuple[int, int]]:
    """Limit and use of this process's cgroup (version 2) and of those around it, where they have a limit.

    Files that are only cached count as free: they go when memory is needed.
    """
    with suppress(OSError, ValueError):  # no Linux, no cgroups, or version 1
        names = [line.removeprefix("0::/") for line in own.read_text().splitlines() if line.startswith("0::/")]
        for name in names:
            folder = cgroups / name
            for each in (folder, *folder.parents):
                if (most := each / "memory.max").is_file() and (limit := most.read_text().strip()) != "max":
                    yield int(limit), int((each / "memory.current").read_text()) - _cached_files(each)
                if each == cgroups:
                    break


def _cached_files(folder: Path) -> int:
    fields = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return int(fields.get("inactive_file", 0))


def _ulimit() -> int | None:
    """What ``ulimit -d`` or ``-v`` allows; None if it is all."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS)]
    return min((limit for limit in limits if limit != resource.RLIM_INFINITY), default=None)
