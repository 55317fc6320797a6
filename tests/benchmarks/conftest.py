"""Figures are collected while benchmarks run and printed together at the end; ``--write`` puts them into docs."""

from __future__ import annotations

import platform
from collections import defaultdict
from pathlib import Path

import psutil
import pytest
import torch

DOCS = Path(__file__).parents[2] / "docs"
BEFORE = "d1fe8d0"
"""The commit whose editor is the one before large workflows were looked into."""
PLOT = "pictures/cost_per_node.svg"


class Report:
    """Note a figure: ``report(part, what, value)``, or a point of the plot."""

    def __init__(self) -> None:
        self.figures: list[tuple[str, str, str]] = []
        self.series: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)

    def __call__(self, part: str, what: str, value: str) -> None:
        self.figures.append((part, what, value))

    def point(self, series: str, nodes: int, microseconds: float) -> None:
        """What a node cost in a workflow of so many."""
        self.series[series].append((nodes, microseconds))


REPORT = pytest.StashKey[Report]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write", action="store_true", help="write docs/benchmarks.md and its plot")
    parser.addoption("--before", default=BEFORE, help="a commit whose built editor is measured beside the present one")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    return request.config.stash[REPORT]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash[REPORT]
    for part, what, value in report.figures:
        terminalreporter.write_line(f"{part:10} {what:60} {value}")
    if config.getoption("--write") and report.figures:
        write(report)
        terminalreporter.write_line(f"wrote {DOCS / 'benchmarks.md'}")


def write(report: Report) -> None:
    """The table and the plot, with the machine that gave them."""
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{processor()}, {psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, "
    rows = [f"| {part} | {what} | {value} |" for part, what, value in report.figures]
    text = [
        "# Benchmarks",
        "",
        "Made by `make benchmarks`; `make bench` prints the same without writing. Each is the best of some rounds, so",
        "that what else the machine was doing counts least. Compare within a table: times swing between machines.",
        "",
        f"Measured on {machine}PyTorch {torch.__version__}.",
        "",
        f"![Cost per node against the number of nodes]({PLOT})" if report.series else "",
        "",
        "| part | what | figure |",
        "| --- | --- | --- |",
        *rows,
        "",
    ]
    (DOCS / "benchmarks.md").write_text("\n".join(text))
    if report.series:
        plot(report, DOCS / PLOT)


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def plot(report: Report, path: Path) -> None:
    """Microseconds a node against the number of nodes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, points in report.series.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.set(
        xscale="log", xlabel="nodes in the workflow", ylabel="microseconds a node, planning included", ylim=(0, None)
    )
    axes.axhline(60, color="grey", linewidth=0.8, linestyle="--", label="60 us, the aim")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})
