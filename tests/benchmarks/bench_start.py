"""How soon the program answers: ``--help``, and ``serve`` until ``GET /queue``."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.conftest import Report
from tests.support.server import Server

pytestmark = pytest.mark.benchmark

ROUNDS = 5


def test_help(report: Report) -> None:
    best = min(seconds([sys.executable, "-m", "web.cli", "--help"]) for _ in range(ROUNDS))
    report("start", "wireloom --help", f"{best:.2f} s")


def test_serve(report: Report, tmp_path: Path) -> None:
    times = []
    for _ in range(ROUNDS):
        server = Server(tmp_path)
        times.append(server.start())
        server.stop()
    report("start", "wireloom serve until GET /queue answers", f"{min(times):.2f} s, at most {max(times):.2f} s")


def test_no_torch_on_the_way(report: Report) -> None:
    code = "import sys, web.cli, web.cli.serve; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    report("start", "torch imported by the server's own modules", done.stdout.strip())


def seconds(command: list[str]) -> float:
    before = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - before
