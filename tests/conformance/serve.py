"""``wireloom serve`` with the nodes of ``tiny`` beside its own: ``python -m tests.conformance.serve --port 8189``.

They come as any other node pack does: a package that is installed, here in a folder that lasts as long as the server.
Results are remembered in memory alone, where tests can have them forgotten.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.packs import GROUP
from engine.registry import Registry
from tests.conformance import tiny
from web import cli


def register(registry: Registry) -> None:
    """Add the small nodes; EmptyLatentImage is there already."""
    registry.add(*(each for each in tiny.DEFINITIONS if each.name != "EmptyLatentImage"))


def install(site: Path) -> None:
    """Put a package of that name where Python finds it."""
    about = site / "tiny-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\ntiny = {__spec__.name}:register\n")
    sys.path.append(str(site))


if __name__ == "__main__":
    with TemporaryDirectory() as site:
        install(Path(site))
        sys.exit(cli.main(["serve", "--packs", "--disk-cache-mb", "0", *sys.argv[1:]]))
