"""``wireloom worker``: the process that ``wireloom serve`` has compute. It is started by that, and ends with it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import AcquireReturnProxy, FileLock, Timeout

from engine.pool import WorkerPool
from engine.worker_main import run_worker
from web.cli import build_parser
from web.cli.pools import remembering_pool
from web.cli.terminal import FAILED, Mistake
from web.cli.wiring import build_folders, data_dir

LOCK_WAIT_S = 30.0
"""For the worker of a server that was killed: it ends by itself in a moment."""


def main(args: argparse.Namespace) -> int:
    run_worker(args.socket, _pool)


@contextmanager
def _pool(hello: dict[str, Any]) -> Iterator[WorkerPool]:
    """The pool that the server would have in its own process, given its flags. Raises Mistake."""
    args = build_parser().parse_args(hello["argv"])
    folders = build_folders(args.data, args.extra_model_paths)
    with _only_one(data_dir(args.data) / "cache" / "worker.lock"), closing(folders):
        yield remembering_pool(args, folders)


def _only_one(path: Path) -> AcquireReturnProxy[FileLock]:
    """Wait for the worker before this one: two would do each job twice. Raises Mistake."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return FileLock(path, thread_local=False).acquire(timeout=LOCK_WAIT_S)
    except Timeout:
        raise Mistake(f"another worker holds {path}", FAILED) from None
