"""The words of node packs in other languages."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import NotAWorkflow
from engine.workflow import parse
from web.packs.files import PackFiles, file_in

logger = logging.getLogger(__name__)

MAIN = "main.json"
PARTS = {"nodeDefs": "nodeDefs.json", "commands": "commands.json", "settings": "settings.json"}
"""Files whose content goes below a key of its own."""


def translations(packs: Sequence[PackFiles]) -> dict[str, Any]:
    """Language -> words of all packs, merged; a later pack's word for the same thing counts. Reads files."""
    merged: dict[str, Any] = {}
    for pack in packs:
        if pack.locales.is_dir():
            for folder in sorted(path for path in pack.locales.iterdir() if path.is_dir()):
                _merge(merged, {folder.name: _language(folder)})
    return merged


def _language(folder: Path) -> dict[str, Any]:
    words = _read(folder, MAIN)
    for key, name in PARTS.items():
        if part := _read(folder, name):
            _merge(words, {key: part})
    return words


def _read(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object in a file; empty if there is none. A broken file is told of in the log."""
    path = file_in(folder, name)
    if path is None:
        return {}
    try:
        words = parse(path.read_bytes())
    except (OSError, NotAWorkflow) as error:
        logger.warning("translations in %s are left out: %s", path, error)
        return {}
    if not isinstance(words, dict):
        logger.warning("translations in %s are left out: not a JSON object", path)
        return {}
    return words


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        known = into.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            into[key] = value
