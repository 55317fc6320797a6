"""``wireloom run``: a workflow from a file to pictures, in this process or on a server."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import time
import uuid
from pathlib import Path

from rich.console import Console

from engine.errors import InvalidWorkflow
from engine.folders import Folders
from engine.jobs import Job
from engine.pool import PlanSummary, WorkerPool
from web.cli.documents import SHIPPED, Document, lowered, read_document, tell_left_out
from web.cli.edits import edited
from web.cli.explaining import Explanation, show_explanation
from web.cli.known_files import with_known_files
from web.cli.pools import remembering_pool
from web.cli.progress import Show, progress
from web.cli.report import STATUS, Report, Whereabouts, lines_of, place_in, place_of
from web.cli.terminal import FAILED, INTERRUPTED, Mistake, complain, say, say_json
from web.cli.wiring import build_folders


def main(args: argparse.Namespace) -> int:
    report, place = Report(), None
    try:
        folders = None if args.server else build_folders(args.data, args.extra_model_paths, args.out)
        document = read_document(args.file or SHIPPED / "text_to_image.json", folders)
        tell_left_out(document)
        if not document.is_ui:  # mistakes are told before the node types are loaded
            edited(document, args)
        if folders is None:
            place = _execute_there(document, args, report)
        else:
            place = place_in(folders)
            _execute(document, args, folders, report)
    except Mistake as mistake:
        if not args.json:
            raise
        report.status = "failed" if mistake.status == FAILED else "invalid"
        report.errors.append({"message": str(mistake)})
    if args.json:
        say_json(report.as_json(place, explain=args.explain))
    if args.explain and report.explanation and not args.json:
        show_explanation(report.explanation, report.titles)
    _tell(report, verbose=args.verbose)
    if place and not args.json:
        for path in report.files(place):
            say(_shown(path))
    return STATUS[report.status]


def _execute_there(document: Document, args: argparse.Namespace, report: Report) -> Whereabouts:
    from web.cli.remote import execute  # only then is the client needed

    return execute(document, args, report)


def _execute(document: Document, args: argparse.Namespace, folders: Folders, report: Report) -> None:
    started = time.monotonic()
    with (
        progress(Console(stderr=True), report.titles, lines=not args.json) as show,
        contextlib.closing(folders),
        contextlib.suppress(asyncio.CancelledError),
    ):
        asyncio.run(_run(document, args, folders, report, show))
    report.seconds = time.monotonic() - started


async def _run(document: Document, args: argparse.Namespace, folders: Folders, report: Report, show: Show) -> None:
    """Lower, change, check, run and close; ``report`` hears of everything. Raises Mistake."""
    pool, job_id = remembering_pool(args, folders, resuming=False), str(uuid.uuid4())
    on_interrupt(pool, job_id)
    try:
        document = edited(await lowered(document, pool), args)
        document, report.warnings = await with_known_files(document, pool)
        if checked := await executed(document, pool, job_id, report, show):
            report.explanation = Explanation(await pool.explain(job_id) or {}, checked.prompt, checked.targets)
    except InvalidWorkflow as invalid:
        report.reject(invalid.problem, invalid.node_problems)
    finally:
        await pool.close()


async def executed(document: Document, pool: WorkerPool, job_id: str, report: Report, show: Show) -> PlanSummary | None:
    """Check and run a document in API format; None if not all of it can run. Raises InvalidWorkflow if nothing can."""
    report.titles.update(document.titles())
    checked = await pool.plan(document.prompt)
    if checked.rejected:
        report.reject(None, checked.rejected)
        return None
    extra_data = {"extra_pnginfo": dict(document.extra_pnginfo)} if document.extra_pnginfo else {}
    async for event in pool.run(Job(checked.prompt, checked.targets, id=job_id, extra_data=extra_data)):
        report.take(event)
        show(event)
    return checked


def on_interrupt(pool: WorkerPool, job_id: str) -> None:
    """Ctrl-C once: the job stops at its next step. Twice: so does the process."""
    loop, main_task = asyncio.get_running_loop(), asyncio.current_task()
    cancelling: list[asyncio.Task[None]] = []

    async def cancel() -> None:
        if not await pool.cancel(job_id) and main_task:
            main_task.cancel()

    def interrupt() -> None:
        loop.add_signal_handler(signal.SIGINT, os._exit, INTERRUPTED)
        cancelling.append(loop.create_task(cancel()))

    with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; not the main thread
        loop.add_signal_handler(signal.SIGINT, interrupt)


def _tell(report: Report, *, verbose: bool) -> None:
    """Say on stderr what went wrong, or may have."""
    for warning in report.warnings:
        complain(warning)
    if report.status == "invalid":
        complain("\n  ".join(["the workflow cannot run:", *lines_of(report.errors)]))
    elif report.status == "cancelled":
        complain("interrupted")
    elif failure := report.failure:
        kind = failure.exception_type.rpartition(".")[2]
        complain(f"{place_of(report.errors[-1]) or 'failed: '}{kind}: {failure.message}")
        if verbose:
            complain("traceback:\n" + "".join(failure.traceback))


def _shown(path: Path) -> str:
    """Relative if it lies below the current directory."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
