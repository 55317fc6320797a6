"""Servers with small nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from engine.bus import Bus
from engine.cache import MemoryCache
from engine.folders import Folders
from engine.jobs_sqlite import SqliteQueue
from engine.lanes import Lanes
from engine.node import NodeDef
from engine.pool_local import LocalPool
from engine.replacements import Replacement
from tests.conformance.conftest import Listener, Server
from tests.semantics.stage import Stage, registry
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

OpenStage: TypeAlias = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def open_stage(aiohttp_client: Callable[..., Awaitable[Server]], tmp_path: Path) -> AsyncIterator[OpenStage]:
    """``await open_stage(*definitions)``: a server with these nodes too, and with what ``replaces`` older ones."""
    folders = Folders(tmp_path)
    folders.lay_out()
    async with AsyncExitStack() as stack:

        async def opened(*more: NodeDef, replaces: Sequence[Replacement] = ()) -> Stage:
            known = registry(*more)
            known.replace(*replaces)
            lanes = Lanes({"gpu": 1, "cpu": 2, "hook": 1})
            pool = LocalPool(lambda: known, MemoryCache(1 << 20), lanes)
            server = await aiohttp_client(make_app(Parts(SqliteQueue(":memory:"), pool, Bus(), folders, Settings())))
            listener = Listener(await stack.enter_async_context(server.ws_connect("/ws?clientId=cid1")))
            assert (await listener.hear())["type"] == "status"  # the greeting
            return Stage(server, listener)

        yield opened


@pytest.fixture
async def stage(open_stage: OpenStage) -> Stage:
    """A server with the usual nodes."""
    return await open_stage()
