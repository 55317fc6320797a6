"""A recipe as a workflow in API format, and the names of files as they are here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from engine.folders import Folders
from engine.infotext.names import IMAGE_METHODS, LATENT_METHODS
from engine.infotext.recipe import Hires, Recipe, recipe_of
from engine.infotext.text import parse_infotext

Link: TypeAlias = list[Any]
Files: TypeAlias = Mapping[str, Sequence[str]]
"""The names of the files there are, by the key of their folder, as in FOLDERS."""
FOLDERS = ("checkpoints", "loras", "vae", "upscale_models", "embeddings")
NO_FILES: Files = {}
ENDING = ".safetensors"
ENDINGS = re.compile(r"\.(safetensors|sft|ckpt|pt|pth|bin)$")
MOST_EMBEDDINGS = 200
"""That a text names; each is looked for in its words."""


@dataclass(frozen=True)
class Read:
    """A workflow in API format, and what of the text is not in it, each by its name."""

    prompt: dict[str, Any]
    left_out: tuple[str, ...]


def read_infotext(text: str, files: Files = NO_FILES) -> Read:
    """The text as a workflow that runs on these files. Raises NotAWorkflow for a text that is none of this kind."""
    notes: list[str] = []
    infotext = parse_infotext(text)
    recipe = recipe_of(infotext, notes)
    prompt = _Building(files, infotext.settings, notes).workflow(recipe)
    return Read(prompt, tuple(dict.fromkeys(notes)))


def files_in(folders: Folders) -> Files:
    """What there is."""
    return {folder: folders.list(folder) for folder in FOLDERS}


class _Building:
    def __init__(self, files: Files, settings: Mapping[str, str], notes: list[str]) -> None:
        self._files, self._settings, self._notes = files, settings, notes
        self._made: dict[str, Any] = {}

    def workflow(self, recipe: Recipe) -> dict[str, Any]:
        """Loaders first, then words, then pictures."""
        name = self._file("checkpoints", recipe.model, "Model") if recipe.model else self._any_model()
        loader = self._node("CheckpointLoaderSimple", "Model", ckpt_name=name)
        model, clip, vae = [loader, 0], [loader, 1], [loader, 2]
        for lora in recipe.loras:
            file = self._file("loras", lora.name, "LoRA")
            strengths = {"strength_model": lora.model, "strength_clip": lora.clip}
            node = self._node("LoraLoader", f"LoRA {lora.name}", model=model, clip=clip, lora_name=file, **strengths)
            model, clip = [node, 0], [node, 1]
        if recipe.vae:
            vae = [self._node("VAELoader", "VAE", vae_name=self._file("vae", recipe.vae, "VAE")), 0]
        if recipe.clip_skip > 1:
            clip = [self._node("CLIPSetLastLayer", "Clip skip", clip=clip, stop_at_clip_layer=-recipe.clip_skip), 0]
        words = self._node("CLIPTextEncode", "Words", text=self._words(recipe.prompt), clip=clip)
        avoided = self._node("CLIPTextEncode", "Words to avoid", text=self._words(recipe.negative), clip=clip)
        size = {"width": recipe.width, "height": recipe.height, "batch_size": 1}
        sampling = {
            "model": model,
            "seed": recipe.seed,
            "steps": recipe.steps,
            "cfg": recipe.cfg,
            "sampler_name": recipe.sampler,
            "scheduler": recipe.scheduler,
            "positive": [words, 0],
            "negative": [avoided, 0],
            "latent_image": [self._node("EmptyLatentImage", "Empty canvas", **size), 0],
            "denoise": 1.0,
        }
        latent = [self._node("KSampler", "Draw", **sampling), 0]
        if hires := recipe.hires:
            second = {"latent_image": self._larger(hires, latent, vae), "steps": hires.steps, "denoise": hires.denoise}
            latent = [self._node("KSampler", "Draw larger", **{**sampling, **second}), 0]
        picture = self._node("VAEDecode", "Picture", samples=latent, vae=vae)
        self._node("SaveImage", "Save", images=[picture, 0], filename_prefix="wireloom/infotext")
        return self._made

    def _larger(self, hires: Hires, latent: Link, vae: Link) -> Link:
        """The latent in its new size, enlarged by itself or as a picture."""
        size = {"width": hires.width, "height": hires.height, "crop": "disabled"}
        if method := LATENT_METHODS.get(hires.upscaler):
            return [self._node("LatentUpscale", "Enlarge", samples=latent, upscale_method=method, **size), 0]
        picture = [self._node("VAEDecode", "Small picture", samples=latent, vae=vae), 0]
        method = IMAGE_METHODS.get(hires.upscaler)
        if method is None:
            name = self._file("upscale_models", hires.upscaler, "Hires upscaler")
            network = [self._node("UpscaleModelLoader", "Upscale model", model_name=name), 0]
            upscaled = self._node("ImageUpscaleWithModel", "Enlarge", upscale_model=network, image=picture)
            picture, method = [upscaled, 0], "lanczos"
        scaled = self._node("ImageScale", "To size", image=picture, upscale_method=method, **size)
        return [self._node("VAEEncode", "Picture to latent", pixels=[scaled, 0], vae=vae), 0]

    def _node(self, kind: str, title: str, **inputs: Any) -> str:
        node_id = str(len(self._made) + 1)
        self._made[node_id] = {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}
        return node_id

    def _any_model(self) -> str:
        known = self._files.get("checkpoints", ())
        name = known[0] if known else "model" + ENDING
        self._notes.append(f"Model is not told: {name} stands in for it")
        return name

    def _file(self, folder: str, name: str, called: str) -> str:
        """The file of that name, whatever folder it is in and whatever it ends in; what is not here keeps its name."""
        known = self._files.get(folder, ())
        for candidate in known:
            if stem(candidate).lower() == stem(name).lower():
                return candidate
        if folder in self._files:
            marked = f" (hash {found})" if (found := self._settings.get(f"{called} hash")) else ""
            self._notes.append(f"{called} {name}{marked}: there is no such file in {folder}")
        return name if ENDINGS.search(name) else name + ENDING

    def _words(self, prompt: str) -> str:
        """With ``embedding:`` before the names of embeddings, which web UIs find in bare words."""
        told = [
            pair.partition(":")[0].strip() for pair in self._settings.get("TI hashes", "").split(",", MOST_EMBEDDINGS)
        ]
        for name in dict.fromkeys(filter(None, (*told, *map(stem, self._files.get("embeddings", ()))))):
            prompt = re.sub(rf"(?<![\w:/\\-]){re.escape(name)}(?![\w-])", f"embedding:{name}", prompt)
        return prompt


def stem(name: str) -> str:
    """A file's name without its folders and the ending of a model's file."""
    base = PurePosixPath(name.replace("\\", "/")).name
    return ENDINGS.sub("", base)
