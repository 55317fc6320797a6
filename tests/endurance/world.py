"""What the experiments share: a server with nasty nodes and its processes, jobs for it, and tables."""

from __future__ import annotations

import copy
import itertools
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
from rich.console import Console
from rich.table import Table

from tests.support.server import Server

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
TEXT_TO_IMAGE: Mapping[str, Any] = json.loads((ROOT / "workflows" / "text_to_image.json").read_text())
SAMPLER = "5"
SEEDS = itertools.count(1)
LOOK_EVERY_S = 0.05


class NastyServer(Server):
    """``wireloom serve`` with the nodes of ``pack``."""

    program = ("tests.endurance.pack",)

    @property
    def itself(self) -> psutil.Process:
        assert self.process
        return psutil.Process(self.process.pid)

    @property
    def worker(self) -> psutil.Process | None:
        """The process that computes; None while there is none."""
        with suppress(psutil.Error):
            for child in self.itself.children():
                if "worker" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                    return child
        return None

    def until_worker(self, within_s: float = 300.0) -> psutil.Process:
        """The process that computes, once it has loaded the node types."""
        self.get("/object_info/NastyFail")
        return until(lambda: self.worker, within_s, "there is no worker")


def picture(steps: int, seed: int | None = None) -> dict[str, Any]:
    """A prompt that draws a small picture that was not drawn before."""
    prompt: dict[str, Any] = copy.deepcopy(dict(TEXT_TO_IMAGE))
    prompt[SAMPLER]["inputs"] |= {"seed": next(SEEDS) if seed is None else seed, "steps": steps}
    return prompt


def nasty(kind: str, **inputs: int) -> dict[str, Any]:
    """A prompt of one misbehaving node, with a seed of its own."""
    return {"1": {"class_type": f"Nasty{kind}", "inputs": {"seed": next(SEEDS), **inputs}}}


@contextmanager
def copied_queue(data: Path) -> Iterator[sqlite3.Connection]:
    """The database of a server, which keeps it to itself: a copy, with its log. Nothing may be written meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        for path in data.glob("queue.sqlite*"):
            shutil.copy(path, folder)
        with closing(sqlite3.connect(Path(folder, "queue.sqlite"))) as db:
            yield db


def until(look: Callable[[], T | None], within_s: float, complaint: str) -> T:
    """Look until there is something to see. Raises TimeoutError."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if (seen := look()) is not None:
            return seen
        time.sleep(LOOK_EVERY_S)
    raise TimeoutError(f"{complaint}, after {within_s:g} s")


def say(text: str) -> None:
    """A line on the terminal."""
    Console().print(text, markup=False, highlight=False)


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on the terminal."""
    table = Table(title=title, title_justify="left", show_lines=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=170).print(table, markup=False)


def verdict(failures: Iterator[str] | Sequence[str]) -> int:
    """Say which claims failed; the exit status."""
    wrong = list(failures)
    for each in wrong:
        say(f"FAILED: {each}")
    say("not as claimed" if wrong else "as claimed")
    return bool(wrong)
