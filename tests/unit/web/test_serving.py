"""``wireloom serve`` and the process that computes for it, from outside."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.server import Server

pytestmark = pytest.mark.slow

EMPTY = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 0}},
    "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
}


def worker_of(server: Server) -> psutil.Process:
    assert server.process
    (child,) = [each for each in psutil.Process(server.process.pid).children() if "worker" in each.cmdline()]
    return child


def until(found: Callable[[], Any], within_s: float = 60) -> Any:
    deadline = time.monotonic() + within_s
    while not (what := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return what


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def done(server: Server) -> str:
    """Run a job; how it ended."""
    status, answer = server.post("/prompt", {"prompt": EMPTY})
    assert status == 200, answer
    entry = until(lambda: server.get(f"/history/{answer['prompt_id']}"))
    return str(entry[answer["prompt_id"]]["status"]["status_str"])


def test_the_worker_may_die_and_the_server_goes_on(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        types = server.get("/object_info")
        assert "KSampler" in types
        assert done(server) == "success"
        if sys.platform.startswith("linux"):
            assert server.process
            assert "torch" not in Path(f"/proc/{server.process.pid}/maps").read_text()
        first = worker_of(server)
        first.kill()
        until(lambda: gone(first))
        assert server.get("/object_info") == types
        assert done(server) == "success"
        second = worker_of(server)
        assert server.stop(signal.SIGTERM) == 0
        assert gone(second)
        assert "killed by signal 9" in (tmp_path / "server.log").read_text()

        server.start()
        assert server.get("/object_info") == types
        third = worker_of(server)
        server.stop(signal.SIGKILL)
        until(lambda: gone(third))


def test_two_servers_do_not_share_a_data_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "web.cli", "serve", "--port", "0", "--data", str(tmp_path)]
    with Server(tmp_path) as server:
        assert server.process
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert second.returncode == 1
        whose = f"process {server.process.pid}, at {server.url}"
        assert (
            second.stderr == f"wireloom: {tmp_path} is in use by another server, {whose}; choose another with --data\n"
        )
        server.stop(signal.SIGKILL)
        server.start()  # what a killed one left behind is no obstacle
        assert server.get("/queue") == {"queue_running": [], "queue_pending": []}


def test_nodes_may_run_in_the_servers_own_process(tmp_path: Path) -> None:
    with Server(tmp_path, "--in-process") as server:
        assert done(server) == "success"
        assert server.process
        assert not psutil.Process(server.process.pid).children()
