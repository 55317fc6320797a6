"""What only the front end asks for: the log, folders, files."""

import asyncio
import os
import re
import uuid
from pathlib import Path

import pytest

from engine.folders import Folders
from tests.conformance.asking import get, own_name, upload
from tests.conformance.conftest import Listener, Server

pytestmark = pytest.mark.conformance


@pytest.mark.protocol("http.7.a")
async def test_the_log_is_one_text(server: Server) -> None:
    assert isinstance(await get(server, "/internal/logs"), str)


@pytest.mark.protocol("http.7.b")
async def test_the_raw_log_has_entries_and_the_size_of_the_terminal(server: Server) -> None:
    found = await get(server, "/internal/logs/raw")
    assert found.keys() == {"entries", "size"}
    assert all(type(found["size"][key]) is int for key in ("cols", "rows"))
    assert len(found["entries"]) <= 300
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:", entry["t"]) and entry["m"] for entry in found["entries"])


@pytest.mark.protocol("http.7.c")
@pytest.mark.parametrize("enabled", [True, False])
async def test_subscribing_is_answered_by_nothing(server: Server, enabled: bool) -> None:
    async with server.patch("/internal/logs/subscribe", json={"clientId": "cid1", "enabled": enabled}) as response:
        assert (response.status, await response.read()) == (200, b"")


@pytest.mark.protocol("http.7.c")
@pytest.mark.parametrize("body", ["", "{}", "[]", '{"clientId": [], "enabled": true}', '{"clientId": "x"}'])
async def test_subscribing_without_saying_who_is_refused(server: Server, body: str) -> None:
    async with server.patch("/internal/logs/subscribe", data=body) as response:
        assert response.status == 400


@pytest.mark.protocol("http.7.a", "http.7.b", "http.7.c", "ws.1.l", "ws.2.r")
async def test_who_subscribed_hears_what_is_logged_until_they_have_enough(core: Server) -> None:
    """A message that is no JSON is logged."""
    noisy, quiet = f"noisy-{uuid.uuid4()}", f"quiet-{uuid.uuid4()}"
    async with core.ws_connect(f"/ws?clientId={noisy}") as socket, core.ws_connect(f"/ws?clientId={quiet}") as other:
        for enabled in (True, False):
            async with core.patch("/internal/logs/subscribe", json={"clientId": quiet, "enabled": enabled}) as response:
                assert response.status == 200
        async with core.patch("/internal/logs/subscribe", json={"clientId": noisy, "enabled": True}) as response:
            assert response.status == 200
        await socket.send_str("{broken")
        data = (await Listener(socket).until("logs"))["data"]
        assert any(noisy in entry["m"] for entry in data["entries"])
        assert data["size"].keys() == {"cols", "rows"}
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(Listener(other).until("logs"), 0.3)
    kept = await get(core, "/internal/logs/raw")
    assert data["entries"][-1] in kept["entries"]
    assert data["entries"][-1]["m"] in await get(core, "/internal/logs")


@pytest.mark.protocol("http.7.d")
async def test_folders_are_absolute_paths_by_key(server: Server) -> None:
    found = await get(server, "/internal/folder_paths")
    assert set(await get(server, "/models")) <= set(found)
    assert all(paths and all(os.path.isabs(path) for path in paths) for paths in found.values())


@pytest.mark.protocol("http.7.e")
async def test_files_are_named_with_their_folder(server: Server) -> None:
    name = own_name()
    await upload(server, name, b"x")
    assert f"{name} [input]" in await get(server, "/internal/files/input")
    for kind in ("output", "temp"):
        assert f"{name} [{kind}]" not in await get(server, f"/internal/files/{kind}")


@pytest.mark.protocol("http.7.e")
async def test_the_newest_file_comes_first_and_hidden_ones_and_folders_are_left_out(
    server: Server, folders: Folders
) -> None:
    directory: Path = folders.directory("output")
    for name, age_s in (("old", 20), ("new", 0), ("middle", 10), (".hidden", 5)):
        (directory / name).write_bytes(b"")
        os.utime(directory / name, (1e9 - age_s, 1e9 - age_s))
    (directory / "folder").mkdir()
    assert await get(server, "/internal/files/output") == ["new [output]", "middle [output]", "old [output]"]


@pytest.mark.protocol("http.7.e")
@pytest.mark.parametrize("kind", ["user", "models", "..", "%2e%2e%2fuser", "checkpoints"])
async def test_another_kind_of_file_is_refused(server: Server, kind: str) -> None:
    async with server.get(f"/internal/files/{kind}") as response:
        assert response.status in (400, 404)
        if response.status == 400:
            assert await response.json() == {"error": "Invalid directory type"}
