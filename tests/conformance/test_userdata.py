"""A user's own files: kept, listed, moved, deleted; and names that lead nowhere."""

import asyncio
import json
import time
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance


@pytest.fixture
def folder() -> str:
    """A folder that no other test uses."""
    return f"test-{uuid.uuid4().hex}"


def at(path: str, prefix: str = "/api/userdata/") -> URL:
    """The address of a file; the path goes into it as one segment, with its dots out of the client's sight."""
    return URL(prefix + quote(path, safe="").replace(".", "%2E"), encoded=True)


async def keep(server: Server, path: str, content: bytes = b"{}", query: str = "") -> tuple[int, Any]:
    """Write a file; return status and answer."""
    async with server.post(URL(f"{at(path)}?{query}", encoded=True), data=content) as response:
        is_json = response.content_type == "application/json"
        return response.status, await (response.json() if is_json else response.text())


async def content_of(server: Server, path: str) -> bytes | None:
    async with server.get(at(path)) as response:
        return await response.read() if response.status == 200 else None


async def listed(server: Server, folder: str, query: str = "") -> Any:
    async with server.get(f"/api/userdata?dir={folder}&{query}") as response:
        assert response.status == 200
        return await response.json()


@pytest.mark.protocol("http.6.p", "http.6.s", "http.6.u", "http.6.q")
async def test_a_file_is_kept_with_its_folders(server: Server, folder: str) -> None:
    path = f"{folder}/deep/a b é.json"
    assert await keep(server, path, b'{"a": 1}') == (200, path)
    assert await content_of(server, path) == b'{"a": 1}'


@pytest.mark.protocol("http.6.k", "http.6.u")
async def test_a_file_is_described_with_times_in_whole_milliseconds(server: Server, folder: str) -> None:
    before = time.time() * 1000 - 1000
    status, info = await keep(server, f"{folder}/a.json", b"12345", "full_info=true")
    assert status == 200
    assert {"path": info["path"], "size": info["size"]} == {"path": f"{folder}/a.json", "size": 5}
    for key in ("modified", "created"):
        assert isinstance(info[key], int)
        assert before < info[key] < time.time() * 1000 + 1000
    assert await listed(server, folder, "full_info=true") == [{**info, "path": "a.json"}]


@pytest.mark.protocol("http.6.t")
async def test_a_file_is_replaced_unless_that_was_ruled_out(server: Server, folder: str) -> None:
    path = f"{folder}/a.json"
    await keep(server, path, b"1")
    status, why = await keep(server, path, b"2", "overwrite=false")
    assert (status, path in why) == (409, True)
    assert await content_of(server, path) == b"1"
    for number, query in enumerate(("", "overwrite=true", "overwrite=undefined")):
        assert (await keep(server, path, b"new%d" % number, query))[0] == 200
        assert await content_of(server, path) == b"new%d" % number


@pytest.mark.protocol("http.6.t")
async def test_of_two_new_files_with_one_name_one_is_refused(server: Server, folder: str) -> None:
    path = f"{folder}/a.json"
    answers = await asyncio.gather(*(keep(server, path, b"%d" % n, "overwrite=false") for n in range(8)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 7


@pytest.mark.protocol("http.6.q")
async def test_a_name_that_is_encoded_twice_is_decoded_twice(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a b.json")
    twice = quote(quote(f"{folder}/a b.json", safe=""), safe="")
    async with server.get(URL(f"/userdata/{twice}", encoded=True)) as response:
        assert response.status == 200


@pytest.mark.protocol("http.6.q")
async def test_a_percent_sign_in_a_name_stays(server: Server, folder: str) -> None:
    assert await keep(server, f"{folder}/100%.json", b"1") == (200, f"{folder}/100%.json")
    assert await content_of(server, f"{folder}/100%.json") == b"1"


@pytest.mark.protocol("http.6.r")
async def test_a_page_cannot_run_what_is_kept(server: Server, folder: str) -> None:
    for name in ("a.html", "a.svg", "a.js", "user.css", "a.xml", "a"):
        await keep(server, f"{folder}/{name}", b"<script>alert(1)</script>")
        async with server.get(at(f"{folder}/{name}")) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Content-Disposition"] == "attachment"
            assert response.content_type == "application/octet-stream"


@pytest.mark.protocol("http.6.r", "http.5.g")
async def test_only_the_style_sheet_at_the_root_is_used_as_it_is(server: Server) -> None:
    await keep(server, "user.css", b"body {}")
    async with server.get("/api/userdata/user.css") as response:
        assert response.content_type == "text/css"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Content-Disposition" not in response.headers
    await server.delete("/userdata/user.css")


async def test_a_packed_neighbour_is_not_sent_instead(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a.json", b"plain")
    await keep(server, f"{folder}/a.json.gz", b"not gzip")
    async with server.get(at(f"{folder}/a.json"), headers={"Accept-Encoding": "gzip"}) as response:
        assert await response.read() == b"plain"


async def test_json_comes_back_as_json(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a.json", b'{"favorites": []}')
    async with server.get(at(f"{folder}/a.json")) as response:
        assert response.content_type == "application/json"
        assert await response.json() == {"favorites": []}


@pytest.mark.protocol("http.6.i", "http.6.j", "http.6.k", "http.6.l", "http.6.m")
async def test_a_listing_shows_one_folder_or_all_below(server: Server, folder: str) -> None:
    for name in ("b.json", "A.json", "sub/c.json", ".index.json", ".git/config"):
        await keep(server, f"{folder}/{name}")
    assert await listed(server, folder) == ["A.json", "b.json"]
    assert await listed(server, folder, "recurse=true") == ["A.json", "b.json", "sub/c.json"]
    assert await listed(server, f"{folder}/sub/") == ["c.json"]
    assert await listed(server, folder, "recurse=true&split=true") == [
        ["A.json", "A.json"],
        ["b.json", "b.json"],
        ["sub/c.json", "sub", "c.json"],
    ]
    full = await listed(server, folder, "recurse=true&split=true&full_info=true")
    assert [sorted(info) for info in full] == [["created", "modified", "path", "size"]] * 3


@pytest.mark.protocol("http.6.i")
@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("", 400, "Directory not provided"),
        ("dir=", 400, "Directory not provided"),
        ("dir=..", 403, "Invalid directory"),
        ("dir=../default", 403, "Invalid directory"),
        ("dir=/etc", 403, "Invalid directory"),
        ("dir=/", 403, "Invalid directory"),
        ("dir=%2e%2e%2f", 403, "Invalid directory"),
        ("dir=a%00b", 403, "Invalid directory"),
        ("dir=C:", 403, "Invalid directory"),
        ("dir=no-such-folder", 404, "Directory not found"),
    ],
)
async def test_a_folder_that_cannot_be_listed_is_refused(server: Server, query: str, status: int, text: str) -> None:
    async with server.get(URL(f"/api/userdata?{query}", encoded=True)) as response:
        assert (response.status, await response.text()) == (status, text)


@pytest.mark.protocol("http.6.o")
async def test_a_file_is_no_folder(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a.json")
    async with server.get(f"/userdata?dir={folder}/a.json") as response:
        assert response.status == 404
    async with server.get(f"/v2/userdata?path={folder}/a.json") as response:
        assert response.status == 400


@pytest.mark.protocol("http.6.n")
async def test_a_tree_has_folders_first_and_paths_from_the_root(server: Server, folder: str) -> None:
    for name in ("b.json", "A.json", "z/c.json"):
        await keep(server, f"{folder}/{name}", b"123")
    async with server.get(f"/api/v2/userdata?path={folder}") as response:
        tree = await response.json()
    assert tree[0] == {"name": "z", "path": f"{folder}/z", "type": "directory"}
    assert [entry["path"] for entry in tree[1:]] == [f"{folder}/{name}" for name in ("A.json", "b.json", "z/c.json")]
    assert [(entry["type"], entry["size"]) for entry in tree[1:]] == [("file", 3)] * 3
    assert abs(tree[1]["modified"] - time.time()) < 60


@pytest.mark.protocol("http.6.n")
async def test_the_whole_tree_is_listed_without_a_path(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a.json")
    async with server.get("/v2/userdata") as response:
        assert f"{folder}/a.json" in [entry["path"] for entry in await response.json()]


@pytest.mark.protocol("http.6.o")
@pytest.mark.parametrize(("path", "status"), [("..", 400), ("/etc", 400), ("a%00", 400), ("no-such-folder", 404)])
async def test_a_tree_that_cannot_be_listed_is_refused(server: Server, path: str, status: int) -> None:
    async with server.get(URL(f"/v2/userdata?path={path}", encoded=True)) as response:
        assert response.status == status


@pytest.mark.protocol("http.6.w")
async def test_a_file_is_deleted(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a.json")
    async with server.delete(at(f"{folder}/a.json")) as response:
        assert (response.status, await response.read()) == (204, b"")
    async with server.delete(at(f"{folder}/a.json")) as response:
        assert response.status == 404


@pytest.mark.protocol("http.6.x")
async def test_a_file_is_moved_into_a_new_folder(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a.json", b"1")
    async with server.post(at(f"{folder}/new/b.json", f"{at(f'{folder}/a.json')}/move/")) as response:
        assert (response.status, await response.json()) == (200, f"{folder}/new/b.json")
    assert await content_of(server, f"{folder}/a.json") is None
    assert await content_of(server, f"{folder}/new/b.json") == b"1"


@pytest.mark.protocol("http.6.x")
async def test_a_move_replaces_a_file_unless_that_was_ruled_out(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a.json", b"1")
    await keep(server, f"{folder}/b.json", b"2")
    move = f"{at(f'{folder}/a.json')}/move/{quote(f'{folder}/b.json', safe='')}"
    async with server.post(URL(f"{move}?overwrite=false", encoded=True)) as response:
        assert response.status == 409
    assert await content_of(server, f"{folder}/b.json") == b"2"
    async with server.post(URL(f"{move}?full_info=true", encoded=True)) as response:
        info = await response.json()
    assert (info["path"], info["size"]) == (f"{folder}/b.json", 1)
    assert await content_of(server, f"{folder}/b.json") == b"1"


@pytest.mark.protocol("http.6.x")
async def test_what_is_not_there_cannot_be_moved(server: Server, folder: str) -> None:
    async with server.post(at("x", f"{at(f'{folder}/a.json')}/move/")) as response:
        assert response.status == 404


@pytest.mark.protocol("http.6.v")
async def test_folders_are_not_written_moved_or_deleted(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a.json")
    for refused in (
        await server.delete(at(folder)),
        await server.delete(at(f"{folder}/")),
        await server.delete(at(".")),
        await server.post(at(f"{folder}2", f"{at(folder)}/move/")),
        await server.post(at(folder, f"{at(f'{folder}/a.json')}/move/")),
        await server.post(at(folder), data=b""),
        await server.post(at("."), data=b""),
        await server.post(at(f"{folder}/"), data=b""),
    ):
        assert refused.status == 400, refused.url
        assert "folder" in await refused.text()
    async with server.get(at(folder)) as response:
        assert response.status == 404
    assert await listed(server, folder) == ["a.json"]


OUTSIDE = [
    "../x",
    "a/../../x",
    "..",
    "/etc/passwd",
    "//x",
    "a\0b",
    "C:/x",
    "c:x",
    "%2e%2e/x",
    "..%2fx",
    "CON",
    "nul.json",
]
OUTSIDE += ["a/lpt1.txt", "a.", "a ", "...", "a:b"]
NOWHERE = ["..\\x", "C:\\x", "a\\b", "a\nb", "x" * 256, "é" * 128]
TOO_DEEP = "/".join("a" * 500)


@pytest.mark.protocol("http.6.p", "http.6.v")
@pytest.mark.parametrize(
    ("name", "status"),
    [*((name, 403) for name in OUTSIDE), *((name, 400) for name in [*NOWHERE, TOO_DEEP])],
    ids=lambda value: repr(value)[:30],
)
async def test_a_name_that_leads_out_or_nowhere_is_refused(server: Server, folder: str, name: str, status: int) -> None:
    await keep(server, f"{folder}/a.json")
    for answer in (
        await server.get(at(name)),
        await server.post(at(name), data=b"x"),
        await server.delete(at(name)),
        await server.post(at("x", f"{at(name)}/move/")),
        await server.post(at(name, f"{at(f'{folder}/a.json')}/move/")),
    ):
        assert answer.status == status, (answer.method, await answer.text())
        assert len(await answer.text()) > 20  # it says why
    assert await listed(server, folder) == ["a.json"]


@pytest.mark.protocol("http.6.p", "http.6.q")
@pytest.mark.parametrize("encoded", ["%2e%2e%2fx", "%252e%252e%252fx", "%2Fetc%2Fpasswd", "%252Fetc", "..%2F..%2Fx"])
async def test_encoding_does_not_lead_out_either(server: Server, encoded: str) -> None:
    async with server.get(URL(f"/userdata/{encoded}", encoded=True)) as response:
        assert response.status == 403


@pytest.mark.parametrize("encoded", ["%FF", "%25FF", "%25ED%25A0%2580"])
async def test_a_name_that_is_no_text_is_refused(server: Server, encoded: str) -> None:
    async with server.get(URL(f"/userdata/{encoded}", encoded=True)) as response:
        assert response.status == 400


@pytest.mark.protocol("http.6.v")
async def test_a_file_cannot_lie_in_a_file(server: Server, folder: str) -> None:
    await keep(server, f"{folder}/a")
    status, why = await keep(server, f"{folder}/a/b")
    assert (status, "cannot be written" in why) == (400, True)
    assert await content_of(server, f"{folder}/a/b") is None


async def test_whoever_reads_during_a_write_finds_a_whole_file(server: Server, folder: str) -> None:
    path, versions = f"{folder}/a.json", [json.dumps([n] * 50_000).encode() for n in range(2)]
    await keep(server, path, versions[0])

    async def write() -> None:
        for number in range(10):
            await keep(server, path, versions[number % 2])

    writing = asyncio.create_task(write())
    while not writing.done():
        assert await content_of(server, path) in versions
    await writing
    assert await listed(server, folder) == ["a.json"]
