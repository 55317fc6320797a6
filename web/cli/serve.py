"""``wireloom serve``: the server, listening before the node types are loaded."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from aiohttp import web
from pydantic import ValidationError

from engine.errors import Misconfigured
from engine.folders import Folders
from engine.pool import WorkerPool
from web.app import make_app
from web.cli.data_lock import held
from web.cli.frontend import find_frontend
from web.cli.logs import logged_as
from web.cli.quantities import ALONE
from web.cli.starting import worker_pool
from web.cli.terminal import FAILED, OK, Mistake, say
from web.cli.wiring import build_folders, build_parts, data_dir
from web.keys import Parts
from web.logs.book import kept_log
from web.logs.forms import TEXT
from web.safety.access import make_token, masked
from web.safety.guard import is_loopback
from web.settings import Settings
from web.users.people import BadUsersFile

SHUTDOWN_TIMEOUT_S = 2.0
AS_COMFYUI = ("--disable-api-nodes",)
"""Flags of ComfyUI that tell its front end what is so here: no node calls anybody's service, so nor should it."""

logger = logging.getLogger(__name__)


def main(args: argparse.Namespace) -> int:
    with logged_as(args.log):
        return _main(args)


def _main(args: argparse.Namespace) -> int:
    if args.deterministic and args.batch != ALONE:
        raise Mistake("--deterministic goes with --batch off alone: evaluations that are joined differ a little")
    settings = build_settings(args)
    data, folders = data_dir(args.data), build_folders(args.data, args.extra_model_paths)
    with held(data) as tell_address:
        listener = _listen(settings.host, settings.port)
        tell_address(_address(listener, None))
        folders.lay_out()

        async def build() -> Parts:
            return replace(await build_parts(data, folders, settings, _pool(args, data, folders)), logs=logs)

        # KeyboardInterrupt comes where signals cannot be handled on the loop.
        with closing(folders), kept_log(TEXT) as logs, suppress(KeyboardInterrupt):
            asyncio.run(_serve(listener, build))
    return OK


def _pool(args: argparse.Namespace, data: Path, folders: Folders) -> WorkerPool:
    if not args.in_process and sys.platform != "win32":
        return worker_pool(args, data)
    from web.cli.pools import remembering_pool  # and all that runs workflows

    return remembering_pool(args, folders)


def build_settings(args: argparse.Namespace) -> Settings:
    """Flags to settings; what was not given keeps its default. Raises Mistake."""
    token = _token(args)
    flags = {
        "host": args.host,
        "port": args.port,
        "cors_origin": args.enable_cors_header,
        "max_upload_mb": args.max_upload_size,
        "compress": args.enable_compress_response_body,
        "multi_user": args.multi_user,
        "token": token,
        "allowed_hosts": args.allow_host,
        "max_pending_per_client": args.max_queue,
        "keep_jobs": args.keep_jobs,
        "keep_days": args.keep_days,
        "webhook_hosts": _webhook_hosts(args),
        "frontend": find_frontend(args.frontend),
        "log": args.log,
        "argv": (*masked(sys.argv, token), *AS_COMFYUI),
    }
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise Mistake(f"{first['loc'][0]} {first['input']!r}: {first['msg']}") from None


def _token(args: argparse.Namespace) -> str | None:
    """The token that was given, or one made if it is wanted or needed: whoever reaches the port could do anything."""
    given: str | None = args.token or os.environ.get("WIRELOOM_TOKEN")
    if given or (args.token is None and is_loopback(args.host)):
        return given or None
    return make_token()


def _webhook_hosts(args: argparse.Namespace) -> frozenset[str] | None:
    """The hosts that were named. Others could have this machine call its neighbours, so for them there is none."""
    if args.webhook_host:
        return frozenset(host.lower() for host in args.webhook_host)
    return None if is_loopback(args.host) else frozenset()


async def _serve(listener: socket.socket, build: Callable[[], Awaitable[Parts]]) -> None:
    """Answer until told to stop, or no job can run. An unfinished job stays in the queue for the next start.

    Raises Mistake.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    parts = await build()
    runner = web.AppRunner(_app(parts), shutdown_timeout=SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        say(f"wireloom listens on {_address(listener, parts.settings.token)}")
        warming = asyncio.create_task(_warm_up(parts, stop), name="warm up")
        await stop.wait()
        warming.cancel()
    finally:
        await runner.cleanup()
    with suppress(asyncio.CancelledError):
        await warming


def _app(parts: Parts) -> web.Application:
    """The server. Raises Mistake."""
    try:
        return make_app(parts)
    except BadUsersFile as error:
        raise Mistake(str(error), FAILED) from None


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is opened. Raises Mistake."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Mistake(f"port {port} of {host} is in use; choose another with --port", FAILED) from None
        raise Mistake(f"cannot listen on {host}, port {port}: {error.strerror}", FAILED) from None


def _address(listener: socket.socket, token: str | None) -> str:
    """Where to go; with the token, so that the browser need not be told."""
    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return f"{address}/?token={quote(token, safe='')}" if token else address


async def _warm_up(parts: Parts, stop: asyncio.Event) -> None:
    """Have the node types loaded now, so that the first visitor does not wait for it. Raises Mistake."""
    try:
        await parts.pool.load()
    except Misconfigured as error:
        stop.set()
        raise Mistake(str(error)) from None
    except Exception:
        logger.exception("the node types could not be loaded")
