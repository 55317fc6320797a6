"""Workflows out of files: JSON in the API format or as editors save it, or a picture that tells how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.errors import NotAWorkflow
from engine.folders import Folders
from engine.infotext import NO_FILES, Files, files_in, read_infotext
from engine.lock import LOCK
from engine.lower import lower
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.ui_workflow import read_ui
from engine.workflow import is_ui, parse, read_api
from web.cli.terminal import Mistake, complain
from web.picture_texts import INFOTEXT, texts_in

SHIPPED = Path(__file__).parents[2] / "workflows"


@dataclass(frozen=True)
class Document:
    """A workflow in either format, and what came with it that belongs into the pictures it makes.

    ``left_out`` is what of an infotext is not in it.
    """

    prompt: dict[str, Any]
    extra_pnginfo: Mapping[str, Any] = field(default_factory=dict)
    lock: str | None = None
    """How its file was made, unread: see ``engine.lock``."""
    left_out: tuple[str, ...] = ()

    @property
    def is_ui(self) -> bool:
        """Whether it is as an editor saves it."""
        return is_ui(self.prompt)

    def titles(self) -> dict[str, str]:
        """Node id -> what its author calls it, or else its type. Of an editor's document: none until it is lowered."""
        nodes = {} if self.is_ui else read_api(self.prompt).root
        return {node_id: node.title or node.class_type or node_id for node_id, node in nodes.items()}


def read_document(path: Path, folders: Folders | None = None) -> Document:
    """Read a workflow file; models that an infotext names are looked for in ``folders``. Raises Mistake."""
    files = NO_FILES if folders is None else files_in(folders)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Mistake(f"cannot read {path}: {error.strerror}") from None
    try:
        if path.suffix.lower() == ".txt":
            return _from_infotext(data.decode(errors="replace"), files)
        texts = texts_in(data)
        return _from_json(data) if texts is None else from_texts(texts, files)
    except NotAWorkflow as error:
        raise Mistake(f"{path}: {error}") from None


def tell_left_out(document: Document) -> None:
    """Say what of an infotext could not be carried over."""
    for each in document.left_out:
        complain(f"not carried over: {each}")


async def lowered(document: Document, pool: LocalPool) -> Document:
    """The document in API format; what an editor saved goes into the pictures. Raises InvalidWorkflow, NotAWorkflow."""
    return lowered_with(document, await pool.registry()) if document.is_ui else document


def lowered_with(document: Document, registry: Registry) -> Document:
    """The same, of an editor's document, with node types that are at hand."""
    prompt = lower(document.prompt, registry)
    return replace(document, prompt=prompt, extra_pnginfo={"workflow": document.prompt, **document.extra_pnginfo})


def _from_json(data: bytes) -> Document:
    """A workflow, or the body of a ``POST /prompt`` around one."""
    document = parse(data)
    if isinstance(document, Mapping) and _is_body(document):
        extra = document.get("extra_data")
        carried = extra.get("extra_pnginfo") if isinstance(extra, Mapping) else None
        return Document(_checked(document["prompt"]), carried if isinstance(carried, Mapping) else {})
    return Document(_checked(document))


def from_texts(texts: Mapping[str, str], files: Files = NO_FILES) -> Document:
    """A picture's text ``prompt``, and the editor's ``workflow`` if there is one; without a prompt, the workflow, or
    else the infotext of a web UI. Raises NotAWorkflow.
    """
    if "prompt" in texts:
        carried = {"workflow": parse(texts["workflow"])} if "workflow" in texts else {}
        return Document(_checked(parse(texts["prompt"])), carried, texts.get(LOCK))
    if "workflow" not in texts and INFOTEXT in texts:
        return _from_infotext(texts[INFOTEXT], files)
    if "workflow" not in texts:
        raise NotAWorkflow("this picture carries no workflow")
    return Document(_checked(parse(texts["workflow"])), lock=texts.get(LOCK))


def _from_infotext(text: str, files: Files) -> Document:
    read = read_infotext(text, files)
    return Document(read.prompt, left_out=read.left_out)


def _is_body(document: Mapping[str, Any]) -> bool:
    prompt = document.get("prompt")
    return isinstance(prompt, Mapping) and "class_type" not in prompt and not is_ui(document)


def _checked(document: Any) -> dict[str, Any]:
    """The document as it is, its shape checked."""
    if is_ui(document):
        read_ui(document)
        return dict(document)
    return read_api(document).dump()
