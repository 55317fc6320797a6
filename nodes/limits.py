"""Sizes that would not fit into this machine, refused before anything is allocated."""

from engine.machine import machine
from engine.problems import Problem

GIB = 2**30


def too_large(name: str, needed_bytes: int, what: str) -> list[Problem]:
    """A problem of input ``name`` if ``needed_bytes`` are more than the whole memory; else nothing."""
    has = machine().limit_bytes
    if needed_bytes <= has:
        return []
    message = f"{what} need {needed_bytes / GIB:.0f} GiB of memory, this machine has {has / GIB:.0f} GiB"
    return [Problem("value_too_large", message, name, {"input_name": name})]
