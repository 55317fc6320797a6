"""A worker process with the toys, and with nodes that no process survives."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from engine.cache import MemoryCache
from engine.context import Context
from engine.declare import node
from engine.errors import Misconfigured
from engine.marks import Socket
from engine.node import Output
from engine.pool import WorkerPool
from engine.pool_local import LocalPool
from engine.pool_process import ProcessPool
from engine.registry import Registry
from engine.worker_main import run_worker
from tests.support.toys import new_lanes, registry

COMMAND = (sys.executable, "-m", "tests.support.toy_worker")
SHOWN: Any = {"nan": float("nan"), "set": {2, 1}, "far": float("inf"), "object": range(2), "half": "\ud800"}
log = logging.getLogger("tests.toys")


@node("Abort", lane="cpu", is_output=True)
def abort() -> None:
    os.abort()


@node("Exit", lane="cpu", is_output=True)
def leave(status: int = 3) -> None:
    sys.stderr.write("going now\n")
    os._exit(status)


@node("Deaf", lane="cpu", is_output=True)
def deaf(ctx: Context, seconds: float = 60) -> None:
    """Cannot be interrupted, and says when it began."""
    ctx.say("began")
    time.sleep(seconds)


@node("Hog", lane="cpu", is_output=True)
def hog(ctx: Context) -> None:
    """Native code that lets no other thread run, for longer than any test."""
    ctx.say("began")
    time.sleep(0.3)  # so that it is heard
    3 ** (10**9)


@node("Talk", lane="cpu", is_output=True)
def talk() -> None:
    sys.stdout.write("printed\n")
    sys.stderr.write("10%\r20%\n")
    sys.stdout.flush()
    log.warning("logged %d", 1)
    logging.getLogger("tests.toys").error("caught", exc_info=ValueError("why"))


@node("Strange", lane="cpu", is_output=True)
def strange() -> Output:
    return Output(ui={"shown": [SHOWN]})


@node("Endless", lane="cpu", is_output=True)
def endless() -> Output:
    """Shows a number with more digits than Python writes down."""
    return Output(ui={"shown": [10**5000]})


@node("Picture", lane="cpu", is_output=True)
def picture(ctx: Context) -> None:
    ctx.preview("image/png", bytes(range(256)))


@node("Offer", lane="cpu", is_output=True)
def offer(word: Annotated[str, Socket("STRING")] = "") -> Output:
    return Output(ui={"text": [word, os.getpid()]})


NASTY = (abort, leave, deaf, hog, talk, strange, endless, picture, offer)


def toys() -> Registry:
    return registry(*(each.definition for each in NASTY))


@contextmanager
def build(hello: Mapping[str, Any]) -> Iterator[WorkerPool]:
    """``fail`` says how the start goes wrong."""

    def load() -> Registry:
        if hello.get("fail") == "load":
            raise ImportError("no nodes here")
        if hello.get("fail") == "never":
            raise Misconfigured("there is no device 'abacus' here")
        if hello.get("fail") == "die":
            os._exit(7)
        return toys()

    yield LocalPool(load, MemoryCache(10**6), new_lanes())


def process_pool(hello: Mapping[str, Any] | None = None, **more: Any) -> ProcessPool:
    return ProcessPool(COMMAND, hello or {}, **more)


if __name__ == "__main__":
    run_worker(int(sys.argv[1]), build)
