"""Each family's checkpoints: told from the others, whole from prompt to latent; files of every kind."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.diffusers_folder import open_folder
from nodes.diffusion.diffusers_names import turned, unet_names, vae_names
from nodes.diffusion.header import Header
from nodes.diffusion.lazy import Residency
from nodes.diffusion.places import diffusers_unet
from nodes.diffusion.sampling import sample_latent
from nodes.diffusion.unet.config import Level, UNetConfig, unet_config
from nodes.diffusion.unet.model import UNet
from tests.fixtures import make_random
from tests.fixtures.make_random import FAMILIES, recipe
from tests.support.families import LATENT, UNET, VAE, Weights, conditioning, drawn, load, picture, saved, weights


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A small checkpoint of each family."""
    folder = tmp_path_factory.mktemp("families")
    return {
        family: saved(folder / f"{family}.safetensors", weights(family), recipe(family, small=True).metadata)
        for family in FAMILIES
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_goes_the_whole_way(family: str, files: Mapping[str, Path]) -> None:
    checkpoint = load(files[family])
    wanted = recipe(family, small=True).unet
    assert checkpoint.model.unet.get().config == wanted
    shown = picture(checkpoint)
    assert shown.shape == (1, 64, 64, 3)
    assert shown.isfinite().all()


@pytest.mark.parametrize(
    ("family", "name", "scale", "towers"),
    [
        ("sd15", "Stable Diffusion 1.x", 0.18215, {"l"}),
        ("sd15-inpainting", "Stable Diffusion 1.x", 0.18215, {"l"}),
        ("sd2", "Stable Diffusion 2.x", 0.18215, {"h"}),
        ("sdxl", "Stable Diffusion XL", 0.13025, {"l", "g"}),
        ("sdxl-refiner", "Stable Diffusion XL refiner", 0.13025, {"g"}),
    ],
)
def test_a_family_is_told_by_its_tensors(
    family: str, name: str, scale: float, towers: set[str], files: Mapping[str, Path]
) -> None:
    checkpoint = load(files[family])
    assert checkpoint.clip
    assert checkpoint.model.kind.rpartition("-")[0] == name
    assert checkpoint.model.latent_format.scale == scale
    assert checkpoint.clip.towers.keys() == towers


def test_a_sd2_whose_last_norm_varies_predicts_v(tmp_path: Path) -> None:
    """No name or shape tells the models for 512 from those for 768 pixels, only the values of one bias."""
    tensors = two_block_sd2()
    name = f"{UNET}output_blocks.11.1.transformer_blocks.0.norm1.bias"
    head = recipe("sd2", small=True).metadata
    assert load(saved(tmp_path / "eps.safetensors", tensors, head)).model.prediction.kind == "eps"
    tensors[name] = torch.linspace(-1, 1, tensors[name].numel())
    assert load(saved(tmp_path / "v.safetensors", tensors, head)).model.prediction.kind == "v"


def two_block_sd2() -> Weights:
    """As small, but with SD 2's two blocks a level."""
    small = recipe("sd2", small=True)
    levels = tuple(Level(level.channels, 2, level.depth) for level in small.unet.levels)
    shapes = replace(small, unet=replace(small.unet, levels=levels)).shapes()
    return dict(make_random.tensors(shapes, torch.float16))


@pytest.mark.parametrize(
    ("marks", "kind", "sigma_max"),
    [
        ({}, "eps", 14.6146),
        ({"v_pred": torch.zeros(0)}, "v", 14.6146),
        ({"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}, "v", 4518.76),
        ({"edm_vpred.sigma_max": torch.tensor(120.0)}, "v", 120.0),
        ({"edm_mean": torch.zeros(4), "edm_std": torch.ones(4)}, "edm", 80.0),
    ],
    ids=["plain", "v", "zero snr", "edm v", "playground"],
)
def test_marks_say_what_sdxl_predicts(
    marks: Weights, kind: str, sigma_max: float, files: Mapping[str, Path], tmp_path: Path
) -> None:
    path = saved(tmp_path / "m.safetensors", {**weights("sdxl"), **marks}, recipe("sdxl", small=True).metadata)
    checkpoint = load(path)
    assert checkpoint.model.prediction.kind == kind
    assert checkpoint.model.prediction.sigma_max == pytest.approx(sigma_max, rel=1e-4)
    assert isinstance(checkpoint.model.latent_format.scale, tuple) == (kind == "edm")
    assert drawn(checkpoint).isfinite().all()


def test_sdxl_is_told_sizes(files: Mapping[str, Path]) -> None:
    checkpoint = load(files["sdxl"])
    plain = drawn(checkpoint)
    assert torch.equal(plain, drawn(checkpoint, width=64, height=64, target_width=64, target_height=64))
    assert not torch.equal(plain, drawn(checkpoint, width=2048))


def test_sdxl_without_a_pooled_text_says_so(files: Mapping[str, Path]) -> None:
    checkpoint = load(files["sdxl"])
    words = [[conditioning(checkpoint, "x")[0][0], {}]]
    with pytest.raises(ValueError, match="pooled"):
        sample_latent(
            checkpoint.model, LATENT, words, words, seed=1, steps=1, cfg=1.0, sampler_name="euler", scheduler="normal"
        )


def test_the_inpainting_networks_look_at_mask_and_picture(files: Mapping[str, Path]) -> None:
    checkpoint = load(files["sd15-inpainting"])
    mask, picture = torch.zeros(1, 64, 64), torch.ones(1, 4, 8, 8)
    results = [drawn(checkpoint), drawn(checkpoint, concat_mask=mask, concat_latent_image=picture)]
    assert not torch.equal(*results)
    beside = checkpoint.model.extras.concat
    assert beside


# Files


def test_a_diffusion_model_may_come_alone(files: Mapping[str, Path], tmp_path: Path) -> None:
    """Without prefix, or named as diffusers does: the same network."""
    wanted, head = load(files["sdxl"]).model.unet.get().state_dict(), recipe("sdxl", small=True)
    own = {name.removeprefix(UNET): each for name, each in weights("sdxl").items() if name.startswith(UNET)}
    theirs = turned(unet_names(head.unet))
    for tensors in (own, {theirs[name]: each for name, each in own.items()}):
        model = Loader(Residency()).unet(saved(tmp_path / "unet.safetensors", tensors, head.metadata))
        assert model.unet.get().config == head.unet
        assert all(torch.equal(each, wanted[name]) for name, each in model.unet.get().state_dict().items())


IRREGULAR = {
    "as SSD-1B": (Level(32, 2, 0), Level(64, 2, 2, (2, 2), (2, 1, 1)), Level(96, 2, 5, (4, 4), (4, 4, 5))),
    "as BK-SDM small": (Level(32, 1, 1), Level(64, 1, 1), Level(64, 1, 1)),
    "as Vega": (Level(32, 2, 0), Level(64, 2, 1), Level(96, 2, 2)),
}


@pytest.mark.parametrize("middle", [(2, 3), (1, 0), (0, 0)], ids=str)
@pytest.mark.parametrize("levels", IRREGULAR.values(), ids=IRREGULAR)
def test_a_unets_shape_is_read_off_its_tensors(levels: tuple[Level, ...], middle: tuple[int, int]) -> None:
    """In the original's names and in diffusers'."""
    blocks, depth = middle
    config = UNetConfig(
        levels,
        depth,
        model_channels=32,
        context_dim=16,
        head_channels=32,
        groups=8,
        linear_projections=True,
        vector_dim=96,
        middle_blocks=blocks,
    )
    with torch.device("meta"):
        shapes = {name: tuple(each.shape) for name, each in UNet(config).state_dict().items()}
    assert unet_config(Header(shapes), head_channels=32) == config
    theirs = Header({name: shapes[ours] for name, ours in unet_names(config).items()})
    assert unet_names(diffusers_unet(theirs)) == unet_names(config)


def test_a_diffusion_model_is_found_within_a_checkpoint(files: Mapping[str, Path]) -> None:
    assert Loader(Residency()).unet(files["sd2"]).unet.get().config == recipe("sd2", small=True).unet


def test_a_vae_may_be_named_as_diffusers_does(files: Mapping[str, Path], tmp_path: Path) -> None:
    config = recipe("sd15", small=True).vae
    own = {name.removeprefix(VAE): each for name, each in weights("sd15").items() if name.startswith(VAE)}
    theirs = {name: own[ours] for name, ours in vae_names(config).items()}
    old = {name.replace("to_q", "query").replace("to_out.0", "proj_attn"): each for name, each in theirs.items()}
    flat = {name: each.flatten(1) if "attentions" in name and each.ndim == 4 else each for name, each in old.items()}
    vae = load(files["sd15"]).vae
    assert vae
    latent = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    for tensors in (theirs, flat):
        loaded = Loader(Residency()).vae(saved(tmp_path / "vae.safetensors", tensors))
        assert torch.equal(loaded.decode(latent), vae.decode(latent))


def test_a_vae_may_lack_its_last_convolutions(tmp_path: Path) -> None:
    own = {n.removeprefix(VAE): t for n, t in weights("sd15").items() if n.startswith(VAE) and "quant_conv" not in n}
    vae = Loader(Residency()).vae(saved(tmp_path / "vae.safetensors", own))
    assert vae.encode(torch.rand(1, 16, 16, 3)).shape == (1, 4, 2, 2)


def test_shards_are_one_file(files: Mapping[str, Path], tmp_path: Path) -> None:
    own = {name.removeprefix(UNET): each for name, each in weights("sd15").items() if name.startswith(UNET)}
    names = sorted(own)
    halves = {"a.safetensors": names[: len(names) // 2], "b.safetensors": names[len(names) // 2 :]}
    for file, part in halves.items():
        saved(tmp_path / file, {name: own[name] for name in part})
    index = tmp_path / "unet.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {name: file for file, part in halves.items() for name in part}}))
    assert Loader(Residency()).unet(index).unet.get().config == recipe("sd15", small=True).unet


@pytest.mark.parametrize("stored", [torch.float8_e4m3fn, torch.float8_e5m2], ids=str)
def test_weights_may_be_kept_in_eight_bits(stored: torch.dtype, files: Mapping[str, Path]) -> None:
    model = Loader(Residency(), stored=stored).unet(files["sdxl"])
    expected = model.unet.size
    network = model.unet.get()
    assert model.unet.size == expected
    kept = {each.dtype for name, each in network.state_dict().items() if each.ndim > 1}
    assert kept == {stored}
    assert network.out[0].weight.dtype == torch.float32
    exact, checkpoint = drawn(load(files["sdxl"])), load(files["sdxl"])
    thin = drawn(Checkpoint(model, checkpoint.clip, checkpoint.vae))
    assert 0 < (thin - exact).abs().mean() < 0.3 * exact.abs().mean()


def test_files_of_eight_bits_are_computed_in_more(files: Mapping[str, Path], tmp_path: Path) -> None:
    tensors = {n: t.to(torch.float8_e4m3fn) if t.ndim > 1 and UNET in n else t for n, t in weights("sd15").items()}
    unet = load(saved(tmp_path / "m.safetensors", tensors)).model.unet.get()
    assert {each.dtype for each in unet.state_dict().values()} == {torch.float32}


def test_a_model_may_compute_in_other_numbers(files: Mapping[str, Path]) -> None:
    checkpoint = load(files["sd15"])
    half = checkpoint.model.computing_in(torch.bfloat16)
    near = drawn(Checkpoint(half, checkpoint.clip, checkpoint.vae))
    exact = drawn(checkpoint)
    assert half.unet.get().out[2].weight.dtype == torch.bfloat16
    assert checkpoint.model.unet.get().out[2].weight.dtype == torch.float32
    assert 0 < (near - exact).abs().mean() < 0.1 * exact.abs().mean()
    assert checkpoint.model.computing_in(torch.bfloat16).unet is half.unet


def test_a_folder_of_diffusers_is_opened(files: Mapping[str, Path], tmp_path: Path) -> None:
    small, own = recipe("sdxl", small=True), weights("sdxl")
    tower_l, tower_g = small.towers
    theirs = {
        "unet/diffusion_pytorch_model": {n: own[UNET + ours] for n, ours in unet_names(small.unet).items()},
        "vae/diffusion_pytorch_model": {n: own[VAE + ours] for n, ours in vae_names(small.vae).items()},
        "text_encoder/model": {"text_model." + n.removeprefix(tower_l): own[n] for n in own if n.startswith(tower_l)},
        "text_encoder_2/model": {n.removeprefix(tower_g): own[n] for n in own if n.startswith(tower_g)},
    }
    for name, tensors in theirs.items():
        (tmp_path / name).parent.mkdir()
        saved(tmp_path / f"{name}.safetensors", tensors, small.metadata)
    (tmp_path / "model_index.json").write_text("{}")
    (tmp_path / "scheduler").mkdir()
    settings = {"prediction_type": "epsilon"}
    (tmp_path / "scheduler" / "scheduler_config.json").write_text(json.dumps(settings))
    assert torch.equal(drawn(open_folder(Loader(Residency()), tmp_path)), drawn(load(files["sdxl"])))


def test_text_encoders_come_in_any_order(files: Mapping[str, Path], tmp_path: Path) -> None:
    own, small = weights("sdxl"), recipe("sdxl", small=True)
    paths = [
        saved(
            tmp_path / f"{n}.safetensors", {k.removeprefix(prefix): t for k, t in own.items() if k.startswith(prefix)}
        )
        for n, prefix in enumerate(small.towers)
    ]
    wanted = load(files["sdxl"]).clip
    assert wanted
    for order in (paths, paths[::-1]):
        clip = Loader(Residency()).text(order)
        assert all(map(torch.equal, clip.encode("a dog"), wanted.encode("a dog")))
