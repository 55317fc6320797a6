"""schemathesis calls every route of ``/openapi.json`` and compares the answers with it.

The server is a process of its own with small nodes, and has a data folder that is thrown away. ``FUZZ_EXAMPLES`` is
how many calls are made up for each route, beyond those at the edges of what its parameters may be.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.workflows import FAILING, PICTURE, PNG, TEXT
from tests.support.server import Server

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
CONFIG = Path(__file__).with_name("schemathesis.toml")
ROOT = Path(__file__).parents[2]
JOBS = {f"00000000-0000-4000-8000-00000000000{n}": job for n, job in enumerate((PICTURE, TEXT, FAILING), 1)}
"""The ids are those in the configuration."""
ENDS_WITHIN_S = 60
TOKEN = "of-the-server-under-test"
KNOWN = {"Authorization": f"Bearer {TOKEN}", "Comfy-User": "ann"}


class FuzzedServer(Server):
    program = ("tests.conformance.serve",)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with something in its history, and something to be found."""
    with FuzzedServer(tmp_path_factory.mktemp("data")) as started:
        for job_id, workflow in JOBS.items():
            run(started, workflow, job_id)
        lay_out_files(started)
        yield started


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    """A server with a token, and a user of the name that KNOWN has."""
    users = tmp_path / "user"
    users.mkdir()
    (users / "users.json").write_text(json.dumps({"ann": "Ann"}))
    server = FuzzedServer(tmp_path, "--token", TOKEN, "--multi-user")
    server.headers = KNOWN
    with server:
        yield server


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Print what reports without a failure amount to."""

    def say(*reports: dict[str, Any]) -> None:
        calls = sum(report["test_cases"]["generated"] for report in reports)
        with capsys.disabled():
            sys.stdout.write(f"\n{calls} calls of {reports[-1]['operations']['tested']} operations, no failure\n")

    return say


def run(server: Server, workflow: dict[str, Any], job_id: str) -> None:
    """Run a workflow to its end."""
    status, answer = server.post("/prompt", {"prompt": workflow, "prompt_id": job_id, "front": True})
    assert status == 200, answer
    until = time.monotonic() + ENDS_WITHIN_S
    while job_id not in server.get(f"/history/{job_id}"):
        assert time.monotonic() < until, f"job {job_id} does not end"
        time.sleep(0.05)


def lay_out_files(server: Server) -> None:
    """Something to be found: a model and its picture, a user's file."""
    header = json.dumps({"__metadata__": {"title": "small"}}).encode()
    loras = server.data / "models" / "loras"
    (loras / "small.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    (loras / "small.png").write_bytes(PNG)
    assert server.post("/userdata/small.json", {"nodes": []})[0] == 200


def fuzz(server: Server, report: Path, *options: str) -> dict[str, Any]:
    """The report of schemathesis. Whatever it finds fails the test, in its words."""
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(CONFIG),
        "run",
        f"{server.url}/openapi.json",
    ]
    command += [f"--max-examples={EXAMPLES}", "--report=json", f"--report-json-path={report}", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout[done.stdout.find("= FAILURES") :] + done.stderr
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def test_every_answer_is_as_the_document_says(server: Server, tmp_path: Path, say: Callable[..., None]) -> None:
    looks = fuzz(server, tmp_path / "looks.json", "--include-method=GET")  # while there is something to look at
    everything = fuzz(server, tmp_path / "everything.json")
    say(looks, everything)
    paths = server.get("/openapi.json")["paths"]
    del paths["/openapi.json"]  # this it has read, and need not call
    tested = everything["operations"]["tested"]
    assert tested == sum(len(methods) for methods in paths.values())
    assert everything["test_cases"]["generated"] > EXAMPLES * tested


def test_every_answer_to_who_has_the_token_is_as_the_document_says_and_nobody_else_has_any(
    guarded: Server, tmp_path: Path, say: Callable[..., None]
) -> None:
    headers = [f"--header={name}: {value}" for name, value in KNOWN.items()]
    report = fuzz(guarded, tmp_path / "guarded.json", *headers)
    say(report)
    assert report["test_cases"]["generated"] > EXAMPLES * report["operations"]["tested"]


def test_the_server_still_runs_workflows_afterwards(server: Server) -> None:
    server.post("/queue", {"clear": True})
    server.post("/interrupt", {})
    run(server, TEXT, "00000000-0000-4000-8000-0000000000ff")
