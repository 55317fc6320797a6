"""``wireloom serve``: the server, listening before the node types are loaded."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress

from aiohttp import web
from pydantic import ValidationError

from web.app import make_app
from web.cli.terminal import FAILED, OK, Mistake, say
from web.cli.wiring import build_folders, build_parts, data_dir, remembering_pool
from web.keys import Parts
from web.settings import Settings

SHUTDOWN_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


def main(args: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    settings = build_settings(args)
    data, folders = data_dir(args.data), build_folders(args.data, args.extra_model_paths)
    listener = _listen(settings.host, settings.port)
    folders.lay_out()

    def build() -> Awaitable[Parts]:
        return build_parts(data, folders, settings, remembering_pool(args, folders))

    with closing(folders), suppress(KeyboardInterrupt):  # where signals cannot be handled on the loop
        asyncio.run(_serve(listener, build))
    return OK


def build_settings(args: argparse.Namespace) -> Settings:
    """Flags to settings; what was not given keeps its default. Raises Mistake."""
    flags = {
        "host": args.host,
        "port": args.port,
        "cors_origin": args.enable_cors_header,
        "max_upload_mb": args.max_upload_size,
        "argv": tuple(sys.argv),
    }
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise Mistake(f"{first['loc'][0]} {first['input']!r}: {first['msg']}") from None


async def _serve(listener: socket.socket, build: Callable[[], Awaitable[Parts]]) -> None:
    """Answer until told to stop. An unfinished job stays in the queue for the next start."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    parts = await build()
    runner = web.AppRunner(make_app(parts), shutdown_timeout=SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        say(f"wireloom listens on {_address(listener)}")
        warming = asyncio.create_task(_warm_up(parts), name="warm up")
        await stop.wait()
        warming.cancel()
    finally:
        await runner.cleanup()


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is opened. Raises Mistake."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Mistake(f"port {port} of {host} is in use; choose another with --port", FAILED) from None
        raise Mistake(f"cannot listen on {host}, port {port}: {error.strerror}", FAILED) from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _warm_up(parts: Parts) -> None:
    """Load the node types now, so that the first visitor does not wait for it."""
    try:
        await parts.pool.describe()
    except Exception:
        logger.exception("the node types could not be loaded")
