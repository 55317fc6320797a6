"""Other weights for single conditionings: LoRAs and models, each with a strength that may change on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from nodes.diffusion.checkpoint import Checkpoint
from nodes.diffusion.lazy import Lazy
from nodes.diffusion.lora.file import AdapterFile
from nodes.diffusion.lora.load import lora_on_clip, lora_on_unet
from nodes.diffusion.merging import blended, mixed
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.text.clip import Clip, ClipText
from nodes.diffusion.text.handles import towers, with_towers
from nodes.diffusion.unet.model import UNet


class OtherWeights(Protocol):
    """What a hook does to networks. Hashable, and equal to what does the same."""

    def on_unet(self, network: Lazy[UNet], strength: float) -> Lazy[UNet]: ...

    def on_clip(self, clip: Clip, strength: float) -> Clip: ...


@dataclass(frozen=True)
class LoraWeights:
    """An adapter is added."""

    file: AdapterFile

    def on_unet(self, network: Lazy[UNet], strength: float) -> Lazy[UNet]:
        return lora_on_unet(self.file, network, strength)

    def on_clip(self, clip: Clip, strength: float) -> Clip:
        return lora_on_clip(self.file, clip, strength)


@dataclass(frozen=True)
class ModelWeights:
    """Weights go towards those of another model: at strength 1 they are those."""

    unet: Lazy[UNet]
    texts: tuple[tuple[str, Lazy[ClipText]], ...] = ()

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> ModelWeights:
        clip = checkpoint.clip
        return cls(checkpoint.model.unet, () if clip is None else tuple(sorted(towers(clip).items())))

    def on_unet(self, network: Lazy[UNet], strength: float) -> Lazy[UNet]:
        return mixed(network, self.unet, {"": blended(1 - strength)})

    def on_clip(self, clip: Clip, strength: float) -> Clip:
        others = dict(self.texts)
        return with_towers(
            clip,
            {
                name: mixed(network, others[name], {"": blended(1 - strength)}) if name in others else network
                for name, network in towers(clip).items()
            },
        )


@dataclass(frozen=True)
class Keyframe:
    """From a part of the sampling on, strengths are multiplied by this."""

    strength: float
    start: float
    """0 is the first step, 1 the end."""


@dataclass(frozen=True)
class Hook:
    """Other weights and how strong they are. Of its keyframes, in order of their start, the last that began counts.

    Before the first of them the first counts, too.
    """

    weights: OtherWeights
    strength_model: float
    strength_clip: float
    keyframes: tuple[Keyframe, ...] = ()

    def factor(self, sigma: float, prediction: Prediction) -> float:
        """Of the keyframe that counts at a sigma."""
        begun = [each for each in self.keyframes if sigma <= prediction.percent_to_sigma(each.start)]
        return self._of(begun)

    def factor_from(self, start: float) -> float:
        """Of the keyframe that counts from a part of the sampling on."""
        return self._of([each for each in self.keyframes if each.start <= start])

    def _of(self, begun: Sequence[Keyframe]) -> float:
        if not self.keyframes:
            return 1.0
        return begun[-1].strength if begun else self.keyframes[0].strength


@dataclass(frozen=True)
class WeightHooks:
    """Hooks of a conditioning, applied one after the other. Conditionings with equal ones share network calls."""

    hooks: tuple[Hook, ...] = ()

    def and_then(self, others: WeightHooks | None) -> WeightHooks:
        """These, then others."""
        return self if others is None else WeightHooks((*self.hooks, *others.hooks))

    def with_keyframes(self, keyframes: Sequence[Keyframe]) -> WeightHooks:
        """The same, all on one schedule."""
        ordered = tuple(sorted(keyframes, key=lambda each: each.start))
        return WeightHooks(tuple(replace(hook, keyframes=ordered) for hook in self.hooks))

    def unet_at(self, network: Lazy[UNet], sigma: float, prediction: Prediction) -> Lazy[UNet]:
        """The U-Net as it is at a noise level."""
        for hook in self.hooks:
            strength = hook.strength_model * hook.factor(sigma, prediction)
            if strength:
                network = hook.weights.on_unet(network, strength)
        return network

    def clip_from(self, clip: Clip, start: float | None) -> Clip:
        """The text encoder as it is from a part of the sampling on; None leaves keyframes out."""
        for hook in self.hooks:
            strength = hook.strength_clip * (1.0 if start is None else hook.factor_from(start))
            if strength:
                clip = hook.weights.on_clip(clip, strength)
        return clip

    @property
    def cuts(self) -> list[float]:
        """The parts of the sampling where a strength changes, and its start."""
        return sorted({0.0, *(each.start for hook in self.hooks for each in hook.keyframes)})


@dataclass(frozen=True)
class ClipHooks:
    """What hooks do to a text encoder.

    ``attached``: they go along with its texts, to the U-Net. ``scheduled``: a text is encoded for each of their stages.
    """

    hooks: WeightHooks
    attached: bool = True
    scheduled: bool = False

    def stages(self, clip: Clip) -> list[tuple[Clip, dict[str, object]]]:
        """The text encoder at each stage of the sampling, and the fields that its texts get."""
        plain = replace(clip, hooks=None)
        fields: dict[str, object] = {"hooks": self.hooks} if self.attached else {}
        if not self.scheduled:
            return [(self.hooks.clip_from(plain, None), fields)]
        starts = self.hooks.cuts
        ends = [*starts[1:], 1.0]
        return [
            (self.hooks.clip_from(plain, start), {**fields, "start_percent": start, "end_percent": end})
            for start, end in zip(starts, ends, strict=True)
            if start < end
        ]
