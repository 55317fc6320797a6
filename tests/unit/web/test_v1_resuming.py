"""Events of a job over the death of the server: the client resumes, hears the new attempt, and the end."""

from __future__ import annotations

import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.sse import Told, parse
from tests.conformance.test_v1_events import chain
from tests.support.server import Server

pytestmark = pytest.mark.slow


def follow(server: Server, job_id: str, last: str | None = None) -> Iterator[Told]:
    """Events until the line ends, however it does."""
    headers = {"Last-Event-ID": last} if last else {}
    request = urllib.request.Request(f"{server.url}/v1/jobs/{job_id}/events", headers=headers)
    block = ""
    with urllib.request.urlopen(request, timeout=60) as answer:
        try:
            for line in answer:
                if line != b"\n":
                    block += line.decode()
                    continue
                if told := parse(block):
                    yield told
                block = ""
        except ConnectionError:
            return


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_client_resumes_over_the_servers_end_and_hears_the_new_attempt(tmp_path: Path, how: signal.Signals) -> None:
    server = Server(tmp_path)
    server.program = ("tests.conformance.serve",)
    with server:
        status, job = server.post("/v1/jobs", {"workflow": chain(300)})
        assert status == 202
        heard: list[Told] = []
        for told in follow(server, job["id"]):
            heard.append(told)
            if told.name == "progress":
                server.stop(how)
                break
        assert {event.id.split("-")[0] for event in heard[1:] if event.id} == {"1"}
        server.start()
        resumed = list(follow(server, job["id"], heard[-1].id))
        ids = [event.id for event in resumed]
        assert ids == [*(f"2-{number}" for number in range(1, len(ids))), "2-end"]
        assert (resumed[0].name, resumed[0].data["attempt"]) == ("started", 2)
        assert resumed[-1].name == "succeeded"
        assert resumed[-1].data["outputs"]["out"]["data"] == {"text": ["100"]}
        started = {event.data["node_id"] for event in resumed if event.name == "node_started"}
        assert len(started) == 301  # nothing of the former attempt is left out
        assert list(follow(server, job["id"], resumed[-1].id)) == []
