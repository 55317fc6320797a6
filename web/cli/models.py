"""``wireloom models``: which model files there are, folder by folder."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from engine.folders import Folders
from web.cli.terminal import OK, say, say_json
from web.cli.wiring import build_folders, data_dir


def main(args: argparse.Namespace) -> int:
    folders = build_folders(args.data, args.extra_model_paths)
    sizes = {key: {name: size_of(folders, key, name) for name in folders.list(key)} for key in sorted(folders.keys())}
    if args.json:
        say_json(sizes)
        return OK
    table = Table(box=None, pad_edge=False)
    for heading in ("folder", "file"):
        table.add_column(heading, overflow="fold")
    table.add_column("size", justify="right")
    for key, files in sizes.items():
        for name, size in files.items():
            table.add_row(Text(key), Text(name), decimal(size))
    say(f"data folder: {data_dir(args.data)}")
    Console().print(table)
    return OK


def size_of(folders: Folders, key: str, name: str) -> int:
    """Bytes of a model file."""
    return folders.resolve(key, name).stat().st_size
