"""Subgraphs to build with: those that come along, and those of node packs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from web.packs.files import PackFiles, below
from web.shipped import BLUEPRINTS

Source: TypeAlias = Literal["templates", "custom_node"]
SHIPPED_PACK = "wireloom"


@dataclass(frozen=True)
class Blueprint:
    """A file with one; ``pack`` is whose it is."""

    source: Source
    pack: str
    path: Path

    @property
    def id(self) -> str:
        """SHA-256 of where it is from, in hexadecimal."""
        return hashlib.sha256(f"{self.source}{self.path.as_posix()}".encode()).hexdigest()


def blueprints(packs: Sequence[PackFiles]) -> dict[str, Blueprint]:
    """All blueprints by id. Looks into folders."""
    found = [Blueprint("templates", SHIPPED_PACK, path) for path in below(BLUEPRINTS, "*.json")]
    for pack in packs:
        found += [Blueprint("custom_node", pack.folder.name, path) for path in below(pack.subgraphs, "*.json")]
    return {blueprint.id: blueprint for blueprint in found}
