"""``wireloom verify``: a picture made again, beside the one that is there."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from engine.errors import InvalidLock, InvalidWorkflow, NotAWorkflow
from engine.folders import Folders
from engine.lock import LOCK, Lock, read_lock
from engine.lock_compare import Comparison, recognise
from engine.pool_local import LocalPool
from web.cli.documents import Document, from_texts, lowered
from web.cli.pools import Computing, local_pool
from web.cli.progress import Show, progress
from web.cli.report import Report, Whereabouts, files_of, place_in
from web.cli.run import executed, on_interrupt
from web.cli.terminal import FAILED, INTERRUPTED, Mistake, complain, say_json
from web.cli.verified import Verified
from web.cli.wiring import build_folders, data_dir
from web.picture_texts import texts_in
from web.safety.limits import BadPicture
from web.verifying.sameness import Sameness, check_picture, compared


@dataclass(frozen=True)
class Picture:
    """A file to be made again: what it is, how it says it was made, and its lock if it has one."""

    data: bytes
    document: Document
    lock: Lock | None


@dataclass
class Again:
    """What came of making it again: the report of the run, and how the lock compares."""

    report: Report = field(default_factory=Report)
    comparison: Comparison | None = None


def main(args: argparse.Namespace) -> int:
    try:
        return verify(args)
    except Mistake as mistake:
        if args.json:
            verdict = "failed" if mistake.status == FAILED else "unreadable"
            say_json({"file": str(args.file), "verdict": verdict, "text": str(mistake)})
        raise


def verify(args: argparse.Namespace) -> int:
    """Read, make again, compare and tell. Raises Mistake."""
    picture = read_picture(args.file)
    with tempfile.TemporaryDirectory(prefix="wireloom-verify-") as aside:
        folders = build_folders(args.data, args.extra_model_paths, Path(aside))
        folders.look_also("output", data_dir(args.data) / "output")  # a workflow may read what was saved there
        again = make_again(picture, folders, args)
        if again.report.status == "cancelled":
            complain("interrupted")
            return INTERRUPTED
        verified = judged(args.file, picture, again, place_in(folders))
    if args.json:
        say_json(verified.as_json())
    else:
        verified.show()
    return verified.status


def read_picture(path: Path) -> Picture:
    """Raises Mistake for a file that is no picture or does not say how it was made."""
    try:
        data = path.read_bytes()
        texts = texts_in(data)
        if texts is None:
            raise Mistake(f"{path}: it is no PNG, WebP or GIF, so there are no pixels to compare")
        lock = read_lock(texts[LOCK]) if LOCK in texts else None
        check_picture(data)
        return Picture(data, from_texts(texts), lock)
    except OSError as error:
        raise Mistake(f"cannot read {path}: {error.strerror}") from None
    except (NotAWorkflow, InvalidLock, BadPicture) as error:
        raise Mistake(f"{path}: {error}") from None


def make_again(picture: Picture, folders: Folders, args: argparse.Namespace) -> Again:
    """Compare what its lock names with what is here, and run its workflow, nothing of which is remembered."""
    again = Again()
    pool = local_pool(folders, packs=args.packs, computing=Computing(args.device, args.dtype, args.deterministic))
    with (
        progress(Console(stderr=True), again.report.titles, lines=not args.json) as show,
        contextlib.closing(folders),
        contextlib.suppress(asyncio.CancelledError),
    ):
        asyncio.run(_run(picture, pool, again, show))
    return again


async def _run(picture: Picture, pool: LocalPool, again: Again, show: Show) -> None:
    job_id = str(uuid.uuid4())
    on_interrupt(pool, job_id)
    try:
        document, registry = await lowered(picture.document, pool), await pool.registry()
        if picture.lock:
            from nodes.locking import machine  # torch is there by now

            found = await asyncio.to_thread(
                recognise, picture.lock, document.prompt, registry, machine(registry.services)
            )
            again.comparison, document = found.comparison, replace(document, prompt=dict(found.prompt))
        await executed(document, pool, job_id, again.report, show)
    except InvalidWorkflow as invalid:
        again.report.reject(invalid.problem, invalid.node_problems)
    finally:
        await pool.close()


def judged(file: Path, picture: Picture, again: Again, place: Whereabouts) -> Verified:
    """The most alike of the pictures that were made by the node that saved this one, or by any if that is not told."""
    node = picture.lock.node if picture.lock else None
    shown = ((name, files_of(ui)) for name, ui in again.report.outputs.items() if node in (None, name))
    made = [(name, place(item)) for name, items in shown for item in items if _is_picture(item)]
    try:
        results = [(compared(picture.data, path.read_bytes()), name) for name, path in made]
    except BadPicture as error:
        raise Mistake(f"what was made in its place cannot be read: {error}", FAILED) from None
    best: tuple[Sameness | None, str | None] = max(results, key=lambda each: each[0].rank, default=(None, node))
    return Verified(file, *best, again.report, again.comparison)


def _is_picture(item: Mapping[str, Any]) -> bool:
    """Whether a file that a node shows is one, and not a latent or the like."""
    return Path(str(item["filename"])).suffix in (".png", ".webp", ".gif")
