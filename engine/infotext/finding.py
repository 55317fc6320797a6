"""The recipe of a picture, found in the workflow that makes it, if that is as simple as a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.checks import is_link
from engine.errors import NotAWorkflow
from engine.infotext.building import stem
from engine.infotext.names import IMAGE_METHODS, LATENT_METHODS
from engine.infotext.recipe import Hires, Lora, Recipe, infotext_from, recipe_of
from engine.infotext.text import parse_infotext, write_infotext

DECODERS = ("VAEDecode", "VAEDecodeTiled")
SCALES = ("LatentUpscale", "ImageScale")


def infotext_of(prompt: Mapping[str, Any], node_id: str) -> str | None:
    """The infotext of what a node saves. None if its workflow is not of that simple kind, or holds what the text has no
    way to say: then it would be read back as something else."""
    try:
        recipe = _Finding(prompt).recipe(node_id)
        text = write_infotext(infotext_from(recipe))
        same = recipe_of(parse_infotext(text), []) == recipe
    except (_NotSimple, NotAWorkflow):
        return None
    return text if same else None


class _NotSimple(Exception):
    """The workflow does more, or other things, than a recipe tells."""


class _Node:
    """A node of the API format, and how to go on from it."""

    def __init__(self, prompt: Mapping[str, Any], node_id: Any, kinds: tuple[str, ...], seen: int = 0) -> None:
        node = prompt.get(node_id)
        if not isinstance(node, Mapping) or (kinds and node.get("class_type") not in kinds) or seen > len(prompt):
            raise _NotSimple
        self.kind, self._inputs = str(node.get("class_type")), node.get("inputs") or {}
        self._prompt, self._seen = prompt, seen

    def source(self, name: str, *kinds: str) -> _Node:
        """The node that feeds an input."""
        value: Any = self._inputs.get(name)
        if not is_link(value):
            raise _NotSimple
        return _Node(self._prompt, value[0], kinds, self._seen + 1)

    def feeds(self, name: str) -> Any:
        """The link itself: two inputs with the same one get the same."""
        return self._inputs.get(name)

    def text(self, name: str) -> str:
        return str(self._constant(name, str))

    def whole(self, name: str) -> int:
        return int(self._constant(name, int))

    def number(self, name: str) -> float:
        return float(self._constant(name, (int, float)))

    def _constant(self, name: str, kind: Any) -> Any:
        value = self._inputs.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise _NotSimple
        return value


class _Finding:
    def __init__(self, prompt: Mapping[str, Any]) -> None:
        self._prompt = prompt

    def recipe(self, node_id: str) -> Recipe:
        """From the node that saves, back to the loaders."""
        decoder = _Node(self._prompt, node_id, ()).source("images", *DECODERS)
        last = decoder.source("samples", "KSampler")
        hires, first = self._passes(last)
        model, loras = self._model(first)
        words, avoided = first.source("positive", "CLIPTextEncode"), first.source("negative", "CLIPTextEncode")
        clip_skip = self._clip_skip(words, loras)
        if self._clip_skip(avoided, loras) != clip_skip or first.number("denoise") != 1:
            raise _NotSimple
        canvas = first.source("latent_image", "EmptyLatentImage")
        if canvas.whole("batch_size") != 1:  # the pictures of a batch share a seed, and differ
            raise _NotSimple
        return Recipe(
            prompt=_lines(words.text("text")),
            negative=_lines(avoided.text("text")),
            steps=first.whole("steps"),
            sampler=first.text("sampler_name"),
            scheduler=first.text("scheduler"),
            cfg=first.number("cfg"),
            seed=first.whole("seed"),
            width=canvas.whole("width"),
            height=canvas.whole("height"),
            model=stem(model.text("ckpt_name")),
            vae=self._vae(decoder),
            clip_skip=clip_skip,
            loras=tuple(Lora(stem(lora.text("lora_name")), *_strengths(lora)) for lora in loras),
            hires=hires,
        )

    def _passes(self, last: _Node) -> tuple[Hires | None, _Node]:
        """The second pass, if there is one, and the first."""
        before = last.source("latent_image")
        if before.kind == "EmptyLatentImage":
            return None, last
        if before.kind == "VAEEncode":
            return self._by_picture(last, before)
        scale = last.source("latent_image", "LatentUpscale")
        return self._second(last, scale, scale.source("samples", "KSampler"), LATENT_METHODS)

    def _by_picture(self, last: _Node, encoder: _Node) -> tuple[Hires, _Node]:
        scale = encoder.source("pixels", "ImageScale")
        before = scale.source("image")
        if before.kind != "ImageUpscaleWithModel":
            first = scale.source("image", *DECODERS).source("samples", "KSampler")
            return self._second(last, scale, first, IMAGE_METHODS)
        first = before.source("image", *DECODERS).source("samples", "KSampler")
        name = stem(before.source("upscale_model", "UpscaleModelLoader").text("model_name"))
        if scale.text("upscale_method") != "lanczos":
            raise _NotSimple
        return self._second(last, scale, first, {name: "lanczos"})

    def _second(self, last: _Node, scale: _Node, first: _Node, methods: Mapping[str, str]) -> tuple[Hires, _Node]:
        """Both passes must agree in all that the text says once."""
        told_once = ("model", "positive", "negative", "seed", "cfg", "sampler_name", "scheduler")
        upscaler = next((label for label, name in methods.items() if name == scale.text("upscale_method")), None)
        alike = all(first.feeds(name) == last.feeds(name) for name in told_once)
        if not alike or upscaler is None or scale.feeds("crop") != "disabled":
            raise _NotSimple
        size = scale.whole("width"), scale.whole("height")
        return Hires(*size, last.whole("steps"), last.number("denoise"), upscaler), first

    def _model(self, sampler: _Node) -> tuple[_Node, list[_Node]]:
        """The checkpoint, and the LoRAs between it and the sampler, the first first."""
        loras: list[_Node] = []
        node = sampler.source("model", "LoraLoader", "CheckpointLoaderSimple")
        while node.kind == "LoraLoader":
            loras.insert(0, node)
            node = node.source("model", "LoraLoader", "CheckpointLoaderSimple")
        return node, loras

    def _clip_skip(self, words: _Node, loras: list[_Node]) -> int:
        """How many layers are left out of the encoder, which comes through the same LoRAs as the model."""
        skip, node = 1, words.source("clip", "CLIPSetLastLayer", "LoraLoader", "CheckpointLoaderSimple")
        if node.kind == "CLIPSetLastLayer":
            skip = -node.whole("stop_at_clip_layer")
            node = node.source("clip", "LoraLoader", "CheckpointLoaderSimple")
        for lora in reversed(loras):
            if node.kind != "LoraLoader" or (node.feeds("lora_name"), _strengths(node)) != (
                lora.feeds("lora_name"),
                _strengths(lora),
            ):
                raise _NotSimple
            node = node.source("clip", "LoraLoader", "CheckpointLoaderSimple")
        if node.kind != "CheckpointLoaderSimple":
            raise _NotSimple
        return skip

    def _vae(self, decoder: _Node) -> str:
        loader = decoder.source("vae", "VAELoader", "CheckpointLoaderSimple")
        return stem(loader.text("vae_name")) if loader.kind == "VAELoader" else ""


def _strengths(lora: _Node) -> tuple[float, float]:
    return lora.number("strength_model"), lora.number("strength_clip")


def _lines(words: str) -> str:
    return words.replace("\r\n", "\n").strip()
