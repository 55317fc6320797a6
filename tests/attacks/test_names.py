"""Names that lead out of their folder, wherever a name is taken: in addresses, forms, workflows."""

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import FormData
from yarl import URL

from tests.attacks.conftest import Serve, Server, job, loading, png, raw, raw_get, tree, works
from web.settings import Settings

pytestmark = pytest.mark.conformance

OUT = [
    "../secret.png",
    "../../secret.png",
    "a/../../secret.png",
    "..\\..\\secret.png",
    "/etc/passwd",
    "//etc/passwd",
    "\\\\host\\share\\x.png",
    "C:\\secret.png",
    "c:secret.png",
    "file:///etc/passwd",
    "link/secret.png",
    "linked.png",
    "loop",
    "x\0.png",
    "~/secret.png",
]
ODD = ["CON", "nul.png", "x.png:stream", "x.png::$DATA", "x.png.", "x.png ", "...", ". .", "com1.png", "LPT9"]
FEW = ["../../secret.png", "..\\..\\secret.png", "/etc/passwd", "linked.png", "x\0.png", "CON"]
PLACES = [
    "/view?filename={}",
    "/view?filename=x.png&subfolder={}",
    "/view?filename={}&type=input",
    "/view?filename={}%20[input]&preview=webp",
    "/view_metadata/checkpoints?filename={}.safetensors",
    "/view_metadata/{}?filename=x.safetensors",
    "/models/{}",
    "/userdata/{}",
    "/userdata?dir={}",
    "/v2/userdata?path={}",
    "/settings/{}",
    "/history/{}",
    "/object_info/{}",
    "/experiment/models/{}",
    "/experiment/models/preview/checkpoints/0/{}",
    "/experiment/models/preview/{}/0/x.png",
    "/global_subgraphs/{}",
    "/internal/files/{}",
    "/templates/{}",
    "/extensions/pack/{}",
    "/extensions/{}/x.js",
    "/workflow_templates/pack/{}",
    "/v1/workflows/{}",
    "/v1/jobs/{}",
    "/{}",
]


@pytest.fixture
def settings(data: Path) -> Settings:
    """With a front end, and with symbolic links out of each folder."""
    front = data.parent / "front"
    front.mkdir()
    (front / "index.html").write_text("<p>front")
    for folder in ("input", "output", "temp", "user/default", "models/checkpoints"):
        (data / folder).mkdir(parents=True, exist_ok=True)
    for folder in (data / "input", data / "output", data / "temp"):
        (folder / "loop").symlink_to("loop")
    for folder in (data / "input", data / "output", data / "temp", data / "user" / "default", front):
        (folder / "link").symlink_to(data.parent)
        (folder / "linked.png").symlink_to(data.parent / "secret.png")
    return Settings(max_upload_mb=1, frontend=front)


def written(name: str) -> list[str]:
    """A name as addresses may hold it: encoded once, twice, not at all, or with only its dots."""
    once = quote(name, safe="")
    dots = name.replace("..", "%2e%2e").replace("\\", "%5c").replace(" ", "%20").replace("\0", "%00")
    return [once, quote(once, safe=""), dots, dots.replace("/", "%2f"), dots.replace("%2e%2e", ".%2E")]


async def test_an_address_shows_nothing_outside_and_makes_nothing(server: Server, data: Path) -> None:
    before = tree(data.parent)
    for place in PLACES:
        for name in OUT + ODD if place.startswith("/view?") else FEW:
            for target in {place.format(form) for form in written(name)}:
                answer = await raw_get(server, target)
                assert answer.status < 500, target
                assert b"secret" not in answer.body.replace(b"secret.png", b""), target
                assert not answer.body.startswith(b"\x89PNG"), target
                assert b"root:" not in answer.body, target
    assert tree(data.parent) == before


async def test_an_odd_target_is_answered(server: Server) -> None:
    for target in ("http://evil.example/view?filename=x", "http://localhost/../../etc/passwd", "*", "x", "//"):
        answer = await raw_get(server, target)
        assert answer.status < 500
        assert b"root:" not in answer.body


async def upload(server: Server, name: str, **fields: str) -> int:
    form = FormData(quote_fields=False)
    form.add_field("image", png(), filename=name)
    for field, value in fields.items():
        form.add_field(field, value)
    async with server.post("/upload/image", data=form) as response:
        assert response.status == 200 or (await response.json())["error"]["type"] == "invalid_upload"
        return response.status


async def test_an_upload_writes_nothing_outside(server: Server, data: Path) -> None:
    before = tree(data.parent)
    for name in OUT + ODD:
        if "\0" not in name:  # which no header can hold
            await upload(server, name)
        assert await upload(server, "x.png", type=name) == 400
    assert all(path.is_relative_to(data / "input") for path in tree(data.parent) - before)


async def test_an_upload_makes_no_odd_folders(server: Server, data: Path) -> None:
    before = tree(data.parent)
    for name in {*OUT, *ODD} - {"~/secret.png"}:
        assert await upload(server, "x.png", subfolder=name) == 400, name
    assert tree(data.parent) == before


async def test_an_upload_writes_through_no_link(server: Server, data: Path) -> None:
    secret = data.parent / "secret.png"
    before = secret.read_bytes()
    assert await upload(server, "linked.png", overwrite="true") == 400
    assert secret.read_bytes() == before


async def test_a_workflow_opens_nothing_outside(server: Server, data: Path) -> None:
    (data / "input" / "inside.png").write_bytes(png())
    assert (await job(server, loading("inside.png")))["status"]["completed"]
    for name in OUT + ODD:
        answer = await job(server, loading(name))
        assert answer["error"]["type"] == "prompt_outputs_failed_validation", name
        assert "Traceback" not in json.dumps(answer)


async def test_a_workflow_saves_nothing_outside(server: Server, data: Path) -> None:
    before = tree(data.parent)
    picture = {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": 0}}
    for name in OUT:
        save = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": name}}
        await job(server, {"1": picture, "2": save})
    assert all(path.is_relative_to(data / "output") for path in tree(data.parent) - before)


def times(folder: Path) -> dict[Path, int]:
    return {path: os.lstat(path).st_mtime_ns for path in tree(folder) if not path.is_dir()}


async def test_user_files_are_neither_written_moved_nor_deleted_outside(server: Server, data: Path) -> None:
    user, before = data / "user" / "default", times(data.parent)
    for name in [*OUT, *ODD, "workflows", "workflows/", ".", "..", "%2e%2e", ""]:
        async with server.post("/userdata/workflows%2Fa.json", data=b"{}") as response:
            assert response.status == 200
        requests = [("POST", "/userdata/{}"), ("DELETE", "/userdata/{}"), ("POST", "/userdata/{}/move/c.json")]
        for method, place in [*requests, ("POST", "/userdata/workflows%2Fa.json/move/{}")]:
            for form in {quote(name, safe=""), quote(quote(name, safe=""), safe="")}:
                async with server.request(method, place.format(form), data=b"{}") as response:
                    assert response.status < 500, (method, place, form)
    after = times(data.parent)
    assert {path for path in before if after.get(path) != before[path]} <= {user / "linked.png"}
    assert all(path.is_relative_to(user) for path in after if path not in before)


async def test_files_are_deleted_nowhere_outside(server: Server, data: Path) -> None:
    before = tree(data.parent)
    for place in ("filename={}", "filename={}&type=input", "filename=x.png&subfolder={}", "filename=x.png&type={}"):
        for name in OUT + ODD:
            for form in {quote(name, safe=""), quote(quote(name, safe=""), safe="")}:
                request = f"DELETE /v1/files?{place.format(form)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                assert 400 <= (await raw(server, request.encode())).status < 500, (place, form)
    assert tree(data.parent) == before


async def test_whole_folders_are_neither_moved_nor_deleted(server: Server, data: Path) -> None:
    async with server.post("/userdata/workflows%2Fa.json", data=b"{}") as response:
        assert response.status == 200
    for form in ("workflows", "workflows%2F", ".%2Fworkflows", ".", "..", "%2E", "workflows%252F", "%2e%2e%2fdefault"):
        for method, place in (("DELETE", "/userdata/{}"), ("POST", "/userdata/{}/move/away")):
            answer = await raw(server, f"{method} {place.format(form)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert 400 <= answer.status < 500, (method, form)
    assert (data / "user" / "default" / "workflows" / "a.json").is_file()


async def test_a_get_makes_no_folders(serve: Serve, data: Path) -> None:
    server = await serve(Settings())
    before = tree(data)
    for route in server.app.router.routes():
        if route.method == "GET" and not route.get_info().get("path", "").endswith("/events"):
            path = route.get_info().get("path") or route.get_info().get("formatter", "")
            if path.endswith(("/ws", "/events")):
                continue
            for filled in ("x", "a%2Fb", "default"):
                async with server.get(
                    _filled(path, filled), params={"dir": "x/y", "path": "x/y", "filename": "x"}
                ) as got:
                    await got.read()
    assert tree(data) == before
    assert await works(server)


def _filled(path: str, value: str) -> Any:

    return URL(re.sub(r"\{[^}]*\}", value, path), encoded=True)
