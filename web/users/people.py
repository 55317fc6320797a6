"""Who a request is for, and where their files are: ``<user folder>/<user id>``."""

from __future__ import annotations

import json
import re
import threading
import uuid
from pathlib import Path

from aiohttp import web
from pydantic import RootModel, ValidationError

from web.atomic import write_atomically
from web.keys import folders_key

DEFAULT = "default"
HEADER = "Comfy-User"
USERS_FILE = "users.json"
OTHERS = re.compile(r"[^A-Za-z0-9_-]+")
RESERVED = "__"
"""What ids of ComfyUI's own users begin with."""
MAX_NAME = 128
"""Characters of a user's name: with what is appended, the id is a file name anywhere."""


class BadUsersFile(Exception):
    """The list of users cannot be read; the text says why."""


class BadUserName(Exception):
    """A name that no user can have; the text says why."""


class Names(RootModel[dict[str, str]]):
    """``users.json``: names by user id."""


class People:
    """The users of this server, kept in ``folder / users.json``; without ``multi_user`` there is one, with no name.

    Safe to use from any thread.
    """

    def __init__(self, folder: Path, *, multi_user: bool) -> None:
        self.multi_user = multi_user
        self._file = folder / USERS_FILE
        self._names = _read(self._file) if multi_user else {DEFAULT: DEFAULT}
        self._adding = threading.Lock()

    def names(self) -> dict[str, str]:
        """Names by user id."""
        return dict(self._names)

    def knows(self, user: str) -> bool:
        return user in self._names

    def add(self, name: str) -> str:
        """Write down one more user; return the id. Raises BadUserName, OSError."""
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            raise BadUserName(f"A username must have 1 to {MAX_NAME} characters that can be seen.")
        if name.startswith(RESERVED):
            raise BadUserName(f"A username must not begin with {RESERVED}.")
        with self._adding:
            if name in self._names.values():
                raise BadUserName("Duplicate username.")
            user = f"{OTHERS.sub('-', name)}_{uuid.uuid4()}"
            names = {**self._names, user: name}
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, json.dumps(names, indent=4).encode())
            self._names = names
        return user


people_key = web.AppKey("people", People)


def user_id(request: web.Request) -> str:
    """The user that a request is for: a folder's name, never a path. Raises HTTPForbidden, which says why."""
    people = request.app[people_key]
    if not people.multi_user:
        return DEFAULT
    user = request.headers.get(HEADER, "")
    if not user:
        raise web.HTTPForbidden(text=f"this server keeps its users apart: say who you are in the header {HEADER}")
    if not people.knows(user):
        raise web.HTTPForbidden(text=f"this server has no user {user[:MAX_NAME]!r}")
    return user


def user_root(request: web.Request) -> Path:
    """The folder of the user that a request is for; need not exist. Raises HTTPForbidden."""
    return request.app[folders_key].directory("user") / user_id(request)


def _read(file: Path) -> dict[str, str]:
    """The users that are written down; no more than none if there is no file. Raises BadUsersFile."""
    try:
        names = Names.model_validate_json(file.read_bytes()).root
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise BadUsersFile(f"{file} is no list of users: {error}") from None
    for user in names:
        if not user or OTHERS.search(user) or user.startswith(RESERVED):
            raise BadUsersFile(f"{file} has a user id that cannot be one: {user!r}")
    return names
