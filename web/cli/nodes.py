"""``wireloom nodes``: the node types there are, or all about one."""

from __future__ import annotations

import argparse
import asyncio
import difflib
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.folders import Folders
from engine.node import NodeInfo
from web.cli.pools import local_pool
from web.cli.terminal import OK, Mistake, say_json
from web.cli.wiring import build_folders

LIMITS = ("default", "min", "max", "step", "multiline", "tooltip")
MOST_CHOICES = 60


def main(args: argparse.Namespace) -> int:
    infos = asyncio.run(_describe(build_folders(args.data, args.extra_model_paths), args.packs))
    if args.name is not None:
        infos = [_pick(infos, args.name)]
    if args.json:
        say_json([asdict(info) for info in infos] if args.name is None else asdict(infos[0]))
    elif args.name is None:
        _list(infos)
    else:
        _tell(infos[0])
    return OK


async def _describe(folders: Folders, packs: bool) -> list[NodeInfo]:
    pool = local_pool(folders, packs=packs)
    try:
        return await pool.describe()
    finally:
        await pool.close()


def _pick(infos: list[NodeInfo], name: str) -> NodeInfo:
    for info in infos:
        if info.name == name:
            return info
    lowered = {info.name.lower(): info.name for info in infos}
    close = [lowered[match] for match in difflib.get_close_matches(name.lower(), lowered, n=4)]
    raise Mistake(f"no node type is called {name!r}" + (f"; did you mean {' or '.join(close)}?" if close else ""))


def _list(infos: list[NodeInfo]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("node", "category", "title"):
        table.add_column(heading, overflow="fold")
    for info in sorted(infos, key=lambda info: (info.category, info.name)):
        table.add_row(Text(info.name), Text(info.category), Text(info.title))
    Console().print(table)


def _tell(info: NodeInfo) -> None:
    console = Console()
    console.print(Text.assemble((info.name, "bold"), f"  {info.title}  [{info.category}]"))
    if info.description:
        console.print(Text(info.description))
    table = Table(box=None, pad_edge=False)
    for heading in ("input", "type", "", "default and limits"):
        table.add_column(heading, overflow="fold")
    for section, inputs in info.inputs.items():
        for name, (kind, *rest) in inputs.items():
            options = rest[0] if rest else {}
            optional = "optional" if section == "optional" else ""
            table.add_row(Text(name), Text(_type(kind)), Text(optional), Text(_options(kind, options)))
    console.print(table)
    outputs = ", ".join(f"{out.name} ({out.type})" if out.name != out.type else out.type for out in info.outputs)
    console.print(Text(f"outputs: {outputs or 'none'}{', saves or shows its result' if info.is_output else ''}"))


def _type(kind: Any) -> str:
    return "COMBO" if isinstance(kind, list) else str(kind)


def _options(kind: Any, options: dict[str, Any]) -> str:
    said = [f"{key} {options[key]!r}" for key in LIMITS if key in options]
    if isinstance(kind, list):
        more = f", and {len(kind) - MOST_CHOICES} more" if len(kind) > MOST_CHOICES else ""
        said.append("one of " + (", ".join(map(str, kind[:MOST_CHOICES])) + more if kind else "nothing: no such file"))
    return ", ".join(said)
