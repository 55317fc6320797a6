"""Models of every family that are saved come back as what they were, with LoRAs on all of their parts."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from nodes.diffusion import writing
from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.lora.file import open_adapter
from nodes.diffusion.lora.load import with_lora
from tests.fixtures.make_random import FAMILIES, recipe
from tests.support.families import drawn, load, saved, weights
from tests.support.small import numbers


def made(family: str, folder: Path) -> Path:
    """A small checkpoint of a family."""
    return saved(folder / f"{family}.safetensors", weights(family), recipe(family, small=True).metadata)


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"sd2-unclip"}))  # which draws nothing without a picture
def test_a_family_is_saved_and_draws_the_same(family: str, tmp_path: Path) -> None:
    original = made(family, tmp_path)
    checkpoint = load(original)
    path = tmp_path / "saved.safetensors"
    path.write_bytes(b"".join(writing.checkpoint(checkpoint.model, checkpoint.clip, checkpoint.vae)))
    again = load(path)
    assert again.model.kind == checkpoint.model.kind
    assert torch.equal(drawn(again), drawn(checkpoint))
    assert load_file(original).keys() - load_file(path).keys() <= {"betas", "alphas_cumprod", "logit_scale"}


def test_a_lora_for_sdxl_changes_the_unet_and_both_text_encoders(tmp_path: Path) -> None:
    loader = Loader(Residency())
    checkpoint = loader.checkpoint(made("sdxl", tmp_path))
    assert checkpoint.clip
    tensors = {}
    for name, network in (("lora_te1", checkpoint.clip.towers["l"]), ("lora_te2", checkpoint.clip.towers["g"])):
        out, into = network.blank().state_dict()["encoder.layers.0.mlp.fc1.weight"].shape
        stem = f"{name}_text_model_encoder_layers_0_mlp_fc1"
        tensors |= {f"{stem}.lora_up.weight": numbers(out, 2), f"{stem}.lora_down.weight": numbers(2, into)}
    unet = checkpoint.model.unet.blank().state_dict()
    name = next(name for name in unet if name.startswith("input_blocks") and name.endswith("attn2.to_k.weight"))
    out, into = unet[name].shape
    stem = "lora_unet_" + name.removesuffix(".weight").replace(".", "_")
    tensors |= {f"{stem}.lora_up.weight": numbers(out, 2), f"{stem}.lora_down.weight": numbers(2, into)}
    save_file(tensors, tmp_path / "lora.safetensors")
    model, clip = with_lora(
        open_adapter(loader, tmp_path / "lora.safetensors"), checkpoint.model, checkpoint.clip, 1, 1
    )
    assert model
    assert clip
    assert model.unet is not checkpoint.model.unet
    assert all(clip.towers[tower] is not checkpoint.clip.towers[tower] for tower in ("l", "g"))
    assert clip.readings == checkpoint.clip.readings
    path = tmp_path / "saved.safetensors"
    changed = Checkpoint(model, clip, checkpoint.vae)
    path.write_bytes(b"".join(writing.checkpoint(model, clip, checkpoint.vae)))
    assert torch.equal(drawn(load(path)), drawn(changed))
