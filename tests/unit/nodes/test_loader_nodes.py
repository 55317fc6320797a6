"""The nodes that open model files and say what models predict, in workflows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
import torch
from safetensors.torch import save_file

import nodes
from engine.cache import MemoryCache
from engine.declare import node
from engine.errors import NodeFailed
from engine.folders import Folders
from engine.jobs import Job
from engine.marks import Socket
from engine.plan import plan
from engine.registry import Registry
from engine.run import Run
from engine.services import Services
from engine.workflow import read_api
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Residency
from nodes.diffusion.model import Model
from tests.fixtures.make_random import recipe
from tests.support.families import weights
from tests.support.toys import api, new_lanes

UNET, TEXT = "model.diffusion_model.", "cond_stage_model.transformer.text_model."


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small SD 1: whole, its U-Net alone, its text encoder alone."""
    folder = tmp_path_factory.mktemp("data")
    own = weights("sd15")
    files = {
        "checkpoints/sd15": own,
        "diffusion_models/unet": {n.removeprefix(UNET): t for n, t in own.items() if n.startswith(UNET)},
        "text_encoders/clip": {n.removeprefix(TEXT): t for n, t in own.items() if n.startswith(TEXT)},
    }
    for name, tensors in files.items():
        path = folder / "models" / f"{name}.safetensors"
        path.parent.mkdir(parents=True)
        save_file(tensors, path)
    (folder / "models" / "embeddings" / "mine").mkdir(parents=True)
    save_file({"emb_params": torch.ones(2, 64)}, folder / "models" / "embeddings" / "mine" / "style.safetensors")
    (folder / "models" / "configs").mkdir()
    for name, text in {
        "v": "model: {params: {parameterization: v}}",
        "plain": "model: {}",
        "bad": "a: [",
        "odd": "model: {params: {parameterization: w}}",
    }.items():
        (folder / "models" / "configs" / f"{name}.yaml").write_text(text)
    return folder


async def results(data: Path, **workflow: tuple[str, dict[str, Any]]) -> list[Any]:
    """What the input of node ``show`` was."""
    seen: list[Any] = []

    @node("Take", is_output=True, lane="cpu")
    def take(value: Annotated[Any, Socket("*")]) -> None:
        seen.append(value)

    residency = Residency()
    registry = Registry(Services(Folders(data), residency, Loader(residency)))
    nodes.register(registry)
    registry.add(take.definition)
    checked = plan(read_api(api(**workflow)), registry)
    assert not checked.rejected
    job, lanes = Job(prompt=checked.prompt, targets=checked.targets), new_lanes()
    try:
        await Run(job, checked.graph, registry, MemoryCache(10**7), lanes, lambda event: None).execute(checked.targets)
    finally:
        lanes.close()
    return seen


def took(kind: str, output: int = 0, **inputs: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    return {"one": (kind, inputs), "show": ("Take", {"value": ["one", output]})}


async def test_a_diffusion_model_is_loaded_in_eight_bits(data: Path) -> None:
    inputs = {"unet_name": "unet.safetensors", "weight_dtype": "fp8_e4m3fn"}
    (model,) = await results(data, **took("UNETLoader", **inputs))
    assert model.unet.get().out[2].weight.dtype == torch.float8_e4m3fn


async def test_a_text_encoder_is_loaded_alone(data: Path) -> None:
    inputs = {"clip_name": "clip.safetensors", "type": "stable_diffusion"}
    (clip,) = await results(data, **took("CLIPLoader", **inputs))
    assert clip.encode("a cat")[0].shape == (1, 77, 64)


async def test_a_text_encoder_of_a_type_that_is_not_supported_says_so(data: Path) -> None:
    with pytest.raises(NodeFailed, match="sd3"):
        await results(data, **took("CLIPLoader", clip_name="clip.safetensors", type="sd3"))


async def encoded(data: Path, kind: str, **inputs: Any) -> tuple[torch.Tensor, dict[str, Any]]:
    loading = {"clip_name": "clip.safetensors", "type": "stable_diffusion"}
    (cond,) = await results(data, load=("CLIPLoader", loading), **took(kind, clip=["load", 0], **inputs))
    ((context, fields),) = cond
    return context, fields


async def test_texts_find_embeddings_in_their_folder(data: Path) -> None:
    with_style, plain = [
        (await encoded(data, "CLIPTextEncode", text=text))[0] for text in ("a embedding:style", "a embedding:other")
    ]
    assert torch.equal(with_style[:, :2], plain[:, :2])  # what comes before does not see it
    assert not torch.equal(with_style[:, 2:4], plain[:, 2:4])


async def test_sdxls_texts_come_with_sizes(data: Path) -> None:
    sizes = {"width": 1, "height": 2, "crop_w": 3, "crop_h": 4, "target_width": 5, "target_height": 6}
    _, fields = await encoded(data, "CLIPTextEncodeSDXL", text_g="a", text_l="b", **sizes)
    assert {name: value for name, value in fields.items() if name != "pooled_output"} == sizes
    _, fields = await encoded(data, "CLIPTextEncodeSDXLRefiner", text="a", ascore=7.0, width=8, height=9)
    assert (fields["aesthetic_score"], fields["width"], fields["height"]) == (7.0, 8, 9)


@pytest.mark.parametrize(("config", "kind"), [("v", "v"), ("plain", "eps")])
async def test_old_settings_say_what_is_predicted(config: str, kind: str, data: Path) -> None:
    inputs = {"config_name": f"{config}.yaml", "ckpt_name": "sd15.safetensors"}
    (model,) = await results(data, **took("CheckpointLoader", **inputs))
    assert model.prediction.kind == kind


@pytest.mark.parametrize("config", ["bad", "odd"])
async def test_settings_that_make_no_sense_are_named(config: str, data: Path) -> None:
    with pytest.raises(NodeFailed, match=rf"{config}\.yaml"):
        await results(data, **took("CheckpointLoader", config_name=f"{config}.yaml", ckpt_name="sd15.safetensors"))


async def changed(data: Path, kind: str, **inputs: Any) -> Model:
    (model,) = await results(
        data,
        load=("UNETLoader", {"unet_name": "unet.safetensors", "weight_dtype": "default"}),
        **took(kind, model=["load", 0], **inputs),
    )
    assert isinstance(model, Model)
    return model


@pytest.mark.parametrize(
    ("kind", "inputs", "predicted", "sigmas"),
    [
        ("ModelSamplingDiscrete", {"sampling": "v_prediction", "zsnr": True}, "v", (0.0292, 4518.8)),
        ("ModelSamplingDiscrete", {"sampling": "lcm", "zsnr": False}, "lcm", (0.1345, 14.615)),
        ("ModelSamplingContinuousEDM", {"sampling": "edm", "sigma_max": 80.0, "sigma_min": 0.002}, "edm", (0.002, 80)),
        (
            "ModelSamplingContinuousEDM",
            {"sampling": "cosmos_rflow", "sigma_max": 80.0, "sigma_min": 0.002},
            "rflow",
            (0.002, 80),
        ),
        (
            "ModelSamplingContinuousV",
            {"sampling": "v_prediction", "sigma_max": 500.0, "sigma_min": 0.03},
            "v",
            (0.03, 500),
        ),
    ],
)
async def test_a_node_says_what_a_model_predicts(
    kind: str, inputs: dict[str, Any], predicted: str, sigmas: tuple[float, float], data: Path
) -> None:
    prediction = (await changed(data, kind, **inputs)).prediction
    assert prediction.kind == predicted
    assert (prediction.sigma_min, prediction.sigma_max) == pytest.approx(sigmas, rel=1e-2)


async def test_playgrounds_latents_come_with_its_sampling(data: Path) -> None:
    model = await changed(
        data, "ModelSamplingContinuousEDM", sampling="edm_playground_v2.5", sigma_max=80.0, sigma_min=0.002
    )
    assert isinstance(model.latent_format.scale, tuple)


async def test_a_model_computes_in_other_numbers(data: Path) -> None:
    assert (await changed(data, "ModelComputeDtype", dtype="bf16")).dtype == torch.bfloat16


def test_folders_of_diffusers_and_indices_of_shards_are_offered(tmp_path: Path) -> None:
    models = tmp_path / "models"
    for name in ("diffusers/one", "diffusers/some/two", "diffusers/none", "diffusion_models/big"):
        (models / name).mkdir(parents=True)
    for name in ("one", "some/two"):
        (models / "diffusers" / name / "model_index.json").write_text("{}")
    (models / "diffusion_models" / "big" / "x.safetensors.index.json").write_text("{}")
    registry = Registry(Services(Folders(tmp_path)))
    nodes.register(registry)
    infos: Mapping[str, Any] = {info.name: info for info in registry.describe()}
    assert infos["DiffusersLoader"].inputs["required"]["model_path"][0] == ["one", "some/two"]
    assert infos["UNETLoader"].inputs["required"]["unet_name"][0] == ["big/x.safetensors.index.json"]


async def test_a_folder_that_diffusers_did_not_write_whole_says_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "diffusers" / "one"
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps({}))
    with pytest.raises(NodeFailed, match="one has no weights in its folder unet"):
        await results(tmp_path, **took("DiffusersLoader", model_path="one"))


def test_small_and_full_recipes_have_the_same_structure() -> None:
    for family in ("sd15", "sd2", "sdxl", "sdxl-refiner"):
        small, full = (recipe(family, small=size).unet for size in (True, False))
        assert [level.attends for level in small.levels] == [level.attends for level in full.levels]
        assert small.linear_projections == full.linear_projections


def named_by(tmp_path: Path, kind: str, **constants: str) -> list[tuple[str, str]]:
    """The files that a loader reads, as a saved picture tells them."""
    registry = Registry(Services(Folders(tmp_path)))
    nodes.register(registry)
    return registry.files(registry[kind], constants)


def test_loaders_name_all_files_that_they_read(tmp_path: Path) -> None:
    models = tmp_path / "models"
    for name in ("diffusers/pipe/vae/x.safetensors", "vae_approx/taesd_encoder.pth", "vae_approx/taesd_decoder.pth"):
        (models / name).parent.mkdir(parents=True, exist_ok=True)
        (models / name).write_bytes(b"x")
    (models / "diffusers" / "pipe" / "model_index.json").write_text("{}")
    (models / "diffusion_models" / "big").mkdir(parents=True)
    index = models / "diffusion_models" / "big" / "x.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}))
    assert named_by(tmp_path, "UNETLoader", unet_name="big/x.safetensors.index.json", weight_dtype="default") == [
        ("diffusion_models", "big/x.safetensors.index.json"),
        ("diffusion_models", "big/1.safetensors"),
        ("diffusion_models", "big/2.safetensors"),
    ]
    assert set(named_by(tmp_path, "DiffusersLoader", model_path="pipe")) == {
        ("diffusers", "pipe"),
        ("diffusers", "pipe/model_index.json"),
        ("diffusers", "pipe/vae/x.safetensors"),
    }
    assert named_by(tmp_path, "VAELoader", vae_name="taesd") == [
        ("vae", "taesd"),
        ("vae_approx", "taesd_encoder.pth"),
        ("vae_approx", "taesd_decoder.pth"),
    ]
    assert named_by(tmp_path, "VAELoader", vae_name="own.safetensors") == [("vae", "own.safetensors")]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("CLIPTextEncode", ("text",)),
        ("CLIPTextEncodeControlnet", ("text",)),
        ("CLIPTextEncodeSDXL", ("text_g", "text_l")),
        ("CLIPTextEncodeSDXLRefiner", ("text",)),
    ],
)
def test_texts_name_the_embeddings_in_them(data: Path, kind: str, inputs: tuple[str, ...]) -> None:
    for name in inputs:
        assert named_by(data, kind, **{name: "a embedding:style cat, embedding:none"}) == [
            ("embeddings", "mine/style.safetensors")
        ]
