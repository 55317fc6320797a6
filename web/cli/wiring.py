"""The one place that puts the parts together. Importing it brings in no torch; loading the node types does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

from engine.cache import MemoryCache
from engine.folders import Folders
from engine.lanes import Lanes
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from web.cli.terminal import FAILED, Mistake

if TYPE_CHECKING:
    from web.keys import Parts
    from web.settings import Settings

MIB = 1024 * 1024
CACHE_MIB = 1024.0
LANES = {"gpu": 1, "cpu": os.cpu_count() or 1, "hook": 1}
BUNDLED = Path(__file__).parents[2] / "nodes" / "bundled"


def data_dir(data: Path | None) -> Path:
    """Where everything is kept: what was asked for, else the system's place for application data."""
    return (data or user_data_path("wireloom", appauthor=False)).expanduser().resolve()


def build_folders(data: Path | None, extra_model_paths: Path | None = None, output: Path | None = None) -> Folders:
    """The data directory, the bundled model, and the folders that a YAML file names. Raises Mistake."""
    folders = Folders(data_dir(data), output.expanduser().resolve() if output else None)
    folders.add("checkpoints", BUNDLED)
    if extra_model_paths:
        _add_extra(folders, extra_model_paths)
    return folders


class NodeTypes:
    """The built-in node types, loaded when they are first needed: that imports torch and takes seconds."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._registry: Registry | None = None

    def load(self) -> Registry:
        """All node types, with the services they ask for."""
        import nodes
        from nodes.diffusion.checkpoint import Loader
        from nodes.diffusion.lazy import Residency

        residency = Residency()
        registry = Registry(Services(self._folders, residency, Loader(residency)))
        nodes.register(registry)
        self._registry = registry
        return registry

    def unload(self) -> None:
        """Let go of the weights in memory."""
        if self._registry is None:
            return
        from nodes.diffusion.lazy import Residency

        self._registry.services.get(Residency).drop_all()


def local_pool(folders: Folders, cache_mib: float = CACHE_MIB) -> LocalPool:
    """A pool in this process; it loads the node types when it is first asked something."""
    types = NodeTypes(folders)
    return LocalPool(types.load, MemoryCache(int(cache_mib * MIB), _size), Lanes(LANES), types.unload)


async def build_parts(data: Path, folders: Folders, settings: Settings, cache_mib: float | None = None) -> Parts:
    """What a server is made of. Its queue and history lie in ``data``. Raises Mistake if they cannot be opened."""
    from engine.bus import Bus
    from engine.jobs_sqlite import SqliteQueue
    from engine.jobs_tables import QueueFileError
    from web.keys import Parts

    pool = local_pool(folders, CACHE_MIB if cache_mib is None else cache_mib)
    try:
        queue = await SqliteQueue(data / "queue.sqlite").open()
    except QueueFileError as error:
        raise Mistake(str(error), FAILED) from None
    return Parts(queue, pool, Bus(), folders, settings)


def _size(value: object) -> int:
    from nodes.codec import size  # torch is there already when there is something to measure

    return size(value)


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
