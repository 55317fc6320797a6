"""A real server in a process of its own, on loopback, for tests from outside."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

STARTS_WITHIN_S = 30


class Server:
    """``wireloom serve`` on a free port, with ``data`` as its data folder and further ``arguments``."""

    program: tuple[str, ...] = ("web.cli", "serve")
    """The module to run instead, and its first arguments."""
    headers: Mapping[str, str] = MappingProxyType({})
    """What goes along with every request."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data, self.port, self.arguments = data, free_port(), arguments
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, until: str = "/queue") -> float:
        """Start it; return the seconds until it answered ``GET`` of that path."""
        began = time.perf_counter()
        command = [sys.executable, "-m", *self.program, "--port", str(self.port), "--data", str(self.data)]
        command += self.arguments
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        while time.perf_counter() - began < STARTS_WITHIN_S:
            try:
                self.get(until)
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.005)
            else:
                return time.perf_counter() - began
        raise RuntimeError("the server did not start:\n" + (self.data / "server.log").read_text())

    def stop(self, how: signal.Signals = signal.SIGTERM, within_s: float = 30) -> int:
        """Send a signal and wait; return the exit status."""
        assert self.process
        self.process.send_signal(how)
        return self.process.wait(within_s)

    def get(self, path: str) -> Any:
        request = urllib.request.Request(self.url + path, headers=dict(self.headers))
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(self.url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.process and self.process.poll() is None:
            self.stop(signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
