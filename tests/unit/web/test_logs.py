"""Log lines that programs read."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cache import NoCache
from engine.context import Context
from engine.declare import node
from engine.events import (
    Event,
    JobDone,
    JobQueued,
    JobRemoved,
    JobTaken,
    NodeFailure,
    RunCancelled,
    RunFailed,
    RunFinished,
)
from engine.jobs import Job
from engine.lanes import Lanes
from engine.log_where import Where
from engine.packs import GROUP
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from tests.support.server import Server
from web.cli.logs import logged_as
from web.cli.terminal import Mistake
from web.logs.forms import JsonForm
from web.logs.lifecycle import Lifecycle

ENDS_WITHIN_S = 60


class Lines(logging.Handler):
    """What a log collector would get."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(Where())
        self.setFormatter(JsonForm())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        assert "\n" not in text
        self.lines.append(json.loads(text))

    def last(self) -> dict[str, Any]:
        return {name: value for name, value in self.lines[-1].items() if name != "time"}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    caplog.set_level(logging.INFO)
    lines = Lines()
    logging.getLogger().addHandler(lines)
    yield lines
    logging.getLogger().removeHandler(lines)


def test_a_line_is_one_json_object(log: Lines) -> None:
    logging.getLogger("some.where").warning("two\nlines of %s", "\udc80 text")
    assert log.last() == {"level": "WARNING", "logger": "some.where", "message": "two\nlines of \udc80 text"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", log.lines[-1]["time"])


def test_an_exception_comes_with_its_traceback(log: Lines) -> None:
    try:
        raise ValueError("no such thing")
    except ValueError:
        logging.getLogger("x").exception("it failed")
    assert log.lines[-1]["exception"].startswith("Traceback (most recent call last):\n")
    assert log.lines[-1]["exception"].endswith("ValueError: no such thing")


def test_what_a_record_brings_along_is_shown(log: Lines) -> None:
    extra = {"job_id": "j", "seconds": 1.5, "client_id": None, "other": "not for the log"}
    logging.getLogger("x").info("done", extra=extra)
    assert log.last() == {"level": "INFO", "logger": "x", "message": "done", "job_id": "j", "seconds": 1.5}


@pytest.mark.parametrize("lane", ["cpu", "inline"])
async def test_what_a_node_logs_tells_the_job_and_the_node(log: Lines, lane: str) -> None:
    @node("Talks", is_output=True, lane=lane)
    def talks(ctx: Context, text: str) -> None:
        logging.getLogger("pack").info("it says %s", text)

    registry = Registry(Services())
    registry.add(talks.definition)
    pool = LocalPool(lambda: registry, NoCache(), Lanes({"cpu": 1, "hook": 1}))
    prompt = {"7": {"class_type": "Talks", "inputs": {"text": "hello"}}}
    job = Job(prompt, ("7",), id="j", extra_data={"client_id": "me"})
    assert isinstance([event async for event in pool.run(job)][-1], RunFinished)
    await pool.close()
    (line,) = (line for line in log.lines if line["logger"] == "pack")
    about = {"job_id": "j", "node_id": "7", "node_type": "Talks", "client_id": "me"}
    assert line.items() >= {"message": "it says hello", **about}.items()


FAILURE = NodeFailure("3", "KSampler", "no\nmore", "MemoryError")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (RunFinished("j", at_ms=3500), {"message": "job succeeded after 2.500 s", "outcome": "succeeded"}),
        (
            RunFailed("j", FAILURE, at_ms=3500),
            {
                "message": "job failed after 2.500 s: MemoryError: no\nmore",
                "outcome": "failed",
                "node_id": "3",
                "node_type": "KSampler",
            },
        ),
        (RunCancelled("j", at_ms=3500), {"message": "job cancelled after 2.500 s", "outcome": "cancelled"}),
    ],
)
def test_the_end_of_a_job_is_told_once(log: Lines, event: Event, line: dict[str, object]) -> None:
    life = Lifecycle()
    life.tell(JobTaken("j", "me", 1, at_ms=1000))
    life.tell(event)
    count = len(log.lines)
    assert log.last() == {
        "level": "INFO",
        "logger": "web.logs.lifecycle",
        "job_id": "j",
        "client_id": "me",
        "seconds": 2.5,
        **line,
    }
    life.tell(JobDone("j"))
    assert len(log.lines) == count
    assert life._running == {}


def test_a_job_that_does_not_run_is_told_of(log: Lines) -> None:
    life = Lifecycle()
    for event in (JobQueued("a"), JobRemoved("a"), JobQueued("b"), JobDone("b"), JobTaken("c"), JobDone("c")):
        life.tell(event)
    assert [(line["job_id"], line["message"]) for line in log.lines] == [
        ("a", "job queued"),
        ("a", "job removed while it waited"),
        ("b", "job queued"),
        ("b", "job cancelled while it waited"),
        ("c", "job started"),
        ("c", "job cancelled while it waited"),  # put back, because its worker had died
    ]


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Sets back what the command line sets for its process."""
    yield
    logging.captureWarnings(False)
    sys.excepthook = sys.__excepthook__


@pytest.mark.usefixtures("own_logging")
def test_a_mistake_is_a_line_too(log: Lines) -> None:
    with pytest.raises(SystemExit) as ended, logged_as("json"):
        raise Mistake("port 1 is in use", 1)
    assert ended.value.code == 1
    assert log.last() == {"level": "CRITICAL", "logger": "web.cli.logs", "message": "port 1 is in use"}


PACK = """
import logging
from engine.context import Context
from engine.declare import node

@node("Logs", is_output=True)
def logs(ctx: Context, text: str) -> None:
    logging.getLogger("apack").warning("it says %s", text)
    if text == "fail":
        raise ValueError("no")

def register(registry):
    registry.add(logs.definition)
"""


def install(site: Path) -> None:
    """A node pack where Python finds it."""
    about = site / "apack-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: apack\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\napack = apack:register\n")
    (site / "apack.py").write_text(PACK)


@pytest.mark.slow
def test_a_server_logs_json_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with Server(tmp_path, "--log", "json", "--packs") as server:
        ids = {text: _run(server, text) for text in ("hello", "fail")}
        server.stop()
    text, *more = [line for line in (tmp_path / "server.log").read_text().splitlines() if not line.startswith("{")]
    assert (text.startswith("wireloom listens on "), more) == (True, [])  # that goes to stdout
    lines = [json.loads(line) for line in (tmp_path / "server.log").read_text().splitlines() if line[0] == "{"]
    for said, job_id in ids.items():
        (line,) = (line for line in lines if line["logger"] == "apack" and line["message"] == f"it says {said}")
        assert line.items() >= {"job_id": job_id, "node_id": "1", "node_type": "Logs", "client_id": "me"}.items()
        told = [line for line in lines if line["logger"] == "web.logs.lifecycle" and line["job_id"] == job_id]
        assert [line["message"].split(" after ")[0] for line in told] == [
            "job queued",
            "job started",
            "job succeeded" if said == "hello" else "job failed",
        ]


def _run(server: Server, text: str) -> str:
    """Run the pack's node; return the job's id once it has ended."""
    prompt = {"1": {"class_type": "Logs", "inputs": {"text": text}}}
    status, answer = server.post("/prompt", {"prompt": prompt, "client_id": "me"})
    assert status == 200, answer
    job_id: str = answer["prompt_id"]
    until = time.monotonic() + ENDS_WITHIN_S
    while not server.get(f"/history/{job_id}"):
        assert time.monotonic() < until, "the job did not end"
        time.sleep(0.02)
    return job_id
