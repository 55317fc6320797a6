"""The parts of a running server, and the keys under which handlers find them."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from engine.bus import Bus
from engine.folders import Folders
from engine.jobs import JobQueue
from engine.pool import WorkerPool
from web.settings import Settings
from web.sockets import Sockets


@dataclass(frozen=True)
class Parts:
    """What ``make_app`` puts a server together from. The app closes queue and pool when it stops."""

    queue: JobQueue
    pool: WorkerPool
    bus: Bus
    folders: Folders
    settings: Settings


queue_key = web.AppKey("queue", JobQueue)
pool_key = web.AppKey("pool", WorkerPool)
bus_key = web.AppKey("bus", Bus)
folders_key = web.AppKey("folders", Folders)
settings_key = web.AppKey("settings", Settings)
sockets_key = web.AppKey("sockets", Sockets)
