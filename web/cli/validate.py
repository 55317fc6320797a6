"""``wireloom validate``: what is wrong with a workflow, without running it."""

from __future__ import annotations

import argparse
import asyncio

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.errors import InvalidWorkflow
from engine.folders import Folders
from web.cli.documents import Document, lowered, read_document, tell_left_out
from web.cli.pools import local_pool
from web.cli.report import STATUS, Report
from web.cli.terminal import say
from web.cli.wiring import build_folders


def main(args: argparse.Namespace) -> int:
    folders = build_folders(args.data, args.extra_model_paths)
    document = read_document(args.file, folders)
    tell_left_out(document)
    report = Report()
    outputs = asyncio.run(_check(document, folders, report, args.packs))
    if report.status == "succeeded":
        say(f"{args.file}: fine, {len(report.titles)} nodes, {outputs} of them outputs")
    else:
        _show(report)
    return STATUS[report.status]


async def _check(document: Document, folders: Folders, report: Report, packs: bool) -> int:
    """Fill ``report``; return how many outputs can run."""
    pool = local_pool(folders, packs=packs)
    try:
        document = await lowered(document, pool)
        report.titles.update(document.titles())
        checked = await pool.plan(document.prompt)
    except InvalidWorkflow as invalid:
        report.reject(invalid.problem, invalid.node_problems)
        return 0
    finally:
        await pool.close()
    if checked.rejected:
        report.reject(None, checked.rejected)
    else:
        report.status = "succeeded"
    return len(checked.targets)


def _show(report: Report) -> None:
    table = Table(title="Problems", title_justify="left")
    for heading in ("node", "title", "input", "problem"):
        table.add_column(heading, overflow="fold")
    for error in report.errors:
        said = [error["message"], error.get("details"), error.get("hint")]
        place = (error.get(key, "") for key in ("node", "title", "input_name"))
        table.add_row(*(Text(cell) for cell in place), Text("\n".join(filter(None, said))))
    Console(stderr=True).print(table)
