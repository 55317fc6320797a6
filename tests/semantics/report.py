"""Which rules of the execution semantics have tests: ``python -m tests.semantics.report``."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Rule:
    """One rule. ``why`` no test can show it; empty for all others."""

    id: str
    text: str
    why: str = ""


@dataclass(frozen=True)
class Test:
    """A test, and the ids of the rules that it shows."""

    __test__ = False

    name: str
    rules: tuple[str, ...]

    @property
    def section(self) -> str:
        """The section in the name: ``test_s3_3_...`` is of 3.3."""
        found = re.match(r"test_s(\d+(?:_\d+)?)_", self.name)
        return found[1].replace("_", ".") if found else ""


def rules() -> dict[str, Rule]:
    """All rules by id: ``3.3-b`` is the second of section 3.3."""
    sections = tomllib.loads((HERE / "rules.toml").read_text())
    found = {}
    for section, entries in sections.items():
        for letter, entry in entries.items():
            told = {"text": entry} if isinstance(entry, str) else entry
            found[f"{section}-{letter}"] = Rule(f"{section}-{letter}", **told)
    return found


def found_tests() -> list[Test]:
    """All tests of this folder that show rules."""
    modules = [importlib.import_module(f"tests.semantics.{path.stem}") for path in sorted(HERE.glob("test_s*.py"))]
    functions = [value for module in modules for value in vars(module).values() if isinstance(value, FunctionType)]
    named = [function for function in functions if function.__name__.startswith("test_")]
    return [Test(function.__name__, tuple(_marked(function))) for function in named]


def _marked(function: FunctionType) -> Iterator[str]:
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "rule":
            yield from mark.args


def shown(by: list[Test]) -> Mapping[str, list[str]]:
    """The names of the tests by rule."""
    found: dict[str, list[str]] = {}
    for test in by:
        for rule in test.rules:
            found.setdefault(rule, []).append(test.name)
    return found


def text() -> str:
    """The report: rules with their tests, rules without and why, and how many there are."""
    known, found = rules(), found_tests()
    by_rule = shown(found)
    lines = [f"{rule.id:8}{len(by_rule.get(rule.id, ())):3}  {rule.text}" for rule in known.values()]
    without = [f"{rule.id:8}{rule.text}\n        Why: {rule.why}" for rule in known.values() if rule.id not in by_rule]
    counts = f"{len(known)} rules, {len(found)} tests; {len(known) - len(without)} rules have tests"
    return "\n".join(
        ["Rule  Tests", *lines, "", f"Rules without a test: {len(without)}", *without, "", counts + ".", ""]
    )


if __name__ == "__main__":
    sys.stdout.write(text())
