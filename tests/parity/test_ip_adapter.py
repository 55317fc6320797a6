"""IP-Adapters against diffusers': image projections, and cross-attention with pictures in a whole U-Net.

Tolerance: float32 on both sides, so errors are those of another order of additions, far below 1e-4.
"""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers.models.embeddings import ImageProjection, IPAdapterPlusImageProjection
from torch import Tensor

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.ip_adapter.handle import IPAdapter, Seeing, load_ip_adapter
from nodes.diffusion.ip_adapter.network import IPAdapterConfig, IPAdapterNetwork, ResamplerConfig
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.unet.hooks import NO_HOOKS
from tests.parity.test_controlnet import added, inputs_and_hint, unet_pair
from tests.support.parity import randomized, relative_error, saved, seeded

pytestmark = pytest.mark.parity

TOLERANCE = 1e-4
PLUS = ResamplerConfig(queries=6, width=48, layers=4, inner=96, heads=2)
WIDTHS = {  # of the U-Nets' attentions in diffusers' order: the way down, the way up, the middle
    "as SD1": [32, 32, 64, 64, 64, 64, 64, 32, 32, 32, 64],
    "as SDXL": [128] * 4 + [128] * 6 + [128] * 9 + [128] * 6 + [128] * 3,
}


def adapter_for(kind: str, path: Path, resampler: ResamplerConfig | None = None) -> IPAdapter:
    widths = tuple((2 * n + 1, width) for n, width in enumerate(WIDTHS[kind]))
    network = randomized(IPAdapterNetwork(IPAdapterConfig(20, 24, widths, resampler)))
    return load_ip_adapter(Loader(Residency()), saved(network.state_dict(), path))


@torch.no_grad()
def test_a_plain_projection_makes_the_tokens_that_diffusers_does(tmp_path: Path) -> None:
    network = adapter_for("as SD1", tmp_path / "plain.safetensors").network.get()
    theirs = ImageProjection(image_embed_dim=20, cross_attention_dim=24, num_image_text_embeds=4)
    own = network.image_proj.state_dict()
    theirs.load_state_dict({name.replace("proj.", "image_embeds."): tensor for name, tensor in own.items()})
    features = torch.randn(3, 20, generator=seeded(0))
    assert relative_error(network.image_proj(features), theirs(features)) < TOLERANCE


def plus_names(own: dict[str, Tensor]) -> dict[str, Tensor]:
    """A resampler's weights as diffusers names them."""
    named = dict[str, Tensor]()
    parts = {"0.norm1": "ln0", "0.norm2": "ln1", "0.to_q": "attn.to_q", "0.to_out": "attn.to_out.0"}
    parts |= {"1.0": "ff.0", "1.1": "ff.1.net.0.proj", "1.3": "ff.1.net.2"}
    for name, tensor in own.items():
        if not name.startswith("layers."):
            named[name] = tensor
            continue
        _, layer, rest = name.split(".", 2)
        part, kind = rest.rsplit(".", 1)
        if part == "0.to_kv":
            for each, half in zip(("to_k", "to_v"), tensor.chunk(2), strict=True):
                named[f"layers.{layer}.attn.{each}.{kind}"] = half
            continue
        named[f"layers.{layer}.{parts[part]}.{kind}"] = tensor
    return named


@torch.no_grad()
def test_a_resampler_makes_the_tokens_that_diffusers_does(tmp_path: Path) -> None:
    network = adapter_for("as SD1", tmp_path / "plus.safetensors", PLUS).network.get()
    theirs = IPAdapterPlusImageProjection(
        embed_dims=20, output_dims=24, hidden_dims=48, depth=4, heads=2, num_queries=6, ffn_ratio=2
    )
    theirs.load_state_dict(plus_names(dict(network.image_proj.state_dict())))
    features = torch.randn(3, 9, 20, generator=seeded(0))
    assert relative_error(network.image_proj(features), theirs(features)) < TOLERANCE


@torch.no_grad()
@pytest.mark.parametrize("kind", WIDTHS)
def test_a_unet_sees_pictures_as_in_diffusers(kind: str, tmp_path: Path) -> None:
    """The first row is the positive list's, the second the negative's."""
    adapter = adapter_for(kind, tmp_path / "plain.safetensors")
    ours, theirs = unet_pair(kind)
    weights = adapter.network.get().state_dict()
    parts = {
        part: {name.removeprefix(f"{part}."): tensor for name, tensor in weights.items() if name.startswith(part)}
        for part in ("image_proj", "ip_adapter")
    }
    theirs._load_ip_adapter_weights(parts, low_cpu_mem_usage=False)
    for processor in theirs.attn_processors.values():
        if hasattr(processor, "scale"):
            processor.scale = [0.7]
    inputs, _ = inputs_and_hint(kind == "as SDXL", (8, 8))
    embeds = torch.stack((torch.randn(20, generator=seeded(4)), torch.zeros(20)))
    shown, nothing = adapter.network.get().image_proj(embeds).chunk(2)
    lazy = Lazy(lambda: ours, Residency(), torch.float32, torch.device("cpu"))
    seeing = Seeing(adapter, lazy, shown, nothing, 0.7, 14.0, 0.0)
    conditions = {"image_embeds": [embeds[:, None]], **(added(inputs) or {})}
    wanted = theirs(inputs.x, inputs.timesteps, inputs.context, added_cond_kwargs=conditions).sample
    hooks = NO_HOOKS.adding("attn2_mixed", seeing)
    found = ours(replace(inputs, hooks=hooks, lists=(0, 1), sigma=1.0))
    assert relative_error(found, wanted) < TOLERANCE
    assert relative_error(ours(inputs), wanted) > 100 * TOLERANCE
