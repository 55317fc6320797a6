"""Options that several commands share."""

from __future__ import annotations

import argparse

from web.cli.quantities import count, device, enough_megabytes, megabytes

MEMORY_MIB, DISK_MIB = 1024.0, 4096.0


def add_packs(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--packs", nargs="?", const=True, default=False, type=_no_folder, help="load the node packs that are installed"
    )


def add_caches(group: argparse._ArgumentGroup) -> None:
    """What is remembered between jobs. The policies exclude each other."""
    policy = group.add_mutually_exclusive_group()
    policy.add_argument(
        "--cache-mb",
        type=megabytes,
        default=MEMORY_MIB,
        metavar="N",
        help=f"memory for remembered results; those that took long are kept longest (default {MEMORY_MIB:.0f})",
    )
    policy.add_argument("--cache-lru", type=count, metavar="N", help="remember the last N results in memory instead")
    policy.add_argument("--cache-classic", action="store_true", help="remember what the job before left instead")
    policy.add_argument("--cache-none", action="store_true", help="remember nothing, not on disk either")
    group.add_argument(
        "--weights-mb",
        type=megabytes,
        metavar="N",
        help="memory for the weights of models; the least recently used go first (default: half of all there is)",
    )
    group.add_argument(
        "--memory-mb",
        type=enough_megabytes,
        metavar="N",
        help="memory for all that runs jobs, on Linux: what needs more is done in a way that needs less, or fails",
    )
    group.add_argument(
        "--disk-cache-mb",
        type=megabytes,
        default=DISK_MIB,
        metavar="N",
        help=f"disk for results that outlive the process (default {DISK_MIB:.0f}, 0 for none)",
    )
    group.add_argument(
        "--early-cutoff", action="store_true", help="run nothing below a node whose result holds what it held before"
    )


def add_computing(group: argparse._ArgumentGroup) -> None:
    """Where models compute, and in which numbers: see docs/devices.md."""
    group.add_argument(
        "--device",
        type=device,
        default="auto",
        metavar="NAME",
        help="cpu, cuda, cuda:1, mps or xpu (default: what torch finds)",
    )
    group.add_argument(
        "--dtype",
        choices=("auto", "float32", "bfloat16", "float16"),
        default="auto",
        help="the numbers that models compute in (default: the device's, float32 on a CPU)",
    )
    group.add_argument(
        "--deterministic",
        action="store_true",
        help="compute only in ways that give the same bits each time; what cannot is an error",
    )


def add_metadata(group: argparse._ArgumentGroup) -> None:
    """What saved files tell of how they were made."""
    group.add_argument(
        "--metadata",
        choices=("none", "recipe", "full"),
        default="full",
        help="what goes into saved files: nothing, the workflow as it ran, or the editor's as well (default full)",
    )
    group.add_argument(
        "--write-infotext",
        action="store_true",
        help="add the text of web UIs, 'parameters', to pictures of simple workflows",
    )


def _no_folder(value: str) -> bool:
    message = f"takes no value such as {value!r}: only installed packages are loaded; a file or name goes before it"
    raise argparse.ArgumentTypeError(message)
