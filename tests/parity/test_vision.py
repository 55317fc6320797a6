"""Our CLIP vision transformer against transformers', under both kinds of names, and the style model.

Tolerance: float32 on both sides, so errors are those of another order of additions, far below 1e-4.
"""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.openclip_names import IN_LAYER
from nodes.diffusion.pictures import to_pil
from nodes.diffusion.vision.clip import normalized, prepared
from nodes.diffusion.vision.loading import load_style, load_vision
from nodes.diffusion.vision.names import TOP
from tests.support.parity import randomized, relative_error, saved, seeded

pytestmark = pytest.mark.parity

TOLERANCE = 1e-4
SIZE = 28


@pytest.fixture(scope="module", params=["quick_gelu", "gelu"])
def theirs(request: pytest.FixtureRequest) -> CLIPVisionModelWithProjection:
    """A random transformer of three layers, 128 wide with two heads, that sees four squares of 14 x 14 pixels."""
    return randomized(
        CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=128,
                intermediate_size=96,
                num_hidden_layers=3,
                num_attention_heads=2,
                image_size=SIZE,
                patch_size=14,
                projection_dim=32,
                hidden_act=request.param,
            )
        )
    )


def as_openclip(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The same weights in OpenCLIP's names and shapes."""
    back = {ours: name for name, ours in TOP.items()}
    parts = {ours: name for name, ours in IN_LAYER.items()}
    named = dict[str, Tensor]()
    for name, tensor in weights.items():
        if name in back:
            named[prefix + back[name]] = tensor.T if name == "visual_projection.weight" else tensor
            continue
        _, _, _, layer, rest = name.split(".", 4)
        part, kind = rest.rsplit(".", 1)
        into = f"{prefix}transformer.resblocks.{layer}."
        if part in parts:
            named[f"{into}{parts[part]}.{kind}"] = tensor
            continue
        of = f"vision_model.encoder.layers.{layer}.self_attn."
        three = [weights[f"{of}{each}_proj.{kind}"] for each in "qkv"]
        named[f"{into}attn.in_proj_{kind}"] = torch.cat(three)
    return named


@torch.no_grad()
@pytest.mark.parametrize("prefix", [None, "visual.", "embedder.model.visual.", ""], ids=str)
def test_a_vision_transformer_sees_what_transformers_does(
    prefix: str | None, theirs: CLIPVisionModelWithProjection, tmp_path: Path
) -> None:
    weights = dict(theirs.state_dict())
    named = weights if prefix is None else as_openclip(weights, prefix)
    vision = load_vision(
        Loader(Residency()), saved(named, tmp_path / "vision.safetensors", **{"vision.act": theirs.config.hidden_act})
    )
    image = torch.rand(2, SIZE, SIZE, 3, generator=seeded(0))
    found = vision.encode(image)
    wanted = theirs(normalized(prepared(image, SIZE, crop=True)), output_hidden_states=True)
    assert relative_error(found.image_embeds, wanted.image_embeds) < TOLERANCE
    assert relative_error(found.last_hidden_state, wanted.last_hidden_state) < TOLERANCE
    assert relative_error(found.penultimate_hidden_states, wanted.hidden_states[-2]) < TOLERANCE


@pytest.mark.parametrize("size", [(40, 60), (280, 224), (28, 28)], ids=str)
def test_pictures_are_prepared_as_by_transformers_processor(size: tuple[int, int]) -> None:
    """Which rounds to 8 bits between rows and columns too: two levels apart at most."""
    noise = torch.rand(1, 3, 6, 6, generator=seeded(1)) * 0.6 + 0.2
    image = (interpolate(noise, size, mode="bilinear").movedim(1, -1) * 255).round() / 255
    processor = CLIPImageProcessor(size={"shortest_edge": SIZE}, crop_size=SIZE)
    wanted = torch.from_numpy(processor(to_pil(image[0]), return_tensors="np")["pixel_values"])
    found = normalized(prepared(image, SIZE, crop=True))
    assert found.shape == wanted.shape
    assert (found - wanted).abs().max() < 2.1 / 255 / 0.26


class Reference(nn.Module):
    """TencentARC's style adapter as its paper draws it, of torch's own transformer layers."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, features: Tensor) -> Tensor:
        w = self.weights
        x = torch.cat((features, w["style_embedding"].expand(len(features), -1, -1)), 1)
        x = nn.functional.layer_norm(x, x.shape[-1:], w["ln_pre.weight"], w["ln_pre.bias"])
        for n in range(2):
            x = self.layer(x, f"transformer_layes.{n}.")
        x = nn.functional.layer_norm(x[:, -4:], x.shape[-1:], w["ln_post.weight"], w["ln_post.bias"])
        return x @ w["proj"]

    def layer(self, x: Tensor, prefix: str) -> Tensor:
        w = {name.removeprefix(prefix): t for name, t in self.weights.items() if name.startswith(prefix)}
        h = nn.functional.layer_norm(x, x.shape[-1:], w["ln_1.weight"], w["ln_1.bias"])
        q, k, v = (h @ w["attn.in_proj_weight"].T + w["attn.in_proj_bias"]).chunk(3, -1)
        q, k, v = (each.unflatten(-1, (8, -1)).transpose(1, 2) for each in (q, k, v))
        mixed = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v
        x = x + mixed.transpose(1, 2).flatten(2) @ w["attn.out_proj.weight"].T + w["attn.out_proj.bias"]
        h = nn.functional.layer_norm(x, x.shape[-1:], w["ln_2.weight"], w["ln_2.bias"])
        h = h @ w["mlp.c_fc.weight"].T + w["mlp.c_fc.bias"]
        return x + (h * torch.sigmoid(1.702 * h)) @ w["mlp.c_proj.weight"].T + w["mlp.c_proj.bias"]


@torch.no_grad()
def test_a_style_model_makes_the_tokens_of_a_plain_reading_of_its_paper(
    theirs: CLIPVisionModelWithProjection, tmp_path: Path
) -> None:
    """There is no other implementation to compare with: this one shares no code with ours."""
    from nodes.diffusion.vision.style import StyleConfig, StyleNetwork

    network = randomized(StyleNetwork(StyleConfig(width=128, tokens=4, layers=2, context_dim=24)))
    path = saved(network.state_dict(), tmp_path / "style.safetensors")
    style = load_style(Loader(Residency()), path)
    vision = load_vision(Loader(Residency()), saved(dict(theirs.state_dict()), tmp_path / "vision.safetensors"))
    seen = vision.encode(torch.rand(2, SIZE, SIZE, 3, generator=seeded(0)))
    wanted = Reference(load_file(path))(seen.last_hidden_state).flatten(0, 1)[None]
    assert relative_error(style.tokens(seen), wanted) < TOLERANCE
