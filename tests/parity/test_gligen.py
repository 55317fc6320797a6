"""GLIGEN against diffusers' U-Net with gated attention, with the same weights.

Tolerance: float32 on both sides, so errors are those of another order of additions, far below 1e-4.
"""

from dataclasses import replace

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention import GatedSelfAttentionDense

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.gligen.handle import FIELD, Box, Boxes, Fusing, Gligen, load_gligen
from nodes.diffusion.gligen.network import GligenConfig, GligenNetwork
from nodes.diffusion.lazy import Residency
from nodes.diffusion.regions import Area
from nodes.diffusion.unet.hooks import NO_HOOKS
from tests.parity.test_controlnet import KINDS, inputs_and_hint, unet_pair
from tests.support.parity import randomized, relative_error, saved, seeded

pytestmark = pytest.mark.parity

TOLERANCE = 1e-4
PLACES = {  # diffusers' transformers of the U-Net "as SD1", which are one layer deep each, and ours
    "down_blocks.0.attentions.0": ("input", 1, 32),
    "down_blocks.0.attentions.1": ("input", 2, 32),
    "down_blocks.1.attentions.0": ("input", 4, 64),
    "down_blocks.1.attentions.1": ("input", 5, 64),
    "mid_block.attentions.0": ("middle", 0, 64),
    "up_blocks.1.attentions.0": ("output", 3, 64),
    "up_blocks.1.attentions.1": ("output", 4, 64),
    "up_blocks.1.attentions.2": ("output", 5, 64),
    "up_blocks.2.attentions.0": ("output", 6, 32),
    "up_blocks.2.attentions.1": ("output", 7, 32),
    "up_blocks.2.attentions.2": ("output", 8, 32),
}


def stored(name: str) -> str:
    """A name of ours as the published files have it."""
    if not name.startswith("fusers."):
        return name
    _, place, rest = name.split(".", 2)
    block, number, layer = place.split("_")
    path = "middle_block" if block == "middle" else f"{block}_blocks.{number}"
    return f"{path}.1.transformer_blocks.{layer}.fuser.{rest}"


@pytest.fixture(scope="module")
def gligen(tmp_path_factory: pytest.TempPathFactory) -> Gligen:
    """A random one whose gates stand open."""
    widths = tuple(sorted((f"{block}_{number}_0", width) for block, number, width in PLACES.values()))
    network = randomized(GligenNetwork(GligenConfig(text=24, inner=512, out=24, widths=widths)))
    weights = {stored(name): tensor for name, tensor in network.state_dict().items()}
    return load_gligen(Loader(Residency()), saved(weights, tmp_path_factory.mktemp("gligen") / "boxes.safetensors"))


@torch.no_grad()
def test_a_unet_puts_things_into_boxes_as_in_diffusers(gligen: Gligen) -> None:
    """Two boxes; in diffusers the other 28 places are masked."""
    ours, plain = unet_pair("as SD1")
    settings = {**KINDS["as SD1"], "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D")}
    theirs = UNet2DConditionModel(**settings, norm_num_groups=8, attention_type="gated").eval()
    theirs.load_state_dict(plain.state_dict(), strict=False)
    network = gligen.network.get()
    theirs.position_net.load_state_dict(network.position_net.state_dict())
    filled = 0
    for name, module in theirs.named_modules():
        if isinstance(module, GatedSelfAttentionDense):
            block, number, _ = PLACES[name.removesuffix(".transformer_blocks.0.fuser")]
            module.load_state_dict(network.fusers[f"{block}_{number}_0"].state_dict())
            filled += 1
    assert filled == len(PLACES)

    inputs, _ = inputs_and_hint(vector=False, size=(8, 8))
    phrases = torch.randn(2, 24, generator=seeded(5))
    boxes = Boxes(gligen, (Box(phrases[:1], 4, 2, 1, 3), Box(phrases[1:], 8, 8, 0, 0)))
    hooks, told = boxes.for_item(Area(8, 8, 0, 0), 77)
    corners = torch.tensor([[3 / 8, 1 / 8, 5 / 8, 5 / 8], [0.0, 0.0, 1.0, 1.0], *[[0.0] * 4] * 28])
    embeddings = torch.cat((phrases, torch.zeros(28, 24)))
    masks = torch.tensor([1.0] * 2 + [0.0] * 28)
    asked = {"boxes": corners, "positive_embeddings": embeddings, "masks": masks}
    asked = {name: each.expand(2, *each.shape) for name, each in asked.items()}
    wanted = theirs(inputs.x, inputs.timesteps, inputs.context, cross_attention_kwargs={"gligen": asked}).sample
    extras = {FIELD: told[FIELD].expand(2, -1, -1)}
    found = ours(replace(inputs, hooks=hooks, extras=extras))
    assert relative_error(found, wanted) < TOLERANCE
    assert relative_error(ours(inputs), wanted) > 100 * TOLERANCE
    assert hooks == NO_HOOKS.adding("between", Fusing(gligen))
