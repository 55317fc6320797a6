"""Our tokens and text encodings against transformers' CLIP.

Tolerance: float32 on both sides, so errors are those of another order of additions, far below 1e-4.
"""

import gzip
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.text.clip import Clip
from nodes.diffusion.text.tokenizer import tokenize
from tests.support.parity import relative_error

pytestmark = pytest.mark.parity

BUNDLED = Path(__file__).parents[2] / "nodes" / "bundled" / "wireloom-mini.safetensors"
TEXT = "cond_stage_model.transformer.text_model."
TOLERANCE = 1e-4

TEXTS = [
    "",
    "a photo of a cat",
    "A Cat, in a HAT!!!",
    "don't they've we'll I'm she'd it's",
    "1girl, 2 dogs 1234567890",
    "naïve café über straße ÇA",
    "猫と犬, кошка, قطة",
    "\n tabs\tand   spaces \r\n",
    "🍕 pizza 👩‍🚀 emoji",
    "snake_case kebab-case a/b\\c <tag> [x] {y|z}",
    "e\u0301 composed",
    "half\u00a0space \u3000wide",
    "supercalifragilisticexpialidocious" * 3,
]


@pytest.fixture(scope="module")
def their_tokenizer() -> CLIPTokenizer:
    """transformers' own tokenizer class over the same merges, which it reads from a plain list."""
    packed = files("nodes.diffusion.text").joinpath("bpe_simple_vocab_16e6.txt.gz").read_bytes()
    merges = [tuple(line.split()) for line in gzip.decompress(packed).decode().split("\n")[1 : 49152 - 256 - 2 + 1]]
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = [chr(byte) for byte in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    names = [
        *letters,
        *(x + "</w>" for x in letters),
        *("".join(m) for m in merges),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    return CLIPTokenizer(vocab={name: i for i, name in enumerate(names)}, merges=merges)


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_are_those_of_transformers(text: str, their_tokenizer: CLIPTokenizer) -> None:
    assert tokenize(text) == their_tokenizer(text, add_special_tokens=False)["input_ids"]


def their_encoding(model: CLIPTextModel, ids: Tensor, layer: int) -> tuple[Tensor, Tensor]:
    """transformers' encoding of (1, 77) ids out of a layer, final norm applied, and pooled."""
    out = model(input_ids=ids, output_hidden_states=True)
    norm = getattr(model, "text_model", model).final_layer_norm
    return norm(out.hidden_states[layer]), out.pooler_output


def pair(path: Path, heads: int) -> tuple[Clip, CLIPTextModel]:
    """The text encoder of a file, as we hold it and in transformers."""
    clip = Loader(Residency()).checkpoint(path).clip
    assert clip is not None
    weights = {n.removeprefix(TEXT): t.float() for n, t in load_file(path).items() if n.startswith(TEXT)}
    weights.pop("embeddings.position_ids", None)
    vocabulary, width = weights["embeddings.token_embedding.weight"].shape
    settings = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=weights["encoder.layers.0.mlp.fc1.weight"].shape[0],
        num_hidden_layers=len({name.split(".")[2] for name in weights if name.startswith("encoder.layers.")}),
        num_attention_heads=heads,
        eos_token_id=49407,
    )
    theirs = CLIPTextModel(settings).eval()
    getattr(theirs, "text_model", theirs).load_state_dict(weights)
    return clip, theirs


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, CLIPTextModel]:
    """A random encoder of five layers, 128 wide, beside the bundled U-Net."""
    settings = CLIPTextConfig(
        vocab_size=49408, hidden_size=128, intermediate_size=96, num_hidden_layers=5, num_attention_heads=2
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CLIPTextModel(settings)
    own = {TEXT + n: t for n, t in getattr(model, "text_model", model).state_dict().items()}
    others = {n: t for n, t in load_file(BUNDLED).items() if n.startswith("model.diffusion_model.")}
    path = tmp_path_factory.mktemp("text") / "small.safetensors"
    save_file({**others, **own}, path)
    return pair(path, heads=2)


def padded(text: str) -> Tensor:
    tokens = tokenize(text)
    return torch.tensor([[49406, *tokens, *[49407] * (76 - len(tokens))]])


@torch.no_grad()
@pytest.mark.parametrize("layer", [-1, -2, -5])
@pytest.mark.parametrize("text", ["", "a red apple on a blue background"])
def test_a_small_encoder_encodes_as_transformers_does(text: str, layer: int, small: tuple[Clip, CLIPTextModel]) -> None:
    clip, theirs = small
    hidden, pooled = clip.with_layer(layer).encode(text)
    wanted, wanted_pooled = their_encoding(theirs, padded(text), layer)
    assert hidden.shape == (1, 77, 128)
    assert relative_error(hidden, wanted) < TOLERANCE
    assert relative_error(pooled, wanted_pooled) < TOLERANCE


@torch.no_grad()
def test_a_layer_that_is_not_there_means_the_last(small: tuple[Clip, CLIPTextModel]) -> None:
    clip, theirs = small
    assert relative_error(clip.with_layer(-6).encode("a dog")[0], their_encoding(theirs, padded("a dog"), -1)[0]) < 1e-4


@torch.no_grad()
def test_the_bundled_encoder_encodes_as_transformers_does() -> None:
    clip, theirs = pair(BUNDLED, heads=2)
    hidden, pooled = clip.encode("a pizza on a green background")
    wanted, wanted_pooled = their_encoding(theirs, padded("a pizza on a green background"), -1)
    assert relative_error(hidden, wanted) < TOLERANCE
    assert relative_error(pooled, wanted_pooled) < TOLERANCE


@torch.no_grad()
def test_weights_move_tokens_away_from_the_empty_prompt(small: tuple[Clip, CLIPTextModel]) -> None:
    """prompt-syntax.md, section 4: z <- e + (z - e) w at the weighted places alone; pooled is unweighted."""
    clip, theirs = small
    hidden, pooled = clip.encode("a (cat:1.5) here")
    plain, wanted_pooled = their_encoding(theirs, padded("a cat here"), -1)
    empty, _ = their_encoding(theirs, padded(""), -1)
    wanted = plain.clone()
    wanted[:, 2] = empty[:, 2] + (plain[:, 2] - empty[:, 2]) * 1.5
    assert relative_error(hidden, wanted) < TOLERANCE
    assert relative_error(pooled, wanted_pooled) < TOLERANCE


@torch.no_grad()
def test_a_long_prompt_is_encoded_row_by_row(small: tuple[Clip, CLIPTextModel]) -> None:
    clip, theirs = small
    hidden, pooled = clip.encode("cat " * 100)
    first, wanted_pooled = their_encoding(theirs, padded("cat " * 75), -1)
    second, _ = their_encoding(theirs, padded("cat " * 25), -1)
    assert hidden.shape == (1, 154, 128)
    assert relative_error(hidden, torch.cat((first, second), 1)) < TOLERANCE
    assert relative_error(pooled, wanted_pooled) < TOLERANCE
