"""Small workflows: a picture, a text, two that fail, and one that expands. And a small picture."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


_INT = _node("TInt", v=1, f=0.5, s="a", b=True, c="x", c2="p")

PICTURE = {
    "1": _node("EmptyImage", width=8, height=8, batch_size=1, color=0),
    "2": _node("SaveImage", images=["1", 0], filename_prefix="f"),
}
TEXT = {"1": _INT, "2": _node("TOut", v=["1", 0])}
FAILING = {"1": _INT, "2": _node("TErr", v=["1", 0]), "3": _node("TOut", v=["2", 0])}
BLOCKED = {"1": _node("TBlock", v=1, m="no further"), "2": _node("TOut", v=["1", 0])}
EXPANDING = {"1": _node("TExpand", v=1), "2": _node("TOut", v=["1", 0])}

WORKFLOWS: list[dict[str, Any]] = [PICTURE, TEXT, FAILING, BLOCKED, EXPANDING]


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


PNG = _png()
"""As large as that of PICTURE."""
