"""What node types there were when they were last loaded, in a file: to be shown before they are loaded again."""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import told
from engine.node import NodeInfo
from engine.replacements import Replacement

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NodeTypes:
    """All node types; ``digest`` tells whether they have changed."""

    digest: str
    infos: list[NodeInfo]
    replacements: Mapping[str, Sequence[Replacement]]


class KeptTypes:
    """Node types in the file ``path``, for those with the same ``salt``: versions, and what else decides on them."""

    def __init__(self, path: Path, salt: str) -> None:
        self._path, self._salt = path, salt

    def read(self) -> NodeTypes | None:
        """None if there are none that can be used."""
        try:
            kept: dict[str, Any] = json.loads(self._path.read_bytes())
            return told.read(NodeTypes, kept["types"]) if kept["salt"] == self._salt else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:  # pydantic's errors are ValueErrors
            log.warning("%s cannot be used, node types are shown once they are loaded: %s", self._path, error)
            return None

    def write(self, types: NodeTypes) -> None:
        """Keep them. That they cannot be kept is a line in the log."""
        unfinished = self._path.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(told.to_json({"salt": self._salt, "types": types}))
            os.replace(unfinished, self._path)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path, error)
            unfinished.unlink(missing_ok=True)
