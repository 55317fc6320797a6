"""CLIP's vision transformer: a picture -> what it shows, as vectors; Radford et al. 2021 (arXiv:2103.00020).

On Dosovitskiy et al. 2020 (arXiv:2010.11929). Parameter names match transformers'.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from nodes.diffusion.attention import attention
from nodes.diffusion.header import Header

HEADS = 16  # of the large ones, of whatever width
HEAD_CHANNELS = 64  # of the small ones
LARGE = 1024  # the widest whose heads are so wide, and the widest that OpenAI trained
QUICK, EXACT = "quick_gelu", "gelu"


@dataclass(frozen=True)
class VisionConfig:
    """ViT-L/14 is 1024 wide with 24 layers of 16 heads, and sees 224 x 224 pixels in squares of 14."""

    width: int
    layers: int
    heads: int
    inner: int
    patch: int
    image_size: int
    projection: int
    activation: str = QUICK

    def __post_init__(self) -> None:
        if self.heads < 1 or self.width % self.heads:
            raise ValueError(f"a width of {self.width} cannot be split into {self.heads} attention heads")
        if self.activation not in (QUICK, EXACT):
            raise ValueError(f"unknown activation {self.activation!r}; known are {QUICK}, {EXACT}")


def vision_config(header: Header) -> VisionConfig:
    """Read the shape of a vision transformer off its tensors, named as in transformers; what is not there is known."""
    shapes = header.shapes
    width, _, patch, _ = shapes["vision_model.embeddings.patch_embedding.weight"]
    positions = shapes["vision_model.embeddings.position_embedding.weight"][0]
    heads = header.number("vision.heads") or (max(1, width // HEAD_CHANNELS) if width <= LARGE else HEADS)
    return VisionConfig(
        width=width,
        layers=header.count(r"vision_model\.encoder\.layers\.(\d+)\."),
        heads=heads,
        inner=shapes["vision_model.encoder.layers.0.mlp.fc1.weight"][0],
        patch=patch,
        image_size=patch * round((positions - 1) ** 0.5),
        projection=shapes["visual_projection.weight"][0],
        activation=header.metadata.get("vision.act", QUICK if width <= LARGE else EXACT),
    )


@dataclass(frozen=True, eq=False)
class ClipVisionOutput:
    """What a batch of B pictures shows; as nodes hold it, in float32 on the CPU."""

    last_hidden_state: Tensor
    """(B, 1 + patches, W), before the last norm."""
    image_embeds: Tensor
    """(B, P): beside the text's."""
    penultimate_hidden_states: Tensor
    """(B, 1 + patches, W), a layer before."""

    @property
    def nbytes(self) -> int:
        """For caches that weigh it."""
        return sum(each.nbytes for each in (self.last_hidden_state, self.image_embeds, self.penultimate_hidden_states))

    def plain(self) -> ClipVisionOutput:
        """In float32 on the CPU."""
        parts = (self.last_hidden_state, self.image_embeds, self.penultimate_hidden_states)
        return ClipVisionOutput(*(each.float().cpu() for each in parts))


class ClipVisionNetwork(nn.Module):
    """The transformer, and the projection to where texts' embeddings are."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.vision_model = Transformer(config)
        self.visual_projection = nn.Linear(config.width, config.projection, bias=False)

    def forward(self, pixels: Tensor) -> ClipVisionOutput:
        """Normalized pixels (B, 3, S, S) -> what they show."""
        last, penultimate = self.vision_model(pixels)
        pooled = self.vision_model.post_layernorm(last[:, 0])
        return ClipVisionOutput(last, self.visual_projection(pooled), penultimate)


class Transformer(nn.Module):
    """Squares of pixels as tokens, behind one that is for the whole."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.pre_layrnorm = nn.LayerNorm(config.width)  # so misspelt in the files
        self.encoder = nn.ModuleDict({"layers": nn.ModuleList(Layer(config) for _ in range(config.layers))})
        self.post_layernorm = nn.LayerNorm(config.width)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The output of the last layer, and of the one before: (B, 1 + patches, W)."""
        x = penultimate = self.pre_layrnorm(self.embeddings(pixels))
        for layer in self.encoder["layers"].children():
            penultimate = x
            x = layer(x)
        return x, penultimate


class Embeddings(nn.Module):
    """Each square by a matrix, and where it is."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.zeros(config.width))
        self.patch_embedding = nn.Conv2d(3, config.width, config.patch, stride=config.patch, bias=False)
        self.position_embedding = nn.Embedding((config.image_size // config.patch) ** 2 + 1, config.width)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embedding(pixels).flatten(2).transpose(1, 2)  # (B, W, h, w) -> (B, patches, W)
        whole = self.class_embedding.expand(len(pixels), 1, -1)
        return torch.cat((whole, patches), 1) + self.position_embedding.weight


class Layer(nn.Module):
    """Tokens look at one another, then each thinks for itself."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width = config.width
        self.heads, self.activation = config.heads, config.activation
        self.self_attn = nn.ModuleDict({f"{each}_proj": nn.Linear(width, width) for each in ("q", "k", "v", "out")})
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, config.inner), "fc2": nn.Linear(config.inner, width)})

    def forward(self, x: Tensor) -> Tensor:
        h, project = self.layer_norm1(x), self.self_attn
        mixed = attention(project["q_proj"](h), project["k_proj"](h), project["v_proj"](h), self.heads)
        x = x + project["out_proj"](mixed)
        inner = self.mlp["fc1"](self.layer_norm2(x))
        inner = gelu(inner) if self.activation == EXACT else inner * (1.702 * inner).sigmoid()
        return x + self.mlp["fc2"](inner)
