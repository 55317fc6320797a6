"""Weights in 8 bits: files that keep them scaled, and changes to networks that keep them so."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.errors import CorruptCheckpoint
from nodes.diffusion.extracting import extracted
from nodes.diffusion.lazy import Residency
from nodes.diffusion.lora.file import open_adapter
from nodes.diffusion.lora.load import lora_on_unet
from nodes.diffusion.merging import blended, mix_models, subtracted
from nodes.diffusion.model import Model
from tests.support.families import saved
from tests.support.small import TEXT, UNET, checkpoint, numbers

E4M3, E5M2 = torch.float8_e4m3fn, torch.float8_e5m2
HALF_STEP = {E4M3: 2**-4, E5M2: 2**-3}
"""How far a number is from the nearest of 8 bits, at most, as a part of itself."""
MODULE = "input_blocks.1.1.transformer_blocks.0.attn1.to_q"
WEIGHT = f"{MODULE}.weight"


@pytest.fixture(scope="module")
def own() -> dict[str, Tensor]:
    return checkpoint()


@pytest.fixture(scope="module")
def unets(own: Mapping[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two U-Nets, alone."""
    folder = tmp_path_factory.mktemp("unets")
    return [saved(folder / f"{n}.safetensors", alone(each)) for n, each in enumerate((own, checkpoint(seed=1)))]


def alone(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(UNET): each for name, each in tensors.items() if name.startswith(UNET)}


def scaled(tensors: Mapping[str, Tensor], dtype: torch.dtype, ending: str, *, rows: bool = False) -> dict[str, Tensor]:
    """Matrices and convolutions in 8 bits, so scaled that each one's (or each row's) largest is the largest of them."""
    found: dict[str, Tensor] = {}
    for name, weight in tensors.items():
        if not name.endswith(".weight") or weight.ndim < 2 or "embedding" in name:
            found[name] = weight
            continue
        most = weight.float().flatten(1).abs().amax(1) if rows else weight.float().abs().max()
        scale = most / torch.finfo(dtype).max
        found[name] = (weight / (scale.reshape(-1, *[1] * (weight.ndim - 1)) if rows else scale)).to(dtype)
        found[name.removesuffix(".weight") + ending] = scale
    return found


def near(found: Tensor, wanted: Tensor, dtype: torch.dtype, scale: float = 1.0) -> None:
    """Equal but for what 8 bits cost; the smallest of them, times ``scale``, are as far apart as each other."""
    apart = wanted.float().abs().clamp(min=torch.finfo(dtype).smallest_normal * scale) * HALF_STEP[dtype]
    assert ((found.float() - wanted.float()).abs() <= apart * 1.001).all()


@pytest.mark.parametrize(
    ("dtype", "ending", "rows"),
    [(E4M3, ".scale_weight", False), (E5M2, ".scale_weight", False), (E4M3, ".weight_scale", True)],
    ids=str,
)
def test_scaled_weights_are_what_they_were(
    dtype: torch.dtype, ending: str, rows: bool, own: Mapping[str, Tensor], tmp_path: Path
) -> None:
    file = scaled(own, dtype, ending, rows=rows)
    file |= {"scaled_fp8": torch.zeros(2, dtype=dtype), f"{UNET}{MODULE}.scale_input": torch.tensor(3.0)}
    loaded = Loader(Residency()).checkpoint(saved(tmp_path / "scaled.safetensors", file))
    assert loaded.clip
    for prefix, network in ((UNET, loaded.model.unet), (TEXT, loaded.clip.towers["l"])):
        for name, weight in network.get().state_dict().items():
            near(weight, own[prefix + name], dtype, own[prefix + name].abs().max().item() / torch.finfo(dtype).max)


def test_scales_may_lie_in_another_shard_than_their_weights(own: Mapping[str, Tensor], tmp_path: Path) -> None:
    file = scaled(alone(own), E4M3, ".scale_weight")
    scales = {name: each for name, each in file.items() if name.endswith(".scale_weight")}
    saved(tmp_path / "a.safetensors", scales)
    saved(tmp_path / "b.safetensors", {name: each for name, each in file.items() if name not in scales})
    index = tmp_path / "unet.safetensors.index.json"
    index.write_text('{"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}')
    near(
        Loader(Residency()).unet(index).unet.get().state_dict()[WEIGHT],
        own[UNET + WEIGHT],
        E4M3,
        scales[f"{MODULE}.scale_weight"].item(),
    )


@pytest.mark.parametrize(
    "scale", [torch.zeros(3), torch.zeros(0), torch.tensor(float("nan")), torch.tensor(1)], ids=str
)
def test_a_scale_that_cannot_be_one_is_named(scale: Tensor, own: Mapping[str, Tensor], tmp_path: Path) -> None:
    file = {**scaled(alone(own), E4M3, ".scale_weight"), f"{MODULE}.scale_weight": scale}
    unet = Loader(Residency()).unet(saved(tmp_path / "odd.safetensors", file)).unet
    with pytest.raises(CorruptCheckpoint, match=rf"odd\.safetensors.*{MODULE}\.scale_weight should be 1 or 32 finite"):
        unet.get()


def test_weights_of_more_bits_are_not_scaled(own: Mapping[str, Tensor], tmp_path: Path) -> None:
    file = {**alone(own), f"{MODULE}.scale_weight": torch.tensor(2.0)}
    unet = Loader(Residency()).unet(saved(tmp_path / "m.safetensors", file)).unet.get()
    assert torch.equal(unet.state_dict()[WEIGHT], own[UNET + WEIGHT].float())


# Networks that keep their weights in 8 bits


def kept(path: Path, dtype: torch.dtype, residency: Residency) -> Model:
    return Loader(residency, stored=dtype).unet(path)


@pytest.mark.parametrize("dtype", [E4M3, E5M2], ids=str)
def test_a_lora_on_weights_of_8_bits_is_added_to_what_they_say(
    dtype: torch.dtype, unets: list[Path], tmp_path: Path
) -> None:
    up, down = numbers(32, 4), numbers(4, 32, seed=1)
    stem = f"lora_unet_{MODULE.replace('.', '_')}"
    save_file({f"{stem}.lora_up.weight": up, f"{stem}.lora_down.weight": down}, tmp_path / "lora.safetensors")
    residency = Residency()
    base = kept(unets[0], dtype, residency).unet
    before = {name: each.clone() for name, each in base.get().state_dict().items()}
    adapter = open_adapter(Loader(residency), tmp_path / "lora.safetensors")

    changed = lora_on_unet(adapter, base, 0.5)
    weights = changed.get().state_dict()
    assert weights[WEIGHT].dtype == dtype
    near(weights[WEIGHT], before[WEIGHT].float() + 0.5 * up @ down, dtype)
    assert {name for name in weights if not torch.equal(bits(weights[name]), bits(before[name]))} == {WEIGHT}

    assert lora_on_unet(adapter, changed, -0.5) is base
    assert all(torch.equal(bits(each), bits(before[name])) for name, each in base.get().state_dict().items())


def bits(weight: Tensor) -> Tensor:
    return weight.contiguous().view(torch.uint8) if weight.ndim else weight


def test_models_of_8_bits_are_mixed_and_a_lora_is_made_of_their_difference(unets: list[Path]) -> None:
    residency = Residency()
    one, other = (kept(path, E4M3, residency) for path in unets)
    a, b = (each.unet.get().state_dict()[WEIGHT].float() for each in (one, other))
    near(mix_models(one, other, {"": blended(0.25)}).unet.get().state_dict()[WEIGHT], 0.25 * a + 0.75 * b, E4M3)
    difference = mix_models(one, other, {"": subtracted(1.0)})
    saved = extracted(difference, None, 32, "standard", biases=True).tensors
    up, down = (saved[f"diffusion_model.{MODULE}.lora_{each}.weight"].float() for each in ("up", "down"))
    wanted = difference.unet.get().state_dict()[WEIGHT].float()
    assert (up @ down - wanted).norm() < 0.01 * wanted.norm()
