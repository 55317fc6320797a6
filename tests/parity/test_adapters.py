"""Adapters against the formulas of their papers, written out in another way, and on diffusers' U-Net by its own names.

Weights: float64 and NumPy against our float32, so only rounding differs. Outputs: the networks' tolerance.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.lora_conversion_utils import _convert_non_diffusers_lora_to_diffusers as to_diffusers
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import conv2d

from nodes.diffusion.diffusers_names import turned, unet_names
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.lora.apply import add, fit
from nodes.diffusion.lora.file import AdapterFile
from nodes.diffusion.lora.names import unet_stems
from nodes.diffusion.tensors import stamp
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from tests.support.diffusers_models import their_unet
from tests.support.parity import Error, relative_error
from tests.support.small import numbers

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
TOLERANCE = 2e-6  # of the largest weight: a few roundings of float32
NETWORK_TOLERANCE = 1e-4
CONFIG = UNetConfig(
    levels=(Level(32, 1, 1), Level(64, 1, 1)), middle_depth=1, model_channels=32, context_dim=24, groups=8
)
LINEAR = "middle_block.1.transformer_blocks.0.attn2.to_k"  # (64, 24)
SQUARE = "middle_block.1.transformer_blocks.0.attn1.to_q"  # (64, 64)
CONV = "middle_block.0.in_layers.2"  # (64, 64, 3, 3)
STRENGTH = 0.7

Array = np.ndarray[Any, np.dtype[np.float64]]


@pytest.fixture(scope="module")
def network() -> Lazy[UNet]:
    def build() -> UNet:
        unet = UNet(CONFIG)
        for k, weight in enumerate(unet.parameters()):
            weight.data = numbers(*weight.shape, seed=k, std=0.2)
        return unet

    return Lazy(build, Residency(), torch.float32, CPU)


def patched(network: Lazy[UNet], path: Path, tensors: Mapping[str, Tensor], strength: float = STRENGTH) -> Lazy[UNet]:
    file = path / "adapter.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)
    adapter, used = fit(AdapterFile(file, stamp(file), network.residency, CPU), unet_stems(CONFIG), network)
    assert used == tensors.keys()
    return add(network, adapter, strength)


def f64(tensor: Tensor) -> Array:
    return tensor.double().numpy()


def error(ours: Tensor, wanted: Array) -> Error:
    """Of the weight's largest value."""
    assert tuple(ours.shape) == wanted.shape
    return Error(np.abs(f64(ours) - wanted).max() / np.abs(wanted).max())


def stem(module: str) -> str:
    return "lora_unet_" + module.replace(".", "_")


# Each case: a module and tensors -> the difference of its weight W, at strength 1.


def ref_lora(w: Array, p: Mapping[str, Array]) -> Array:
    """Rank by rank: outer products."""
    up, down = p["lora_up.weight"], p["lora_down.weight"]
    total = sum(np.multiply.outer(up[:, r].reshape(len(up)), down[r]) for r in range(len(down)))
    return total * p.get("alpha", np.float64(len(down))) / len(down)


def ref_lora_by_convolutions(w: Array, p: Mapping[str, Array]) -> Array:
    """What a chain of convolutions does to single pixels, one channel at a time, is its kernel, turned around."""
    down, mid, up = (torch.from_numpy(p[f"lora_{part}.weight"]) for part in ("down", "mid", "up"))
    pixel = torch.eye(w.shape[1], dtype=torch.float64)[:, :, None, None]
    spread = conv2d(conv2d(conv2d(pixel, down), mid, padding=2), up)  # (I, O, 3, 3)
    return spread.flip(-1, -2).transpose(0, 1).numpy() * p["alpha"] / len(p["lora_down.weight"])


def ref_loha(w: Array, p: Mapping[str, Array]) -> Array:
    first, second = (sum(np.outer(p[f"hada_w{k}_a"][:, r], p[f"hada_w{k}_b"][r]) for r in range(4)) for k in (1, 2))
    return (first * second * p["alpha"] / 4).reshape(w.shape)


def ref_loha_tucker(w: Array, p: Mapping[str, Array]) -> Array:
    """Mode by mode: the core's first axis becomes outputs, its second inputs."""
    halves = []
    for k in (1, 2):
        outputs = np.tensordot(p[f"hada_w{k}_a"], p[f"hada_t{k}"], axes=([0], [0]))  # (O, r, kh, kw)
        halves.append(np.moveaxis(np.tensordot(p[f"hada_w{k}_b"], outputs, axes=([0], [1])), 0, 1))
    return halves[0] * halves[1] * p["alpha"] / 4


def ref_lokr(w: Array, p: Mapping[str, Array]) -> Array:
    """Block by block; of a convolution, kernel place by kernel place."""
    first = p["lokr_w1"] if "lokr_w1" in p else p["lokr_w1_a"] @ p["lokr_w1_b"]
    rank = None if "lokr_w1" in p else len(p["lokr_w1_b"])
    if "lokr_w2" in p:
        second = p["lokr_w2"]
    else:
        rank = len(p["lokr_w2_b"])
        if "lokr_t2" in p:
            outputs = np.tensordot(p["lokr_w2_a"], p["lokr_t2"], axes=([0], [0]))
            second = np.moveaxis(np.tensordot(p["lokr_w2_b"], outputs, axes=([0], [1])), 0, 1)
        else:
            second = np.tensordot(p["lokr_w2_a"], p["lokr_w2_b"], axes=([1], [0]))
    rows = [np.concatenate([value * second for value in row], axis=1) for row in first]
    return np.concatenate(rows) * (1 if rank is None else p["alpha"] / rank)


def ref_dora(w: Array, p: Mapping[str, Array]) -> Array:
    """m · V / |V|, with V = W + BA; equation 5."""
    v = w + ref_lora(w, p)
    m = p["dora_scale"]
    axis = 0 if m.shape[0] == len(w) else 1
    turned = np.stack([row * (m.ravel()[n] / np.sqrt((row**2).sum())) for n, row in enumerate(np.moveaxis(v, axis, 0))])
    return np.moveaxis(turned, 0, axis) - w


def cayley(block: Array, limit: float | None, whole: Array) -> Array:
    q, all_q = block - block.T, whole - np.swapaxes(whole, -1, -2)
    length = np.sqrt((all_q**2).sum())
    if limit and length > limit:
        q = q * limit / length
    one = np.eye(len(q))
    return (one + q) @ np.linalg.inv(one - q)


def ref_oft(w: Array, p: Mapping[str, Array]) -> Array:
    blocks = p["oft_blocks"]
    limit = float(p["alpha"]) * len(w) if "alpha" in p else None
    turn = scipy.linalg.block_diag(*(cayley(block, limit, blocks) for block in blocks))
    np.testing.assert_allclose(turn @ turn.T, np.eye(len(w)), atol=1e-12)
    return (turn.T @ w.reshape(len(w), -1)).reshape(w.shape) * p.get("rescale", 1) - w


def ref_boft(w: Array, p: Mapping[str, Array]) -> Array:
    """A product of sparse matrices: each a permutation, blocks, and the permutation back."""
    size, outputs = p["oft_blocks"].shape[-1], len(w)
    turn = np.eye(outputs)
    for stage, blocks in enumerate(p["oft_blocks"]):
        apart = 2**stage * size // 2
        order = [
            base + side * apart + k for base in range(0, outputs, 2 * apart) for k in range(apart) for side in (0, 1)
        ]
        permutation = np.eye(outputs)[order]
        inner = scipy.linalg.block_diag(*(cayley(block, None, p["oft_blocks"]) for block in blocks))
        turn = permutation.T @ inner @ permutation @ turn
    np.testing.assert_allclose(turn @ turn.T, np.eye(outputs), atol=1e-12)
    return (turn @ w.reshape(outputs, -1)).reshape(w.shape) - w


def ref_glora(w: Array, p: Mapping[str, Array]) -> Array:
    a1, a2, b1, b2 = (p[f"{name}.weight"].reshape(len(p[f"{name}.weight"]), -1) for name in ("a1", "a2", "b1", "b2"))
    return (w @ a1 @ a2 + b1 @ b2) * p["alpha"] / len(a2)


def ref_diff(w: Array, p: Mapping[str, Array]) -> Array:
    return p["diff"]


def given(**shapes: tuple[int, ...]) -> dict[str, Tensor]:
    return {name: numbers(*shape, seed=k, std=0.3) for k, (name, shape) in enumerate(shapes.items())}


def low(out: int, into: int, rank: int, kernel: tuple[int, ...] = ()) -> dict[str, Tensor]:
    one = tuple(1 for _ in kernel)
    return {
        "lora_up.weight": numbers(out, rank, *one, seed=1, std=0.3),
        "lora_down.weight": numbers(rank, into, *kernel, seed=2, std=0.3),
    }


ALPHA = {"alpha": torch.tensor(3.0)}
KERNEL = (3, 3)
KR = {"lokr_w1": (4, 4), "lokr_w2_a": (16, 2), "lokr_w2_b": (2, 6)}

Case = tuple[str, dict[str, Tensor], Callable[[Array, Mapping[str, Array]], Array]]
CASES: dict[str, Case] = {
    "LoRA": (LINEAR, low(64, 24, 4) | ALPHA, ref_lora),
    "LoRA without alpha": (LINEAR, low(64, 24, 4), ref_lora),
    "LoRA of a convolution": (CONV, low(64, 64, 4, KERNEL) | ALPHA, ref_lora),
    "LoCon in Tucker form": (
        CONV,
        {**low(64, 64, 4, (1, 1)), "lora_mid.weight": numbers(4, 4, 3, 3, seed=5), **ALPHA},
        ref_lora_by_convolutions,
    ),
    "LoHa": (
        LINEAR,
        given(hada_w1_a=(64, 4), hada_w1_b=(4, 24), hada_w2_a=(64, 4), hada_w2_b=(4, 24)) | ALPHA,
        ref_loha,
    ),
    "LoHa of a convolution": (
        CONV,
        given(hada_w1_a=(64, 4), hada_w1_b=(4, 576), hada_w2_a=(64, 4), hada_w2_b=(4, 576)) | ALPHA,
        ref_loha,
    ),
    "LoHa in Tucker form": (
        CONV,
        given(
            hada_t1=(4, 4, 3, 3),
            hada_w1_a=(4, 64),
            hada_w1_b=(4, 64),
            hada_t2=(4, 4, 3, 3),
            hada_w2_a=(4, 64),
            hada_w2_b=(4, 64),
        )
        | ALPHA,
        ref_loha_tucker,
    ),
    "LoKr": (LINEAR, given(**KR) | ALPHA, ref_lokr),
    "LoKr of two matrices, whose alpha says nothing": (
        LINEAR,
        given(lokr_w1=(4, 4), lokr_w2=(16, 6)) | ALPHA,
        ref_lokr,
    ),
    "LoKr of two LoRAs": (
        LINEAR,
        given(lokr_w1_a=(4, 2), lokr_w1_b=(2, 4), lokr_w2_a=(16, 2), lokr_w2_b=(2, 6)) | ALPHA,
        ref_lokr,
    ),
    "LoKr of a convolution": (
        CONV,
        given(lokr_w1=(4, 4), lokr_w2_a=(16, 2), lokr_w2_b=(2, 16, 3, 3)) | ALPHA,
        ref_lokr,
    ),
    "LoKr in Tucker form": (
        CONV,
        given(lokr_w1=(4, 4), lokr_t2=(2, 2, 3, 3), lokr_w2_a=(2, 16), lokr_w2_b=(2, 16)) | ALPHA,
        ref_lokr,
    ),
    "DoRA of outputs": (LINEAR, {**low(64, 24, 4), **ALPHA, "dora_scale": numbers(64, 1, seed=7).abs()}, ref_dora),
    "DoRA of inputs": (LINEAR, {**low(64, 24, 4), **ALPHA, "dora_scale": numbers(1, 24, seed=7).abs()}, ref_dora),
    "DoRA of inputs of a convolution": (
        CONV,
        {**low(64, 64, 4, KERNEL), "dora_scale": numbers(1, 64, 1, 1, seed=7).abs()},
        ref_dora,
    ),
    "OFT": (SQUARE, given(oft_blocks=(8, 8, 8)), ref_oft),
    "OFT, held near the identity": (CONV, given(oft_blocks=(8, 8, 8)) | {"alpha": torch.tensor(0.01)}, ref_oft),
    "OFT, rescaled": (SQUARE, given(oft_blocks=(4, 16, 16), rescale=(64, 1)), ref_oft),
    "BOFT": (SQUARE, given(oft_blocks=(4, 16, 4, 4)), ref_boft),
    "BOFT of a convolution": (CONV, given(oft_blocks=(3, 8, 8, 8)), ref_boft),
    "GLoRA": (
        LINEAR,
        {f"{name}.weight": t for name, t in given(a1=(24, 4), a2=(4, 24), b1=(64, 4), b2=(4, 24)).items()} | ALPHA,
        ref_glora,
    ),
    "full difference": (CONV, given(diff=(64, 64, 3, 3)), ref_diff),
}


@pytest.mark.parametrize("name", CASES)
def test_a_weight_becomes_what_the_paper_says(name: str, network: Lazy[UNet], tmp_path: Path) -> None:
    module, parts, reference = CASES[name]
    got = patched(network, tmp_path, {f"{stem(module)}.{part}": tensor for part, tensor in parts.items()}).get()
    w = f64(network.get().state_dict()[f"{module}.weight"])
    delta = reference(w, {part: f64(tensor) for part, tensor in parts.items()})
    assert np.abs(delta).max() > 1e-3
    assert error(got.state_dict()[f"{module}.weight"], w + STRENGTH * delta) < TOLERANCE


def test_pefts_dora_has_one_length_for_each_output_of_a_convolution_along_its_second_axis(
    network: Lazy[UNet], tmp_path: Path
) -> None:
    """PEFT stores (1, O, 1, 1), which of a square convolution looks like LyCORIS' lengths of inputs."""
    up, down = low(64, 64, 4, KERNEL).values()
    lengths = numbers(1, 64, 1, 1, seed=7).abs()
    place = "unet." + turned(unet_names(CONFIG))[f"{CONV}.weight"].removesuffix(".weight")
    tensors = {f"{place}.lora_A.weight": down, f"{place}.lora_B.weight": up, f"{place}.lora_magnitude_vector": lengths}
    got = patched(network, tmp_path, tensors, strength=1).get().state_dict()[f"{CONV}.weight"]
    assert error(got.flatten(1).norm(dim=1), f64(lengths).ravel()) < TOLERANCE


@torch.no_grad()
def test_an_adapted_unet_predicts_what_diffusers_does_with_the_same_adapter(
    network: Lazy[UNet], tmp_path: Path
) -> None:
    """A kohya file for every linear layer and convolution; diffusers' own conversion says where it goes there."""
    theirs = diffusers_unet(network.get())
    modules = [name for name, module in theirs.named_modules() if getattr(module, "weight", None) is not None]
    modules = [name for name in modules if theirs.get_submodule(name).weight.ndim > 1]
    tensors: dict[str, Tensor] = {}
    for k, name in enumerate(modules):
        out, into, *kernel = theirs.get_submodule(name).weight.shape
        place = "lora_unet_" + name.replace(".", "_")
        tensors[f"{place}.lora_up.weight"] = numbers(out, 3, *(1 for _ in kernel), seed=2 * k, std=0.2)
        tensors[f"{place}.lora_down.weight"] = numbers(3, into, *kernel, seed=2 * k + 1, std=0.1)
        tensors[f"{place}.alpha"] = torch.tensor(2.0)
    ours = patched(network, tmp_path, tensors).get()

    x, context, timesteps = numbers(2, 4, 12, 8, std=1), numbers(2, 5, 24, std=1), torch.tensor([7.0, 981.0])
    before = theirs(x, timesteps, context).sample
    assert relative_error(network.get()(Inputs(x, timesteps, context)), before) < NETWORK_TOLERANCE
    assert add_by_their_names(theirs, tensors, STRENGTH * 2 / 3) == len(modules)
    after = theirs(x, timesteps, context).sample
    assert relative_error(before, after) > 0.1
    assert relative_error(ours(Inputs(x, timesteps, context)), after) < NETWORK_TOLERANCE


def diffusers_unet(unet: UNet) -> UNet2DConditionModel:
    names = turned(unet_names(CONFIG))
    theirs = their_unet(CONFIG)
    theirs.load_state_dict({names[name]: tensor.clone() for name, tensor in unet.state_dict().items()})
    return theirs.eval().requires_grad_(False)


def add_by_their_names(unet: UNet2DConditionModel, tensors: Mapping[str, Tensor], scale: float) -> int:
    """Add up · down to what diffusers says each pair is for; how many there were."""
    renamed, _ = to_diffusers(dict(tensors))
    ups = [name for name in renamed if ".up." in name]
    for name in ups:
        place = name.removeprefix("unet.").replace(".processor", "")
        place = place.removesuffix(".up.weight").removesuffix("_lora").removesuffix(".lora")
        module = unet.get_submodule(place + ".0" if place.endswith("to_out") else place)
        up, down = renamed[name], renamed[name.replace(".up.", ".down.")]
        module.weight += scale * (up.flatten(1) @ down.flatten(1)).reshape(module.weight.shape)
    return len(ups)
