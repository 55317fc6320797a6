"""The parts of a running server, and the keys under which handlers find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from engine.bus import Bus
from engine.checkpoints import Checkpoints
from engine.folders import Folders
from engine.jobs import JobQueue
from engine.pool import WorkerPool
from web.logs.book import LogBook
from web.messages.sockets import Sockets
from web.packs.files import PackFiles
from web.settings import Settings
from web.webhooks.outbox import WebhookOutbox


@dataclass(frozen=True)
class Parts:
    """What ``make_app`` puts a server together from. The app closes queue and pool when it stops.

    ``packs`` are looked at anew for each request: the list may grow while node packs are loaded. ``letters`` are the
    webhooks to be called; the app closes that too. What jobs left in ``checkpoints`` goes when they have ended.
    """

    queue: JobQueue
    pool: WorkerPool
    bus: Bus
    folders: Folders
    settings: Settings
    packs: Sequence[PackFiles] = ()
    logs: LogBook = field(default_factory=LogBook)
    letters: WebhookOutbox = field(default_factory=WebhookOutbox)
    checkpoints: Checkpoints = field(default_factory=Checkpoints)


queue_key = web.AppKey("queue", JobQueue)
pool_key = web.AppKey("pool", WorkerPool)
bus_key = web.AppKey("bus", Bus)
folders_key = web.AppKey("folders", Folders)
packs_key: web.AppKey[Sequence[PackFiles]] = web.AppKey("packs", Sequence)
settings_key = web.AppKey("settings", Settings)
sockets_key = web.AppKey("sockets", Sockets)
