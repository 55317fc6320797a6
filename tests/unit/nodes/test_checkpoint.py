"""Opening model files: good ones, and every kind of bad one."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.errors import CorruptCheckpoint, DiffusionError, MissingWeights, UnknownCheckpoint
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.lazy import Residency
from nodes.diffusion.text.clip import ClipConfig, ClipText
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.model import AutoencoderKL

BUNDLED = Path(__file__).parents[3] / "nodes" / "bundled" / "wireloom-mini.safetensors"
UNET, VAE = "model.diffusion_model.", "first_stage_model."
TEXT = "cond_stage_model.transformer.text_model."

Weights = dict[str, Tensor]
Save = Callable[..., Path]


def load(path: Path) -> Checkpoint:
    return Loader(Residency()).checkpoint(path)


@pytest.mark.slow
def test_opening_a_checkpoint_does_not_bring_in_torchs_compiler() -> None:
    """Which takes a second or more, and 60 MB, in each process; some of what torch does on ``meta`` asks for it."""
    code = (
        "import sys; from pathlib import Path; from nodes.diffusion.checkpoint import Loader\n"
        "from nodes.diffusion.lazy import Residency\n"
        f"opened = Loader(Residency()).checkpoint(Path({str(BUNDLED)!r}))\n"
        "opened.model.unet.get(), opened.clip.encode('a cat'), opened.vae.network.get()\n"
        "print(*sorted({'torch._dynamo', 'sympy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


@pytest.fixture(scope="module")
def tiny() -> Weights:
    """A whole SD1-shaped checkpoint of tiny networks."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        levels = (Level(32, 1, 1), Level(32, 1, 0))
        parts = {
            UNET: UNet(UNetConfig(levels=levels, middle_depth=1, model_channels=32, context_dim=64, groups=8)),
            VAE: AutoencoderKL(VAEConfig(widths=(16, 16), blocks=1, groups=4)),
            TEXT: ClipText(ClipConfig(vocabulary=49408, positions=77, width=64, layers=2, heads=1, inner=32)),
        }
    return {prefix + n: t.half() for prefix, part in parts.items() for n, t in part.state_dict().items()}


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def saved(weights: Weights, metadata: dict[str, str] | None = None) -> Path:
        path = tmp_path / "model.safetensors"
        save_file({name: tensor.contiguous() for name, tensor in weights.items()}, path, metadata=metadata)
        return path

    return saved


def without(weights: Weights, start: str) -> Weights:
    return {name: tensor for name, tensor in weights.items() if not name.startswith(start)}


# Good files


def test_the_bundled_model_has_all_parts_and_predicts_v() -> None:
    checkpoint = load(BUNDLED)
    assert checkpoint.clip is not None
    assert checkpoint.vae is not None
    assert checkpoint.model.prediction.kind == "v"
    assert checkpoint.model.latent_format.scale == 0.18215
    assert (checkpoint.model.in_channels, checkpoint.vae.downscale) == (4, 8)


@torch.no_grad()
def test_the_bundled_model_runs_from_prompt_to_picture() -> None:
    checkpoint = load(BUNDLED)
    assert checkpoint.clip is not None
    assert checkpoint.vae is not None
    context, pooled = checkpoint.clip.encode("a red apple")
    out = checkpoint.model.network(Inputs(torch.zeros(1, 4, 16, 16), torch.tensor([500.0]), context))
    picture = checkpoint.vae.decode(out)
    assert (context.shape, pooled.shape, picture.shape) == ((1, 77, 128), (1, 128), (1, 128, 128, 3))
    assert picture.dtype == torch.float32
    assert 0 <= picture.min() < picture.max() <= 1


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [({}, "eps"), ({"prediction_type": "v"}, "v"), ({"prediction_type": "v_prediction"}, "v")],
)
def test_metadata_says_what_is_predicted(metadata: dict[str, str], kind: str, tiny: Weights, save: Save) -> None:
    assert load(save(tiny, metadata)).model.prediction.kind == kind


def test_a_marking_tensor_says_that_v_is_predicted(tiny: Weights, save: Save) -> None:
    assert load(save({**tiny, "v_pred": torch.zeros(0)})).model.prediction.kind == "v"


def test_what_no_network_needs_is_ignored(tiny: Weights, save: Save) -> None:
    extra = {f"{TEXT}embeddings.position_ids": torch.arange(77)[None], "model_ema.decay": torch.ones(1)}
    assert load(save({**tiny, **extra, "betas": torch.ones(1000)})).clip is not None


def test_text_may_be_stored_without_text_model_in_its_names(tiny: Weights, save: Save) -> None:
    assert load(save({name.replace("text_model.", ""): t for name, t in tiny.items()})).clip is not None


def test_parts_that_are_not_in_the_file_are_none(tiny: Weights, save: Save) -> None:
    bare = load(save(without(without(tiny, TEXT), VAE)))
    assert (bare.clip, bare.vae) == (None, None)


@torch.no_grad()
def test_attention_of_a_vae_may_be_stored_as_matrices(tiny: Weights, save: Save) -> None:
    latent = torch.randn(1, 4, 3, 5, generator=torch.Generator().manual_seed(0))
    convolutions = load(save(tiny)).vae
    assert convolutions is not None
    wanted = convolutions.decode(latent)
    flat = {name: t.flatten(1) if "attn_1" in name and t.ndim == 4 else t for name, t in tiny.items()}
    matrices = load(save(flat)).vae
    assert matrices is not None
    assert torch.equal(matrices.decode(latent), wanted)


@pytest.mark.parametrize("prefix", ["", VAE])
def test_a_vae_may_come_in_a_file_of_its_own(prefix: str, tiny: Weights, save: Save) -> None:
    own = {prefix + name.removeprefix(VAE): tensor for name, tensor in tiny.items() if name.startswith(VAE)}
    vae = Loader(Residency()).vae(save(own))
    assert vae.decode(torch.zeros(1, 4, 3, 5)).shape == (1, 6, 10, 3)


@pytest.mark.parametrize("ending", [".ckpt", ".pt", ".pth", ".bin"])
def test_pickles_of_weights_are_read(ending: str, tiny: Weights, tmp_path: Path) -> None:
    path = tmp_path / f"model{ending}"
    torch.save({"state_dict": tiny, "epoch": 3}, path)
    assert load(path).vae is not None


def test_weights_are_read_once_and_can_be_let_go(tiny: Weights, save: Save) -> None:
    unet = load(save(tiny)).model.unet
    first = unet.get()
    assert unet.get() is first
    assert {parameter.dtype for parameter in first.parameters()} == {torch.float32}  # stored in half precision
    unet.drop()
    assert unet.get() is not first


# Bad files


@pytest.mark.parametrize("ending", [".safetensors", ".ckpt"])
@pytest.mark.parametrize("content", [b"", b"\x00" * 7, bytes(range(256)) * 20], ids=["empty", "short", "noise"])
def test_a_file_of_anything_else_is_said_to_be_unreadable(content: bytes, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"bad{ending}"
    path.write_bytes(content)
    with pytest.raises(CorruptCheckpoint, match=f"bad{ending}"):
        load(path)


@pytest.mark.parametrize("kept", [0.001, 0.5, 0.999])
def test_a_truncated_file_is_said_to_be_cut_short(kept: float, tiny: Weights, save: Save) -> None:
    path = save(tiny)
    os.truncate(path, int(path.stat().st_size * kept))
    with pytest.raises(CorruptCheckpoint, match="cut short"):
        load(path)


def test_a_truncated_pickle_is_said_to_be_cut_short(tiny: Weights, tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    torch.save(tiny, path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(CorruptCheckpoint, match="cut short"):
        load(path)


def test_a_file_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        load(tmp_path / "none.safetensors")


class Touch:
    """Unpickled the trusting way, this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("old_format", [False, True])
def test_a_pickle_with_code_is_refused_and_not_run(old_format: bool, tmp_path: Path) -> None:
    path, trace = tmp_path / "model.ckpt", tmp_path / "it-ran"
    torch.save({"state_dict": Touch(trace)}, path, _use_new_zipfile_serialization=not old_format)
    with pytest.raises(CorruptCheckpoint):
        load(path)
    assert not trace.exists()


def test_a_bare_pickle_with_code_is_refused_without_a_warning(tmp_path: Path) -> None:
    path, trace = tmp_path / "model.ckpt", tmp_path / "it-ran"
    path.write_bytes(pickle.dumps(Touch(trace)))
    with pytest.raises(CorruptCheckpoint):
        load(path)
    assert not trace.exists()


@pytest.mark.parametrize("content", [[1, 2], {}, {"epoch": 3}, {"state_dict": {}}], ids=str)
def test_a_pickle_without_tensors_is_unreadable(content: object, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(content, path)
    with pytest.raises(CorruptCheckpoint):
        load(path)


def test_a_lora_is_no_checkpoint_and_the_nearest_family_is_named(save: Save) -> None:
    path = save({"lora_unet_down_blocks_0_attentions_0_proj_in.lora_up.weight": torch.zeros(4, 4)})
    with pytest.raises(UnknownCheckpoint, match="Stable Diffusion 1") as caught:
        load(path)
    assert f"{UNET}out.2.weight" in caught.value.missing


def test_a_vae_alone_is_no_checkpoint_and_a_lora_no_vae(tiny: Weights, save: Save) -> None:
    with pytest.raises(UnknownCheckpoint):
        load(save({name: tensor for name, tensor in tiny.items() if name.startswith(VAE)}))
    with pytest.raises(UnknownCheckpoint):
        Loader(Residency()).vae(save({"lora_te.lora_up.weight": torch.zeros(4, 4)}))


def test_sdxl_is_not_taken_for_sd1(tiny: Weights, save: Save) -> None:
    with pytest.raises(UnknownCheckpoint):
        load(save({**tiny, f"{UNET}label_emb.0.0.weight": torch.zeros(1)}))


def test_sd2_is_not_taken_for_sd1(tiny: Weights, save: Save) -> None:
    with pytest.raises(UnknownCheckpoint):
        load(save({**without(tiny, TEXT), "cond_stage_model.model.token_embedding.weight": torch.zeros(1)}))


@pytest.mark.parametrize(
    "name",
    [
        f"{UNET}time_embed.2.bias",
        f"{UNET}output_blocks.3.0.in_layers.0.weight",
        f"{VAE}decoder.mid.attn_1.q.weight",
        f"{TEXT}final_layer_norm.bias",
    ],
)
def test_a_missing_tensor_is_named(name: str, tiny: Weights, save: Save) -> None:
    with pytest.raises(MissingWeights, match=name):
        load(save(without(tiny, name)))


@pytest.mark.parametrize(
    "name",
    [
        f"{UNET}input_blocks.1.0.out_layers.3.weight",
        f"{UNET}input_blocks.2.0.op.weight",
        f"{VAE}encoder.down.1.block.0.conv1.weight",
        f"{TEXT}embeddings.position_embedding.weight",
        f"{TEXT}encoder.layers.0.mlp.fc1.weight",
    ],
)
def test_a_missing_tensor_that_tells_a_measure_is_named(name: str, tiny: Weights, save: Save) -> None:
    with pytest.raises(MissingWeights, match=name.rpartition(".")[0]):
        load(save(without(tiny, name)))


@pytest.mark.parametrize(
    "name", [f"{TEXT}embeddings.token_embedding.weight", f"{VAE}encoder.conv_in.weight", f"{VAE}quant_conv.weight"]
)
def test_a_part_that_is_mostly_there_is_not_left_out(name: str, tiny: Weights, save: Save) -> None:
    with pytest.raises(MissingWeights, match=name):
        load(save(without(tiny, name)))


def test_a_tensor_of_another_shape_is_named_with_both(tiny: Weights, save: Save) -> None:
    name = f"{UNET}time_embed.2.weight"
    with pytest.raises(MissingWeights, match=r"time_embed\.2\.weight is \(3, 3\), not \(128, 128\)"):
        load(save({**tiny, name: torch.zeros(3, 3)}))


def test_a_tensor_of_another_shape_and_equal_size_is_named(tiny: Weights, save: Save) -> None:
    name = f"{UNET}time_embed.2.weight"
    with pytest.raises(MissingWeights, match=name):
        load(save({**tiny, name: torch.zeros(64, 256)}))


@pytest.mark.parametrize("metadata", [{"unet.norm_groups": "7"}, {"text.heads": "3"}, {"unet.num_head_channels": "7"}])
def test_impossible_measures_in_the_metadata_are_refused(metadata: dict[str, str], tiny: Weights, save: Save) -> None:
    with pytest.raises(DiffusionError):
        load(save(tiny, metadata))
