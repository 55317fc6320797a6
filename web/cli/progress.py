"""A run as it is seen in the terminal: a line for each finished node, a bar for each that runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from engine.events import Event, NodeBlocked, NodeFinished, NodeNote, NodeProgress, NodeStarted

Show: TypeAlias = Callable[[Event], None]

SIGN_OF_LIFE_S = 10.0
"""Without a terminal, how long a node may be silent while it steps."""


@contextmanager
def progress(console: Console, titles: Mapping[str, str], *, lines: bool = True) -> Iterator[Show]:
    """Show events as they come. ``lines``: also where there is no terminal, line by line."""
    if console.is_terminal:
        with _bars(console) as bars:
            yield _Bars(bars, titles).show
    elif lines:
        yield _Lines(console, titles).show
    else:
        yield lambda event: None


class _Lines:
    """A line for each node that finished."""

    def __init__(self, console: Console, titles: Mapping[str, str]) -> None:
        self.console, self.titles = console, titles
        self.started: dict[str, float] = {}
        self.steps: dict[str, float] = {}
        self._spoke = 0.0

    def show(self, event: Event) -> None:
        match event:
            case NodeStarted():
                self.started[event.node.id] = time.monotonic()
            case NodeProgress():
                self.steps[event.node.id] = event.total
                self.step(event)
            case NodeFinished() if event.node.parent is None:  # a loop's rounds are told as its progress
                self.line(self._finished(event))
            case NodeBlocked():
                self.line(f"{self.title(event.node.real)}: did not run: {event.reason}")
            case NodeNote():
                self.line(f"{self.title(event.node.real)}: {event.text}")

    def step(self, event: NodeProgress) -> None:
        """A running node got on."""
        now = time.monotonic()
        if now - max(self._spoke, self.started.get(event.node.id, now)) > SIGN_OF_LIFE_S:
            self.line(f"{self.title(event.node.real)}: {event.value:g}/{event.total:g}")

    def line(self, text: str) -> None:
        self._spoke = time.monotonic()
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def title(self, node_id: str) -> str:
        return self.titles.get(node_id, node_id)

    def _finished(self, event: NodeFinished) -> str:
        title = self.title(event.node.real)
        if event.cached or event.node.id not in self.started:
            return f"{title}: remembered"
        seconds = time.monotonic() - self.started[event.node.id]
        steps = self.steps.get(event.node.id)
        if steps is None or not seconds:
            return f"{title}: {seconds:.2f} s"
        return f"{title}: {steps:g} steps in {seconds:.2f} s, {steps / seconds:.1f} it/s"


class _Bars(_Lines):
    """Lines, and below them a bar for each node that runs."""

    def __init__(self, bars: Progress, titles: Mapping[str, str]) -> None:
        super().__init__(bars.console, titles)
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}

    def show(self, event: Event) -> None:
        if isinstance(event, NodeStarted):
            self.tasks[event.node.id] = self.bars.add_task(self.title(event.node.real), total=None)
        if isinstance(event, NodeFinished | NodeBlocked) and event.node.id in self.tasks:
            self.bars.remove_task(self.tasks.pop(event.node.id))
        super().show(event)

    def step(self, event: NodeProgress) -> None:
        if event.node.id in self.tasks:
            self.bars.update(self.tasks[event.node.id], completed=event.value, total=event.total)


class _Speed(ProgressColumn):
    """Steps in a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} it/s" if task.speed else "", style="progress.data.speed")


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, _Speed(), TimeElapsedColumn(), console=console, transient=True)
