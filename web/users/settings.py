"""A user's settings: one JSON object in a file, opaque to the server."""

from __future__ import annotations

import json
import logging
import os
import threading
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import web

from web.atomic import write_atomically
from web.replies import dumps

SETTINGS_FILE = "comfy.settings.json"

logger = logging.getLogger(__name__)


class UserSettings:
    """Reads and changes of settings; of two changes at once, neither is lost. All block."""

    def __init__(self) -> None:
        self._changing = threading.Lock()

    def read(self, root: Path) -> dict[str, Any]:
        """All settings of the user with this folder; none if there is no file, or one that holds no settings."""
        return _read(root / SETTINGS_FILE) or {}

    def merge(self, root: Path, changes: dict[str, Any]) -> None:
        """Set some, keep the others. A file that held no settings is kept beside the new one. Raises OSError."""
        file = root / SETTINGS_FILE
        with self._changing:
            present = _read(file)
            content = dumps({**(present or {}), **changes}).encode()
            root.mkdir(parents=True, exist_ok=True)
            if present is None:
                _set_aside(file)
            write_atomically(file, content)


user_settings_key = web.AppKey("user settings", UserSettings)


def _read(file: Path) -> dict[str, Any] | None:
    """What the file holds, empty if it is missing; None if it is no settings file."""
    try:
        held = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        logger.warning("%s holds no settings: %s", file, error)
        return None
    if isinstance(held, dict):
        return held
    logger.warning("%s holds no settings: it is no JSON object", file)
    return None


def _set_aside(file: Path) -> None:
    for number in count(1):
        aside = file.with_name(f"{file.name}.corrupt{number if number > 1 else ''}")
        if not os.path.lexists(aside):
            os.replace(file, aside)
            logger.warning("kept it as %s", aside)
            return
