"""The worker's process as ``wireloom serve`` starts it. Brings in no torch."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from engine.kept_types import KeptTypes
from engine.notebook import Notebook
from engine.pool_process import ProcessPool

NODES = Path(__file__).parents[2] / "nodes"

START = "import sys; sys.path[:] = sys.argv.pop(1).split({separator!r}); from web.cli import main; sys.exit(main())"
"""Not ``-m``, which would look for modules in the current directory, where anything may lie."""


def worker_pool(args: argparse.Namespace, data: Path) -> ProcessPool:
    """A pool in a process of its own, which reads the flags of this one."""
    program = START.format(separator=os.pathsep)
    path = os.pathsep.join(each or os.getcwd() for each in sys.path)
    return ProcessPool(
        [sys.executable, "-P", "-c", program, path, "worker", "--socket"],
        {"argv": args.argv},
        size=args.jobs,
        silence_s=args.worker_silence,
        grace_s=args.cancel_grace,
        kept=KeptTypes(data / "cache" / "node-types.json", _salt(args)),
        notebook=Notebook(data / "cache" / "runs.sqlite"),
    )


def _salt(args: argparse.Namespace) -> str:
    """What the node types depend on: when their files were written says more than a version, and sooner."""
    with os.scandir(NODES) as files:
        written = sorted(f"{file.name} {file.stat().st_mtime_ns}" for file in files if file.name.endswith(".py"))
    return "\n".join((sys.version, f"packs {args.packs}", *written))
