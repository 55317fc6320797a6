"""``--tables``, which ``make parity`` gives: what was compared with what, how closely, and what has no such other."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest
from rich.console import Console
from rich.table import Table

from tests.parity.no_oracle import NO_ORACLE
from tests.support.parity import NOTED, Noted

PASSED = pytest.StashKey[dict[str, bool]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tables", action="store_true", help="print what was compared, with tolerances and worst errors")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[PASSED] = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    if call.when == "call":
        item.config.stash[PASSED][item.nodeid] = outcome.get_result().passed  # type: ignore[attr-defined]


def pytest_terminal_summary(config: pytest.Config) -> None:
    if not config.getoption("--tables"):
        return
    modules: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for test in config.stash[PASSED]:
        module, _, name = test.partition("::")
        modules[module][name.partition("[")[0]].append(test)
    console = Console(width=None if sys.stdout.isatty() else 150)
    for module, tests in modules.items():
        console.print(table(title(module), tests, config.stash[PASSED]))
    rest = Table("what", "how it is tested instead", title="Nothing independent is installed", title_justify="left")
    for what, instead in NO_ORACLE.items():
        rest.add_row(what, instead)
    console.print(rest)


def title(module: str) -> str:
    """The first paragraph of a test file's docstring says what is compared with what."""
    doc = sys.modules[module.removesuffix(".py").replace("/", ".")].__doc__ or module
    return doc.partition("\n\n")[0].replace("\n", " ")


def table(name: str, tests: dict[str, list[str]], passed: dict[str, bool]) -> Table:
    rows = Table("test", "cases", "passed", "worst error", "tolerance", title=name, title_justify="left")
    for test, cases in tests.items():
        noted = [each for each in NOTED if each.test in cases]
        count = sum(passed[case] for case in cases)
        words = test.removeprefix("test_").replace("_", " ")
        rows.add_row(words, str(len(cases)), str(count), *figures(noted))
    return rows


def figures(noted: Sequence[Noted]) -> tuple[str, str]:
    """The error that comes nearest to its tolerance, and that."""
    if not noted:
        return "exact", ""
    worst = max(noted, key=lambda each: each.error / each.tolerance)
    return f"{worst.error:.1e}", f"{worst.tolerance:g}"
