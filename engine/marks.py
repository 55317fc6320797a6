"""What an annotation of a node's argument may carry beside its Python type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from engine.folders import Folders

T = TypeVar("T")


@dataclass(frozen=True)
class Socket:
    """A value's type on the wire: ``IMAGE``, ``*`` for anything, or a union such as ``INT,FLOAT``."""

    name: str


@dataclass(frozen=True)
class FileIn:
    """A file name within a named folder: shown as a list, checked and stamped by ``Folders``.

    With ``anywhere`` any file below the folder passes, listed or not, and a name may end in ``[output]``,
    ``[input]`` or ``[temp]`` to say another folder. ``listed`` is such another folder, whose files are shown so.
    ``endings`` (with the dot) are what listed files end in, if not in what the folder's usually do.
    ``more`` are choices that are no files, listed behind them.
    """

    folder: str
    anywhere: bool = False
    endings: tuple[str, ...] = ()
    listed: str | None = None
    more: Callable[[Folders], Sequence[str]] | None = None


@dataclass(frozen=True)
class Choices:
    """A string out of a list that is read anew each time it is shown or checked."""

    read: Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Hidden:
    """Not an input: the executor passes it unasked. ``kind`` is one of ``HIDDEN``."""

    kind: str


HIDDEN = (
    "PROMPT",
    "DYNPROMPT",
    "EXTRA_PNGINFO",
    "UNIQUE_ID",
    "AUTH_TOKEN_COMFY_ORG",
    "API_KEY_COMFY_ORG",
    "COMFY_USAGE_SOURCE",
)


EMBEDDED = frozenset({"PROMPT", "EXTRA_PNGINFO"})
"""Those that are for putting into files; see ``engine.embedding``."""


@dataclass(frozen=True)
class RawLink:
    """The function gets the ``Link`` itself; what it leads to is not run for it. Loops find their body so."""


@dataclass(frozen=True)
class MultiSelect:
    """Any number of the choices, in one call: ``Annotated[list[Literal["a", "b"]], MultiSelect()]``."""


class Widget:
    """Options that are passed to the editor as they are: ``Widget(multiline=True, step=0.1)``."""

    def __init__(self, **options: Any) -> None:
        self.options: Mapping[str, Any] = options


@dataclass(frozen=True)
class LazyMark:
    """The input is computed only when the node's ``needs`` hook asks for it."""


Lazy = Annotated[T | None, LazyMark()]
