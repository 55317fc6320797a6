"""Shares: snapshots of workflows, each a bundle behind a token that nobody guesses. All of it blocks.

Each lies in ``<folder>/<owner>/<digest of the token>.zip``, with its token among its entries for its owner to see. A
name that is made from the token tells nothing of it, and leads nowhere else, whatever a request says.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import secrets
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from engine.events import now_ms
from web.atomic import write_atomically
from web.shapes import Shape
from web.sharing import bundle as bundles
from web.sharing.bundle import About, BadBundle, Bundle

logger = logging.getLogger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
FOLDER = "__shares"
"""Among the users' folders, and none of them: ids never begin so."""
NOTE = "share.json"
MAX_SHARES = 200
"""Of one owner."""


class TooManyShares(Exception):
    """An owner has as many as may be."""


class ShareNotFound(Exception):
    """There is no share of this token, or it is somebody else's."""


class _Note(Shape):
    """``share.json``: what a bundle does not say."""

    token: str
    created_ms: int


@dataclass(frozen=True)
class Share:
    """A share: where it lies, and what it says of itself."""

    path: Path
    token: str
    created_ms: int
    about: About
    bytes: int


class Shares:
    """The shares below one folder. Safe to use from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._adding = threading.Lock()

    def add(self, owner: str, shared: Bundle, max_bytes: int) -> Share:
        """Keep one, whole or not at all. Raises TooManyShares, BadBundle, OSError."""
        note = _Note(token=secrets.token_urlsafe(32), created_ms=now_ms())
        packed = io.BytesIO(bundles.write(shared, max_bytes))
        with zipfile.ZipFile(packed, "a") as archive:
            archive.writestr(zipfile.ZipInfo(NOTE, bundles.PLAIN_TIME), note.model_dump_json())
        folder = self._folder / owner
        path = folder / _file_name(note.token)
        with self._adding:
            folder.mkdir(parents=True, exist_ok=True)
            if sum(1 for _ in folder.glob("*.zip")) >= MAX_SHARES:
                raise TooManyShares(f"there are {MAX_SHARES} shares, which is all that may be; revoke one first")
            write_atomically(path, packed.getvalue())
        return _read(path)

    def of(self, owner: str) -> list[Share]:
        """The shares of one owner, the newest first."""
        found = [share for path in (self._folder / owner).glob("*.zip") for share in _readable(path)]
        return sorted(found, key=lambda share: share.created_ms, reverse=True)

    def find(self, token: str) -> Share:
        """The share of this token, whosever it is. Raises ShareNotFound."""
        if TOKEN.fullmatch(token):
            for path in self._folder.glob(f"*/{_file_name(token)}"):
                return _read(path)
        raise ShareNotFound("there is no share of this token; its owner may have revoked it")

    def revoke(self, owner: str, token: str) -> None:
        """Delete a share. Raises ShareNotFound if this owner has none of this token."""
        try:
            if not TOKEN.fullmatch(token):
                raise FileNotFoundError(token)
            os.unlink(self._folder / owner / _file_name(token))
        except FileNotFoundError:
            raise ShareNotFound("you have no share of this token") from None


shares_key = web.AppKey("shares", Shares)


def _file_name(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest() + ".zip"


def _read(path: Path) -> Share:
    try:
        with bundles.opened(path) as archive:
            note = _Note.model_validate_json(bundles.content_in(archive, NOTE))
            return Share(path, note.token, note.created_ms, bundles.about_in(archive), path.stat().st_size)
    except FileNotFoundError:  # revoked since it was found
        raise ShareNotFound("there is no share of this token; its owner may have revoked it") from None


def _readable(path: Path) -> Iterator[Share]:
    try:
        yield _read(path)
    except ShareNotFound:
        return
    except (BadBundle, ValueError) as error:
        logger.warning("%s is no share: %s", path, error)
