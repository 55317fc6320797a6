"""A training that outlives its process: its state lies in a file, and goes on from there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import PickleError

import torch

from nodes.diffusion.training.loop import Training

SAVE_EVERY_S = 60.0


def run(
    training: Training, file: Path, on_step: Callable[[Training], None], save_every_s: float = SAVE_EVERY_S
) -> bool:
    """Train until the pace's last step, going on from what ``file`` has; whether there were steps left to go.
    ``on_step`` may raise to stop.

    The state is stored every so many seconds, at the end, and when it is stopped, however that comes about: a training
    that was stopped goes on at its next step, one that was killed from the last state stored, to the same weights.
    Raises ValueError, naming the file, for a state of another training, or of one that went further than this.
    """
    if file.exists():
        resume(training, file)
    stored_at = time.monotonic()
    begun = before = training.step
    try:
        while training.step < training.pace.steps:
            training.advance()
            on_step(training)
            if time.monotonic() - stored_at > save_every_s:
                store(training, file)
                before, stored_at = training.step, time.monotonic()
    finally:
        if training.step > before:
            store(training, file)
    return training.step > begun


def resume(training: Training, file: Path) -> None:
    """Go on from a file. Raises ValueError if it is broken, or of another training, or one that went further."""
    try:
        training.restore(torch.load(file, map_location="cpu", weights_only=True))
    except (ValueError, LookupError, RuntimeError, EOFError, OSError, AttributeError, TypeError, PickleError) as error:
        raise ValueError(
            f"cannot go on with the training in {file}: {error}. Give this one another name, or delete that file"
        ) from error
    if training.step > training.pace.steps:
        raise ValueError(
            f"the training in {file} has gone {training.step} steps already, but is to go {training.pace.steps}. "
            f"Give this one another name, or at least as many steps"
        )


def store(training: Training, file: Path) -> None:
    """Put the state in the place of the one before, as a whole or not at all."""
    with replacing(file) as beside:
        torch.save(training.state(), beside)


def write(content: Iterable[bytes], file: Path) -> None:
    """Put a file in the place of the one before, as a whole or not at all."""
    with replacing(file) as beside, beside.open("wb") as opened:
        opened.writelines(content)


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A file to write, which then takes the place of ``file``; not if that raises."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.part")
    yield beside
    os.replace(beside, file)


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Compute on so many cores in this thread: on how many changes sums in their last digits.

    Then on as many as before, here and in threads that begin later: those take after whichever was told last.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
