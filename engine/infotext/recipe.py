"""What an infotext says, as values: how a picture was made from words. What it says beyond that is noted by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from engine.infotext.names import (
    IMAGE_METHODS,
    LATENT_METHODS,
    NEAR_METHODS,
    sampler_label,
    sampling_named,
    scheduler_label,
)
from engine.infotext.text import Infotext

T = TypeVar("T")

LORA = re.compile(r"<(?:lora|lyco):([^:<>]+)((?::[^:<>]*)*)>")
OTHER_NETWORK = re.compile(r"<[a-z]+:[^<>]+>")
UNIT = 8  # pixels of a latent's cell
LARGEST_SIDE, LARGEST_SCALE = 99_999, 64.0
TOLD = frozenset(
    [
        *("Model hash", "VAE hash", "Lora hashes", "TI hashes", "Hashes"),
        *("Version", "User", "RNG", "Batch size", "Batch pos"),
    ]
)
"""What says how to tell files, or changes nothing: in a batch each picture has its own seed, which is told."""


@dataclass(frozen=True)
class Lora:
    """A file's name without its ending, and how strongly it changes the model and the text encoder."""

    name: str
    model: float = 1.0
    clip: float = 1.0


@dataclass(frozen=True)
class Hires:
    """The second pass, larger. ``upscaler`` is one of LATENT_METHODS, IMAGE_METHODS or the name of an upscale model."""

    width: int
    height: int
    steps: int
    denoise: float
    upscaler: str = "Latent"


@dataclass(frozen=True)
class Recipe:
    """A picture from words. ``model`` and ``vae`` are names of files without their endings, or empty."""

    prompt: str
    negative: str = ""
    steps: int = 20
    sampler: str = "euler"
    scheduler: str = "normal"
    cfg: float = 7.0
    seed: int = 0
    width: int = 512
    height: int = 512
    model: str = ""
    vae: str = ""
    clip_skip: int = 1
    loras: tuple[Lora, ...] = ()
    hires: Hires | None = None


def recipe_of(infotext: Infotext, notes: list[str]) -> Recipe:
    """Read the fields; ``notes`` takes what could not be carried over, each by its name."""
    given = _Fields(infotext.settings, notes)
    sampling = sampling_named(given.text("Sampler"), given.text("Schedule type"), notes)
    width, height = given.size("Size") or given.missing("Size", (512, 512))
    loras = tuple(_lora(match, notes) for match in LORA.finditer(infotext.prompt))
    vae = given.text("VAE")
    recipe = Recipe(
        prompt=_plain(infotext.prompt, "prompt", notes),
        negative=_plain(infotext.negative, "negative prompt", notes),
        steps=max(1, given.whole("Steps", 20)),
        sampler=sampling.sampler,
        scheduler=sampling.scheduler,
        cfg=given.number("CFG scale", 7.0),
        seed=max(0, given.whole("Seed", 0)),
        width=width,
        height=height,
        model=given.text("Model"),
        vae="" if vae in ("None", "Automatic") else vae,
        clip_skip=max(1, given.whole("Clip skip", 1, optional=True)),
        loras=loras,
    )
    recipe = replace(recipe, hires=_hires(given, recipe, notes))
    notes.extend(f"{key}: {value}" for key, value in given.others().items())
    if infotext.after:
        notes.append(f"the text after the settings: {infotext.after:.80}")
    if given.text("RNG") != "CPU":
        notes.append("RNG: noise is drawn on the CPU here, so the same seed makes another picture")
    return recipe


def infotext_from(recipe: Recipe) -> Infotext:
    """The fields as text."""
    tags = "".join(f"<lora:{lora.name}:{_strength(lora)}>" for lora in recipe.loras)
    settings = {
        "Steps": str(recipe.steps),
        "Sampler": sampler_label(recipe.sampler),
        "Schedule type": scheduler_label(recipe.scheduler),
        "CFG scale": shown(recipe.cfg),
        "Seed": str(recipe.seed),
        "Size": f"{recipe.width}x{recipe.height}",
        "Model": recipe.model,
        "VAE": recipe.vae,
        "Clip skip": str(recipe.clip_skip) if recipe.clip_skip > 1 else "",
    }
    if hires := recipe.hires:
        settings |= {
            "Denoising strength": shown(hires.denoise),
            "Hires resize": f"{hires.width}x{hires.height}",
            "Hires steps": str(hires.steps),
            "Hires upscaler": hires.upscaler,
        }
    settings["RNG"] = "CPU"
    kept = {key: value for key, value in settings.items() if value}
    return Infotext(" ".join(filter(None, (recipe.prompt, tags))), recipe.negative, kept)


def shown(number: float) -> str:
    """As short as it can be and still be the same number."""
    return str(int(number)) if number == int(number) else repr(float(number))


class _Fields:
    """The settings by name: what was asked for is known, the others are left."""

    def __init__(self, settings: Mapping[str, str], notes: list[str]) -> None:
        self._settings, self._notes = settings, notes
        self._asked = set(TOLD)

    def text(self, key: str) -> str:
        self._asked.add(key)
        return self._settings.get(key, "")

    def whole(self, key: str, fallback: int, *, optional: bool = False) -> int:
        return int(self.number(key, fallback, optional=optional))

    def number(self, key: str, fallback: float, *, optional: bool = False) -> float:
        text = self.text(key)
        if not text:
            return fallback if optional else self.missing(key, fallback)
        try:
            return int(text) if text.lstrip("-").isdecimal() else _finite(text)
        except ValueError:
            return self.missing(f"{key} {text}", fallback, "is no number")

    def size(self, key: str) -> tuple[int, int] | None:
        """Sides in whole cells of a latent."""
        width, x, height = self.text(key).partition("x")
        if not (x and _is_side(width) and _is_side(height)):
            return None
        return int(width) // UNIT * UNIT, int(height) // UNIT * UNIT

    def missing(self, key: str, fallback: T, why: str = "is not told") -> T:
        said = "x".join(map(str, fallback)) if isinstance(fallback, tuple) else fallback
        self._notes.append(f"{key} {why}: {said} stands in for it")
        return fallback

    def others(self) -> dict[str, str]:
        return {key: value for key, value in self._settings.items() if key not in self._asked}


def _is_side(text: str) -> bool:
    return text.isdecimal() and len(text) <= len(str(LARGEST_SIDE)) and int(text) >= UNIT


def _hires(given: _Fields, recipe: Recipe, notes: list[str]) -> Hires | None:
    size, scale = given.size("Hires resize"), given.number("Hires upscale", 0.0, optional=True)
    denoise = given.number("Denoising strength", 1.0, optional=True)
    upscaler = given.text("Hires upscaler") or "Latent"
    steps = given.whole("Hires steps", 0, optional=True) or recipe.steps
    if not 0 <= scale <= LARGEST_SCALE:
        notes.append(f"Hires upscale {scale}: more than {LARGEST_SCALE:.0f} or less than 0 is left out")
    elif size is None and scale > 0:
        sides = (int(side * scale) // UNIT * UNIT for side in (recipe.width, recipe.height))
        width, height = (max(UNIT, side) for side in sides)
        size = width, height
    if size is None:
        if given.text("Denoising strength"):
            said = "it was painted over another picture, which the text does not hold; here it begins with noise"
            notes.append(f"Denoising strength {denoise}: {said}")
        return None
    if nearest := NEAR_METHODS.get(upscaler):
        notes.append(f"Hires upscaler {upscaler}: there is none like it, {nearest} stands in for it")
        upscaler = nearest
    known = {name.lower(): name for name in (*LATENT_METHODS, *IMAGE_METHODS)}
    return Hires(*size, max(1, steps), min(max(denoise, 0.0), 1.0), known.get(upscaler.lower(), upscaler))


def _lora(match: re.Match[str], notes: list[str]) -> Lora:
    """``<lora:NAME:STRENGTH>`` or ``<lora:NAME:TEXT ENCODER'S:MODEL'S>``; these may be named, ``te=`` and ``unet=``."""
    parts = [part.partition("=")[::2] for part in match[2].split(":")[1:]]
    plain = [first for first, second in parts if not second]
    named = {first.strip(): second for first, second in parts if second}
    try:
        clip = _finite(named.get("te") or (plain[0] if plain else "1"))
        model = _finite(named.get("unet") or (plain[1] if len(plain) > 1 else str(clip)))
    except ValueError:
        notes.append(f"{match[0]}: its strength is no number, 1 stands in for it")
        return Lora(match[1].strip())
    if unknown := named.keys() - {"te", "unet"}:
        notes.append(f"{match[0]}: {', '.join(sorted(unknown))}")
    return Lora(match[1].strip(), model, clip)


def _strength(lora: Lora) -> str:
    return shown(lora.clip) if lora.clip == lora.model else f"{shown(lora.clip)}:{shown(lora.model)}"


def _plain(prompt: str, called: str, notes: list[str]) -> str:
    """Words without the names of networks. What web UIs read in words, and CLIPTextEncode does not, is noted."""
    words = LORA.sub("", prompt)
    notes.extend(f"{called}: {found}" for found in OTHER_NETWORK.findall(words))
    words = OTHER_NETWORK.sub("", words).strip()
    if re.search(r"(?<!\\)\[[^\[\]]*\]", words):
        notes.append(f"{called}: square brackets are plain text here")
    notes.extend(
        f"{called}: {word} is plain text here" for word in ("AND", "BREAK") if re.search(rf"\b{word}\b", words)
    )
    return words


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(text)
    return number
