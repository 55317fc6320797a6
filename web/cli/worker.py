"""``wireloom worker``: the process that ``wireloom serve`` has compute. It is started by that, and ends with it."""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from engine.channel import Channel
from engine.log_relay import Relay
from engine.parent import die_with_parent
from engine.pool_serving import Serving
from web.cli import build_parser
from web.cli.terminal import FAILED, Mistake
from web.cli.wiring import build_folders, data_dir, remembering_pool

LOCK_WAIT_S = 30.0
"""For the worker of a server that was killed: it ends by itself in a moment."""


def main(args: argparse.Namespace) -> int:
    faulthandler.enable(all_threads=False)
    link = socket.socket(fileno=args.socket)
    link.set_inheritable(False)
    die_with_parent(link, args.server)
    asyncio.run(_work(link))
    return 0


async def _work(link: socket.socket) -> None:
    """Hear what to be, and be that until told to stop; then end the process, whatever its threads still do."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the server, which tells this process
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, _nothing)
    channel = await Channel.over(link)
    _relay_log(channel, loop)
    hello: dict[str, Any] = await anext(channel.messages())
    args = build_parser().parse_args(hello["argv"])
    lock = await asyncio.to_thread(_only_one, data_dir(args.data) / "cache" / "worker.lock")
    folders = build_folders(args.data, args.extra_model_paths)
    await Serving(remembering_pool(args, folders), channel).until_closed()
    folders.close()
    lock.release()
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


def _only_one(path: Path) -> FileLock:
    """Wait for the worker before this one: two would do each job twice. Raises Mistake."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=LOCK_WAIT_S)
    except Timeout:
        raise Mistake(f"another worker holds {path}", FAILED) from None
    return lock


def _nothing() -> None:
    """A handler, and not SIG_IGN, which the programs that nodes start would inherit."""
