"""Nodes that save and show pictures."""

import io
import json
import math
import os
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.embedding import INFOTEXT
from engine.folders import Directory, Folders
from engine.lock import LOCK
from engine.marks import Hidden
from engine.node import Output, Result
from engine.placing import Placing
from engine.services import Services
from nodes.diffusion import pictures
from nodes.imaging.agreeing import grey
from nodes.locking import HASH_WAIT_S, lock_of_saved
from nodes.types import Image, Mask

Prompt = Annotated[Any, Hidden("PROMPT")]
ExtraInfo = Annotated[Any, Hidden("EXTRA_PNGINFO")]


@node("SaveImage", title="Save Image", category="image", lane="cpu", is_output=True)
def save_image(
    ctx: Context,
    images: Annotated[Image, Field(description="The images to save.")],
    filename_prefix: Annotated[str, Field(description="How the file's name begins; may hold folders.")] = "ComfyUI",
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save pictures as PNG into the output folder, with the workflow that made them inside."""
    chunks = metadata(ctx, prompt, extra_pnginfo)
    return saved(ctx, images, filename_prefix, "output", chunks, compress_level=4)


@node("PreviewImage", title="Preview Image", category="image", lane="cpu", is_output=True)
def preview_image(ctx: Context, images: Image, prompt: Prompt = None, extra_pnginfo: ExtraInfo = None) -> Output:
    """Show pictures without keeping them."""
    return previewed(ctx, images, prompt, extra_pnginfo)


@node("MaskPreview", category="mask", module="comfy_extras.nodes_mask", lane="cpu", is_output=True)
def preview_mask(ctx: Context, mask: Mask, prompt: Prompt = None, extra_pnginfo: ExtraInfo = None) -> Output:
    """Show masks as grey pictures without keeping them."""
    return previewed(ctx, grey(mask), prompt, extra_pnginfo)


def previewed(ctx: Context, images: Image, prompt: Prompt, extra_pnginfo: ExtraInfo) -> Output:
    """Write a batch into the folder of temporary files."""
    letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(5))
    chunks = metadata(ctx, prompt, extra_pnginfo, wait_s=0)
    return saved(ctx, images, f"ComfyUI_temp_{letters}", "temp", chunks, compress_level=1)


@node("SaveImageWebsocket", title="Save Image (Websocket)", category="api/image", lane="cpu", is_output=True)
def save_image_websocket(ctx: Context, images: Image) -> None:
    """Send pictures as PNG to the client of the job, and keep them nowhere."""
    for i, image in enumerate(images):
        encoded = io.BytesIO()
        pictures.save_png(image, encoded, {}, compress_level=1)
        ctx.progress(i, len(images))
        ctx.send("image/png", encoded.getvalue())


@save_image_websocket.fingerprint
def always(inputs: Mapping[str, Any], services: Services) -> float:
    """Whoever asks wants the pictures, also if they were sent before."""
    return math.nan


@save_image.intact
@preview_image.intact
@preview_mask.intact
def are_files_as_saved(result: Result, services: Services) -> bool:
    """Whether the files that a remembered result tells of are still there, and the same: names are used again."""
    folders, shown = services.get(Folders), (result.ui or {}).get("images", [])
    paths = [str(folders.directory(each["type"]) / each["subfolder"] / each["filename"]) for each in shown]
    return tuple(proof_of(path) for path in paths) == tuple(result.proof)


def proof_of(path: str) -> tuple[str, int, int] | None:
    """By what a file is recognised: its place, size and time of change; None if it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return path, status.st_size, status.st_mtime_ns


def saved(
    ctx: Context,
    images: Image,
    prefix: str,
    kind: Directory,
    chunks: Mapping[str, str],
    compress_level: int,
    placing: Placing | None = None,
) -> Output:
    """Write a batch (B, H, W, C) as numbered PNGs; the user interface is told their names."""
    return put_files(ctx, images, prefix, kind, as_pngs(images, chunks, compress_level), ".png", placing)


def as_pngs(images: Image, chunks: Mapping[str, str], compress_level: int) -> Iterator[bytes]:
    """One file for each picture, made when it is asked for."""
    for image in images:
        encoded = io.BytesIO()
        pictures.save_png(image, encoded, chunks, compress_level=compress_level)
        yield encoded.getvalue()


def put_files(
    ctx: Context,
    images: Image,
    prefix: str,
    kind: Directory,
    files: Iterable[bytes],
    extension: str,
    placing: Placing | None = None,
) -> Output:
    """Write files that were made of ``images`` (B, H, W, C) under numbered names; the user interface is told these.

    A node that writes more than one batch in a call needs one ``placing`` for all.
    """
    height, width = images.shape[1:3]
    folders = ctx.service(Folders)
    place, root = folders.save_path(prefix, kind, width, height), folders.directory(kind)
    placing = placing or Placing(root, ctx.deeds)
    shown, proof = [], []
    for i, data in enumerate(files):
        path = placing.put(data, place, extension, batch=i)
        subfolder = path.parent.relative_to(root).as_posix()
        shown.append({"filename": path.name, "subfolder": "" if subfolder == "." else subfolder, "type": kind})
        proof.append(proof_of(str(path)))
    return Output(ui={"images": shown}, proof=tuple(proof))


def metadata(ctx: Context, prompt: Prompt, extra_pnginfo: ExtraInfo, *, wait_s: float = HASH_WAIT_S) -> dict[str, str]:
    """The text chunks that let a picture be made again, and ``engine.lock``, by which to tell what is not as it was."""
    chunks = {} if prompt is None else {"prompt": json.dumps(prompt)}
    extra = extra_pnginfo if isinstance(extra_pnginfo, Mapping) else {}
    chunks |= {
        key: value if key == INFOTEXT and isinstance(value, str) else json.dumps(value) for key, value in extra.items()
    }
    if prompt is not None and ctx.node_id in ctx.graph:  # a node that is called by itself has no such past
        chunks[LOCK] = lock_of_saved(ctx, wait_s).model_dump_json(exclude_defaults=True)
    return chunks
