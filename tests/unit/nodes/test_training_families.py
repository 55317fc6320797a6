"""Models of other families learn, too: their words, and what they are told beside them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from engine.node import Output
from nodes.diffusion.checkpoint import Checkpoint
from nodes.diffusion.training.course_unet import Lesson
from nodes.diffusion.training.telling import Frozen
from nodes.training import train_lora, train_unet
from tests.fixtures.make_random import recipe
from tests.support import families, lessons
from tests.support.contexts import context

pytestmark = pytest.mark.slow

FAST: dict[str, Any] = {"batch_size": 2, "steps": 2, "precision": "fp32", "prompts": "a dog", "learning_rate": 1e-2}


@pytest.fixture(scope="module", params=["sd2", "sdxl"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = tmp_path_factory.mktemp("family") / f"{request.param}.safetensors"
    return families.load(
        families.saved(path, families.weights(request.param), recipe(request.param, small=True).metadata)
    )


def lesson(checkpoint: Checkpoint) -> Lesson:
    assert checkpoint.clip is not None
    vae = lessons.vae()
    return Lesson(checkpoint.model, checkpoint.clip, vae, lessons.dataset())


def test_a_lora_learns_beside_it(checkpoint: Checkpoint, tmp_path: Path) -> None:
    ctx, _ = context(tmp_path)
    given = lesson(checkpoint)
    out = train_lora(ctx, given.model, given.clip, given.vae, given.dataset, "mine", within="attn2", **FAST)
    assert isinstance(out, Output)
    learned = load_file(tmp_path / "output" / "training" / "mine" / "2.safetensors")
    assert all("attn2" in name for name in learned)
    assert any(tensor.any() for name, tensor in learned.items() if name.endswith("lora_up.weight"))
    assert out.values[3].isfinite().all()


def test_the_unet_learns_and_its_file_is_a_checkpoint_of_its_family(checkpoint: Checkpoint, tmp_path: Path) -> None:
    ctx, _ = context(tmp_path)
    given = lesson(checkpoint)
    out = train_unet(
        ctx, given.model, given.clip, given.vae, given.dataset, "mine", train_text=False, sample_every=0, **FAST
    )
    assert isinstance(out, Output)
    opened = families.load(tmp_path / "output" / "training" / "mine" / "2.safetensors")
    assert opened.model.latent_format == checkpoint.model.latent_format
    assert opened.model.prediction.kind == checkpoint.model.prediction.kind
    assert opened.clip is not None
    assert torch.equal(opened.clip.encode("a dog")[0], given.clip.encode("a dog")[0])


def test_captions_mean_just_what_they_say(checkpoint: Checkpoint) -> None:
    given = lesson(checkpoint)
    tell = Frozen(given.model, given.clip, 8)
    told = tell(["a dog (sleeping:1.5)", "a dog", "word " * 100])
    assert told.context.shape[:2] == (3, 77)
    plain = given.clip.encode("a dog \\(sleeping:1.5\\)")[0]
    torch.testing.assert_close(told.context[:1], plain)
    assert (told.vector is None) == (given.model.extras.vector is None)


def test_text_encoders_of_sdxl_are_not_trained(checkpoint: Checkpoint, tmp_path: Path) -> None:
    ctx, _ = context(tmp_path)
    given = lesson(checkpoint)
    told = {**FAST, "name": "mine", "sample_every": 0}
    if len(given.clip.towers) == 2:
        with pytest.raises(ValueError, match="only a single text encoder can be trained"):
            train_unet(ctx, given.model, given.clip, given.vae, given.dataset, **told)
        return
    out = train_unet(ctx, given.model, given.clip, given.vae, given.dataset, **told)
    assert isinstance(out, Output)
    words = out.values[1]
    assert not torch.equal(words.encode("a dog")[0], given.clip.encode("a dog")[0])
    assert replace(words, towers=given.clip.towers) == given.clip
