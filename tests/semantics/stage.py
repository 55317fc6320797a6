"""A server to try rules on, and what one job on it said."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from engine.errors import InvalidWorkflow
from engine.node import InputSpec, NodeDef, OutputSpec
from engine.plan import plan
from engine.registry import Registry
from engine.workflow import read_api
from tests.conformance import tiny
from tests.conformance.conftest import Listener, Server
from tests.support.toys import TOYS

ENDS_WITHIN_S = 10
EXTRA = {"extra_pnginfo": {"workflow": {"id": "w"}}}


@dataclass(frozen=True)
class Told:
    """One job: what POST answered, what its client heard, and its entry in history."""

    answer: dict[str, Any]
    heard: list[dict[str, Any]]
    entry: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.answer["prompt_id"])

    def data(self, kind: str) -> list[dict[str, Any]]:
        """The data of the messages of one type, in order."""
        return [message["data"] for message in self.heard if message["type"] == kind]

    def types(self) -> list[str]:
        return [message["type"] for message in self.heard]

    def executing(self) -> list[str | None]:
        """The nodes that began, in order; None at the end."""
        return [data["node"] for data in self.data("executing")]

    def shown(self, node_id: str) -> Any:
        """The text that an output node showed."""
        return self.entry["outputs"][node_id]["text"]


class Stage:
    """A whole server on loopback with small nodes, and one client that listens as ``cid1``."""

    def __init__(self, server: Server, listener: Listener) -> None:
        self.server, self.listener = server, listener

    async def get(self, path: str) -> Any:
        async with self.server.get(path) as response:
            return await response.json()

    async def post(self, body: Any, status: int = 200, **headers: str) -> dict[str, Any]:
        """The answer of POST /prompt."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.server.post("/prompt", json=body, headers=named) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == status, answer
        return answer

    async def submit(self, prompt: Any, **more: Any) -> dict[str, Any]:
        """Queue a job of the client that listens."""
        return await self.post({"prompt": prompt, "client_id": "cid1", "extra_data": EXTRA, **more})

    async def announce(self, **flags: bool) -> None:
        """Say what the client can do, as front ends do: who says nothing is shown no unfinished work."""
        await self.listener.socket.send_json({"type": "feature_flags", "data": flags})
        await self.listener.until("feature_flags")

    async def run(self, prompt: Any, **more: Any) -> Told:
        """Queue a job and hear it to its end."""
        answer = await self.submit(prompt, **more)
        heard = await self.listener.until_done()
        return Told(answer, heard, await self.entry(answer["prompt_id"]))

    async def entry(self, prompt_id: str) -> dict[str, Any]:
        """The job's entry in history, once it is there."""
        for _ in range(ENDS_WITHIN_S * 200):
            entries: dict[str, dict[str, Any]] = await self.get(f"/history/{prompt_id}")
            if prompt_id in entries:
                return entries[prompt_id]
            await asyncio.sleep(0.005)
        raise AssertionError(f"{prompt_id} did not end")


class Takes:
    """A node ``Takes`` that keeps what each of its calls is given."""

    def __init__(self, *inputs: InputSpec, **more: Any) -> None:
        self.given: list[dict[str, Any]] = []
        outputs = (OutputSpec("INT", "INT"),)
        self.definition = NodeDef("Takes", self.take, inputs, outputs, lane="cpu", is_output=True, **more)

    def take(self, **given: Any) -> int:
        self.given.append(given)
        return 0


def registry(*more: NodeDef) -> Registry:
    """The nodes of the transcripts, those of the engine's tests, and what a test adds."""
    known = Registry()
    known.add(*tiny.DEFINITIONS, *(toy.definition for toy in TOYS), *more)
    return known


def refusal(document: dict[str, Any], *more: NodeDef, only: list[str] | None = None) -> InvalidWorkflow:
    """How a workflow is refused."""
    with pytest.raises(InvalidWorkflow) as caught:
        plan(read_api(document), registry(*more), only)
    return caught.value


def problems(document: dict[str, Any], *more: NodeDef) -> dict[str, Any]:
    """What is wrong with its nodes, as clients get it."""
    return {node_id: asdict(found) for node_id, found in refusal(document, *more).node_problems.items()}


def problem(document: dict[str, Any], node_id: str, *more: NodeDef) -> dict[str, Any]:
    """The one error of a workflow, which is this node's."""
    found = problems(document, *more)
    assert list(found) == [node_id], found
    (error,) = found[node_id]["errors"]
    assert isinstance(error, dict)
    return {**error, "extra_info": dict(error["extra_info"])}
