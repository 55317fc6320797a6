"""Workflows out of files: JSON in API format, or a picture that remembers how it was made."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import NotAWorkflow
from engine.workflow import parse, read_api
from web.cli.terminal import Mistake

SHIPPED = Path(__file__).parents[2] / "workflows"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
EXPORT_HINT = "it is in the editor's own format; export it in API format (Export (API)) and run that file"


@dataclass(frozen=True)
class Document:
    """A workflow in API format, and what came with it that belongs into the pictures it makes."""

    prompt: dict[str, Any]
    extra_pnginfo: Mapping[str, Any] = field(default_factory=dict)

    def titles(self) -> dict[str, str]:
        """Node id -> what its author calls it, or else its type."""
        nodes = read_api(self.prompt).root
        return {node_id: node.title or node.class_type or node_id for node_id, node in nodes.items()}


def read_document(path: Path) -> Document:
    """Read a workflow file. Raises Mistake."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Mistake(f"cannot read {path}: {error.strerror}") from None
    try:
        return _from_png(data) if data.startswith(PNG_SIGNATURE) else _from_json(data)
    except NotAWorkflow as error:
        raise Mistake(f"{path}: {error}") from None


def _from_json(data: bytes) -> Document:
    """A workflow, or the body of a ``POST /prompt`` around one."""
    document = parse(data)
    if isinstance(document, Mapping) and _is_body(document):
        extra = document.get("extra_data")
        carried = extra.get("extra_pnginfo") if isinstance(extra, Mapping) else None
        return Document(_checked(document["prompt"]), carried if isinstance(carried, Mapping) else {})
    return Document(_checked(document))


def _from_png(data: bytes) -> Document:
    """The ``prompt`` text chunk, and the editor's ``workflow`` if there is one."""
    chunks = _text_chunks(data)
    if "prompt" not in chunks:
        raise NotAWorkflow(EXPORT_HINT if "workflow" in chunks else "this picture carries no workflow")
    carried = {"workflow": parse(chunks["workflow"])} if "workflow" in chunks else {}
    return Document(_checked(parse(chunks["prompt"])), carried)


def _text_chunks(data: bytes) -> dict[str, str]:
    from PIL import Image  # only pictures need it

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            picture.load()  # text may come after the pixels
            return {str(key): value for key, value in picture.info.items() if isinstance(value, str)}
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotAWorkflow(f"not a readable PNG: {error}") from None


def _is_body(document: Mapping[str, Any]) -> bool:
    prompt = document.get("prompt")
    return isinstance(prompt, Mapping) and "class_type" not in prompt


def _checked(document: Any) -> dict[str, Any]:
    if isinstance(document, Mapping) and isinstance(document.get("nodes"), list) and "links" in document:
        raise NotAWorkflow(EXPORT_HINT)
    return read_api(document).dump()
