"""A picture's workflow with the models that made the picture: known by content, never swapped without a word."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.errors import InvalidLock
from engine.folders import Folders
from engine.lock import Lock, read_lock
from engine.lock_files import Match, match, named_files, with_files
from engine.pool_local import LocalPool
from engine.registry import Registry
from web.cli.documents import Document


async def with_known_files(document: Document, pool: LocalPool) -> tuple[Document, list[str]]:
    """A document in API format with the names that its files have here; and what is not as it was when it was saved."""
    if document.lock is None:
        return document, []
    try:
        lock = read_lock(document.lock)
    except InvalidLock as error:
        return document, [f"{error}; whether its models are the same is not known"]
    registry = await pool.registry()
    found = await asyncio.to_thread(_matches, lock, document.prompt, registry)
    warnings = [each.text for each in found if each.found != "same"]
    return replace(document, prompt=with_files(document.prompt, registry, found)), warnings


def _matches(lock: Lock, prompt: Mapping[str, Any], registry: Registry) -> list[Match]:
    """Of the lock's files, those that the workflow still names."""
    wanted, folders = named_files(prompt, registry), registry.services.get(Folders)
    return [match(file, folders) for file in lock.files if (file.folder, file.name) in wanted]
