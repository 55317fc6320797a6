"""A training that outlives its process: its state lies in a file, and goes on from there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import torch

from nodes.diffusion.training.loop import Training

SAVE_EVERY_S = 60.0


def run(
    training: Training, file: Path, on_step: Callable[[Training], None], save_every_s: float = SAVE_EVERY_S
) -> None:
    """Train until the pace's last step, going on from what ``file`` has. ``on_step`` may raise to stop.

    The state is stored every so many seconds, at the end, and when it is stopped, however that comes about: a training
    that was stopped goes on at its next step, one that was killed from the last state stored, to the same weights.
    Raises ValueError, naming the file, for a state of another training.
    """
    if file.exists():
        resume(training, file)
    stored_at = time.monotonic()
    before = training.step
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


def resume(training: Training, file: Path) -> None:
    """Go on from a file. Raises ValueError if it is broken, or of another training."""
    try:
        training.restore(torch.load(file, weights_only=True))
    except (ValueError, KeyError, RuntimeError, EOFError, OSError, AttributeError, TypeError) as error:
        raise ValueError(
            f"cannot go on with the training in {file}: {error}. Give this one another name, or delete that file"
        ) from error


def store(training: Training, file: Path) -> None:
    """Put the state in the place of the one before, as a whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.part")
    torch.save(training.state(), beside)
    os.replace(beside, file)
