"""Who a file is: by its stamp at once, by its content once that is known."""

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import identity as module
from engine.folders import Folders
from engine.identity import Identity, Stamp

LONG_AGO_NS = 10**18


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for time stamps to move on, but where a test says so."""
    monkeypatch.setattr(module, "SETTLED_S", 0.0)


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[Identity]:
    made = Identity(tmp_path / "cache" / "files.sqlite")
    yield made
    made.close()


@pytest.fixture
def late(tmp_path: Path) -> Iterator[Identity]:
    """Hashes everything in the background."""
    made = Identity(tmp_path / "cache" / "files.sqlite", at_once_bytes=0)
    yield made
    made.close()


def replace(path: Path, content: bytes) -> None:
    """Another content of equal size at the same time, as far as ``mtime`` tells."""
    before = path.stat()
    assert len(content) == before.st_size
    time.sleep(0.02)  # longer than a tick of the clock that stamps files
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def hashed(identity: Identity, path: Path) -> str:
    """The token once the background has learned the hash."""
    identity.token(path)
    stamp, end = Stamp.of(path), time.monotonic() + 10
    while identity._tables.hash_of(stamp) is None and time.monotonic() < end:
        time.sleep(0.005)
    return identity.token(path)


class TestSmallFiles:
    def test_equal_content_is_one_token_wherever_it_lies(self, identity: Identity, tmp_path: Path) -> None:
        a, b, c = tmp_path / "a", tmp_path / "b", tmp_path / "c"
        a.write_bytes(b"weights")
        b.write_bytes(b"weights")
        c.write_bytes(b"others!")
        assert identity.token(a) == identity.token(b) != identity.token(c)

    def test_touching_and_renaming_change_nothing(self, identity: Identity, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"weights")
        before = identity.token(path)
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
        assert identity.token(path) == before
        assert identity.token(path.rename(tmp_path / "b")) == before

    def test_another_file_of_equal_name_size_and_mtime_is_another(self, identity: Identity, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"old weights")
        before = identity.token(path)
        replace(path, b"new weights")
        assert identity.token(path) != before

    def test_a_change_within_one_tick_of_the_clock_is_seen(
        self, identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Stamps of files that changed a moment ago are not trusted; here none ever differs."""
        monkeypatch.setattr(module, "SETTLED_S", 3.0)
        path = tmp_path / "a"
        path.write_bytes(b"old")
        stamp = Stamp.of(path)
        monkeypatch.setattr(Stamp, "of", classmethod(lambda cls, path: stamp))
        before = identity.token(path)
        path.write_bytes(b"new")
        assert identity.token(path) != before

    def test_a_settled_file_is_read_once(
        self, identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"weights")
        before = identity.token(path)
        monkeypatch.setattr(Identity, "_hash", None)
        assert identity.token(path) == before

    def test_a_file_that_is_not_there_has_no_token(self, identity: Identity, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            identity.token(tmp_path / "none")


class TestLargeFiles:
    def test_learning_the_hash_changes_no_token_in_use(self, late: Identity, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"weights")
        before = late.token(path)
        assert before == Stamp.of(path).token
        assert hashed(late, path) == before

    def test_once_hashed_a_touched_copied_or_moved_file_is_known_again(self, late: Identity, tmp_path: Path) -> None:
        path, copy = tmp_path / "a", tmp_path / "copy"
        path.write_bytes(b"weights")
        before = hashed(late, path)
        copy.write_bytes(b"weights")
        assert late.token(copy) != before
        assert hashed(late, copy) == before
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
        assert hashed(late, path) == before
        assert hashed(late, path.rename(tmp_path / "moved")) == before

    def test_another_file_of_equal_name_size_and_mtime_is_another_before_and_after(
        self, late: Identity, tmp_path: Path
    ) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"old weights")
        before = hashed(late, path)
        replace(path, b"new weights")
        assert late.token(path) != before
        assert hashed(late, path) != before
        replace(path, b"old weights")
        assert hashed(late, path) == before

    def test_a_file_changed_while_it_is_read_is_not_taken_for_what_it_was(
        self, late: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"first")
        stamp = Stamp.of(path)
        monkeypatch.setattr(module, "open", lambda *_, **__: _ChangedWhileRead(path), raising=False)
        assert late._hash(stamp) is None

    def test_closing_does_not_wait_for_a_large_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "CHUNK_BYTES", 1)
        path, started = tmp_path / "a", threading.Event()
        path.write_bytes(b"x" * 5_000_000)
        hash_file = Identity._hash

        def told(self: Identity, stamp: Stamp) -> bytes | None:
            started.set()
            return hash_file(self, stamp)

        monkeypatch.setattr(Identity, "_hash", told)
        identity = Identity(tmp_path / "files.sqlite", at_once_bytes=0)
        identity.token(path)
        assert started.wait(10)
        begun = time.monotonic()
        identity.close()
        assert time.monotonic() - begun < 1
        assert not any(thread.name == "file hashes" for thread in threading.enumerate())


class _ChangedWhileRead:
    """A file that somebody appends to as soon as it is opened."""

    def __init__(self, path: Path) -> None:
        self._chunks = [path.read_bytes()]
        path.write_bytes(b"second, longer")

    def __enter__(self) -> "_ChangedWhileRead":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, size: int) -> bytes:
        return self._chunks.pop() if self._chunks else b""


class TestKeeping:
    def test_the_next_process_need_not_read_the_file_again(
        self, late: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"weights")
        before = hashed(late, path)
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
        assert hashed(late, path) == before
        late.close()
        monkeypatch.setattr(Identity, "_hash", None)
        again = Identity(tmp_path / "cache" / "files.sqlite")
        assert again.token(path) == before
        again.close()

    def test_two_processes_agree_on_the_token_of_a_content(self, tmp_path: Path) -> None:
        one, other = (Identity(tmp_path / "files.sqlite", at_once_bytes=0) for _ in range(2))
        a, b = tmp_path / "a", tmp_path / "b"
        a.write_bytes(b"weights")
        b.write_bytes(b"weights")
        assert hashed(one, a) == hashed(other, b) == hashed(one, b)
        one.close()
        other.close()

    @pytest.mark.parametrize("content", [b"no database" * 100, b""])
    def test_a_file_that_is_no_database_is_a_line_in_the_log(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
    ) -> None:
        (tmp_path / "files.sqlite").write_bytes(content)
        path = tmp_path / "a"
        path.write_bytes(b"weights")
        identity = Identity(tmp_path / "files.sqlite")
        assert identity.token(path) == identity.token(path)
        assert caplog.text.count("cannot be used") == bool(content)
        identity.close()

    def test_a_database_that_breaks_later_is_a_line_in_the_log(
        self, identity: Identity, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        a, b = tmp_path / "a", tmp_path / "b"
        for path in (a, b):
            path.write_bytes(b"weights")
        before = identity.token(a)
        db = sqlite3.connect(tmp_path / "cache" / "files.sqlite")
        db.executescript("DROP TABLE stamp; DROP TABLE content")
        db.close()
        assert identity.token(b) == before
        assert caplog.text.count("will not outlive this process") == 1

    def test_names_that_are_no_text_can_be_kept(self, identity: Identity, tmp_path: Path) -> None:
        path = os.fsencode(tmp_path) + b"/\xff\xfe"
        try:
            with open(path, "wb") as file:
                file.write(b"weights")
        except OSError:
            pytest.skip("this file system has no such names")
        name = os.fsdecode(path)
        assert identity.token(name) == identity.token(name)
        assert identity._tables.hash_of(Stamp.of(name)) is not None


class TestFolders:
    def test_a_picture_in_the_input_folder_is_known_by_its_content(self, identity: Identity, tmp_path: Path) -> None:
        folders = Folders(tmp_path, identity=identity)
        folders.lay_out()
        a, b = (folders.directory("input") / name for name in ("a.png", "b.png"))
        a.write_bytes(b"old picture")
        b.write_bytes(b"old picture")
        before = folders.stamp("input", "a.png")
        assert before == folders.stamp("input", "b.png")
        replace(a, b"new picture")
        assert folders.stamp("input", "a.png") not in (before, None)

    def test_without_an_identity_the_stamp_is_size_and_times(self, tmp_path: Path) -> None:
        folders = Folders(tmp_path)
        folders.lay_out()
        path = folders.directory("input") / "a.png"
        path.write_bytes(b"old picture")
        before = folders.stamp("input", "a.png")
        replace(path, b"new picture")
        assert folders.stamp("input", "a.png") != before


class TestHashes:
    def test_of_small_files_are_told_at_once(self, identity: Identity, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"one")
        assert identity.sha256(tmp_path / "a", wait_s=0) == hashlib.sha256(b"one").hexdigest()

    def test_of_large_files_are_waited_for(self, late: Identity, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"one")
        assert late.sha256(tmp_path / "a") == hashlib.sha256(b"one").hexdigest()

    def test_or_not_told_if_they_take_too_long(
        self, late: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go, hash_now = threading.Event(), late._hash
        monkeypatch.setattr(late, "_hash", lambda stamp: hash_now(stamp) if go.wait(10) else None)
        (tmp_path / "a").write_bytes(b"one")
        assert late.sha256(tmp_path / "a", wait_s=0.01) is None
        go.set()
        assert late.sha256(tmp_path / "a") == hashlib.sha256(b"one").hexdigest()

    def test_asking_for_one_gives_the_file_no_other_token(self, late: Identity, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"one")
        token = late.token(tmp_path / "a")
        late.sha256(tmp_path / "a")
        assert late.token(tmp_path / "a") == token

    def test_who_waits_is_let_go_at_the_end(self, late: Identity, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"one")
        late.close()
        assert late.sha256(tmp_path / "a") is None
