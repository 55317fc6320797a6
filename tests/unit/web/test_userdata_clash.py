"""Two who save one file: the second is told, if it says what it read."""

from __future__ import annotations

import pytest

from tests.unit.web.conftest import Server

FILE = "/api/userdata/workflows%2Fa.json"


async def write(server: Server, content: bytes, **headers: str) -> tuple[int, str | None]:
    """Keep the file; the status, and the tag that it has now."""
    async with server.post(FILE, data=content, headers={k.replace("_", "-"): v for k, v in headers.items()}) as answer:
        return answer.status, answer.headers.get("ETag")


async def read(server: Server) -> tuple[bytes, str]:
    async with server.get(FILE) as answer:
        return await answer.read(), answer.headers["ETag"]


async def test_a_file_is_replaced_by_whoever_read_it_last(server: Server) -> None:
    _, written = await write(server, b"1")
    assert await read(server) == (b"1", written)
    status, after = await write(server, b"2", If_Match=str(written))
    assert (status, await read(server)) == (200, (b"2", after))
    assert written != after


@pytest.mark.parametrize("tag", ['"stale"', 'W/"stale"', "no tag at all"])
async def test_a_file_that_was_changed_meanwhile_is_not_replaced(server: Server, tag: str) -> None:
    await write(server, b"theirs")
    assert (await write(server, b"mine", If_Match=tag))[0] == 412
    assert (await read(server))[0] == b"theirs"


async def test_any_content_will_do_for_a_star_but_there_has_to_be_some(server: Server) -> None:
    assert (await write(server, b"1", If_Match="*"))[0] == 412
    await write(server, b"1")
    assert (await write(server, b"2", If_Match="*"))[0] == 200


async def test_a_file_that_is_gone_is_not_made_anew(server: Server) -> None:
    _, tag = await write(server, b"1")
    async with server.delete(FILE) as answer:
        assert answer.status == 204
    assert (await write(server, b"2", If_Match=str(tag)))[0] == 412
