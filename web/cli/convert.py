"""``wireloom convert``: a workflow from one format to the other."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from engine.errors import InvalidWorkflow, NotAWorkflow
from engine.pool_local import LocalPool
from engine.raise_ui import raise_ui
from engine.workflow import is_ui
from web.cli.documents import Document, lowered, read_document, tell_left_out
from web.cli.pools import local_pool
from web.cli.report import Report, lines_of
from web.cli.terminal import OK, Mistake, say
from web.cli.wiring import build_folders


def main(args: argparse.Namespace) -> int:
    folders = build_folders(args.data, args.extra_model_paths)
    document = read_document(args.file, folders)
    tell_left_out(document)
    wanted = args.to or ("api" if document.is_ui else "ui")
    pool = local_pool(folders, packs=args.packs)
    made = asyncio.run(_converted(document, wanted, pool))
    _write(json.dumps(made, indent=2, ensure_ascii=False), args.out)
    return OK


async def _converted(document: Document, wanted: str, pool: LocalPool) -> dict[str, Any]:
    """The workflow in the format wanted; what is in it already stays as it is. Raises Mistake."""
    try:
        if wanted == "api":
            return (await lowered(document, pool)).prompt
        if document.is_ui:
            return document.prompt
        drawn = document.extra_pnginfo.get("workflow")  # a picture may carry what its author saw
        if isinstance(drawn, dict) and is_ui(drawn):
            return drawn
        return raise_ui(document.prompt, await pool.registry())
    except InvalidWorkflow as invalid:
        report = Report(titles=document.titles())
        report.reject(invalid.problem, invalid.node_problems)
        raise Mistake("\n  ".join(["the workflow cannot be converted:", *lines_of(report.errors)])) from None
    except NotAWorkflow as error:
        raise Mistake(str(error)) from None
    finally:
        await pool.close()


def _write(text: str, out: Path | None) -> None:
    if out is None:
        say(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Mistake(f"cannot write {out}: {error.strerror}") from None
