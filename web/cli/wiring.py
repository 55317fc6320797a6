"""Where everything is kept, and what a server is made of. Brings in nothing that runs workflows: see ``pools``."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from engine.checkpoints import Checkpoints
from engine.folders import Folders
from engine.identity import Identity
from web.cli.terminal import FAILED, Mistake

if TYPE_CHECKING:
    from engine.pool import WorkerPool
    from web.keys import Parts
    from web.settings import Settings

UNFINISHED = Path("cache", "checkpoints")
"""Below the data folder: what jobs go on from if their process dies."""
BUNDLED = Path(__file__).parents[2] / "nodes" / "bundled"


def data_dir(data: Path | None) -> Path:
    """Where everything is kept: what was asked for, else the system's place for application data."""
    return (data or user_data_path("wireloom", appauthor=False)).expanduser().resolve()


def build_folders(data: Path | None, extra_model_paths: Path | None = None, output: Path | None = None) -> Folders:
    """The data directory, the bundled model, and the folders that a YAML file names. Raises Mistake."""
    place = data_dir(data)
    identity = Identity(place / "cache" / "files.sqlite")
    folders = Folders(place, output.expanduser().resolve() if output else None, identity=identity)
    folders.add("checkpoints", BUNDLED)
    if extra_model_paths:
        _add_extra(folders, extra_model_paths)
    return folders


async def build_parts(data: Path, folders: Folders, settings: Settings, pool: WorkerPool) -> Parts:
    """What a server is made of. Its queue and history lie in ``data``. Raises Mistake if they cannot be opened."""
    from engine.bus import Bus
    from engine.errors import QueueFileError
    from engine.jobs_sqlite import Keep, SqliteQueue
    from web.keys import Parts
    from web.webhooks.outbox import WebhookOutbox

    try:
        queue = await SqliteQueue(data / "queue.sqlite", Keep(settings.keep_jobs, settings.keep_days)).open()
    except QueueFileError as error:
        raise Mistake(str(error), FAILED) from None
    letters = data / "webhooks.sqlite"
    try:
        outbox = await WebhookOutbox(letters).open()
    except sqlite3.Error as error:
        raise Mistake(f"cannot use {letters}: {error}; without it, webhooks that wait are lost", FAILED) from None
    return Parts(queue, pool, Bus(), folders, settings, letters=outbox, checkpoints=Checkpoints(data / UNFINISHED))


def _add_extra(folders: Folders, file: Path) -> None:
    import yaml

    from engine.model_paths import InvalidModelPaths, read_model_paths

    try:
        for key, path, is_default in read_model_paths(yaml.safe_load(file.read_bytes()), file.resolve().parent):
            folders.add(key, path, first=is_default)
    except OSError as error:
        raise Mistake(f"cannot read {file}: {error.strerror}") from None
    except (yaml.YAMLError, InvalidModelPaths) as error:
        raise Mistake(f"{file}: {error}") from None
