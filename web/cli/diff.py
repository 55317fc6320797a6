"""``wireloom diff``: in what two workflows differ. Ends as diff(1) does: 0, 1 if they do, 2 if one cannot be read."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from engine.diff import difference
from engine.differences import Difference, Feed, LinkChange, NodeChange, NodeName, ValueChange
from engine.errors import InvalidWorkflow, NotAWorkflow
from engine.pool_local import LocalPool
from web.cli.documents import Document, read_document
from web.cli.pools import local_pool
from web.cli.terminal import FAILED, OK, Mistake, say_json
from web.cli.wiring import build_folders

SHORT = 40
"""Characters of two values that fit one line."""
GONE, NEW = "red", "green"


def main(args: argparse.Namespace) -> int:
    documents = read_document(args.a), read_document(args.b)
    pool = local_pool(build_folders(args.data, args.extra_model_paths), packs=args.packs)
    found = asyncio.run(_compared(documents, (str(args.a), str(args.b)), pool))
    if args.json:
        say_json({"equal": not found, **asdict(found)})
    elif found:
        _show(found, str(args.a), str(args.b))
    return FAILED if found else OK


async def _compared(documents: tuple[Document, Document], names: tuple[str, str], pool: LocalPool) -> Difference:
    """Raises Mistake for a workflow that cannot be read."""
    one, other = documents
    try:
        return difference(one.prompt, other.prompt, await pool.registry(), names)
    except (InvalidWorkflow, NotAWorkflow) as error:
        raise Mistake(str(error)) from None
    finally:
        await pool.close()


def _show(found: Difference, a: str, b: str) -> None:
    """Node by node; coloured where that is seen."""
    console = Console(highlight=False, soft_wrap=True)
    for file, nodes, style in ((a, found.only_a, GONE), (b, found.only_b, NEW)):
        if nodes:
            console.print(Text(f"only in {file}", style="bold"))
        for node in nodes:
            console.print(Text(f"  {_named(node)}", style=style))
    changes = _by_node(found)
    if changes:
        console.print(Text("changed", style="bold"))
    for node, lines in changes.items():
        console.print(Text(f"  {_named(node)}"))
        for line in lines:
            console.print(Text("    ") + line)


def _by_node(found: Difference) -> dict[NodeName, list[Text]]:
    """What to say of each node that both have."""
    told: dict[NodeName, list[Text]] = {}
    changes: tuple[NodeChange | ValueChange | LinkChange, ...] = (*found.nodes, *found.values, *found.links)
    for change in changes:
        told.setdefault(change.node, []).extend(_lines(change))
    return told


def _lines(change: NodeChange | ValueChange | LinkChange) -> Iterator[Text]:
    if isinstance(change, LinkChange):
        sides = [_value(change.value) if feed is None else _feed(feed) for feed in (change.before, change.after)]
    else:
        sides = [_value(change.before), _value(change.after)]
    before, after = sides
    name = change.what if isinstance(change, NodeChange) else change.input
    if len(before) + len(after) <= SHORT:
        yield Text.assemble(f"{name}: ", (before, GONE), " -> ", (after, NEW))
        return
    yield Text(f"{name}:")
    yield Text(f"  - {before}", style=GONE)
    yield Text(f"  + {after}", style=NEW)


def _named(node: NodeName) -> str:
    """Its id, or both if they are not the same, its type and its title."""
    ids = " = ".join(dict.fromkeys(each for each in (node.a, node.b) if each is not None))
    return f"{ids} {node.type}" + (f" {_value(node.title)}" if node.title else "")


def _feed(feed: Feed) -> str:
    return f"{feed.output} of {_named(feed.node)}"


def _value(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
