"""Teaching a U-Net, by all of its weights or by a LoRA beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from nodes.diffusion import writing
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.model import Model, Network
from nodes.diffusion.safetensors_writer import Saved
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.tokenizer import END
from nodes.diffusion.training.adapters import adapted, learned, lora
from nodes.diffusion.training.course import Course, Trained, autoencoder, ready, unlocked
from nodes.diffusion.training.dataset import Dataset
from nodes.diffusion.training.diffusion import Denoising, both
from nodes.diffusion.training.latents import encoded
from nodes.diffusion.training.loop import Group, Training
from nodes.diffusion.training.painting import Painter, averaged
from nodes.diffusion.training.runs import on_cores
from nodes.diffusion.training.telling import Frozen, Learning
from nodes.diffusion.vae.handle import Vae

LORA_PREFIX = "diffusion_model."


@dataclass(frozen=True)
class Lesson:
    """A model and what it is to learn to paint: ``dataset``, each picture encoded in so many ``variants``, moved anew.

    ``gamma`` and ``noisy`` are explained by ``Denoising``.
    """

    model: Model
    clip: Clip
    vae: Vae
    dataset: Dataset
    gamma: float = 5.0
    noisy: float = 0.7
    variants: int = 1

    def check(self) -> None:
        """Raises ValueError for parts that do not fit one another."""
        channels = self.model.latent_format.channels
        if self.model.in_channels != channels:
            raise ValueError(
                f"a model can be trained that takes latents alone, of {channels} channels; this takes "
                f"{self.model.in_channels}, as models for inpainting do"
            )
        if self.vae.latent_channels != channels:
            raise ValueError(f"the model paints {channels} latent channels, the VAE has {self.vae.latent_channels}")
        wanted, given = self.model.unet.blank().config.context_dim, self.clip.encode("")[0].shape[-1]
        if wanted != given:
            raise ValueError(f"this model takes text {wanted} wide, but the text encoder's is {given} wide")

    def frozen(self) -> Frozen:
        """Words by a text encoder that stays."""
        return Frozen(self.model, self.clip, self.dataset.size // self.vae.downscale)

    def task(self, unet: nn.Module, words: Learning | Frozen, groups: Sequence[Group], course: Course) -> Denoising:
        """The pictures are encoded now."""
        vae = autoencoder(self.vae, self.dataset)
        latents = encoded(vae, self.dataset, self.model.latent_format, self.variants, course.seed, course.on_part)
        return Denoising(
            computing(unet, self.model),
            words if isinstance(words, Learning) else None,
            groups,
            self.model.prediction,
            self.dataset,
            latents,
            gamma=self.gamma,
            noisy=self.noisy,
            dtype=course.dtype,
            teller=words if isinstance(words, Frozen) else None,
            padding=words.padding if isinstance(words, Learning) else END,
            device=self.model.device,
        )

    def look(
        self, unet: nn.Module, words: Learning | Frozen, course: Course, painter: Painter
    ) -> Callable[[Training], list[Tensor]]:
        """Paints with the weights' average."""
        compute, device = computing(unet, self.model), self.model.device.type

        def evaluate(inputs: Inputs) -> Tensor:
            with torch.autocast(device, course.dtype, enabled=course.dtype != torch.float32):
                return compute(inputs).float()

        def paint(training: Training) -> list[Tensor]:
            with averaged(training):
                return painter.paint(self.model.through(evaluate), words.encode)

        return paint


def computing(unet: nn.Module, model: Model) -> Network:
    """A network that is given what it takes."""

    def compute(inputs: Inputs) -> Tensor:
        output: Tensor = unet(inputs.to(model.device, model.dtype))
        return output

    return compute


def train_unet(
    lesson: Lesson, course: Course, painter: Painter, *, train_text: bool = True, muon: bool = False
) -> Trained:
    """Teach a U-Net, and with it the text encoder, the large matrices by Muon or not. The file is a whole checkpoint.

    Raises ValueError for parts that do not fit one another.
    """
    lesson.check()
    lesson = replace(lesson, model=lesson.model.computing_in(torch.float32))
    model, clip = lesson.model, lesson.clip
    unet = unlocked(model.unet.get())
    text = Learning(clip, lesson.dataset) if train_text else None
    words = text or lesson.frozen()
    groups = both(unet, text.network if text else None, muon=muon)

    def content() -> Saved:
        changed = replace(model, unet=ready(unet, model.unet))
        saved = writing.checkpoint(changed, text.learned() if text else clip, lesson.vae)
        return saved.told(lesson.dataset.told())

    with on_cores(course.workers):
        task = lesson.task(unet, words, groups, course)
        return course.take(task, lesson.look(unet, words, course, painter), content)


def train_lora(
    lesson: Lesson, course: Course, painter: Painter, *, rank: int = 8, alpha: float = 8.0, within: str = ""
) -> Trained:
    """Teach a LoRA beside those layers of a U-Net whose names have ``within`` in them; its file has the LoRA alone.

    Raises ValueError for parts that do not fit one another.
    """
    lesson.check()
    lesson = replace(lesson, model=lesson.model.computing_in(course.dtype))
    unet, changed = adapted(lesson.model.unet.get(), rank, alpha, course.seed, within)
    words = lesson.frozen()
    with on_cores(course.workers):
        task = lesson.task(unet, words, [Group(learned(changed))], course)
        look = lesson.look(unet, words, course, painter)
        return course.take(task, look, lambda: Saved(lora(changed, LORA_PREFIX)))
