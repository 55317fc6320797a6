"""Nodes that keep latents in files."""

from typing import Annotated

from engine.context import Context
from engine.declare import node
from engine.folders import Folders
from engine.marks import FileIn
from engine.node import Output, Result
from engine.placing import Placing
from engine.services import Services
from nodes.diffusion import latent_files
from nodes.saving import ExtraInfo, Prompt, metadata, proof_of
from nodes.types import Latent

ENDING = ".latent"


@node("SaveLatent", title="SaveLatent", category="_for_testing", lane="cpu", is_output=True)
def save_latent(
    ctx: Context,
    samples: Latent,
    filename_prefix: str = "latents/ComfyUI",
    prompt: Prompt = None,
    extra_pnginfo: ExtraInfo = None,
) -> Output:
    """Save a latent into the output folder, with the workflow that made it inside. Masks are not saved."""
    folders = ctx.service(Folders)
    root = folders.directory("output")
    data = latent_files.encoded(samples["samples"], metadata(ctx, prompt, extra_pnginfo))
    path = Placing(root, ctx.deeds).put(data, folders.save_path(filename_prefix), ENDING)
    subfolder = path.parent.relative_to(root).as_posix()
    shown = {"filename": path.name, "subfolder": "" if subfolder == "." else subfolder, "type": "output"}
    return Output(ui={"latents": [shown]}, proof=(proof_of(str(path)),))


@save_latent.intact
def is_file_as_saved(result: Result, services: Services) -> bool:
    """Whether the file that a remembered result tells of is still there, and the same."""
    folders, shown = services.get(Folders), (result.ui or {}).get("latents", [])
    paths = [str(folders.directory(each["type"]) / each["subfolder"] / each["filename"]) for each in shown]
    return tuple(proof_of(path) for path in paths) == tuple(result.proof)


@node("LoadLatent", title="LoadLatent", category="_for_testing", lane="cpu")
def load_latent(ctx: Context, latent: Annotated[str, FileIn("input", anywhere=True, endings=(ENDING,))]) -> Latent:
    """Load a latent from the input folder."""
    return latent_files.load(ctx.service(Folders).resolve("input", latent))
