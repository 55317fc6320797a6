"""What the tests talk to: the server at ``WIRELOOM_URL``, or a whole one on loopback with small nodes.

The one in this process has its real queue, bus, runner and executor, and is new for each test. The one at
``WIRELOOM_URL`` must be there for tests alone: before each its jobs and its history go, files and settings stay.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient

from engine.bus import Bus
from engine.cache import MemoryCache
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from engine.lanes import Lanes
from engine.pool_local import LocalPool
from tests.conformance import tiny
from tests.conformance.remote import Remote, calm
from tests.conformance.report import tell
from tests.conformance.seen import Seen
from tests.support.server import Server as Process
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

Server = TestClient[Any, Any]
OpenClient = Callable[..., Awaitable[Server]]

URL = os.environ.get("WIRELOOM_URL", "")
HEARD_WITHIN_S = 20
SEEN = pytest.StashKey[Seen]()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    if URL:
        pytest.skip("looks into the server's folders, which the one at WIRELOOM_URL does not show")
    made = Folders(tmp_path)
    made.lay_out()
    return made


@pytest.fixture
def parts(folders: Folders) -> Parts:
    pool = LocalPool(lambda: tiny.registry(folders), MemoryCache(1 << 20), Lanes({"gpu": 1, "cpu": 2, "hook": 1}))
    return Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings())


@pytest.fixture
async def aiohttp_client(aiohttp_client: OpenClient, pytestconfig: pytest.Config) -> OpenClient:
    """Clients that note what they ask and hear, for the report."""

    async def opened(served: Any, **more: Any) -> Server:
        return await aiohttp_client(served, **pytestconfig.stash[SEEN].session_options(), **more)

    return opened


@pytest.fixture
async def server(aiohttp_client: OpenClient, request: pytest.FixtureRequest) -> Server:
    """The server at WIRELOOM_URL, or one with small nodes and nothing else."""
    if not URL:
        return await aiohttp_client(make_app(request.getfixturevalue("parts")))
    client = await aiohttp_client(Remote(URL))
    await calm(client, forget=True)
    return client


@pytest.fixture
async def small_nodes(server: Server) -> None:
    """For tests that run the nodes of ``tiny``."""
    async with server.get("/object_info/TOut") as response:
        if not await response.json():
            pytest.skip(
                "the server at WIRELOOM_URL has no test nodes: python -m tests.conformance.serve starts one that has"
            )


@pytest.fixture(scope="session")
def core_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server with the built-in nodes is: ``wireloom serve`` in a process of its own, if none was named."""
    if URL:
        yield URL
        return
    with Process(tmp_path_factory.mktemp("data")) as started:
        yield started.url


@pytest.fixture
async def core(aiohttp_client: OpenClient, core_url: str) -> Server:
    """A server with the built-in nodes and the bundled model, which may stay in memory from test to test."""
    client = await aiohttp_client(Remote(core_url))
    await calm(client, forget=False)
    return client


@pytest.fixture
async def listener(server: Server) -> AsyncIterator[Listener]:
    async with server.ws_connect("/ws?clientId=cid1") as socket:
        yield Listener(socket)


class Listener:
    """What one client hears."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket

    async def hear(self) -> dict[str, Any]:
        """The next message; a binary frame as ``{"binary": bytes}``."""
        message = await self.socket.receive(timeout=HEARD_WITHIN_S)
        if message.type is WSMsgType.BINARY:
            return {"type": "binary", "binary": message.data}
        assert message.type is WSMsgType.TEXT, message
        heard: dict[str, Any] = message.json()
        return heard

    async def until_done(self) -> list[dict[str, Any]]:
        """All messages up to the end of a job."""
        heard = [await self.hear()]
        while not (heard[-1]["type"] == "executing" and heard[-1]["data"]["node"] is None):
            heard.append(await self.hear())
        return heard

    async def until(self, kind: str) -> dict[str, Any]:
        """The next message of this type."""
        while (heard := await self.hear())["type"] != kind:
            pass
        return heard


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--protocol", action="store_true", help="tell which lines of the protocol have tests")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SEEN] = Seen()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Look last at what the others have asked, and only if all of them were."""
    items.sort(key=lambda item: item.path.name == "test_seen.py")
    here = Path(__file__).parent
    asked = {item.path for item in items}
    config.stash[SEEN].whole_suite = asked.issuperset([*here.glob("test_*.py")]) and not config.option.keyword


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("protocol", default=False):
        terminalreporter.write(tell(config.stash[SEEN]))
