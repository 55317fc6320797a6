"""Results on disk: shared, whole or not there, within a budget, and never a reason to fail."""

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from engine import cache_disk
from engine.cache import MemoryCache
from engine.cache_disk import DiskCache
from engine.cache_files import ABANDONED_S, BLOCK_BYTES, Files
from engine.cache_tiered import Tiered
from engine.node import Blocked, Result
from tests.unit.contracts.cache_contract import PlainCodec, key, result

MIB = 1024 * 1024
ROOT = Path(__file__).parents[3]


def disk(folder: Path, budget_bytes: int = 64 * MIB, salt: bytes = b"salt") -> DiskCache:
    return DiskCache(folder, budget_bytes, PlainCodec(), salt)


async def kept(cache: DiskCache, *results: Result, seconds: float = 1.0) -> None:
    """Keep results under the keys 0, 1, 2 ..."""
    for number, each in enumerate(results):
        await cache.put(key(number), each, seconds)
    await cache.flush()


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def entries(folder: Path) -> list[Path]:
    return list(folder.iterdir())


class TestKeeping:
    async def test_the_next_process_finds_what_this_one_kept(self, tmp_path: Path) -> None:
        first = disk(tmp_path)
        await first.put(key(1), result("a"), 1.5)
        await first.close()
        assert await disk(tmp_path).fetch(key(1)) == (result("a"), 1.5)

    async def test_files_are_named_by_key_in_folders_by_salt(self, tmp_path: Path) -> None:
        await kept(disk(tmp_path), result("a"))
        assert [path.name for path in files(tmp_path)] == [key(0).hex()]
        assert await disk(tmp_path, salt=b"another version").get(key(0)) is None

    async def test_what_is_quickly_had_again_is_not_written_unless_it_shows_something(self, tmp_path: Path) -> None:
        cache = disk(tmp_path)
        await kept(cache, result(1), result(2, ui={"text": ["x"]}), seconds=0.001)
        assert await cache.get(key(0)) is None
        assert await cache.get(key(1)) == result(2, ui={"text": ["x"]})

    @pytest.mark.parametrize("value", [object(), Blocked("because"), [Blocked()]])
    async def test_what_cannot_be_stored_is_left_out(self, tmp_path: Path, value: object) -> None:
        await kept(disk(tmp_path), result("a", value))
        assert files(tmp_path) == []

    async def test_a_codec_that_fails_is_a_line_in_the_log(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(PlainCodec, "dump", lambda self, value: value.nothing)
        await kept(disk(tmp_path), result("a"))
        assert "it cannot be stored" in caplog.text

    async def test_nothing_is_made_on_disk_until_something_is_kept(self, tmp_path: Path) -> None:
        cache = disk(tmp_path / "results")
        assert await cache.get(key(1)) is None
        await cache.close()
        assert entries(tmp_path) == []


class TestWriting:
    async def test_a_run_does_not_wait_for_the_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        may_write, write = threading.Event(), Files.write

        def slow(self: Files, path: str, parts: Any) -> None:
            may_write.wait(10)
            write(self, path, parts)

        monkeypatch.setattr(Files, "write", slow)
        cache = disk(tmp_path)
        await cache.put(key(1), result("a"), 1.0)
        assert cache.has(key(1)) is None
        may_write.set()
        await cache.flush()
        assert cache.has(key(1)) == "disk"

    async def test_what_comes_faster_than_the_disk_takes_it_is_left_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cache_disk, "QUEUE_BYTES", 1000)
        cache = disk(tmp_path)
        await kept(cache, result("x" * 2000), result("y"))
        assert [cache.has(key(number)) for number in range(2)] == ["disk", None]
        await cache.put(key(1), result("y"), 1.0)
        await cache.flush()
        assert cache.has(key(1)) == "disk"

    async def test_closing_waits_for_what_is_written_and_takes_no_more(self, tmp_path: Path) -> None:
        cache = disk(tmp_path)
        await cache.put(key(1), result("a"), 1.0)
        await cache.close()
        await cache.put(key(2), result("b"), 1.0)
        assert [path.name for path in files(tmp_path)] == [key(1).hex()]

    async def test_a_full_disk_is_one_line_in_the_log_until_there_is_room_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        cache = disk(tmp_path)

        def full(source: str, target: str) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", full)
            await kept(cache, result(1), result(2), result(3))
        assert caplog.text.count("No space left on device") == 1
        assert files(tmp_path) == []
        await kept(cache, result(1))
        assert await cache.get(key(0)) == result(1)

    async def test_a_place_that_cannot_be_used_is_a_line_in_the_log(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "taken").write_text("a file")
        cache = disk(tmp_path / "taken")
        await kept(cache, result(1), result(2))
        assert await cache.get(key(0)) is None
        assert caplog.text.count("results are not kept on disk") == 1


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flip(place: int) -> Any:
    def flip(data: bytes) -> bytes:
        index = place % len(data)
        return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]

    return flip


class TestBrokenFiles:
    @pytest.mark.parametrize(
        "harm",
        [_cut, *map(_flip, (0, 20, 55, 70, -1)), lambda data: b"", lambda data: data + b"x", lambda data: b"x" * 99],
        ids=["cut", "magic", "check", "seconds", "body", "end", "empty", "longer", "foreign"],
    )
    async def test_a_broken_file_is_a_miss_a_line_in_the_log_and_gone(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: Any
    ) -> None:
        cache = disk(tmp_path)
        await kept(cache, result("a value of some length"))
        (path,) = files(tmp_path)
        path.write_bytes(harm(path.read_bytes()))
        assert await cache.get(key(0)) is None
        assert f"{path} is not used but removed" in caplog.text
        assert files(tmp_path) == []
        await kept(cache, result("again"))
        assert await cache.get(key(0)) == result("again")

    async def test_the_file_of_another_key_is_not_taken_for_this_one(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        cache = disk(tmp_path)
        await kept(cache, result(1), result(2))
        one, other = files(tmp_path)
        one.write_bytes(other.read_bytes())
        assert await cache.get(key(0)) is None
        assert await cache.get(key(1)) == result(2)
        assert "belongs elsewhere" in caplog.text

    @pytest.mark.parametrize("written", ["3", "()", "(3, None)", "([3],)", "(", "(([3],), None, 4, 5, 6, 7, 8)"])
    async def test_what_is_whole_but_no_result_is_a_miss(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
    ) -> None:
        cache = disk(tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(PlainCodec, "dump", lambda self, value: written.encode())
            await kept(cache, result(1))
        assert cache.has(key(0)) == "disk"
        assert await cache.get(key(0)) is None


class TestBudget:
    async def test_the_least_recently_used_files_go_until_the_rest_fits_well(self, tmp_path: Path) -> None:
        cache = disk(tmp_path, budget_bytes=20 * BLOCK_BYTES)
        await kept(cache, *(result(number) for number in range(20)))
        for age, path in enumerate(reversed(files(tmp_path))):
            os.utime(path, (10**9 - age, 10**9 - age))
        assert await cache.get(key(0)) == result(0)  # the oldest, but used now
        await cache.put(key(20), result(20), 1.0)
        await cache.flush()
        assert [number for number in range(21) if cache.has(key(number)) is None] == [1, 2, 3]

    async def test_two_processes_together_keep_to_the_budget(self, tmp_path: Path) -> None:
        caches = [disk(tmp_path, budget_bytes=40 * BLOCK_BYTES) for _ in range(2)]
        for number in range(200):
            await caches[number % 2].put(key(number), result(number), 1.0)
            await caches[number % 2].flush()
            assert len(files(tmp_path)) <= 40 + 2  # each looks again after a twentieth of the budget

    async def test_what_alone_exceeds_the_budget_is_not_written(self, tmp_path: Path) -> None:
        cache = disk(tmp_path, budget_bytes=2 * BLOCK_BYTES)
        await kept(cache, result("a"), result("x" * 3 * BLOCK_BYTES))
        assert [cache.has(key(number)) for number in range(2)] == ["disk", None]

    async def test_what_a_dead_process_left_unfinished_goes_in_time(self, tmp_path: Path) -> None:
        young, old = tmp_path / "ab.1234.part", tmp_path / "cd.1234.part"
        for path in (young, old):
            path.write_bytes(b"half")
        os.utime(old, (10**9, 10**9))
        assert ABANDONED_S < 10**9
        await kept(disk(tmp_path), result(1))
        assert (young.exists(), old.exists()) == (True, False)


CHILD = """
import asyncio, os, sys, time
from pathlib import Path
from engine.cache_disk import DiskCache
from tests.unit.contracts.cache_contract import PlainCodec, key, result

cache = DiskCache(Path(sys.argv[1]), 1 << 26, PlainCodec(), b"salt")
"""


def child(folder: Path, code: str) -> subprocess.Popen[str]:
    """Another process that uses the cache."""
    command = [sys.executable, "-c", CHILD + code, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


class TestProcesses:
    async def test_two_processes_share_what_they_keep(self, tmp_path: Path) -> None:
        mine = disk(tmp_path)
        await kept(mine, result("mine"))
        assert mine.has(key(7)) is None
        code = """
async def main():
    print((await cache.get(key(0))).lists)
    await cache.put(key(7), result("theirs"), 1.0)
    await cache.close()
asyncio.run(main())
"""
        other = child(tmp_path, code)
        said, _ = other.communicate(timeout=30)
        assert (other.returncode, said) == (0, "(['mine'],)\n")
        mine.begin([key(7)])
        assert await mine.get(key(7)) == result("theirs")

    async def test_killed_before_a_file_is_in_place_leaves_nothing_to_be_seen(self, tmp_path: Path) -> None:
        code = """
def wait(source, target):
    print("written", flush=True)
    time.sleep(60)
os.replace = wait
async def main():
    await cache.put(key(0), result("half"), 1.0)
    await cache.flush()
asyncio.run(main())
"""
        other = child(tmp_path, code)
        assert other.stdout
        assert other.stdout.readline() == "written\n"
        other.send_signal(signal.SIGKILL)
        other.communicate(timeout=30)
        assert [path.suffix for path in files(tmp_path)] == [".part"]
        cache = disk(tmp_path)
        assert cache.has(key(0)) is None
        await kept(cache, result("whole"))
        assert await cache.get(key(0)) == result("whole")

    async def test_killed_while_writing_leaves_only_whole_files(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        code = """
async def main():
    for number in range(10**6):
        await cache.put(key(number), result("x" * 300_000), 1.0)
        await cache.flush()
        print(number, flush=True)
asyncio.run(main())
"""
        other = child(tmp_path, code)
        assert other.stdout
        for _ in range(10):
            other.stdout.readline()
        other.send_signal(signal.SIGKILL)
        other.communicate(timeout=30)
        cache = disk(tmp_path)
        names = [path.name for path in files(tmp_path) if path.suffix != ".part"]
        assert len(names) >= 10
        with caplog.at_level(logging.WARNING):
            for name in names:
                assert await cache.get(bytes.fromhex(name)) == result("x" * 300_000)
        assert caplog.text == ""


class Watched(MemoryCache):
    """Tells what was put."""

    def __init__(self) -> None:
        super().__init__(MIB)
        self.puts: list[float] = []

    async def put(self, key: bytes, result: Result, seconds: float = 0.0) -> None:
        self.puts.append(seconds)
        await super().put(key, result, seconds)


class TestTiers:
    async def test_what_is_found_on_disk_comes_into_memory_with_what_it_cost(self, tmp_path: Path) -> None:
        await kept(disk(tmp_path), result("a"), seconds=2.5)
        memory = Watched()
        cache = Tiered(memory, disk(tmp_path))
        assert cache.has(key(0)) == "disk"
        assert await cache.get(key(0)) == result("a")
        assert cache.has(key(0)) == "memory"
        assert memory.puts == [2.5]

    async def test_memory_is_asked_first(self, tmp_path: Path) -> None:
        below = disk(tmp_path)
        cache, value = Tiered(MemoryCache(MIB), below), result("a")
        await cache.put(key(0), value, 1.0)
        await below.flush()
        assert await cache.get(key(0)) is value
