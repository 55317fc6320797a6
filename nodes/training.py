"""Nodes that train: new networks, and what teaches them."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from engine.context import Context
from engine.declare import node
from engine.marks import Widget
from engine.node import Output
from nodes.diffusion.lora.file import open_adapter
from nodes.diffusion.lora.load import with_lora
from nodes.diffusion.text.handles import towers, with_towers
from nodes.diffusion.training import new
from nodes.diffusion.training.course_unet import Lesson
from nodes.diffusion.training.course_unet import train_lora as teach_lora
from nodes.diffusion.training.course_unet import train_unet as teach_unet
from nodes.diffusion.training.course_vae import train_vae as teach_vae
from nodes.diffusion.training.painting import Encoding, Painter, asked
from nodes.loaders import opener
from nodes.saving import proof_of
from nodes.training_data import CATEGORY, MODULE
from nodes.training_runs import (
    Average,
    BatchSize,
    Name,
    Prompts,
    Rate,
    SampleEvery,
    Steps,
    Watch,
    Workers,
    course,
    curve,
    is_file_there,
    pace,
    painted_page,
    rebuilt_page,
)
from nodes.types import Clip, Dataset, Image, Lora, Model, Seed, Vae

training = partial(node, category=CATEGORY, module=MODULE)

Precision = Annotated[
    Literal["bf16", "fp32"],
    Field(description="What is computed in. For small networks on a CPU fp32 is as fast as bf16."),
    Widget(advanced=True),
]
Optimizer = Annotated[
    Literal["muon", "adamw"],
    Field(
        description="How weights move. Muon needs fewer steps for a new model; AdamW is the usual one to go on with "
        "a model that was made by it."
    ),
]
Gamma = Annotated[
    float,
    Field(ge=0.01, le=1000, description="Errors weigh this times their effect on the picture, at most 1 (min-SNR)."),
    Widget(step=0.1, advanced=True),
]
Noisy = Annotated[
    float,
    Field(ge=0.1, le=4, description="Below 1, noisy steps are learned more often: they decide what is painted."),
    Widget(step=0.05, advanced=True),
]
Variants = Annotated[int, Field(ge=1, le=1000, description="How often each picture is encoded, moved anew.")]


class NewParts(NamedTuple):
    model: Model
    clip: Clip


class TrainedVae(NamedTuple):
    vae: Vae
    curve: Annotated[Image, Widget(name="loss_curve")]


class TrainedModel(NamedTuple):
    model: Model
    clip: Clip
    curve: Annotated[Image, Widget(name="loss_curve")]
    samples: Annotated[Image, Widget(name="samples")]


class TrainedLora(NamedTuple):
    model: Model
    lora: Annotated[Lora, Widget(name="lora")]
    curve: Annotated[Image, Widget(name="loss_curve")]
    samples: Annotated[Image, Widget(name="samples")]


@training("NewVAE", title="New VAE", lane="cpu")
def new_vae(
    ctx: Context,
    widths: Annotated[str, Field(description="Channels of each level; each halves the sides but the last.")] = (
        "32,32,64,128"
    ),
    blocks: Annotated[int, Field(ge=1, le=8, description="Residual blocks a level.")] = 1,
    latent_channels: Annotated[int, Field(ge=3, le=64)] = 4,
    seed: Seed = 0,
) -> Vae:
    """A VAE that has learned nothing: it begins as one that averages blocks of pixels."""
    return new.new_vae(opener(ctx), numbers("widths", widths), blocks, latent_channels, seed)


@training("NewModel", title="New Model", lane="cpu")
def new_model(
    ctx: Context,
    channels: Annotated[int, Field(ge=4, le=2048, description="Of the first level."), Widget(step=4)] = 64,
    multipliers: Annotated[str, Field(description="How many times as many each level has.")] = "1,2,3",
    blocks: Annotated[int, Field(ge=1, le=8, description="Residual blocks a level.")] = 1,
    attend_from: Annotated[int, Field(ge=0, le=8, description="The first level that looks at the words.")] = 1,
    context: Annotated[int, Field(ge=64, le=4096, description="How wide words are."), Widget(step=64)] = 128,
    text_layers: Annotated[int, Field(ge=1, le=48)] = 3,
    prediction: Annotated[Literal["v", "eps"], Field(description="What is predicted: velocity, or noise.")] = "v",
    seed: Seed = 0,
) -> NewParts:
    """A U-Net and a text encoder that have learned nothing, in the form of Stable Diffusion 1."""
    measures = new.Measures(channels, numbers("multipliers", multipliers), blocks, attend_from, context, text_layers)
    return NewParts(*new.new_model(opener(ctx), measures, prediction, seed))


@training("TrainVAE", title="Train VAE")
def train_vae(
    ctx: Context,
    vae: Vae,
    dataset: Dataset,
    name: Name = "vae",
    steps: Steps = 3000,
    batch_size: BatchSize = 4,
    learning_rate: Rate = 3.5e-4,
    kl: Annotated[
        float,
        Field(ge=0, le=1, description="How near latents are to be to plain noise; the decoder gets more forgiving."),
        Widget(step=1e-6),
    ] = 2e-3,
    train_encoder: Annotated[bool, Field(description="Off: only the decoder learns, and latents stay.")] = True,
    latent_noise: Annotated[
        float,
        Field(ge=0, le=2, description="Without the encoder: noise on latents, as a share of their deviation."),
        Widget(step=0.01),
    ] = 0.07,
    ema: Average = 0.999,
    precision: Precision = "bf16",
    workers: Workers = 2,
    seed: Seed = 0,
) -> TrainedVae | Output:
    """Teach a VAE to turn pictures into latents and back. Cancelled, it goes on when it is run again."""
    if vae is None:
        raise ValueError("there is no VAE to train: the checkpoint has none")
    watch = Watch(ctx, name, rebuilt_page, max(1, steps // 20))
    done = teach_vae(
        vae,
        dataset,
        course(ctx, name, pace(steps, batch_size, learning_rate, ema), seed, workers, precision, watch),
        kl,
        None if train_encoder else latent_noise,
    )
    opened = opener(ctx).vae(done.file)
    return Output(TrainedVae(opened, curve(done.losses, name)), proof=(proof_of(str(done.file)),))


@training("TrainUNet", title="Train U-Net")
def train_unet(
    ctx: Context,
    model: Model,
    clip: Clip,
    vae: Vae,
    dataset: Dataset,
    name: Name = "model",
    steps: Steps = 60_000,
    batch_size: BatchSize = 16,
    learning_rate: Rate = 4e-4,
    optimizer: Optimizer = "muon",
    train_text: Annotated[bool, Field(description="Whether the text encoder learns, too.")] = True,
    ema: Average = 0.999,
    gamma: Gamma = 5.0,
    noisy: Noisy = 0.7,
    precision: Precision = "bf16",
    variants: Variants = 1,
    prompts: Prompts = "",
    sample_every: SampleEvery = 1000,
    workers: Workers = 2,
    seed: Seed = 0,
) -> TrainedModel | Output:
    """Teach a model to paint a data set by its captions. Cancelled, it goes on when it is run again."""
    lesson = lesson_of(model, clip, vae, dataset, gamma, noisy, variants)
    painter = Painter(lesson.vae, asked(prompts, dataset, seed), dataset.size, seed)
    page = painted_page(painter.prompts, name)
    way = course(
        ctx,
        name,
        pace(steps, batch_size, learning_rate, ema),
        seed,
        workers,
        precision,
        Watch(ctx, name, page, sample_every),
    )
    done = teach_unet(lesson, way, painter, train_text=train_text, muon=optimizer == "muon")
    opened = opener(ctx).checkpoint(done.file)
    taught = replace(model, unet=opened.model.unet, kind=opened.model.kind)
    words = with_towers(lesson.clip, towers(opened.clip)) if train_text and opened.clip else lesson.clip
    samples = painter.paint(taught, lambda prompt: Encoding(*words.encode(prompt)))
    values = TrainedModel(taught, words, curve(done.losses, name), page(samples))
    return Output(values, proof=(proof_of(str(done.file)),))


@training("TrainLoRA", title="Train LoRA")
def train_lora(
    ctx: Context,
    model: Model,
    clip: Clip,
    vae: Vae,
    dataset: Dataset,
    name: Name = "lora",
    rank: Annotated[int, Field(ge=1, le=1024, description="How many directions each layer may learn.")] = 8,
    alpha: Annotated[float, Field(ge=0.01, le=4096, description="The change counts alpha / rank times.")] = 8.0,
    within: Annotated[
        str, Field(description="Which layers learn: those whose names have this in them. Empty: all.")
    ] = "transformer_blocks",
    steps: Steps = 1000,
    batch_size: BatchSize = 2,
    learning_rate: Rate = 1e-3,
    ema: Average = 0.99,
    gamma: Gamma = 5.0,
    noisy: Noisy = 1.0,
    precision: Precision = "bf16",
    variants: Variants = 4,
    prompts: Prompts = "",
    sample_every: SampleEvery = 200,
    workers: Workers = 2,
    seed: Seed = 0,
) -> TrainedLora | Output:
    """Teach a small change to a model that stays as it is. Cancelled, it goes on when it is run again."""
    lesson = lesson_of(model, clip, vae, dataset, gamma, noisy, variants)
    painter = Painter(lesson.vae, asked(prompts, dataset, seed), dataset.size, seed)
    page = painted_page(painter.prompts, name)
    way = course(
        ctx,
        name,
        pace(steps, batch_size, learning_rate, ema),
        seed,
        workers,
        precision,
        Watch(ctx, name, page, sample_every),
    )
    done = teach_lora(lesson, way, painter, rank=rank, alpha=alpha, within=within)
    lora = open_adapter(opener(ctx), done.file)
    taught = with_lora(lora, model, None, 1.0, 0)[0] or model
    samples = painter.paint(taught, lambda prompt: Encoding(*lesson.clip.encode(prompt)))
    values = TrainedLora(taught, lora, curve(done.losses, name), page(samples))
    return Output(values, proof=(proof_of(str(done.file)),))


train_vae.intact(is_file_there)
train_unet.intact(is_file_there)
train_lora.intact(is_file_there)


def lesson_of(
    model: Model, clip: Clip, vae: Vae, dataset: Dataset, gamma: float, noisy: float, variants: int
) -> Lesson:
    """What a model is to learn. Raises ValueError for a checkpoint without a text encoder or a VAE."""
    if clip is None or vae is None:
        raise ValueError(f"training needs a {'text encoder' if clip is None else 'VAE'}, and the checkpoint has none")
    return Lesson(model, clip, vae, dataset, gamma, noisy, variants)


def numbers(what: str, text: str) -> tuple[int, ...]:
    """Whole numbers between commas. Raises ValueError."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"{what} are whole numbers between commas, such as 32,64, not {text!r}") from None
