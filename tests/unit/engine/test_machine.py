"""How much memory there is, where something limits it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.machine import machine

MIB = 1024 * 1024


def group(folder: Path, limit: str, current: int, cached: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{current}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")


def test_the_tightest_cgroup_around_the_process_counts(tmp_path: Path) -> None:
    cgroups, own = tmp_path / "cgroup", tmp_path / "own"
    own.write_text("0::/outer/inner\n")
    group(cgroups / "outer" / "inner", "max", 1 * MIB)
    group(cgroups / "outer", str(64 * MIB), 40 * MIB, cached=16 * MIB)
    found = machine(cgroups, own)
    assert (found.limit_bytes, found.free_bytes) == (64 * MIB, 40 * MIB)


@pytest.mark.parametrize("own", ["0::/\n", "", "4:memory:/docker/x\n1:name=systemd:/\n", "0::/gone\n"])
def test_without_a_limit_it_is_the_machines(tmp_path: Path, own: str) -> None:
    (tmp_path / "cgroup").mkdir()
    (tmp_path / "own").write_text(own)
    found = machine(tmp_path / "cgroup", tmp_path / "own")
    assert found.limit_bytes == psutil.virtual_memory().total
    assert 0 < found.resident_bytes < found.limit_bytes


def test_a_container_sees_its_own_cgroup_as_the_root(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("0::/\n")
    group(tmp_path / "cgroup", str(32 * MIB), 8 * MIB)
    assert machine(tmp_path / "cgroup", tmp_path / "own").limit_bytes == 32 * MIB


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit")
def test_a_ulimit_counts() -> None:
    code = "from engine.machine import machine; print(machine().limit_bytes)"
    limited = f"ulimit -d 262144; exec {sys.executable} -c '{code}'"
    assert subprocess.run(["sh", "-c", limited], capture_output=True, text=True, check=True).stdout == f"{2**28}\n"
