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
from engine.events import Event, JobDone, JobTaken, QueueChanged, RunCancelled, now_ms
from engine.jobs import JobQueue
from engine.workflow import parse
from web.messages.outbox import Frame, Outbox
from web.messages.progress_state import SELDOM_MS
from web.messages.wire import JobMessages, Message, Outgoing, Preview, status
from web.settings import Settings

logger = logging.getLogger(__name__)

LARGEST_MESSAGE_BYTES = 1024 * 1024
CLOSE_TIMEOUT_S = 2.0


@dataclass(eq=False)
class Client:
    """One open socket. ``hang_up`` cuts the connection without a word; ``flags`` are what it says it can do, None if it
    says nothing."""

    sid: str
    socket: web.WebSocketResponse
    hang_up: Callable[[], None]
    outbox: Outbox = field(default_factory=Outbox)
    flags: dict[str, Any] | None = None
    heard: bool = False
    held: Frame | None = None

    def tell(self, item: Outgoing) -> None:
        """Queue a message; never waits. A client that takes nothing any more is given up."""
        if isinstance(item, Preview):
            self._show(item)
            return
        self._put(item.frame, passing=item.passing)
        if self.held and item.type != "progress_state":
            frame, self.held = self.held, None
            self._put(frame, passing=True)

    def _show(self, preview: Preview) -> None:
        """Who never said what it can do takes any binary frame for its picture, and gets finished ones only, unless it
        asked; and who knows no metadata gets a preview after the progress that it belongs to."""
        event = preview.event
        if self.flags is None and not (event.finished or event.asked):
            return
        with_metadata = (self.flags or {}).get("supports_preview_metadata") is True
        frame = preview.encode(with_metadata=with_metadata)
        if with_metadata or event.finished:
            self._put(frame, passing=not event.finished)
        else:
            self.held = frame

    def _put(self, frame: Frame, *, passing: bool) -> None:
        if not self.outbox.put(frame, passing=passing):
            logger.warning("client %s is too slow: connection closed", self.sid)
            self.hang_up()


@dataclass
class _Live:
    """A job that runs, and who asked for it. ``reminder`` is set while some of its progress is yet to be told."""

    client_id: str | None
    messages: JobMessages
    reminder: asyncio.TimerHandle | None = None


class Sockets:
    """The open sockets by session id, and the fan-out of the engine's events to them.

    A session may have several sockets, such as two tabs or one that reconnected before it was missed: all hear.
    """

    def __init__(self, queue: JobQueue, settings: Settings) -> None:
        self._queue, self._settings = queue, settings
        self._sessions: dict[str, list[Client]] = {}
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

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    async def close(self) -> None:
        """Say goodbye to every client."""
        goodbye = [c.socket.close(code=WSCloseCode.GOING_AWAY, message=b"server stops") for c in self._open]
        await asyncio.gather(*goodbye, return_exceptions=True)

    def tell_session(self, sid: str, message: Message) -> bool:
        """Tell all sockets of a session; False if it has none."""
        self._tell(sid, [message])
        return sid in self._sessions

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
        if live.messages.owes and live.reminder is None:
            live.reminder = asyncio.get_running_loop().call_later(SELDOM_MS / 1000, self._remind, live)

    def _remind(self, live: _Live) -> None:
        """Tell the progress that was held back, when nothing else has happened since."""
        live.reminder = None
        self._tell(live.client_id, live.messages.overdue(now_ms()))

    def _tell(self, sid: str | None, items: Iterable[Outgoing]) -> None:
        for item in items:
            for client in self._sessions.get(sid or "", ()):
                client.tell(item)

    def _tell_all(self, items: Iterable[Outgoing]) -> None:
        for item in items:
            for client in self._open:
                client.tell(item)

    def _greet(self, client: Client, remaining: int) -> None:
        """Let a client in, and say what runs for it already."""
        self._open.add(client)
        self._sessions.setdefault(client.sid, []).append(client)
        client.tell(status(remaining, client.sid))
        for live in self._live.values():
            if live.client_id == client.sid and live.messages.running is not None:
                client.tell(Message("executing", {"node": live.messages.running}))

    def _forget(self, client: Client) -> None:
        self._open.discard(client)
        others = [other for other in self._sessions[client.sid] if other is not client]
        if others:
            self._sessions[client.sid] = others
        else:
            del self._sessions[client.sid]

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
