"""What a worker process does from its start to its end."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any, NoReturn

from engine.channel import Channel
from engine.log_relay import Relay
from engine.parent import die_with_parent
from engine.pool import WorkerPool
from engine.pool_serving import Serving

Build = Callable[[Any], AbstractContextManager[WorkerPool]]


def run_worker(file_number: int, build: Build) -> NoReturn:
    """Serve the pool that ``build`` makes of what the server says first, over the socket of this number.

    The process ends with this call, whatever its threads still do, or as soon as the server does.
    """
    faulthandler.enable(all_threads=False)
    link = socket.socket(fileno=file_number)
    link.set_inheritable(False)
    die_with_parent(link)
    asyncio.run(_work(link, build))
    raise AssertionError  # the process has ended


async def _work(link: socket.socket, build: Build) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the server, which tells this process
        loop.add_signal_handler(number, _nothing)
    channel = await Channel.over(link)
    _relay_log(channel, loop)
    building = build(await anext(channel.messages()))
    pool = await asyncio.to_thread(building.__enter__)
    await Serving(pool, channel).until_closed()
    building.__exit__(None, None, None)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _relay_log(channel: Channel, loop: asyncio.AbstractEventLoop) -> None:
    """Have the server log what is logged here."""

    def send(record: dict[str, Any]) -> None:
        with suppress(RuntimeError):  # the loop has ended, and the process with it
            loop.call_soon_threadsafe(channel.send, ["log", record])

    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(Relay(send))


def _nothing() -> None:
    """A handler, and not SIG_IGN, which the programs that nodes start would inherit."""
