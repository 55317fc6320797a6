"""Models that are saved: they load again as what they were, here and elsewhere, and tell how they came to be."""

import asyncio
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import nodes
from engine.cache import NoCache
from engine.events import RunFinished
from engine.folders import Folders
from engine.jobs import Job
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from nodes.diffusion import writing
from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.extracting import extracted, low_rank
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.lazy import Lazy, Origin, Residency
from nodes.diffusion.lora.file import open_adapter
from nodes.diffusion.lora.load import with_lora
from nodes.diffusion.merging import Factors, blended, mix_clips, mix_models, subtracted
from nodes.diffusion.safetensors_writer import Saved
from nodes.diffusion.vae.handle import Vae
from tests.support import small
from tests.support.small import numbers
from tests.support.toys import new_lanes

BUNDLED = Path(__file__).parents[3] / "nodes" / "bundled" / "wireloom-mini.safetensors"


def write(content: Saved, path: Path) -> Path:
    path.write_bytes(b"".join(content))
    return path


@torch.no_grad()
def picture(checkpoint: Checkpoint) -> Tensor:
    """One evaluation of all parts, from words to pixels."""
    assert checkpoint.clip is not None
    assert checkpoint.vae is not None
    context, _ = checkpoint.clip.encode("a red apple")
    x = numbers(1, 4, 16, 16, std=1)
    out = checkpoint.model.network(Inputs(x, torch.tensor([500.0]), context))
    denoised = checkpoint.model.prediction.denoised(x, torch.tensor(2.0), out)
    return checkpoint.vae.decode(checkpoint.model.latent_format.from_network(denoised))


def parts(checkpoint: Checkpoint) -> Saved:
    return writing.checkpoint(checkpoint.model, checkpoint.clip, checkpoint.vae)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_file(small.checkpoint(0), tmp_path / "one.safetensors")
    save_file(small.checkpoint(1), tmp_path / "two.safetensors")
    return tmp_path


def opened(path: Path) -> Checkpoint:
    return Loader(Residency()).checkpoint(path)


# The format


def test_a_file_reads_as_it_was_given(tmp_path: Path) -> None:
    tensors = {
        "a": numbers(3, 5).half(),
        "b": numbers(2, 2),
        "c": torch.arange(3),
        "empty": torch.zeros(0),
        "scalar": torch.tensor(2.5),
        "turned": numbers(4, 6).T,
        "b16": numbers(3).bfloat16(),
    }
    path = write(Saved(tensors, {"prompt": "{}", "words": "grün"}), tmp_path / "x.safetensors")
    read = load_file(path)
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensor) and read[name].dtype == tensor.dtype for name, tensor in tensors.items())
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"prompt": "{}", "words": "grün"}


def test_numbers_lie_at_multiples_of_their_width(tmp_path: Path) -> None:
    data = b"".join(Saved({"a": torch.zeros(3, dtype=torch.uint8), "b": numbers(1), "c": torch.arange(1)}))
    (length,) = struct.unpack("<Q", data[:8])
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    assert (8 + length) % 8 == 0
    assert {name: each["data_offsets"] for name, each in header.items()} == {"c": [0, 8], "b": [8, 12], "a": [12, 15]}


# There and back


def test_the_bundled_model_comes_back_to_the_same_picture(tmp_path: Path) -> None:
    model = opened(BUNDLED)
    again = opened(write(parts(model), tmp_path / "saved.safetensors"))
    assert torch.equal(picture(again), picture(model))
    assert again.model.kind == model.model.kind
    assert again.model.prediction.kind == "v"


def test_all_names_of_the_bundled_model_are_written(tmp_path: Path) -> None:
    saved = parts(opened(BUNDLED))
    stored = load_file(BUNDLED)
    unread = {"alphas_cumprod", "betas", f"{small.TEXT}embeddings.position_ids"}
    assert stored.keys() - saved.tensors.keys() == unread
    assert not saved.tensors.keys() - stored.keys()


def test_a_merged_and_adapted_model_comes_back_to_the_same_picture(folder: Path) -> None:
    loader = Loader(Residency())
    one, two = (loader.checkpoint(folder / f"{name}.safetensors") for name in ("one", "two"))
    stem = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"
    words = "lora_te_text_model_encoder_layers_0_mlp_fc1"
    lora = {
        f"{stem}.lora_up.weight": numbers(64, 2, seed=1),
        f"{stem}.lora_down.weight": numbers(2, 64, seed=2),
        f"{words}.lora_up.weight": numbers(96, 2, seed=3),
        f"{words}.lora_down.weight": numbers(2, 64, seed=4),
    }
    save_file(lora, folder / "lora.safetensors")
    model = mix_models(one.model, two.model, {"": blended(0.3)})
    clip = mix_clips(one.clip, two.clip, blended(0.6))
    adapted, words_too = with_lora(open_adapter(loader, folder / "lora.safetensors"), model, clip, 0.8, 0.5)
    assert adapted is not None
    mixed = Checkpoint(adapted, words_too, one.vae)
    again = opened(write(parts(mixed), folder / "saved.safetensors"))
    assert torch.equal(picture(again), picture(mixed))
    assert not torch.equal(picture(again), picture(one))


def test_parts_may_be_missing(folder: Path) -> None:
    one = opened(folder / "one.safetensors")
    bare = opened(write(writing.checkpoint(one.model, None, None), folder / "saved.safetensors"))
    assert (bare.clip, bare.vae) == (None, None)


def test_a_model_is_saved_alone_and_still_tells_its_family(folder: Path) -> None:
    one = opened(folder / "one.safetensors")
    again = opened(write(writing.unet(one.model), folder / "saved.safetensors"))
    x = Inputs(numbers(1, 4, 8, 8), torch.tensor([3.0]), numbers(1, 7, 64))
    with torch.no_grad():
        assert torch.equal(again.model.network(x), one.model.network(x))


def test_a_vae_is_saved_alone(folder: Path) -> None:
    one = opened(folder / "one.safetensors")
    assert one.vae is not None
    path = write(writing.autoencoder(one.vae), folder / "vae.safetensors")
    latent = numbers(1, 4, 3, 5)
    assert torch.equal(Loader(Residency()).vae(path).decode(latent), one.vae.decode(latent))


def test_another_kind_of_vae_is_not_saved(folder: Path) -> None:
    tiny = Lazy(nn.Identity, Residency(), torch.float32, torch.device("cpu"), origin=Origin("TAESD", ""))
    with pytest.raises(ValueError, match="can be saved, not TAESD"):
        writing.autoencoder(Vae(tiny))  # type: ignore[arg-type]


def test_a_text_encoder_is_saved_by_hugging_faces_names(folder: Path) -> None:
    one = opened(folder / "one.safetensors")
    assert one.clip is not None
    ((tower, content),) = writing.text_encoders(one.clip).items()
    assert tower == "l"
    assert content.tensors.keys() == {
        name.removeprefix("cond_stage_model.transformer.") for name in small.checkpoint() if name.startswith(small.TEXT)
    }


# LoRAs out of differences


def test_a_lora_that_was_merged_in_is_found_again(folder: Path) -> None:
    loader = Loader(Residency())
    one = loader.checkpoint(folder / "one.safetensors")
    stems = {
        "diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k": (64, 64, ()),
        "diffusion_model.middle_block.0.in_layers.2": (64, 64, (3, 3)),
        "text_encoders.clip_l.transformer.text_model.encoder.layers.0.mlp.fc1": (96, 64, ()),
    }
    lora = {}
    for k, (stem, (out, into, kernel)) in enumerate(stems.items()):
        lora[f"{stem}.lora_up.weight"] = numbers(out, 2, *(1 for _ in kernel), seed=2 * k)
        lora[f"{stem}.lora_down.weight"] = numbers(2, into, *kernel, seed=2 * k + 1)
    save_file(lora, folder / "lora.safetensors")
    model, clip = with_lora(open_adapter(loader, folder / "lora.safetensors"), one.model, one.clip, 1, 1)
    assert model is not None
    difference = mix_models(model, one.model, {"": subtracted(1)})
    words = mix_clips(clip, one.clip, subtracted(1))
    found = extracted(difference, words, 2, "standard", biases=True)
    assert found.tensors.keys() == lora.keys() | {f"{stem}.alpha" for stem in stems}
    for stem in stems:
        product = [
            each[f"{stem}.lora_up.weight"].flatten(1) @ each[f"{stem}.lora_down.weight"].flatten(1)
            for each in (found.tensors, lora)
        ]
        torch.testing.assert_close(*product, rtol=1e-4, atol=1e-5)  # a difference of float32 weights about as large

    path = write(found, folder / "extracted.safetensors")
    again, _ = with_lora(open_adapter(loader, path), one.model, one.clip, 1, 1)
    assert again is not None
    for name, weight in again.unet.get().state_dict().items():
        torch.testing.assert_close(weight, model.unet.get().state_dict()[name], rtol=1e-4, atol=1e-5)


def test_a_full_difference_gives_the_other_model(folder: Path) -> None:
    loader = Loader(Residency())
    one, two = (loader.checkpoint(folder / f"{name}.safetensors") for name in ("one", "two"))
    difference = mix_models(two.model, one.model, {"": subtracted(1)})
    path = write(extracted(difference, None, 8, "full_diff", biases=True), folder / "diff.safetensors")
    again, _ = with_lora(open_adapter(loader, path), one.model, None, 1, 0)
    assert again is not None
    for name, weight in again.unet.get().state_dict().items():
        torch.testing.assert_close(weight, two.model.unet.get().state_dict()[name], rtol=1e-5, atol=1e-6)


def test_the_nearest_of_low_rank_is_kept() -> None:
    """The error of the best approximation of rank r is the root of the sum of squares of what is left out."""
    weight = numbers(20, 30)
    for rank in (1, 5, 19, 100):
        up, down = low_rank(weight, rank)
        left = torch.linalg.svdvals(weight)[rank:].norm()
        torch.testing.assert_close((weight - up @ down).norm(), left, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("falling", "excess"), [(1.0, 1e-4), (0.0, 1e-2)], ids=["falling", "all alike"])
@pytest.mark.parametrize("shape", [(400, 700), (700, 400), (400, 80, 3, 3)], ids=str)
def test_the_nearest_of_a_rank_far_below_is_found_by_a_sketch(
    shape: tuple[int, ...], falling: float, excess: float
) -> None:
    """Singular values as differences have them, that fall as 1, 1/2, 1/3 ..., and noise's, which hardly fall."""
    weight = numbers(*shape)
    u, s, v = torch.linalg.svd(weight.flatten(1), full_matrices=False)
    if falling:
        s = s[0] / torch.arange(1, len(s) + 1) ** falling
        weight = (u * s @ v).reshape(shape)
    state = torch.get_rng_state()
    up, down = low_rank(weight, 8)
    error = (weight.flatten(1) - up.flatten(1) @ down.flatten(1)).norm()
    assert error < (1 + excess) * s[8:].norm()
    assert up.shape == (shape[0], 8, *(1 for _ in shape[2:]))
    assert all(torch.equal(*pair) for pair in zip(low_rank(weight, 8), (up, down), strict=True))
    assert torch.equal(torch.get_rng_state(), state)  # other jobs draw from it


@pytest.mark.parametrize(("biases", "kinds"), [(True, {"diff", "diff_b"}), (False, set[str]())])
def test_biases_and_norms_are_kept_if_asked_for(biases: bool, kinds: set[str], folder: Path) -> None:
    loader = Loader(Residency())
    one, two = (loader.checkpoint(folder / f"{name}.safetensors") for name in ("one", "two"))
    clip = mix_clips(two.clip, one.clip, subtracted(1))
    found = extracted(None, clip, 1, "standard", biases=biases).tensors
    assert {name.rpartition(".")[2] for name in found if ".lora_" not in name and not name.endswith("alpha")} == kinds


def test_nothing_to_make_a_lora_of_is_said(folder: Path) -> None:
    one = opened(folder / "one.safetensors")
    with pytest.raises(ValueError, match="connect model_diff or text_encoder_diff"):
        extracted(None, None, 8, "standard", biases=True)
    with pytest.raises(ValueError, match="the difference is zero everywhere"):
        extracted(mix_models(one.model, one.model, {"": Factors(1, -1)}), None, 8, "standard", biases=True)


# The nodes


async def run(data: Path, document: Mapping[str, Any]) -> list[Path]:
    """Run a workflow with the model nodes; the files that are in the output folder then."""
    folders = Folders(data)
    residency = Residency()
    registry = Registry(Services(folders, residency, Loader(residency)))
    nodes.register(registry)
    pool = LocalPool(lambda: registry, NoCache(), new_lanes())
    targets = tuple(name for name, node in document.items() if "Save" in node["class_type"])
    events = [event async for event in pool.run(Job(dict(document), targets))]
    await pool.close()
    assert isinstance(events[-1], RunFinished), events[-1]
    return sorted(path for path in folders.directory("output").rglob("*") if path.is_file())


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


async def test_the_nodes_write_files_with_the_workflow_inside(folder: Path) -> None:
    models = folder / "data" / "models"
    (models / "checkpoints").mkdir(parents=True)
    (models / "loras").mkdir()
    await asyncio.to_thread(save_file, small.checkpoint(0), models / "checkpoints" / "one.safetensors")
    await asyncio.to_thread(save_file, small.checkpoint(1), models / "checkpoints" / "two.safetensors")
    sliders = {f"input_blocks.{n}.": 1.0 for n in range(12)} | {f"output_blocks.{n}.": 0.0 for n in range(12)}
    document = {
        "one": node("CheckpointLoaderSimple", ckpt_name="one.safetensors"),
        "two": node("CheckpointLoaderSimple", ckpt_name="two.safetensors"),
        "mix": node(
            "ModelMergeSD1",
            model1=["one", 0],
            model2=["two", 0],
            **{"time_embed.": 0.25, "label_emb.": 1.0, **sliders, "out.": 0.5},
            **{f"middle_block.{n}.": 1.0 for n in range(3)},
        ),
        "words": node("CLIPMergeSimple", clip1=["one", 1], clip2=["two", 1], ratio=0.5),
        "all": node("CheckpointSave", model=["mix", 0], clip=["words", 0], vae=["one", 2], filename_prefix="all"),
        "unet": node("ModelSave", model=["mix", 0], filename_prefix="unets/unet"),
        "text": node("CLIPSave", clip=["one", 1], filename_prefix="text"),
        "vae": node("VAESave", vae=["one", 2], filename_prefix="vae"),
        "difference": node("ModelMergeSubtract", model1=["two", 0], model2=["one", 0], multiplier=1.0),
        "lora": node(
            "LoraSave",
            filename_prefix="lora",
            rank=4,
            lora_type="standard",
            bias_diff=False,
            model_diff=["difference", 0],
        ),
    }
    files = await run(folder / "data", document)
    names = ["all_00001_", "lora_00001_", "text_clip_l_00001_", "unets/unet_00001_", "vae_00001_"]
    output = folder / "data" / "output"
    assert [path.relative_to(output).as_posix() for path in files] == [f"{name}.safetensors" for name in names]
    for path in files:
        with safe_open(path, "pt") as file:
            assert json.loads(file.metadata()["prompt"])["lora"]["inputs"]["rank"] == 4

    one, two, mixed = small.checkpoint(0), small.checkpoint(1), load_file(files[0])
    expected = {
        "time_embed.0.weight": 0.25,
        "input_blocks.1.0.in_layers.2.weight": 1.0,
        "output_blocks.1.0.in_layers.2.weight": 0.0,
        "out.2.bias": 0.5,
    }
    for name, ratio in expected.items():
        name = small.UNET + name
        wanted = ratio * one[name].float() + (1 - ratio) * two[name].float()
        torch.testing.assert_close(mixed[name], wanted)
    name = small.TEXT + "final_layer_norm.bias"
    torch.testing.assert_close(mixed[name], 0.5 * (one[name].float() + two[name].float()))
