"""What the routes of shares and bundles take and answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from web.shapes import Shape
from web.v1.schemas import Instant

Name = Annotated[str, Field(min_length=1, max_length=200)]


class PictureRef(Shape):
    """A picture as nodes name it, and as GET /view takes it."""

    model_config = ConfigDict(extra="forbid")

    filename: str
    subfolder: str = ""
    type: str = "output"


class PackRequest(Shape):
    """What goes into a share or a bundle: a workflow in either format, perhaps a picture of it, and the files that it
    loads, unless ``inputs`` is false."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    workflow: dict[str, Any]
    picture: PictureRef | None = None
    inputs: Annotated[bool, Field(strict=True)] = True


class ShareEntry(Shape):
    """A share of one's own. ``link`` opens it in a browser; whoever the server admits can, and nobody can guess it."""

    token: str
    name: str
    created: Instant
    bytes: int
    inputs: list[str]
    has_picture: bool
    links: dict[str, str]


class ShareList(Shape):
    """One's shares, the newest first."""

    shares: list[ShareEntry]


class SharedFile(Shape):
    """A file that the workflow loads: the value that names it there, and where it can be had."""

    value: str
    name: str
    url: str


class SharedWorkflow(Shape):
    """A share, as whoever has its token may see it."""

    name: str
    created: Instant
    workflow: dict[str, Any]
    picture: str | None
    files: list[SharedFile]
    links: dict[str, str]


class TakenOver(Shape):
    """A workflow of which the files are here now. ``inputs`` says what each is called here, by the value that named it;
    ``workflow`` names them so already. ``saved`` is the name that it has in the library, if it was put there."""

    name: str
    workflow: dict[str, Any]
    inputs: dict[str, str]
    saved: str | None = None
