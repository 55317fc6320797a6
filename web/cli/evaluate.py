"""``wireloom evaluate``: how well a checkpoint paints the icons that it has learned."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from engine.errors import EngineError
from engine.folders import Folders
from engine.machine import machine
from web.cli.evaluated import Evaluated
from web.cli.progress import SIGN_OF_LIFE_S
from web.cli.terminal import FAILED, OK, Mistake, say_json
from web.cli.wiring import BUNDLED, build_folders

if TYPE_CHECKING:
    from nodes.diffusion.evaluation.exam import Exam
    from nodes.diffusion.evaluation.judging import Answer


def main(args: argparse.Namespace) -> int:
    from nodes.diffusion.errors import DiffusionError

    if args.sheet and not args.sheet.parent.is_dir():
        raise Mistake(f"cannot write {args.sheet}: there is no folder {args.sheet.parent}")
    path = checkpoint(build_folders(args.data, args.extra_model_paths), args.checkpoint)
    exam = prepared(args, path)
    try:
        with progress(Console(stderr=True), len(exam.cases), lines=not args.json) as advance:
            evaluated, answers = taken(exam, path, lambda count: advance(count / exam.painter.manner.steps))
    except DiffusionError as error:
        raise Mistake(str(error), FAILED) from None
    if args.json:
        say_json(evaluated.as_json())
    else:
        evaluated.show(Console())
    if args.sheet:
        write_sheet(args.sheet, evaluated, answers)
    return OK


def checkpoint(folders: Folders, name: str) -> Path:
    """A file by its path, or by its name among the checkpoints. Raises Mistake."""
    if (path := Path(name)).is_file():
        return path
    try:
        return folders.resolve("checkpoints", name)
    except (OSError, EngineError) as error:
        raise Mistake(f"there is no file {name}, and {error}") from None


def prepared(args: argparse.Namespace, path: Path) -> Exam:
    """What to ask of a checkpoint. Raises Mistake."""
    from nodes.computing import compute_deterministically, loader
    from nodes.diffusion.errors import DiffusionError
    from nodes.diffusion.evaluation.exam import Exam, Wish
    from nodes.diffusion.evaluation.painting import Manner

    if args.deterministic:
        compute_deterministically()
    try:
        return Exam.of(
            loader(machine().limit_bytes // 2, args.device, args.dtype),
            path,
            BUNDLED / "icons.tar",
            Wish(args.concepts, args.hold_out, args.seeds),
            Manner(args.steps, args.cfg, args.sampler, args.scheduler, args.size),
        )
    except (ValueError, OSError, DiffusionError) as error:
        raise Mistake(str(error)) from None


def taken(exam: Exam, path: Path, on_step: Callable[[int], None]) -> tuple[Evaluated, Sequence[Answer]]:
    """Have it paint everything: the result, and what it came from."""
    started = time.monotonic()
    answers = list(exam.taken(on_step))
    seconds = time.monotonic() - started
    return Evaluated(exam, path, [answer.verdict for answer in answers], seconds, exam.seconds_a_step()), answers


def write_sheet(file: Path, evaluated: Evaluated, answers: Sequence[Answer]) -> None:
    """The pictures on one page, as a PNG. Raises Mistake."""
    from nodes.diffusion.evaluation.picturing import page
    from nodes.diffusion.pictures import save_png

    try:
        save_png(page(answers, evaluated.title)[0], file, {})
    except OSError as error:
        raise Mistake(f"cannot write {file}: {error.strerror or error}", FAILED) from None


@contextmanager
def progress(console: Console, pictures: int, *, lines: bool) -> Iterator[Callable[[float], None]]:
    """Tell how far the painting is; call with how many pictures more, or which part of them. Without a terminal
    that is a line now and then, if ``lines`` are wanted."""
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        )
        with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, transient=True) as bars:
            bar = bars.add_task("pictures", total=pictures)
            yield lambda more: bars.advance(bar, more)
        return
    done, spoke = 0.0, time.monotonic()

    def tell(more: float) -> None:
        nonlocal done, spoke
        done += more
        if lines and time.monotonic() - spoke > SIGN_OF_LIFE_S:
            spoke = time.monotonic()
            console.print(f"pictures: {done:.0f} of {pictures}", highlight=False)

    yield tell
