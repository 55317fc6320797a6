"""One client that submits without end."""

import pytest

from tests.attacks.conftest import OUT, Server
from web.settings import Settings

pytestmark = pytest.mark.conformance

WAITS = {"1": {"class_type": "TWaits", "inputs": {}}}


@pytest.fixture
def settings() -> Settings:
    return Settings(max_pending_per_client=2)


async def submit(server: Server, client_id: str | None, path: str = "/prompt") -> int:
    async with server.post(path, json={"prompt": WAITS, "client_id": client_id}) as response:
        if response.status == 429:
            assert int(response.headers["Retry-After"]) > 0
            assert (await response.json())["error"]["type"] == "queue_full"
        return response.status


async def running(server: Server) -> None:
    """Wait until the first job no longer waits."""
    while True:
        async with server.get("/queue") as response:
            if (await response.json())["queue_running"]:
                return


async def test_it_is_told_to_wait_and_others_are_not(server: Server) -> None:
    assert await submit(server, "greedy") == 200
    await running(server)
    assert [await submit(server, "greedy") for _ in range(3)] == [200, 200, 429]
    assert [await submit(server, "other") for _ in range(3)] == [200, 200, 429]
    assert [await submit(server, None) for _ in range(3)] == [200, 200, 429]
    async with server.get("/prompt") as response:
        assert (await response.json())["exec_info"]["queue_remaining"] == 7


async def test_another_name_each_time_helps_only_so_far(server: Server) -> None:
    assert [await submit(server, f"client {i}") for i in range(21)] == [200] * 20 + [429]


async def test_room_is_there_again_when_jobs_go(server: Server) -> None:
    await submit(server, "greedy")
    await running(server)
    assert [await submit(server, "greedy") for _ in range(3)] == [200, 200, 429]
    async with server.post("/queue", json={"clear": True}) as response:
        assert response.status == 200
    assert await submit(server, "greedy") == 200


async def test_a_refused_workflow_takes_no_room(server: Server) -> None:
    for _ in range(5):
        async with server.post("/prompt", json={"prompt": {}, "client_id": "c"}) as response:
            assert response.status == 400
    async with server.post("/prompt", json={"prompt": OUT, "client_id": "c"}) as response:
        assert response.status == 200
