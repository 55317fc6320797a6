"""Conditionings with weights of their own: LoRAs and models that hold for one text and not for another."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

import nodes
from engine.cache import NoCache
from engine.events import RunFinished
from engine.folders import Folders
from engine.jobs import Job
from engine.lanes import Lanes, call_in
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.lazy import Residency
from nodes.diffusion.lora.file import BadAdapter, open_adapter
from nodes.diffusion.lora.load import with_lora
from nodes.diffusion.merging import blended, mix_models
from nodes.diffusion.model import Model
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.sampling import sample_latent
from nodes.diffusion.stepper import Stepper
from nodes.diffusion.text.encoding import conditioned
from nodes.diffusion.weight_hooks import ClipHooks, Hook, Keyframe, LoraWeights, ModelWeights, WeightHooks
from nodes.hook_keyframes import keyframe, keyframes_between, keyframes_of
from nodes.hooks import combine_four, set_clip_hooks
from tests.support import small
from tests.support.fakes import denoiser
from tests.support.small import numbers

Cond = list[list[Any]]
QUIET: Any = None  # a context that is not used


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models")
    save_file(small.checkpoint(0), path / "one.safetensors")
    save_file(small.checkpoint(1), path / "two.safetensors")
    stem = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_v"
    words = "lora_te_text_model_encoder_layers_0_mlp_fc1"
    lora = {
        f"{stem}.lora_up.weight": numbers(64, 2, seed=1, std=1),
        f"{stem}.lora_down.weight": numbers(2, 64, seed=2, std=1),
        f"{words}.lora_up.weight": numbers(96, 2, seed=3, std=1),
        f"{words}.lora_down.weight": numbers(2, 64, seed=4, std=1),
    }
    save_file(lora, path / "lora.safetensors")
    return path


class Models:
    """A model, one like it, and a LoRA."""

    def __init__(self, folder: Path) -> None:
        loader = Loader(Residency())
        self.one: Checkpoint = loader.checkpoint(folder / "one.safetensors")
        self.two: Checkpoint = loader.checkpoint(folder / "two.safetensors")
        self.file = open_adapter(loader, folder / "lora.safetensors")

    def adapted(self, strength: float) -> Model:
        model, _ = with_lora(self.file, self.one.model, None, strength, 0)
        assert model is not None
        return model

    def hooks(self, strength: float = 1.0, *keyframes: Keyframe) -> WeightHooks:
        return WeightHooks((Hook(LoraWeights(self.file), strength, strength),)).with_keyframes(keyframes)


@pytest.fixture(scope="module")
def models(folder: Path) -> Models:
    return Models(folder)


def words(seed: int, **fields: Any) -> Cond:
    return [[numbers(1, 7, 64, seed=seed, std=1), fields]]


def drawn(model: Model, positive: Cond, negative: Cond | None = None, cfg: float = 1.0) -> Tensor:
    latent = {"samples": torch.zeros(1, 4, 8, 8)}
    samples: Tensor = sample_latent(
        model,
        latent,
        positive,
        negative or words(9),
        seed=1,
        steps=4,
        cfg=cfg,
        sampler_name="euler",
        scheduler="normal",
    )["samples"]
    return samples


def test_a_hooked_text_is_looked_at_with_the_loras_weights(models: Models) -> None:
    hooked = drawn(models.one.model, words(1, hooks=models.hooks(0.8)))
    assert torch.equal(hooked, drawn(models.adapted(0.8), words(1)))
    assert not torch.allclose(hooked, drawn(models.one.model, words(1)))


def test_other_texts_keep_the_models_own(models: Models) -> None:
    """One step of guidance by hand, with the hook on one side only."""
    model, x, sigma = models.one.model, numbers(1, 4, 8, 8, std=1), torch.tensor(3.0)

    def denoised(of: Model, text: Cond) -> Tensor:
        scaled = of.prediction.network_input(x, sigma)
        with torch.no_grad():
            out = of.network(Inputs(scaled, of.prediction.timestep(sigma).expand(1), text[0][0]))
        return of.prediction.denoised(x, sigma, out)

    cond, uncond = denoised(models.adapted(1.0), words(1)), denoised(model, words(2))
    calls: list[Inputs] = []
    seen = one_step(model, calls, words(1, hooks=models.hooks()), words(2), x, sigma)
    torch.testing.assert_close(seen, uncond + 4.0 * (cond - uncond), rtol=1e-4, atol=1e-4)
    assert len(calls) == 2  # other weights are another call


def one_step(model: Model, calls: list[Inputs], positive: Cond, negative: Cond, x: Tensor, sigma: Tensor) -> Tensor:
    def network(inputs: Inputs) -> Tensor:
        calls.append(inputs)
        return model.network(inputs)

    with torch.no_grad():
        return denoiser(model.through(network), positive, negative, 4.0, (8, 8))(x, sigma)


def test_texts_with_equal_hooks_share_a_call(models: Models) -> None:
    calls: list[Inputs] = []
    both = (words(1, hooks=models.hooks()), words(2, hooks=models.hooks()))
    one_step(models.one.model, calls, *both, numbers(1, 4, 8, 8), torch.tensor(3.0))
    assert [len(each) for each in calls] == [2]
    assert calls[0].unet is models.adapted(1.0).unet
    assert calls[0].form is not None
    assert calls[0].form[0] is calls[0].unet  # and jobs join only if they have the same weights


def test_hooks_come_on_top_of_the_models_own_loras(models: Models) -> None:
    hooked = drawn(models.adapted(0.25), words(1, hooks=models.hooks(0.5)))
    assert torch.equal(hooked, drawn(models.adapted(0.75), words(1)))


@pytest.mark.parametrize(("strength", "name"), [(1.0, "two"), (0.0, "one")])
def test_a_model_as_hook_takes_the_place_of_the_models_weights(strength: float, name: str, models: Models) -> None:
    hooks = WeightHooks((Hook(ModelWeights.of(models.two), strength, strength),))
    wanted = getattr(models, name)
    torch.testing.assert_close(drawn(models.one.model, words(1, hooks=hooks)), drawn(wanted.model, words(1)))


def test_half_a_model_is_a_merge(models: Models) -> None:
    hooks = WeightHooks((Hook(ModelWeights.of(models.two), 0.5, 0.5),))
    merged = mix_models(models.one.model, models.two.model, {"": blended(0.5)})
    assert torch.equal(drawn(models.one.model, words(1, hooks=hooks)), drawn(merged, words(1)))


# Schedules


@pytest.mark.parametrize(
    ("percent", "strength"), [(0.0, 0.5), (0.2, 0.5), (0.25, 1.0), (0.74, 1.0), (0.75, 0.0), (1.0, 0.0)]
)
def test_the_keyframe_that_began_last_counts(percent: float, strength: float, models: Models) -> None:
    hooks = models.hooks(0.8, Keyframe(0.0, 0.75), Keyframe(0.5, 0.0), Keyframe(1.0, 0.25))
    prediction = Prediction.eps()
    sigma = min(prediction.percent_to_sigma(percent), prediction.sigma_max)
    unet = models.one.model.unet
    assert hooks.unet_at(unet, sigma, prediction) is (models.adapted(0.8 * strength).unet if strength else unet)


def test_before_the_first_keyframe_the_first_counts(models: Models) -> None:
    hooks = models.hooks(1.0, Keyframe(0.5, 0.5))
    prediction = Prediction.eps()
    unet = hooks.unet_at(models.one.model.unet, prediction.sigma_max, prediction)
    assert unet is models.adapted(0.5).unet


def test_a_lora_that_goes_out_draws_otherwise_than_one_that_stays(models: Models) -> None:
    gone = drawn(models.one.model, words(1, hooks=models.hooks(1.0, Keyframe(1.0, 0.0), Keyframe(0.0, 0.5))))
    for other in (models.adapted(1.0), models.one.model):
        assert not torch.allclose(gone, drawn(other, words(1)))


def test_keyframes_are_made_between_two_strengths() -> None:
    made = keyframes_between(QUIET, 0.0, 1.0, "ease_in", 0.2, 0.6, 3).HOOK_KF
    assert made == (Keyframe(0.0, 0.2), Keyframe(0.25, pytest.approx(0.4)), Keyframe(1.0, pytest.approx(0.6)))
    halves = {"linear": 0.5, "ease_in": 0.25, "ease_out": 0.75, "ease_in_out": 0.5}
    for ease, half in halves.items():
        assert [each.strength for each in keyframes_between(QUIET, 0.0, 1.0, ease, 0, 1, 3).HOOK_KF] == [0, half, 1]  # type: ignore[arg-type]


def test_keyframes_are_made_of_numbers_and_follow_others() -> None:
    before = keyframe(2.0, 0.1).HOOK_KF
    assert (
        Keyframe(2.0, 0.1),
        Keyframe(0.5, 0.2),
        Keyframe(1.5, 0.8),
    ) == keyframes_of(QUIET, [0.5, 1.5], 0.2, 0.8, prev_hook_kf=before).HOOK_KF
    assert (Keyframe(0.5, 0.0),) == keyframes_of(QUIET, 0.5).HOOK_KF
    with pytest.raises(ValueError, match="floats_strength must be numbers, not 'x'"):
        keyframes_of(QUIET, ["x"])


def test_hooks_are_joined_in_order(models: Models) -> None:
    a, b = models.hooks(0.1), models.hooks(0.2)
    assert combine_four(a, None, b).hooks == (*a.hooks, *b.hooks)
    assert combine_four() == WeightHooks()


# Text encoders


def test_a_text_is_encoded_with_the_loras_weights_and_takes_the_hooks_along(models: Models) -> None:
    clip = set_clip_hooks(models.one.clip, hooks=models.hooks(0.5))
    ((context, fields),) = conditioned(clip, lambda encoder: encoder.encode("an apple"))
    _, adapted = with_lora(models.file, None, models.one.clip, 0, 0.5)
    assert adapted is not None
    assert torch.equal(context, adapted.encode("an apple")[0])
    assert fields["hooks"] == models.hooks(0.5)
    clip = set_clip_hooks(models.one.clip, apply_to_conds=False, hooks=models.hooks(0.5))
    assert "hooks" not in conditioned(clip, lambda encoder: encoder.encode("an apple"))[0][1]


def test_a_scheduled_text_is_encoded_for_each_stage(models: Models) -> None:
    hooks = models.hooks(1.0, Keyframe(0.5, 0.0), Keyframe(0.0, 0.25), Keyframe(1.0, 0.75))
    assert models.one.clip is not None
    stages = ClipHooks(hooks, attached=True, scheduled=True).stages(models.one.clip)
    ranges = [(fields["start_percent"], fields["end_percent"]) for _, fields in stages]
    assert ranges == [(0.0, 0.25), (0.25, 0.75), (0.75, 1.0)]
    texts = [encoder.encode("an apple")[0] for encoder, _ in stages]
    assert torch.equal(texts[1], models.one.clip.encode("an apple")[0])
    assert not torch.allclose(texts[0], texts[2])


def test_without_a_text_encoder_or_hooks_nothing_is_hooked(models: Models) -> None:
    assert set_clip_hooks(models.one.clip) is models.one.clip
    with pytest.raises(ValueError, match="no text encoder"):
        set_clip_hooks(None, hooks=models.hooks())


def test_a_lora_for_another_model_is_refused_when_it_is_used(models: Models, tmp_path: Path) -> None:
    save_file({"lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight": numbers(3, 3)}, tmp_path / "flux.safetensors")
    file = open_adapter(Loader(Residency()), tmp_path / "flux.safetensors")
    hooks = WeightHooks((Hook(LoraWeights(file), 1.0, 1.0),))
    with pytest.raises(BadAdapter, match=r"flux\.safetensors has nothing for the U-Net; it seems to be made for Flux"):
        drawn(models.one.model, words(1, hooks=hooks))


# The nodes


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


async def pictures(data: Path, document: dict[str, Any]) -> Sequence[bytes]:
    """Run a workflow; the pixels of what it saves, by name."""
    folders, residency = Folders(data), Residency()
    lanes = Lanes({"gpu": 1, "cpu": 2, "hook": 1, "sampling": 3})
    registry = Registry(Services(folders, residency, Loader(residency), Stepper(partial(call_in, "gpu"))))
    nodes.register(registry)
    pool = LocalPool(lambda: registry, NoCache(), lanes)
    targets = tuple(name for name, each in document.items() if each["class_type"] == "SaveImage")
    events = [event async for event in pool.run(Job(document, targets))]
    await pool.close()
    assert isinstance(events[-1], RunFinished), events[-1]
    return [Image.open(path).tobytes() for path in sorted(folders.directory("output").glob("*.png"))]


async def test_a_hooked_text_draws_what_a_loader_does(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    (tmp_path / "models" / "loras").mkdir()
    for kind, name in (("checkpoints", "one"), ("loras", "lora")):
        content = await asyncio.to_thread((folder / f"{name}.safetensors").read_bytes)
        (tmp_path / "models" / kind / f"{name}.safetensors").write_bytes(content)
    steps = {"seed": 1, "steps": 2, "cfg": 1.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}
    lora = {"lora_name": "lora.safetensors", "strength_model": 0.5, "strength_clip": 0.5}
    document = {
        "load": node("CheckpointLoaderSimple", ckpt_name="one.safetensors"),
        "latent": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "hook": node("CreateHookLora", **lora),
        "hooked": node("SetClipHooks", clip=["load", 1], apply_to_conds=True, schedule_clip=False, hooks=["hook", 0]),
        "lora": node("LoraLoader", model=["load", 0], clip=["load", 1], **lora),
    }
    for name, model, clip in (
        ("a", ["load", 0], ["hooked", 0]),
        ("b", ["lora", 0], ["lora", 1]),
        ("c", ["load", 0], ["load", 1]),
    ):
        document |= {
            f"text_{name}": node("CLIPTextEncode", text="an apple", clip=clip),
            f"sample_{name}": node(
                "KSampler",
                model=model,
                positive=[f"text_{name}", 0],
                negative=[f"text_{name}", 0],
                latent_image=["latent", 0],
                **steps,
            ),
            f"decode_{name}": node("VAEDecode", samples=[f"sample_{name}", 0], vae=["load", 2]),
            f"save_{name}": node("SaveImage", images=[f"decode_{name}", 0], filename_prefix=name),
        }
    hooked, loaded, plain = await pictures(tmp_path, document)
    assert hooked == loaded
    assert hooked != plain
