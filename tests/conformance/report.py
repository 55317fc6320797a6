"""Which lines of the protocol have tests, and which routes and messages they reached: ``make conformance``."""

from __future__ import annotations

import ast
import asyncio
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp.web import Application

from engine.bus import Bus
from engine.cache import NoCache
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from engine.lanes import Lanes
from engine.pool_local import LocalPool
from engine.registry import Registry
from tests.conformance.seen import Seen
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

HERE = Path(__file__).parent
MESSAGES = (
    *("status", "feature_flags", "execution_start", "execution_cached", "executing", "progress", "progress_state"),
    *("executed", "execution_success", "execution_error", "execution_interrupted", "logs"),
    *("binary 1", "binary 3", "binary 4"),
)
"""All types that the server sends."""


@dataclass(frozen=True)
class Line:
    """One statement of the protocol. ``why`` no test can show it; empty for all others."""

    id: str
    text: str
    why: str = ""


@dataclass(frozen=True)
class Test:
    """A test, and the ids of the lines that it shows. Those of this folder know the server from outside only."""

    __test__ = False

    name: str
    lines: tuple[str, ...]
    from_outside: bool


@cache
def lines() -> dict[str, Line]:
    """All lines by id: ``http.3.b`` is the second of section 3 on HTTP."""
    found = {}
    for section, entries in tomllib.loads((HERE / "protocol.toml").read_text()).items():
        for letter, entry in entries.items():
            if letter != "title":
                told = {"text": entry} if isinstance(entry, str) else entry
                found[f"{section}.{letter}"] = Line(f"{section}.{letter}", **told)
    return found


@cache
def found_tests() -> tuple[Test, ...]:
    """All tests that show lines, wherever they are."""
    return tuple(test for path in sorted(HERE.parent.rglob("test_*.py")) for test in _tests_of(path))


def _tests_of(path: Path) -> Iterator[Test]:
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and function.name.startswith("test_"):
            yield Test(function.name, tuple(_marked(function)), path.parent == HERE)


def _marked(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """The arguments of ``@pytest.mark.protocol``."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.protocol":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def shown() -> Mapping[str, list[Test]]:
    """The tests by line."""
    found: dict[str, list[Test]] = {}
    for test in found_tests():
        for line in test.lines:
            found.setdefault(line, []).append(test)
    return found


def bare_app() -> Application:
    """An app to ask for its routes; it is never started."""
    folders = Folders(Path("nowhere"))
    pool = LocalPool(Registry, NoCache(), Lanes({"cpu": 1}))
    return make_app(Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings()))


def text() -> str:
    """The lines with their tests, those without and why, and how many there are."""
    known, by_line = lines(), shown()
    table = [f"{line.id:12}{len(by_line.get(line.id, ())):3}  {line.text}" for line in known.values()]
    without = [f"{line.id:12}{line.text}\n            Why: {line.why}" for line in known.values() if line.why]
    inside = [line for line in known if line in by_line and not any(test.from_outside for test in by_line[line])]
    tests = [test for test in found_tests() if test.from_outside]
    counts = [
        f"Lines that only tests from inside show, with settings or faults of their own: {', '.join(inside)}",
        "",
        f"{len(known)} lines; {len(known) - len(without)} have tests, {len(inside)} of them only tests from inside",
        f"{len(tests)} tests from outside, {sum(bool(test.lines) for test in tests)} of them for lines",
    ]
    return "\n".join(
        ["Line      Tests", *table, "", f"Lines without a test: {len(without)}", *without, "", *counts, ""]
    )


def tell(seen: Seen) -> str:
    """The same, with the routes and messages of a run."""
    by_route = asyncio.run(seen.by_route(bare_app()))
    messages = {kind: seen.messages.get(kind, set()) for kind in MESSAGES}
    told = [text(), "Routes, and how many tests asked for them", *_table(by_route)]
    told += ["", "Messages, and how many tests heard them", *_table(messages)]
    reached = f"{sum(map(bool, by_route.values()))} of {len(by_route)} routes"
    heard = f"{sum(map(bool, messages.values()))} of {len(messages)} types of message"
    return "\n".join([*told, "", f"{reached}, {heard}", ""])


def _table(found: Mapping[str, set[str]]) -> list[str]:
    return [f"{len(tests):5}  {name}" for name, tests in found.items()]


if __name__ == "__main__":
    sys.stdout.write(text())
