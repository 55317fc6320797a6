"""What the tests of this folder really asked a server, and what they heard from it."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, TraceConfig, TraceRequestStartParams, WSMessage, WSMsgType
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import Application

TWINS = "test_twins"
"""The module that asks for everything twice: what only it asks for is not tested."""

Tests = set[str]


@dataclass
class Seen:
    """Requests by method and path, and messages by type, each with the tests that saw them."""

    requests: dict[tuple[str, str], Tests] = field(default_factory=lambda: defaultdict(set))
    messages: dict[str, Tests] = field(default_factory=lambda: defaultdict(set))
    whole_suite: bool = False

    def session_options(self) -> dict[str, Any]:
        """What makes a client session report here."""
        trace, seen = TraceConfig(), self

        async def note(session: ClientSession, context: SimpleNamespace, params: TraceRequestStartParams) -> None:
            seen.requests[params.method, params.url.raw_path].add(_current_test())

        class Socket(ClientWebSocketResponse[Any]):
            async def receive(self, timeout: float | None = None) -> WSMessage:
                message = await super().receive(timeout)
                if kind := _kind(message):
                    seen.messages[kind].add(_current_test())
                return message

        trace.on_request_start.append(note)
        return {"trace_configs": [trace], "ws_response_class": Socket}

    async def by_route(self, app: Application) -> dict[str, Tests]:
        """The tests by route of the app, such as ``GET /queue``; a route and its twin below ``/api`` count as one."""
        found: dict[str, Tests] = {name: set() for name in routes(app)}
        for (method, path), tests in self.requests.items():
            match = await app.router.resolve(make_mocked_request(method, path))
            if match.http_exception is None and match.route.resource:
                name = f"{method} {_shared(match.route.resource.canonical)}"
                found.get(name, set()).update(test for test in tests if TWINS not in test)
        return found


def routes(app: Application) -> list[str]:
    """Method and path of all routes; HEAD goes with GET."""
    named = [(route.method, route.resource.canonical) for route in app.router.routes() if route.resource]
    return sorted({f"{method} {_shared(path)}" for method, path in named if method not in ("HEAD", "OPTIONS", "*")})


def _shared(path: str) -> str:
    return path.removeprefix("/api") or "/"


def _current_test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").partition("[")[0].partition(" ")[0]


def _kind(message: WSMessage) -> str | None:
    """The type of a JSON message, or the event code of a binary frame."""
    if message.type is WSMsgType.BINARY:
        return f"binary {int.from_bytes(message.data[:4], 'big')}"
    return str(message.json().get("type")) if message.type is WSMsgType.TEXT else None
