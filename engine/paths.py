"""Names from outside, and the paths they lead to."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, cast

from engine.errors import UnsafePath

Directory: TypeAlias = Literal["input", "output", "temp", "user"]

ANNOTATED = re.compile(r"(.*) \[(input|output|temp)\]", re.DOTALL)
DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])[ .]*(\..*)?", re.IGNORECASE | re.DOTALL
)
"""Names that mean a device on Windows, whatever they end in."""
NO_DRIVE = re.compile(r"(?<=[^/\\]{2}):")
TRAILING = re.compile(r"(?<=[^ ./\\])[ .]+\Z")


@dataclass
class SavePath:
    """Where to put new files: ``folder / f"{name}_{counter:05}_.png"``. ``subfolder`` has forward slashes.

    ``engine.placing`` makes them so that none is lost or doubled if the process dies.
    """

    folder: Path
    name: str
    counter: int
    subfolder: str

    def next(self, extension: str, batch: int = 0) -> Path:
        """The next file's name, and count on; another job may have it already.

        ``batch`` takes the place of ``%batch_num%``.
        """
        name = self.name.replace("%batch_num%", str(batch))
        path = self.folder / f"{name}_{self.counter:05}_{extension}"
        self.counter += 1
        return path

    def create(self, extension: str, batch: int = 0) -> BinaryIO:
        """Open the next file for writing; never one that exists, whichever job or process made it."""
        while True:
            try:
                return self.next(extension, batch).open("xb")
            except FileExistsError:
                continue


def save_path(root: Path, prefix: str, width: int = 0, height: int = 0) -> SavePath:
    """Where below ``root`` files for a prefix such as ``%year%/portrait`` go; creates the folder. Raises UnsafePath.

    The counter is one more than the largest there. Another job may take it first: ``SavePath.create`` sees to that.
    A colon within becomes ``_``, and dots and spaces at the end go: not every system could have such a file.
    """
    path = inside(root, TRAILING.sub("", NO_DRIVE.sub("_", _filled(prefix, width, height))))
    folder, name = (root, "") if path == root else (path.parent, path.name)
    folder.mkdir(parents=True, exist_ok=True)
    subfolder = folder.relative_to(root).as_posix()
    return SavePath(folder, name, _next_counter(os.listdir(folder), name), "" if subfolder == "." else subfolder)


def annotated(name: str) -> tuple[str, Directory | None]:
    """Split ``x.png [output]`` into the name and the directory; None if it has no such ending."""
    if match := ANNOTATED.fullmatch(name):
        return match[1], cast("Directory", match[2])
    return name, None


def safe_join(root: Path, *parts: str) -> Path:
    """``root`` and relative parts below it; symbolic links are not looked at, see ``inside``. Raises UnsafePath.

    A name means the same on every system: backslashes separate everywhere, and what Windows takes for a drive, a
    stream or a device, or cuts off at the end, is refused everywhere.
    """
    steps: list[str] = []
    for part in parts:
        text = part.replace("\\", "/")
        names = [name for name in text.split("/") if name not in ("", ".")]
        if text.startswith("/") or not all(_portable(name) for name in names) or not _storable(text):
            raise UnsafePath(f"{part!r} is not a relative path within a folder")
        steps += names
    return root.joinpath(*steps)


def inside(root: Path, *parts: str) -> Path:
    """As ``safe_join``, and what is there already leads out of ``root`` by no symbolic link either. Raises UnsafePath.

    For files of users. Models are different: people link them in from other disks.
    """
    path = safe_join(root, *parts)
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise UnsafePath(f"{'/'.join(parts)!r} leads out of its folder by a symbolic link")
    return path


def _portable(name: str) -> bool:
    return ":" not in name and name.rstrip(" .") == name and not DEVICE.fullmatch(name)


def _storable(text: str) -> bool:
    """Whether the system can have a file of this name at all."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _filled(prefix: str, width: int, height: int) -> str:
    now = time.strftime("%Y %m %d %H %M %S").split()
    names = ("year", "month", "day", "hour", "minute", "second", "width", "height")
    for name, value in zip(names, (*now, str(width), str(height)), strict=True):
        prefix = prefix.replace(f"%{name}%", value)
    return prefix


def _next_counter(files: Iterable[str], name: str) -> int:
    """One more than the largest number among ``name_#####_...``; whether case matters is up to the system."""
    numbered = re.compile(re.escape(os.path.normcase(name)) + r"_([0-9]+)_")
    matches = (numbered.match(os.path.normcase(file)) for file in files)
    return 1 + max((int(match[1]) for match in matches if match), default=0)
