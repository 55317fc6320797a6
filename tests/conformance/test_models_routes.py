"""Model files as the front end's library shows them."""

import base64
import io
import json
import os
import struct
from pathlib import Path

import pytest
from PIL import Image

from engine.folders import Folders
from tests.conformance.asking import get, picture
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


def safetensors(path: Path, metadata: dict[str, str] | None) -> Path:
    """A file without tensors."""
    header = json.dumps({} if metadata is None else {"__metadata__": metadata}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


@pytest.fixture
def checkpoints(folders: Folders) -> Path:
    return folders.paths("checkpoints")[0]


async def shown(server: Server, path: str) -> Image.Image:
    """A preview, as a picture."""
    async with server.get(f"/api/experiment/models/preview/{path}") as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "image/webp"
        return Image.open(io.BytesIO(await response.read()))


@pytest.mark.protocol("http.4.d")
async def test_folders_have_paths_and_endings(server: Server) -> None:
    found = {entry["name"]: entry for entry in await get(server, "/api/experiment/models")}
    assert set(found) == set(await get(server, "/models")) - {"configs", "custom_nodes"}
    checkpoints = found["checkpoints"]
    assert all(os.path.isabs(path) for path in checkpoints["folders"])
    assert ".safetensors" in checkpoints["extensions"]
    assert checkpoints["extensions"] == sorted(checkpoints["extensions"])


@pytest.mark.protocol("http.4.e")
async def test_files_have_name_place_times_and_size(server: Server, folders: Folders, tmp_path: Path) -> None:
    first = folders.paths("checkpoints")[0]
    (first / "sub").mkdir()
    (first / "sub" / "a.safetensors").write_bytes(b"12345")
    os.utime(first / "sub" / "a.safetensors", (1e9, 1e9))
    (first / ".hidden.safetensors").write_bytes(b"")
    (first / ".dir").mkdir()
    (first / ".dir" / "b.safetensors").write_bytes(b"")
    (first / "note.txt").write_bytes(b"")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c.ckpt").write_bytes(b"1")
    folders.add("checkpoints", tmp_path / "more")
    a, c = await get(server, "/api/experiment/models/checkpoints")
    assert a.pop("created") > 1e9
    assert a == {"name": os.path.join("sub", "a.safetensors"), "pathIndex": 0, "modified": 1e9, "size": 5}
    assert (c["name"], c["pathIndex"]) == ("c.ckpt", 1)


@pytest.mark.protocol("http.4.e")
async def test_files_of_an_unknown_key_are_404(server: Server) -> None:
    assert (await get(server, "/experiment/models/nothing", 404))["error"]["type"] == "not_found"


@pytest.mark.protocol("http.4.f")
@pytest.mark.parametrize("beside", ["m.png", "m.preview.jpeg", "m.PNG", "m.webp"])
async def test_the_picture_beside_a_model_is_its_preview(server: Server, checkpoints: Path, beside: str) -> None:
    safetensors(checkpoints / "m.safetensors", None)
    kind = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}[beside.rpartition(".")[2].lower()]
    (checkpoints / beside).write_bytes(picture((255, 0, 0), kind=kind))
    (checkpoints / "other.png").write_bytes(picture((0, 255, 0)))
    found = await shown(server, "checkpoints/0/m.safetensors")
    assert found.size == (8, 4)
    red, green, _ = found.convert("RGB").getpixel((4, 2))
    assert red > 200 > 60 > green


@pytest.mark.protocol("http.4.f")
async def test_a_picture_in_the_header_is_the_preview_if_none_lies_beside(server: Server, checkpoints: Path) -> None:
    covers = json.dumps(["no base64!", "data:image/png;base64," + base64.b64encode(picture((0, 0, 255))).decode()])
    (checkpoints / "deep er").mkdir()
    safetensors(checkpoints / "deep er" / "m.safetensors", {"ssmd_cover_images": covers})
    found = await shown(server, "checkpoints/0/deep%20er%2Fm.safetensors")
    assert found.size == (8, 4)


@pytest.mark.protocol("http.4.f")
async def test_a_model_without_a_picture_that_can_be_shown_has_none(server: Server, checkpoints: Path) -> None:
    safetensors(checkpoints / "m.safetensors", {"ssmd_cover_images": '["AAAA", 3, null]'})
    (checkpoints / "m.png").write_bytes(b"<svg/>")
    safetensors(checkpoints / "n.safetensors", {"ssmd_cover_images": "[" * 100_000})
    safetensors(checkpoints / "o.safetensors", {"ssmd_cover_images": "7"})
    for name in ("m", "n", "o"):
        async with server.get(f"/experiment/models/preview/checkpoints/0/{name}.safetensors") as response:
            assert response.status == 404


@pytest.mark.protocol("http.4.f")
@pytest.mark.parametrize(
    "path", ["checkpoints/99/m.ckpt", "nothing/0/m.ckpt", "checkpoints/0/gone/m", "checkpoints/x/m"]
)
async def test_a_preview_of_what_is_not_there_is_404(server: Server, path: str) -> None:
    async with server.get(f"/experiment/models/preview/{path}") as response:
        assert response.status == 404


@pytest.mark.protocol("http.4.g")
@pytest.mark.parametrize("name", ["..%2F..%2Fx.png", "%2Fetc%2Fpasswd", "a%2F..%2F..%2Fb", "..%5Cx", "a%00b", "C:%5Cx"])
async def test_a_preview_path_that_leaves_its_folder_is_refused(server: Server, folders: Folders, name: str) -> None:
    (folders.paths("checkpoints")[0].parent / "x.png").write_bytes(picture())
    async with server.get(f"/experiment/models/preview/checkpoints/0/{name}") as response:
        assert response.status in (400, 403)


@pytest.mark.protocol("http.3.za")
async def test_metadata_is_what_the_header_says(server: Server, checkpoints: Path) -> None:
    safetensors(checkpoints / "m.safetensors", {"author": "me"})
    assert await get(server, "/api/view_metadata/checkpoints", filename="m.safetensors") == {"author": "me"}


@pytest.mark.protocol("http.3.za")
@pytest.mark.parametrize(
    "name", ["none.safetensors", "gone.safetensors", "m.ckpt", "large.safetensors", "../m.safetensors"]
)
async def test_a_file_that_says_nothing_of_itself_is_404(server: Server, checkpoints: Path, name: str) -> None:
    safetensors(checkpoints / "none.safetensors", None)
    safetensors(checkpoints / "large.safetensors", {"a": "x" * 1024 * 1024})
    (checkpoints / "m.ckpt").write_bytes(b"")
    async with server.get("/view_metadata/checkpoints", params={"filename": name}) as response:
        assert response.status == 404
