"""``/ws``: who listens, and what each of them hears."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from engine.bus import Bus
from engine.errors import NotAWorkflow
from engine.events import Event, JobDone, JobTaken, QueueChanged, RunCancelled
from engine.jobs import JobQueue
from engine.workflow import parse
from web.outbox import Outbox
from web.settings import Settings
from web.wire import JobMessages, Message, Outgoing, status

logger = logging.getLogger(__name__)

LARGEST_MESSAGE_BYTES = 1024 * 1024
CLOSE_TIMEOUT_S = 2.0


@dataclass(eq=False)
class Client:
    """One open socket. ``hang_up`` cuts the connection without a word."""

    sid: str
    socket: web.WebSocketResponse
    hang_up: Callable[[], None]
    outbox: Outbox = field(default_factory=Outbox)
    flags: dict[str, Any] = field(default_factory=dict)
    heard: bool = False

    def tell(self, item: Outgoing) -> None:
        """Queue a message; never waits. A client that takes nothing any more is given up."""
        if isinstance(item, Message):
            taken = self.outbox.put(item.encode(), passing=item.passing)
        else:
            with_metadata = self.flags.get("supports_preview_metadata") is True
            taken = self.outbox.put(item.encode(with_metadata=with_metadata), passing=True)
        if not taken:
            logger.warning("client %s is too slow: connection closed", self.sid)
            self.hang_up()


@dataclass
class _Live:
    """A job that runs, and who asked for it."""

    client_id: str | None
    messages: JobMessages


class Sockets:
    """The open sockets by session id, and the fan-out of the engine's events to them."""

    def __init__(self, queue: JobQueue, settings: Settings) -> None:
        self._queue, self._settings = queue, settings
        self._clients: dict[str, Client] = {}
        self._open: set[Client] = set()
        self._live: dict[str, _Live] = {}

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Handle ``GET /ws`` for as long as the socket is open."""
        socket = web.WebSocketResponse(timeout=CLOSE_TIMEOUT_S, max_msg_size=LARGEST_MESSAGE_BYTES)
        await socket.prepare(request)
        transport = request.transport
        client = Client(
            sid=request.query.get("clientId") or uuid.uuid4().hex,
            socket=socket,
            hang_up=transport.abort if isinstance(transport, asyncio.WriteTransport) else lambda: None,
        )
        remaining = await self._queue.remaining()
        self._greet(client, remaining)
        sending = asyncio.create_task(client.outbox.send_to(socket), name=f"send to {client.sid}")
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._hear(client, message.data)
        finally:
            self._forget(client)
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sending
        return socket

    async def fan_out(self, bus: Bus) -> None:
        """Turn what happens into messages, until cancelled."""
        async with bus.subscribe() as events:
            async for event in events:
                try:
                    self._pass_on(event)
                except Exception:
                    logger.exception("event %s could not be passed on", type(event).__name__)
                await asyncio.sleep(0)  # many events at once must not fill a quick client's outbox

    async def close(self) -> None:
        """Say goodbye to every client."""
        goodbye = [c.socket.close(code=WSCloseCode.GOING_AWAY, message=b"server stops") for c in self._open]
        await asyncio.gather(*goodbye, return_exceptions=True)

    def _pass_on(self, event: Event) -> None:
        if isinstance(event, QueueChanged):
            self._tell_all([status(event.remaining)])
            return
        if isinstance(event, JobTaken):
            self._live[event.job_id] = _Live(event.client_id, JobMessages(event.job_id))
            return
        live = self._live.get(event.job_id)
        if live is None:  # told after its end
            return
        if isinstance(event, JobDone):
            self._tell(live.client_id, [live.messages.done()])
            self._live.pop(event.job_id, None)
            return
        messages = live.messages.of(event)
        if isinstance(event, RunCancelled) and live.client_id is None:
            self._tell_all(messages)
        else:
            self._tell(live.client_id, messages)

    def _tell(self, sid: str | None, items: Iterable[Outgoing]) -> None:
        if sid is not None and (client := self._clients.get(sid)):
            for item in items:
                client.tell(item)

    def _tell_all(self, items: Iterable[Outgoing]) -> None:
        for item in items:
            for client in list(self._clients.values()):
                client.tell(item)

    def _greet(self, client: Client, remaining: int) -> None:
        """Let a client in; a former socket of the same session hears no more. Says what runs for it already."""
        self._open.add(client)
        self._clients[client.sid] = client
        client.tell(status(remaining, client.sid))
        for live in self._live.values():
            if live.client_id == client.sid and live.messages.running is not None:
                client.tell(Message("executing", {"node": live.messages.running}))

    def _forget(self, client: Client) -> None:
        self._open.discard(client)
        if self._clients.get(client.sid) is client:
            del self._clients[client.sid]

    def _hear(self, client: Client, text: str) -> None:
        """Only the very first message counts: the client's feature flags."""
        first, client.heard = not client.heard, True
        try:
            message = parse(text)
        except NotAWorkflow as error:
            logger.info("client %s sent what is %s", client.sid, error)
            return
        if first and isinstance(message, dict) and message.get("type") == "feature_flags":
            flags = message.get("data")
            client.flags = flags if isinstance(flags, dict) else {}
            client.tell(Message("feature_flags", self._settings.features()))
