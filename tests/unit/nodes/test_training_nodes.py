"""The nodes that train, on networks that are tiny: what comes out, and what happens when they are stopped."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from engine.context import Context
from engine.errors import Cancelled, UnsafePath
from engine.events import NodePreview, NodeProgress
from engine.node import Output, Result
from nodes.diffusion.evaluation.concepts import learned as learned_of
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.lora.file import open_adapter
from nodes.diffusion.lora.load import with_lora
from nodes.diffusion.model import Model
from nodes.diffusion.safetensors_writer import Saved
from nodes.diffusion.training.adapters import adapted, learned, lora
from nodes.diffusion.training.course_unet import LORA_PREFIX, Lesson
from nodes.diffusion.training.loop import Draw, Group, Pace, Training
from nodes.diffusion.training.runs import write
from nodes.loaders import load_checkpoint, opener
from nodes.model_saving import save_checkpoint
from nodes.training import new_model, new_vae, train_lora, train_unet, train_vae
from nodes.training_loras import apply_trained_lora, save_trained_lora
from nodes.training_runs import curve, is_file_there
from tests.support import lessons
from tests.support.contexts import context
from tests.support.small import numbers

FAST: dict[str, Any] = {"batch_size": 2, "precision": "fp32", "workers": 2}
UNET: dict[str, Any] = {**FAST, "name": "mine", "prompts": "a dog", "learning_rate": 2e-3}


class Cancelling(list[Any]):
    """Events; cancels after so many steps, as a user does who presses stop."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at, self.cancel = at, lambda: None

    def append(self, event: Any) -> None:
        super().append(event)
        if isinstance(event, NodeProgress) and event.value == self.at:
            self.cancel()


def cancelled_at(step: int, data: Path) -> Context:
    ctx, _ = context(data)
    events = Cancelling(step)
    events.cancel = ctx.cancelled.set  # type: ignore[method-assign]
    return replace(ctx, emit=events.append)


def values(output: Any) -> Any:
    assert isinstance(output, Output)
    return output.values


def teach(ctx: Context, lesson: Lesson, steps: int, **changed: Any) -> Any:
    told = {**UNET, **changed}
    return train_unet(ctx, lesson.model, lesson.clip, lesson.vae, lesson.dataset, steps=steps, **told)


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return lessons.lesson()


@pytest.fixture(scope="module")
def trained(lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, list[Any]]:
    """Where it was trained, for eight steps; what came out; what was told."""
    data = tmp_path_factory.mktemp("trained")
    ctx, events = context(data)
    return data, values(teach(ctx, lesson, 8, sample_every=4)), events


def weights(data: Path, name: str, steps: int) -> dict[str, Tensor]:
    return load_file(data / "output" / "training" / name / f"{steps}.safetensors")


def test_a_cancelled_training_goes_on_to_the_same_weights(
    lesson: Lesson, trained: tuple[Path, Any, list[Any]], tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        teach(cancelled_at(3, tmp_path), lesson, 8)
    ctx, events = context(tmp_path)
    teach(ctx, lesson, 8)
    assert [event.value for event in events if isinstance(event, NodeProgress)] == [
        5,
        6,
        7,
        8,
    ]  # it is noticed after the fourth
    one, other = weights(tmp_path, "mine", 8), weights(trained[0], "mine", 8)
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_progress_is_told_and_pictures_are_shown(trained: tuple[Path, Any, list[Any]]) -> None:
    _, (_, _, losses, samples), events = trained
    told = [event for event in events if isinstance(event, NodeProgress)]
    assert [(event.value, event.total) for event in told] == [(step, 8) for step in range(1, 9)]
    shown = [event for event in events if isinstance(event, NodePreview)]
    assert len(shown) == 1  # a sheet twice a minute
    assert shown[0].data[:2] == b"\xff\xd8"
    assert losses.shape == (1, 400, 640, 3)
    assert samples.shape[0] == 1


def test_what_was_trained_has_the_words_and_saves_as_a_checkpoint(
    lesson: Lesson, trained: tuple[Path, Any, list[Any]], tmp_path: Path
) -> None:
    model, clip = trained[1][:2]
    before = lesson.clip.encode("a dog")[0]
    assert not torch.allclose(clip.encode("a dog")[0], before, atol=1e-4)
    assert not torch.equal(clip.encode("dog")[0], clip.encode("cat")[0])
    ctx, _ = context(tmp_path)
    save_checkpoint(ctx, model, clip, lesson.vae, "checkpoints/mine")
    saved = next((tmp_path / "output").rglob("*.safetensors"))
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    saved.rename(tmp_path / "models" / "checkpoints" / "mine.safetensors")
    loaded = load_checkpoint(ctx, "mine.safetensors")
    assert loaded.clip is not None
    assert loaded.vae is not None
    assert loaded.model.prediction.kind == "v"
    assert torch.equal(loaded.clip.encode("a dog")[0], clip.encode("a dog")[0])
    assert torch.equal(said(loaded.model), said(model))
    latent = numbers(1, 4, 8, 8, std=5)
    assert torch.equal(loaded.vae.decode(latent), lesson.vae.decode(latent))


def test_the_file_says_what_it_learned(lesson: Lesson, trained: tuple[Path, Any, list[Any]]) -> None:
    (file,) = (trained[0] / "output" / "training" / "mine").glob("*.safetensors")
    with safe_open(file, "pt") as opened:
        told = learned_of(opened.metadata())
    assert set(told.concepts or ()) == {example.subject for example in lesson.dataset.examples}
    assert told.hold_out == lesson.dataset.hold_out


def said(model: Model) -> Tensor:
    """What a model says of some noise."""
    return model.network(Inputs(numbers(1, 4, 8, 8, std=1), torch.tensor([400.0]), numbers(1, 77, 64, seed=3, std=1)))


def test_a_training_at_its_end_leaves_its_file_as_it_is(lesson: Lesson, trained: tuple[Path, Any, list[Any]]) -> None:
    file = trained[0] / "output" / "training" / "mine" / "8.safetensors"
    before = file.stat()
    ctx, events = context(trained[0])
    again = teach(ctx, lesson, 8)
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert not events
    result = Result((), proof=again.proof)
    assert is_file_there(result, ctx.services)
    file.touch()
    assert not is_file_there(result, ctx.services)


def test_a_name_of_another_training_is_refused(lesson: Lesson, trained: tuple[Path, Any, list[Any]]) -> None:
    ctx, _ = context(trained[0])
    with pytest.raises(ValueError, match=r"training in .*mine.* another name"):
        train_vae(ctx, lesson.vae, lesson.dataset, "mine", 9, **FAST)
    with pytest.raises(ValueError, match="gone 8 steps already, but is to go 4"):
        teach(ctx, lesson, 4)
    with pytest.raises(ValueError, match="needs a name"):
        teach(ctx, lesson, 4, name=" ")
    with pytest.raises(UnsafePath):
        teach(ctx, lesson, 4, name="../../elsewhere")


def test_parts_that_do_not_fit_are_refused(lesson: Lesson, tmp_path: Path) -> None:
    ctx, _ = context(tmp_path)
    with pytest.raises(ValueError, match="needs a text encoder"):
        train_unet(ctx, lesson.model, None, lesson.vae, lesson.dataset, **UNET)
    with pytest.raises(ValueError, match="takes 9, as models for inpainting do"):
        teach(ctx, replace(lesson, model=replace(lesson.model, in_channels=9)), 2)
    wide = new_model(ctx, 16, "1,2", 1, 1, 128, 1).clip
    assert wide is not None
    with pytest.raises(ValueError, match="text 64 wide, but the text encoder's is 128 wide"):
        teach(ctx, replace(lesson, clip=wide), 2)
    with pytest.raises(ValueError, match="latent cell of 32 pixels"):
        teach(ctx, replace(lesson, vae=new_vae(ctx, "16,16,16,16,16,16")), 2)
    with pytest.raises(ValueError, match="whole numbers between commas"):
        new_vae(ctx, "16,x")
    with pytest.raises(ValueError, match="at least 12 channels"):
        new_vae(ctx, "8,8")
    with pytest.raises(ValueError, match="heads"):
        new_model(ctx, 20, "1,2")


def test_a_vae_learns_and_its_latents_have_unit_size(tmp_path: Path) -> None:
    ctx, _ = context(tmp_path)
    data = lessons.dataset()
    before = lessons.vae()
    told = {**FAST, "batch_size": 4, "learning_rate": 3e-3, "ema": 0.5}
    vae, _ = values(train_vae(ctx, before, data, "vae", 40, **told))
    pictures = torch.stack([(data.picture(choice, Random(0)) + 1) / 2 for choice in data.choices()]).movedim(1, -1)
    first, last = (rebuilt(each, pictures) for each in (before, vae))
    assert last < first / 2
    latents = 0.18215 * vae.encode(pictures)
    torch.testing.assert_close(latents.std((0, 2, 3)), torch.ones(4), atol=0.1, rtol=0)
    sure, _ = values(train_vae(ctx, vae, data, "decoder", 10, train_encoder=False, **told))
    torch.testing.assert_close(sure.encode(pictures), vae.encode(pictures))
    assert rebuilt(sure, pictures) != rebuilt(vae, pictures)


def rebuilt(vae: Any, pictures: Tensor) -> float:
    return (vae.decode(vae.encode(pictures)) - pictures).square().mean().item()


def test_the_text_encoder_may_stay(lesson: Lesson, tmp_path: Path) -> None:
    ctx, _ = context(tmp_path)
    model, clip, *_ = values(teach(ctx, lesson, 2, train_text=False))
    assert clip == lesson.clip
    assert not torch.equal(said(model), said(lesson.model))


class Copies:
    """Learns to say of some noise what another would."""

    def __init__(self, network: Any, weights: Sequence[Any], wanted: Tensor) -> None:
        self._network, self._weights, self._wanted = network, weights, wanted

    def groups(self) -> Sequence[Group]:
        return [Group(list(self._weights))]

    def loss(self, draw: Draw, count: int, step: int) -> Tensor:
        inputs = Inputs(numbers(1, 4, 8, 8, std=1), torch.tensor([400.0]), numbers(1, 77, 64, seed=3, std=1))
        loss: Tensor = (self._network(inputs) - self._wanted).square().mean()
        return loss


def test_a_lora_learns_and_its_file_does_the_same_as_the_network(
    trained: tuple[Path, Any, list[Any]], tmp_path: Path
) -> None:
    model: Model = trained[1][0]
    network, changed = adapted(model.unet.get(), 4, 2.0, 0)
    assert torch.equal(network(inputs()), model.unet.get()(inputs()))  # nothing is changed at first
    task = Copies(network, learned(changed), numbers(1, 4, 8, 8, seed=9, std=0.5))
    training = Training(task, Pace(steps=60, batch=1, rate=0.02, warmup=5), seed=0)
    losses = [training.advance() for _ in range(60)]
    assert losses[-1] < losses[0] / 5
    write(Saved(lora(changed, LORA_PREFIX)), tmp_path / "lora.safetensors")
    ctx, _ = context(tmp_path)
    patched, _ = with_lora(open_adapter(opener(ctx), tmp_path / "lora.safetensors"), model, None, 1.0, 0)
    assert patched is not None
    with torch.no_grad():
        torch.testing.assert_close(said(patched), network(inputs()), atol=1e-4, rtol=1e-4)
    assert (said(patched) - said(model)).abs().max() > 0.1
    with pytest.raises(ValueError, match="'nowhere' in its name"):
        adapted(model.unet.get(), 4, 2.0, 0, "nowhere")


def inputs() -> Inputs:
    return Inputs(numbers(1, 4, 8, 8, std=1), torch.tensor([400.0]), numbers(1, 77, 64, seed=3, std=1))


def test_a_lora_is_trained_beside_the_model(trained: tuple[Path, Any, list[Any]], tmp_path: Path) -> None:
    model, clip, *_ = trained[1]
    lesson, (ctx, _) = lessons.lesson(), context(tmp_path)
    told = {**FAST, "name": "lora", "prompts": "a cat", "learning_rate": 1e-2, "steps": 6}
    with pytest.raises(Cancelled):
        train_lora(cancelled_at(2, tmp_path), model, clip, lesson.vae, lesson.dataset, **told)
    patched, file, _, samples = values(train_lora(ctx, model, clip, lesson.vae, lesson.dataset, **told))
    whole, _ = context(tmp_path / "whole")
    train_lora(whole, model, clip, lesson.vae, lesson.dataset, **told)
    one, other = weights(tmp_path, "lora", 6), weights(tmp_path / "whole", "lora", 6)
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    assert all("transformer_blocks" in name for name in one)
    assert not torch.equal(said(patched), said(model))
    assert file.path.name == "6.safetensors"
    assert samples.shape[0] == 1


def test_curves_are_drawn_of_any_losses() -> None:
    for losses in ([], [1.0], [0.0, -1.0], [1 / (n + 1) for n in range(5000)]):
        assert curve(losses).shape == (1, 400, 640, 3)


def test_a_trained_lora_is_applied_and_saved(trained: tuple[Path, Any, list[Any]], tmp_path: Path) -> None:
    model: Model = trained[1][0]
    _, changed = adapted(model.unet.get(), 2, 2.0, 0, "transformer_blocks")
    for each in changed.values():
        torch.nn.init.normal_(each.up, std=0.3, generator=torch.Generator().manual_seed(0))
    write(Saved(lora(changed, LORA_PREFIX)), tmp_path / "lora.safetensors")
    ctx, _ = context(tmp_path)
    file = open_adapter(opener(ctx), tmp_path / "lora.safetensors")
    assert apply_trained_lora(model, file, 0.0) is model
    halves = apply_trained_lora(apply_trained_lora(model, file, 0.5), file, 0.5)
    assert torch.equal(said(halves), said(apply_trained_lora(model, file)))
    assert not torch.equal(said(halves), said(model))
    save_trained_lora(ctx, file, "loras/mine")
    (kept,) = (tmp_path / "output" / "loras").glob("mine*.safetensors")
    assert load_file(kept).keys() == load_file(tmp_path / "lora.safetensors").keys()
    again = open_adapter(opener(ctx), kept)
    assert torch.equal(said(apply_trained_lora(model, again)), said(halves))
