"""The log, as the browser sees it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator

import pytest
from aiohttp import ClientWebSocketResponse

from engine.bus import Bus
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from tests.unit.web.conftest import FakePool, Server
from web.app import make_app
from web.keys import Parts
from web.logs.book import LAST, LogBook
from web.settings import Settings


@pytest.fixture
def book() -> LogBook:
    made = LogBook()
    made.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    return made


@pytest.fixture
def log(book: LogBook) -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.log_feed")
    logger.setLevel(logging.INFO)
    logger.addHandler(book)
    yield logger
    logger.removeHandler(book)


@pytest.fixture
async def server(aiohttp_client: Callable[..., Awaitable[Server]], book: LogBook, folders: Folders) -> Server:
    parts = Parts(SqliteQueue(":memory:"), FakePool(), Bus(), folders, Settings(), logs=book)
    return await aiohttp_client(make_app(parts))


async def subscribe(server: Server, sid: str, *, enabled: bool = True) -> None:
    async with server.patch("/internal/logs/subscribe", json={"clientId": sid, "enabled": enabled}) as response:
        assert response.status == 200


async def lines(socket: ClientWebSocketResponse) -> list[str]:
    """The text of the next ``logs`` message."""
    while (message := await socket.receive_json(timeout=5))["type"] != "logs":
        pass
    assert message["data"].keys() == {"entries", "size"}
    return [entry["m"] for entry in message["data"]["entries"]]


async def test_the_last_lines_are_kept_with_their_time(server: Server, log: logging.Logger) -> None:
    for number in range(LAST + 5):
        log.info("line %d", number)
    async with server.get("/internal/logs/raw") as response:
        entries = (await response.json())["entries"]
    assert [entry["m"] for entry in entries] == [f"INFO: line {number}\n" for number in range(5, LAST + 5)]
    async with server.get("/internal/logs") as response:
        text = await response.json()
    assert text.endswith(f"{entries[-1]['t']} - INFO: line {LAST + 4}\n")
    assert text.count("\n") == LAST


async def test_who_subscribed_hears_from_any_thread_in_one_message(server: Server, log: logging.Logger) -> None:
    async with server.ws_connect("/ws?clientId=a") as a, server.ws_connect("/ws?clientId=b") as b:
        await subscribe(server, "a")
        log.info("one")
        await asyncio.to_thread(log.warning, "two")
        assert await lines(a) == ["INFO: one\n", "WARNING: two\n"]
        await subscribe(server, "a", enabled=False)
        await subscribe(server, "b")
        log.info("three")
        assert await lines(b) == ["INFO: three\n"]
        assert [message for message in await heard(a) if "logs" in message] == []


async def heard(socket: ClientWebSocketResponse) -> list[str]:
    """What comes within a moment."""
    found = []
    with contextlib.suppress(asyncio.TimeoutError):
        while True:
            found.append(await socket.receive_str(timeout=0.2))
    return found


async def test_a_session_that_reconnects_hears_on(server: Server, log: logging.Logger) -> None:
    async with server.ws_connect("/ws?clientId=a"):
        await subscribe(server, "a")
    log.info("unheard")
    await asyncio.sleep(0.15)
    async with server.ws_connect("/ws?clientId=a") as again:
        log.info("heard")
        assert await lines(again) == ["INFO: heard\n"]


def test_a_message_that_cannot_be_made_does_no_harm(
    book: LogBook, log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    log.propagate = False
    log.info("%d", "no number")
    log.propagate = True
    log.info("next")
    assert [entry.text for entry in book.entries()] == ["INFO: next\n"]
    assert "no number" in capsys.readouterr().err
