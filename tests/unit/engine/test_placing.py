"""A node's files are made once: the process may die before any of the calls to the system that it makes for them."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from engine.checkpoints import Checkpoints
from engine.paths import save_path
from engine.placing import Placing

CHANGES = 24
"""More than two files take."""
WRITING = ((io, "open"), (os, "link"), (os, "unlink"), (os, "rename"), (os, "replace"), (os, "mkdir"))


class Died(BaseException):
    """As SIGKILL is: nobody handles it, and nothing is done to a file after it."""


@contextmanager
def death_before(change: int, root: Path) -> Iterator[None]:
    """Seem to die before the so-manieth call below a folder; all after it fail alike.

    No audit hook: in CPython 3.11 one that is written in Python breaks ``sys.settrace``, and so the measuring of
    coverage, wherever two threads start at once.
    """
    left = change + 1

    def dying(call: Callable[..., object], path: object, *args: object, **options: object) -> object:
        nonlocal left
        if str(path).startswith(str(root)):
            left -= left > 1
            if left == 1:
                raise Died
        return call(path, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        for module, name in WRITING:
            patch.setattr(module, name, partial(dying, getattr(module, name)))
        yield


def attempt(root: Path, pictures: Sequence[bytes], prefix: str = "sub/x") -> list[str]:
    """What a node does each time it is run for the job; the names it tells."""
    placing = Placing(root / "output", Checkpoints(root / "checkpoints").of_deeds("job", "9", 0))
    place = save_path(root / "output", prefix)
    return [placing.put(picture, place, ".png", i).name for i, picture in enumerate(pictures)]


def dies(root: Path, change: int, pictures: Sequence[bytes]) -> bool:
    """Whether an attempt that was to die before a change got as far as that."""
    try:
        with death_before(change, root):
            attempt(root, pictures)
    except Died:
        return True
    return False


def held(root: Path) -> list[bytes]:
    """What the files in the output folder hold, by name."""
    return [path.read_bytes() for path in sorted((root / "output").rglob("*")) if path.is_file()]


def other_job(root: Path) -> None:
    placing = Placing(root / "output", Checkpoints(root / "checkpoints").of_deeds("other", "9", 0))
    placing.put(b"another's", save_path(root / "output", "sub/x"), ".png")


@pytest.mark.parametrize("meanwhile", ["nothing", "another job"])
@pytest.mark.parametrize("again", [[b"one", b"two"], [b"ONE", b"TWO"]], ids=["the same", "something else"])
def test_no_death_doubles_or_loses_a_file(tmp_path: Path, again: list[bytes], meanwhile: str) -> None:
    for change in range(1, CHANGES + 1):
        root = tmp_path / str(change)
        root.mkdir()
        died = dies(root, change, [b"one", b"two"])
        others = []
        if meanwhile != "nothing":
            other_job(root)
            others = [b"another's"]
        names = attempt(root, again)
        assert sorted(held(root)) == sorted([*again, *others]), f"died before change {change}"
        assert [(root / "output" / "sub" / name).read_bytes() for name in names] == again
    assert not died  # the last one was too late: all were tried


def test_no_two_deaths_do(tmp_path: Path) -> None:
    """The second time while something else was made."""
    for first in range(1, CHANGES + 1):
        for second in range(1, CHANGES + 1):
            root = tmp_path / f"{first} {second}"
            root.mkdir()
            died = [dies(root, first, [b"one", b"two"]), dies(root, second, [b"ONE", b"two"])]
            attempt(root, [b"one", b"TWO"])
            assert sorted(held(root)) == [b"TWO", b"one"], f"died before changes {first} and {second}"
    assert died == [False, False]  # the last ones were too late: all were tried


def test_the_second_attempt_tells_the_names_of_the_first(tmp_path: Path) -> None:
    assert attempt(tmp_path, [b"one", b"two"], "ada 12:00") == ["ada 12_00_00001_.png", "ada 12_00_00002_.png"]
    assert attempt(tmp_path, [b"one", b"two"], "ada 12:01") == ["ada 12_00_00001_.png", "ada 12_00_00002_.png"]


def test_a_file_that_somebody_changed_since_is_not_the_nodes_any_more(tmp_path: Path) -> None:
    (name,) = attempt(tmp_path, [b"one"])
    (tmp_path / "output" / "sub" / name).write_bytes(b"painted over")
    assert attempt(tmp_path, [b"one"]) == ["x_00002_.png"]
    assert held(tmp_path) == [b"painted over", b"one"]


def test_two_jobs_do_not_take_each_others_names(tmp_path: Path) -> None:
    places = [save_path(tmp_path / "output", "x") for _ in range(2)]
    placing = [Placing(tmp_path / "output", Checkpoints(tmp_path).of_deeds(job, "9", 0)) for job in ("a", "b")]
    names = [placing[k].put(b"%d" % k, places[k], ".png").name for k in (0, 1, 0)]
    assert names == ["x_00001_.png", "x_00002_.png", "x_00003_.png"]
    assert held(tmp_path) == [b"0", b"1", b"0"]


def test_a_folder_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: object, target: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    (tmp_path / "output" / "sub").mkdir(parents=True)
    (tmp_path / "output" / "sub" / "x_00001_.png").write_bytes(b"another's")
    assert attempt(tmp_path, [b"one", b"two"]) == ["x_00002_.png", "x_00003_.png"]
    assert attempt(tmp_path, [b"one", b"TWO"]) == ["x_00002_.png", "x_00003_.png"]
    assert held(tmp_path) == [b"another's", b"one", b"TWO"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    place = save_path(tmp_path / "output", "sub/x")
    place.folder.rmdir()
    place.folder.write_text("a file")
    placing = Placing(tmp_path / "output", Checkpoints(tmp_path).of_deeds("job", "9", 0))
    with pytest.raises(OSError, match="sub"):
        placing.put(b"one", place, ".png")
