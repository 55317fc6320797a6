"""``--frontend``: which folder that means."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from web.cli.terminal import Mistake

OFFICIAL = "comfy"
PACKAGE, STATIC = "comfyui-frontend-package", "comfyui_frontend_package/static"
"""ComfyUI's front end: a program of its own, under its own licence. Its files are served; none of it is imported."""


def find_frontend(wanted: str | None) -> Path | None:
    """The folder of the front end that was asked for; None for none. Raises Mistake if it has no index.html."""
    if wanted is None:
        return None
    root = _installed() if wanted == OFFICIAL else Path(wanted).expanduser().resolve()
    if not (root / "index.html").is_file():
        raise Mistake(f"--frontend {wanted}: there is no index.html in {root}")
    return root


def _installed() -> Path:
    try:
        return Path(str(metadata.distribution(PACKAGE).locate_file(STATIC)))
    except metadata.PackageNotFoundError:
        raise Mistake(
            f"--frontend {OFFICIAL} serves the package {PACKAGE}, which is not installed;"
            " bring it with: pip install 'wireloom[comfy]'"
        ) from None
