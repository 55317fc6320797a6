"""The one place that puts the parts together. Importing it brings in no torch; loading the node types does."""

from __future__ import annotations

import gc
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from engine.cache import NoCache
from engine.checkpoints import Checkpoints
from engine.folders import Folders
from engine.identity import Identity
from engine.lanes import Lanes
from engine.notebook import Notebook
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from web.cli.caching import LazyCodec, build_cache, salt
from web.cli.memory import giver_back
from web.cli.terminal import FAILED, Mistake

if TYPE_CHECKING:
    import argparse

    from engine.pool import WorkerPool
    from web.keys import Parts
    from web.settings import Settings

LANES = {"gpu": 1, "cpu": os.cpu_count() or 1, "hook": 1}
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


class NodeTypes:
    """The built-in node types, loaded when they are first needed: that imports torch and takes seconds.

    With ``packs`` those of installed packages too.
    """

    def __init__(self, folders: Folders, packs: bool = False) -> None:
        self._folders, self._packs = folders, packs
        self._registry: Registry | None = None

    def load(self) -> Registry:
        """All node types, with the services they ask for."""
        import nodes
        from nodes.diffusion.checkpoint import Loader
        from nodes.diffusion.lazy import Residency

        residency = Residency()
        registry = Registry(Services(self._folders, residency, Loader(residency)))
        nodes.register(registry)
        _add_packs(registry, wanted=self._packs)
        self._registry = registry
        gc.freeze()  # what is loaded stays: looking through it for cycles would hold up everybody for half a second
        return registry

    def unload(self) -> None:
        """Let go of the weights in memory."""
        if self._registry is None:
            return
        from nodes.diffusion.lazy import Residency

        self._registry.services.get(Residency).drop_all()


def local_pool(folders: Folders, *, packs: bool = False) -> LocalPool:
    """A pool in this process that remembers nothing; it loads the node types when it is first asked something."""
    types = NodeTypes(folders, packs)
    return LocalPool(types.load, NoCache(), _lanes(), types.unload, digest=LazyCodec().digest)


def remembering_pool(args: argparse.Namespace, folders: Folders, *, resuming: bool = True) -> LocalPool:
    """A pool that shares what it remembers with every other one on the same data.

    With ``resuming``, jobs that are run again go on where they were: for those of a queue.
    """
    data, codec, types = data_dir(args.data), LazyCodec(), NodeTypes(folders, args.packs)
    return LocalPool(
        types.load,
        build_cache(data, args, codec),
        _lanes(),
        types.unload,
        digest=codec.digest,
        notebook=Notebook(data / "cache" / "runs.sqlite"),
        cutoff=args.early_cutoff,
        tidy=giver_back(),
        checkpoints=Checkpoints(data / UNFINISHED, salt()) if resuming else None,
    )


def _lanes() -> Lanes:
    return Lanes(LANES, _without_gradients)


async def build_parts(data: Path, folders: Folders, settings: Settings, pool: WorkerPool) -> Parts:
    """What a server is made of. Its queue and history lie in ``data``. Raises Mistake if they cannot be opened."""
    from engine.bus import Bus
    from engine.jobs_sqlite import SqliteQueue
    from engine.jobs_tables import QueueFileError
    from web.keys import Parts
    from web.webhooks.outbox import WebhookOutbox

    try:
        queue = await SqliteQueue(data / "queue.sqlite").open()
    except QueueFileError as error:
        raise Mistake(str(error), FAILED) from None
    letters = data / "webhooks.sqlite"
    try:
        outbox = await WebhookOutbox(letters).open()
    except sqlite3.Error as error:
        raise Mistake(f"cannot use {letters}: {error}; without it, webhooks that wait are lost", FAILED) from None
    return Parts(queue, pool, Bus(), folders, settings, letters=outbox, checkpoints=Checkpoints(data / UNFINISHED))


def _without_gradients() -> None:
    from nodes.computing import without_gradients  # brings torch, which the node types have brought by then

    without_gradients()


def _add_packs(registry: Registry, *, wanted: bool) -> None:
    from engine.packs import installed_packs, load_packs, tell_unloaded

    if wanted:
        load_packs(registry, installed_packs())
    else:
        tell_unloaded(installed_packs())


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
