"""Which versions are at work here: of the engine, of Python, and of the packages that results depend on."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata

ENGINE = "wireloom"
PACKAGES = ("torch", "numpy", "safetensors", "transformers", "pillow")
"""What computes, reads weights, splits words and writes pictures."""


@cache
def version_of(package: str) -> str:
    """Of an installed package; empty for one that is not, such as a checkout of our own."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def versions() -> Mapping[str, str]:
    """Python's and the packages', by name; those that are not installed are left out."""
    found = {"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}}
    return {name: version for name, version in found.items() if version}
