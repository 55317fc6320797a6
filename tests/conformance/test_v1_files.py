"""/v1/files: deleting what was uploaded, or what nodes wrote."""

from __future__ import annotations

import uuid

import pytest

from tests.conformance.asking import own_name, upload
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


async def delete(server: Server, **query: str) -> int:
    async with server.delete("/v1/files", params=query) as response:
        return response.status


@pytest.mark.parametrize("kind", ["input", "temp", "output"])
async def test_a_file_is_deleted_where_it_is_and_nowhere_else(server: Server, kind: str) -> None:
    name, subfolder = own_name(".bin"), uuid.uuid4().hex
    where = {"type": kind, "subfolder": subfolder}
    await upload(server, name, b"any bytes", **where)
    assert await delete(server, filename=name, type=kind) == 404
    assert await delete(server, filename=name, **where) == 204
    async with server.get("/view", params={"filename": name, **where}) as response:
        assert response.status == 404
    assert await delete(server, filename=name, **where) == 404


async def test_nothing_outside_of_the_folders_is_deleted(server: Server) -> None:
    assert await delete(server, filename="../queue.sqlite") in (400, 403)
    assert await delete(server, filename="a.png", type="models") == 400
