"""Uploads that are too large, too slow, or no uploads."""

import asyncio
import gzip
import tracemalloc
from pathlib import Path

import pytest
from aiohttp import FormData

from tests.attacks.conftest import Server, png, raw, tree, works
from web.safety.forms import MAX_PARTS, MAX_TEXT_BYTES

pytestmark = pytest.mark.conformance

MIB = 1 << 20  # the limit of these servers
HEAD = "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
FILE = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'


def files(data: Path) -> list[Path]:
    return [path for path in tree(data) if path.is_file()]


async def gone(data: Path) -> bool:
    """Whether all files are, soon."""
    for _ in range(200):
        if not files(data):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_a_length_beyond_the_limit_is_refused_before_anything_is_sent(server: Server) -> None:
    for path in ("/upload/image", "/prompt", "/settings", "/userdata/x", "/queue", "/v1/jobs"):
        answer = await raw(server, (HEAD.format(path) + f"Content-Length: {10**12}\r\n\r\n").encode())
        assert answer.status == 413, path
        assert b'"too_large"' in answer.body
        assert answer.headers["connection"] == "close"


async def test_an_upload_without_length_is_cut_off_where_the_limit_is(server: Server, data: Path) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write((HEAD.format("/upload/image") + "Transfer-Encoding: chunked\r\n\r\n").encode())
    piece, sent = b"x" * 65536, 0
    writer.write(b"%x\r\n%s\r\n" % (len(FILE), FILE))
    while sent < 64 * MIB and not reader._buffer:  # type: ignore[attr-defined]
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        sent += len(piece)
        try:
            await writer.drain()
        except ConnectionError:
            break
        await asyncio.sleep(0)
    assert (await reader.readline()).split()[1] == b"413"
    assert sent < 8 * MIB  # the limit, and what was under way
    writer.close()
    assert await gone(data)


async def test_a_compressed_body_counts_as_what_it_becomes(server: Server, data: Path) -> None:
    bomb = gzip.compress(b"[" + b" " * (48 * MIB))
    head = "POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
    tracemalloc.start()
    answer = await raw(server, (head + f"Content-Length: {len(bomb)}\r\n\r\n").encode() + bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status in (400, 413)
    assert peak < 16 * MIB
    form = gzip.compress(FILE + b"x" * (48 * MIB) + b"\r\n--b--\r\n")
    head = HEAD.format("/upload/image") + f"Content-Encoding: gzip\r\nContent-Length: {len(form)}\r\n\r\n"
    assert (await raw(server, head.encode() + form)).status in (400, 413)
    assert await gone(data)


async def test_a_broken_off_upload_leaves_nothing(server: Server, data: Path) -> None:
    _, writer = await asyncio.open_connection(server.host, server.port)
    writer.write((HEAD.format("/upload/image") + "Content-Length: 500000\r\n\r\n").encode() + FILE + b"x" * 100_000)
    await writer.drain()
    for _ in range(200):
        if files(data):
            break
        await asyncio.sleep(0.01)
    assert [path.parent for path in files(data)] == [data / "temp"]
    writer.close()
    assert await gone(data)


async def test_many_slow_uploads_delay_nobody(server: Server) -> None:
    writers = []
    for _ in range(40):
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write((HEAD.format("/upload/image") + "Content-Length: 5000\r\n\r\n").encode() + FILE + b"x")
        writers.append(writer)
    async with asyncio.timeout(5):
        form = FormData()
        form.add_field("image", png(), filename="a.png")
        async with server.post("/upload/image", data=form) as response:
            assert response.status == 200
        assert await works(server)
    for writer in writers:
        writer.close()


def field(name: str, text: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), text)


END = FILE + b"x\r\n--b--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b--\r\n",
        FILE,
        b"x" * 1000,
        field("type", b"x" * (MAX_TEXT_BYTES + 1)) + END,
        b"".join(field(f"f{i}", b"") for i in range(MAX_PARTS + 1)) + END,
        field("type", b"\xff") + END,
        field("subfolder", b"a\0b") + END,
        field("type", b"") + END,
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n" + END,
        FILE.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") + b"!!!!\r\n--b--\r\n",
        FILE.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + gzip.compress(b"x") + b"\r\n--b--\r\n",
        FILE.replace(b'filename="a.png"', b'filename=""') + b"x\r\n--b--\r\n",
        b"--b\r\nX: " + b"y" * 20_000 + b"\r\n\r\nx\r\n" + END,
        b'--b\r\nContent-Disposition: form-data; name="type"\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nx\r\n'
        + END,
    ],
    ids=range(16),
)
async def test_what_is_no_form_is_refused(server: Server, data: Path, body: bytes) -> None:
    for path in ("/upload/image", "/upload/mask"):
        answer = await raw(server, (HEAD.format(path) + f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        assert answer.status == 400, answer.body
        assert b"invalid_upload" in answer.body
    assert await gone(data)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "multipart/mixed; boundary=b", "", "x"])
async def test_another_content_type_is_refused(server: Server, kind: str) -> None:
    head = (
        f"POST /upload/image HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(END)}\r\n\r\n"
    )
    assert (await raw(server, head.encode() + END)).status == 400


async def test_uploads_of_one_name_at_once_are_all_kept_whole(server: Server, data: Path) -> None:
    contents = [bytes([i]) * 50_000 for i in range(8)]

    async def upload(content: bytes) -> str:
        form = FormData()
        form.add_field("image", content, filename="a.png")
        async with server.post("/upload/image", data=form) as response:
            assert response.status == 200
            name: str = (await response.json())["name"]
            return name

    names = await asyncio.gather(*(upload(content) for content in contents * 2))
    assert {(data / "input" / name).read_bytes() for name in names} == set(contents)
    assert all(
        (data / "input" / name).read_bytes() == content for name, content in zip(names, contents * 2, strict=True)
    )
    assert not list((data / "temp").iterdir())
