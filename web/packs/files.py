"""What node packs bring for the browser: scripts, translations, example workflows, blueprints. Runs none of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from engine.paths import inside

EXAMPLES = ("example_workflows", "example", "examples", "workflow", "workflows")
"""Names of folders with workflows; a pack may have several."""


@dataclass(frozen=True)
class PackFiles:
    """A pack that is loaded, in ``folder``; its scripts are below ``/extensions/<name>``.

    ``web`` is the folder that the pack says is for the browser, which only its own code can tell; None for none.
    """

    name: str
    folder: Path
    web: Path | None = None

    @property
    def locales(self) -> Path:
        """Translations, a folder for each language."""
        return self.folder / "locales"

    @property
    def subgraphs(self) -> Path:
        """Blueprints."""
        return self.folder / "subgraphs"

    def examples(self) -> list[Path]:
        """JSON files of example workflows."""
        return [path for folder in EXAMPLES for path in below(self.folder / folder, "*.json")]

    def example_file(self, name: str) -> Path | None:
        """The file of this name in the first of the example folders that has it. Raises UnsafePath."""
        folders = (self.folder / each for each in EXAMPLES)
        return next((path for folder in folders if (path := file_in(folder, name))), None)


def scripts(packs: Sequence[PackFiles]) -> list[str]:
    """URL paths of the packs' scripts."""
    return [
        f"/extensions/{quote(pack.name, safe='')}/{quote(path.relative_to(pack.web).as_posix())}"
        for pack in packs
        if pack.web
        for path in below(pack.web, "**/*.js")
    ]


def below(folder: Path, pattern: str) -> list[Path]:
    """The files in ``folder`` that match, sorted; none if it is not there. Links that lead out are left out."""
    root = folder.resolve()
    return sorted(path for path in folder.glob(pattern) if path.is_file() and path.resolve().is_relative_to(root))


def file_in(folder: Path, name: str) -> Path | None:
    """The file of this name; None if there is none. Raises UnsafePath, also for a link that leads out."""
    path = inside(folder, name)
    return path if path.is_file() else None
