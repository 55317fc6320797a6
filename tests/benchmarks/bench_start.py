"""How soon the program answers: ``--help``, and ``serve`` until ``GET /queue`` and ``GET /object_info``."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.conftest import Report
from tests.support.server import Server

pytestmark = pytest.mark.benchmark

ROUNDS = 10


def test_help(report: Report) -> None:
    best = min(seconds([sys.executable, "-m", "web.cli", "--help"]) for _ in range(ROUNDS))
    report("start", "wireloom --help", f"{best:.2f} s")


@pytest.mark.parametrize("path", ["/queue", "/object_info"])
def test_serve(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """With bytecode and node descriptions, as every start but the first has them."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "bytecode"))
    first, *times = (_until_answered(tmp_path, path) for _ in range(1 + ROUNDS))
    text = f"{statistics.median(times):.2f} s (median of {ROUNDS}; {min(times):.2f} to {max(times):.2f})"
    report("start", f"wireloom serve until GET {path} answers", f"{text}; the very first start {first:.2f} s")


def _until_answered(data: Path, path: str) -> float:
    """Seconds from the start of the process; afterwards the node types are kept for the next."""
    server = Server(data)
    took = server.start(path)
    server.get("/object_info")
    server.stop()
    return took


def test_no_torch_on_the_way(report: Report) -> None:
    code = "import sys, web.cli, web.cli.serve; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    report("start", "torch imported by the server's own modules", done.stdout.strip())


def seconds(command: list[str]) -> float:
    before = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - before
