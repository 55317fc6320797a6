"""``wireloom serve`` with nodes that misbehave: ``python -m tests.endurance.pack --port 8189``.

They come as any other node pack does: a package that is installed, here in a folder that lasts as long as the server.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.declare import node
from engine.packs import GROUP
from engine.registry import Registry
from web import cli

MIB = 1024 * 1024
PIECE = 32 * MIB
PAUSE_S = 0.02


@node("NastyAbort", lane="cpu", is_output=True)
def abort(seed: int) -> None:
    """Ends the process as a failed assertion in native code does."""
    os.abort()


@node("NastyCrash", lane="cpu", is_output=True)
def crash(seed: int) -> None:
    """Reads where nothing is."""
    ctypes.string_at(0)


@node("NastyAllocate", lane="cpu", is_output=True)
def allocate(seed: int, mib: int) -> None:
    """Takes memory, piece by piece, and writes into all of it."""
    taken = []
    for _ in range(mib * MIB // PIECE):
        taken.append(bytearray(os.urandom(4096)) * (PIECE // 4096))
        time.sleep(PAUSE_S)


@node("NastySleep", lane="cpu", is_output=True)
def sleep(seed: int) -> None:
    """Never returns, and never asks whether it should."""
    while True:
        time.sleep(1)


@node("NastySpin", lane="cpu", is_output=True)
def spin(seed: int) -> None:
    """Never returns either, and never lets another thread of the interpreter run: 2**64 ways to find no match."""
    re.fullmatch(r"(a|a)*b", "a" * 64)


@node("NastyFail", lane="cpu", is_output=True)
def fail(seed: int) -> None:
    """Fails as nodes should."""
    raise ValueError(f"{seed} is not to its liking")


def register(registry: Registry) -> None:
    registry.add(*(each.definition for each in (abort, crash, allocate, sleep, spin, fail)))


def install(site: Path) -> None:
    """Put a package of that name where Python finds it."""
    about = site / "nasty-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: nasty\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\nnasty = {__spec__.name}:register\n")
    sys.path.append(str(site))


if __name__ == "__main__":
    with TemporaryDirectory() as site:
        install(Path(site))
        sys.exit(cli.main(["serve", "--packs", *sys.argv[1:]]))
