"""Figures are collected while benchmarks run and printed together at the end."""

from collections.abc import Callable

import pytest

FIGURES = pytest.StashKey[list[tuple[str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """Note a figure: ``report(part, what, value)``."""
    figures = request.config.stash[FIGURES]
    return lambda part, what, value: figures.append((part, what, value))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for part, what, value in config.stash[FIGURES]:
        terminalreporter.write_line(f"{part:10} {what:60} {value}")
