"""Thirty workflow files as users publish them, and what opening each must report: ``tests/fixtures/thirty.json``.

``python -m tests.support.thirty`` writes the table in ``docs/formats.md``, and node types for the editor's tests.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from web.cli.pools import NodeTypes
from web.cli.wiring import build_folders
from web.object_info import describe

FIXTURES = Path(__file__).parents[1] / "fixtures"
FOLDER, INDEX, TYPES = FIXTURES / "thirty", FIXTURES / "thirty.json", FIXTURES / "thirty_types.json"
DOCUMENT = Path(__file__).parents[2] / "docs/formats.md"
BEGIN, END = "<!-- thirty files: python -m tests.support.thirty -->", "<!-- end -->"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Shape):
    """A value that is none of its input's choices: the node's title, and the folder that a file belongs in."""

    title: str
    input: str
    value: str
    folder: str | None = None


class Expected(_Shape):
    """A file, and what opening it reports.

    In the editor: ``nodes`` on the canvas, node ``types`` that are not here and how often, ``values``, and what was
    ``left_out`` of a text. On the server: ``problems`` as ``node.input: kind``, how many nodes a ``prompt`` has, if it
    can be made, and what ``reaches`` its ``node.input``. ``pictures`` are the sizes of those that it makes.
    """

    file: str
    what: str
    format: str
    special: str
    nodes: int
    types: dict[str, int] = {}
    values: tuple[Value, ...] = ()
    left_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    prompt: int | None = None
    reaches: dict[str, Any] = {}
    pictures: tuple[tuple[int, int], ...] = ()

    @property
    def path(self) -> Path:
        return FOLDER / self.file


THIRTY = tuple(Expected.model_validate(entry) for entry in json.loads(INDEX.read_text(encoding="utf-8")))


def table() -> str:
    """As Markdown."""
    heads = ("file", "what it is", "format", "what is special", "nodes", "opening it reports", "runs here")
    rows = [heads, tuple("---" for _ in heads), *(tuple(_cells(each)) for each in THIRTY)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cells(each: Expected) -> Iterator[str]:
    yield f"`{each.file}`"
    yield each.what
    yield each.format
    yield each.special
    yield str(each.nodes)
    yield "; ".join(_reports(each)) or "nothing"
    sizes = [f"{width}x{height}" for width, height in each.pictures]
    count = f"{len(sizes)} pictures of " if len(sizes) > 1 else ""
    yield f"yes: {count}{sizes[0]}" if sizes else "no"


def _reports(each: Expected) -> Iterator[str]:
    if each.types:
        told = (f"`{_plain(name)}`{f' ({count})' if count > 1 else ''}" for name, count in each.types.items())
        yield f"node types: {', '.join(told)}"
    if each.values:
        told = (f"`{value.value}`{f' in {value.folder}' if value.folder else ''}" for value in each.values)
        yield f"files or choices: {', '.join(told)}"
    if each.left_out:
        yield f"not carried over: {', '.join(each.left_out)}"


def _plain(name: str) -> str:
    return name.replace("|", "\\|")


def node_types() -> dict[str, Any]:
    """Those that the files use, as ``/object_info`` shows them on a machine with the bundled model alone."""
    with tempfile.TemporaryDirectory() as data:
        registry = NodeTypes(build_folders(Path(data))).load()
        known = {info.name: describe(info) for info in registry.describe()}
    text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in _texts())
    return {name: known[name] for name in sorted(known) if f'"{name}"' in text}


def _texts() -> Iterator[Path]:
    yield from sorted(FOLDER.glob("*.json"))
    yield from sorted((FIXTURES / "carried").glob("*.json"))


def documented() -> str:
    """The table as it stands in the document."""
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN + "\n")
    return rest.partition(END)[0]


def main() -> None:
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table()}{END}{after}", encoding="utf-8")
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(told)}" for name, told in node_types().items())
    TYPES.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
