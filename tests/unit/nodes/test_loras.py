"""LoRA files on models: every way their tensors are called, and every way they can be wrong."""

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nodes.diffusion.checkpoint import Checkpoint, Loader
from nodes.diffusion.diffusers_names import unet_names
from nodes.diffusion.errors import CorruptCheckpoint
from nodes.diffusion.lazy import Residency
from nodes.diffusion.lora.file import AdapterFile, BadAdapter, open_adapter
from nodes.diffusion.lora.load import with_lora
from nodes.diffusion.lora.names import split, text_stems, unet_stems
from nodes.diffusion.text.clip import Clip, ClipConfig
from nodes.diffusion.text.handles import towers
from nodes.diffusion.unet.config import Level, UNetConfig
from tests.support import small
from tests.support.small import numbers

OURS = "input_blocks.1.1.transformer_blocks.0.attn1.to_out.0"
THEIRS = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0"
TEXT = "encoder.layers.1.self_attn.q_proj"
UP, DOWN = numbers(32, 4, seed=1), numbers(4, 32, seed=2)
TEXT_UP, TEXT_DOWN = numbers(64, 4, seed=3), numbers(4, 64, seed=4)

Save = Callable[..., AdapterFile]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = tmp_path_factory.mktemp("models") / "model.safetensors"
    save_file(small.checkpoint(), path)
    return Loader(Residency()).checkpoint(path)


@pytest.fixture
def save(tmp_path: Path, checkpoint: Checkpoint) -> Save:
    def saved(tensors: Mapping[str, Tensor], name: str = "pixel.safetensors") -> AdapterFile:
        path = tmp_path / name
        save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, path)
        return open_adapter(Loader(checkpoint.model.unet.residency), path)

    return saved


def difference(
    checkpoint: Checkpoint, file: AdapterFile, weight: str = f"{OURS}.weight", strength: float = 1
) -> Tensor:
    model, _ = with_lora(file, checkpoint.model, checkpoint.clip, strength, strength)
    assert model is not None
    return model.unet.get().state_dict()[weight] - checkpoint.model.unet.get().state_dict()[weight]


def text_difference(checkpoint: Checkpoint, file: AdapterFile) -> Tensor:
    _, clip = with_lora(file, None, checkpoint.clip, 0, 1)
    assert clip is not None
    assert checkpoint.clip is not None
    before, after = (towers(each)["l"].get().state_dict()[f"{TEXT}.weight"] for each in (checkpoint.clip, clip))
    return after - before


def close(got: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6)


FLAT = THEIRS.replace(".", "_")
NAMES = {
    "kohya": (f"lora_unet_{FLAT}.lora_up.weight", f"lora_unet_{FLAT}.lora_down.weight"),
    "kohya, original": tuple(f"lora_unet_{OURS.replace('.', '_')}.lora_{each}.weight" for each in ("up", "down")),
    "original": (f"diffusion_model.{OURS}.lora_up.weight", f"diffusion_model.{OURS}.lora_down.weight"),
    "original, PEFT": (f"diffusion_model.{OURS}.lora_B.weight", f"diffusion_model.{OURS}.lora_A.weight"),
    "PEFT in diffusers": (f"unet.{THEIRS}.lora_B.weight", f"unet.{THEIRS}.lora_A.weight"),
    "PEFT with its adapter's name": (f"unet.{THEIRS}.lora_B.default.weight", f"unet.{THEIRS}.lora_A.default.weight"),
    "PEFT alone": (f"base_model.model.{THEIRS}.lora_B.weight", f"base_model.model.{THEIRS}.lora_A.weight"),
    "diffusers": (f"unet.{THEIRS}.lora.up.weight", f"unet.{THEIRS}.lora.down.weight"),
    "diffusers with processors": tuple(
        f"unet.{THEIRS.replace('.to_out.0', '.processor.to_out')}_lora.{each}.weight" for each in ("up", "down")
    ),
    "diffusers with processors alone": tuple(
        f"{THEIRS.replace('.to_out.0', '.processor.to_out')}_lora.{each}.weight" for each in ("up", "down")
    ),
    "LyCORIS": (f"lycoris_{FLAT}.lora_up.weight", f"lycoris_{FLAT}.lora_down.weight"),
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_a_unets_weight_is_found_by_every_name(names: tuple[str, str], checkpoint: Checkpoint, save: Save) -> None:
    close(difference(checkpoint, save({names[0]: UP, names[1]: DOWN})), UP @ DOWN)


FLAT_TEXT = TEXT.replace(".", "_")
TEXT_NAMES = {
    "kohya": f"lora_te_text_model_{FLAT_TEXT}.lora_@.weight",
    "kohya, the first of two": f"lora_te1_text_model_{FLAT_TEXT}.lora_@.weight",
    "diffusers": f"text_encoder.text_model.{TEXT}.lora.@.weight",
    "diffusers, linear layers": f"text_encoder.text_model.{TEXT}.lora_linear_layer.@.weight",
    "diffusers, as attention is called elsewhere": f"text_encoder.text_model.{TEXT[:-6]}to_q_lora.@.weight",
    "newer transformers": f"text_encoder.{TEXT}.lora.@.weight",
    "original": f"text_encoders.clip_l.transformer.text_model.{TEXT}.lora_@.weight",
}


@pytest.mark.parametrize("name", TEXT_NAMES.values(), ids=TEXT_NAMES)
def test_a_text_encoders_weight_is_found_by_every_name(name: str, checkpoint: Checkpoint, save: Save) -> None:
    file = save({name.replace("@", "up"): TEXT_UP, name.replace("@", "down"): TEXT_DOWN})
    close(text_difference(checkpoint, file), TEXT_UP @ TEXT_DOWN)


def test_every_tensor_of_sdxls_shape_has_one_name_in_each_spelling() -> None:
    levels = (Level(320, 2, 0), Level(640, 2, 2), Level(1280, 2, 10))
    config = UNetConfig(levels=levels, middle_depth=10, context_dim=2048, head_channels=64, vector_dim=2816)
    stems, names = unet_stems(config), unet_names(config)
    modules = {ours.rpartition(".")[0] for ours in names.values()}
    for spell in ("diffusion_model.{}".format, lambda m: "lora_unet_" + m.replace(".", "_")):
        assert {stems[spell(module)] for module in modules} == modules
    assert stems["lora_unet_label_emb_0_0"] == "label_emb.0.0"
    assert stems["lora_unet_add_embedding_linear_1"] == "label_emb.0.0"
    assert stems["lora_unet_down_blocks_0_resnets_0_time_emb_proj"] == "input_blocks.1.0.emb_layers.1"
    assert stems["lora_unet_up_blocks_0_attentions_2_transformer_blocks_9_ff_net_0_proj"] == (
        "output_blocks.2.1.transformer_blocks.9.ff.net.0.proj"
    )


def test_sdxls_two_towers_have_names_of_their_own() -> None:
    vit_l, vit_g = (ClipConfig(49408, 77, 64, 2, 1, 96, projection=projection) for projection in (None, 32))
    first, second = text_stems(vit_l, "l"), text_stems(vit_g, "g")
    assert not {stem for stem in first if stem.startswith(("lora_", "text_encoder"))} & second.keys()
    assert second[f"lora_te2_text_model_{FLAT_TEXT}"] == second[f"text_encoder_2.text_model.{TEXT}"] == TEXT
    assert second["lora_te2_text_projection"] == "text_projection"


def test_sd2s_tower_goes_by_hugging_faces_names() -> None:
    stems = text_stems(ClipConfig(49408, 77, 64, 2, 1, 96), "h")
    assert stems[f"lora_te_text_model_{FLAT_TEXT}"] == stems[f"text_encoder.text_model.{TEXT}"] == TEXT


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("a.b.lora_up.weight", ("a.b", "up")),
        ("a.processor.to_q_lora.down.weight", ("a.to_q", "down")),
        ("a.hada_w1_a", ("a", "w1_a")),
        ("a.lokr_w2", ("a", "k2")),
        ("a.alpha", ("a", "alpha")),
        ("a.weight", None),
        (".alpha", None),
        ("alphas_cumprod", None),
    ],
)
def test_a_key_is_a_stem_and_what_it_is(key: str, parts: tuple[str, str] | None) -> None:
    assert split(key) == parts


# What a file does


def test_alpha_and_strength_scale_the_difference(checkpoint: Checkpoint, save: Save) -> None:
    up, down = NAMES["kohya"]
    file = save({up: UP, down: DOWN, f"lora_unet_{FLAT}.alpha": torch.tensor(2.0)})
    close(difference(checkpoint, file, strength=-0.5), -0.5 * 2 / 4 * UP @ DOWN)


def test_half_precision_is_computed_in_float32(checkpoint: Checkpoint, save: Save) -> None:
    up, down = NAMES["kohya"]
    close(difference(checkpoint, save({up: UP.half(), down: DOWN.half()})), UP.half().float() @ DOWN.half().float())


def test_differences_of_biases_and_norms_are_added(checkpoint: Checkpoint, save: Save) -> None:
    norm = "lora_unet_down_blocks_0_resnets_0_norm1"
    file = save(
        {
            f"{norm}.w_norm": numbers(32, seed=1),
            f"{norm}.b_norm": numbers(32, seed=2),
            f"lora_unet_{FLAT}.diff": numbers(32, 32, seed=3),
            f"lora_unet_{FLAT}.diff_b": numbers(32, seed=4),
        }
    )
    weights = ("input_blocks.1.0.in_layers.0.weight", "input_blocks.1.0.in_layers.0.bias")
    for seed, weight in enumerate((*weights, f"{OURS}.weight", f"{OURS}.bias"), start=1):
        close(difference(checkpoint, file, weight), numbers(*((32, 32) if seed == 3 else (32,)), seed=seed))


def test_the_picture_changes_and_strength_0_changes_nothing(checkpoint: Checkpoint, save: Save) -> None:
    up, down = NAMES["kohya"]
    file = save({up: UP, down: DOWN})
    model, clip = with_lora(file, checkpoint.model, checkpoint.clip, 0, 0)
    assert model == checkpoint.model
    assert clip is checkpoint.clip
    model, clip = with_lora(file, checkpoint.model, checkpoint.clip, 1, 1)
    assert model is not None
    assert model.unet is not checkpoint.model.unet
    assert clip is checkpoint.clip  # it has nothing for it


def test_a_pickle_will_do(checkpoint: Checkpoint, tmp_path: Path) -> None:
    up, down = NAMES["kohya"]
    torch.save({up: UP, down: DOWN}, tmp_path / "pixel.pt")
    file = open_adapter(Loader(checkpoint.model.unet.residency), tmp_path / "pixel.pt")
    close(difference(checkpoint, file), UP @ DOWN)


# What is wrong with it


def test_keys_that_match_nothing_are_told_once_with_examples(
    checkpoint: Checkpoint, save: Save, caplog: pytest.LogCaptureFixture
) -> None:
    up, down = NAMES["kohya"]
    others = {f"lora_unet_somewhere_{n}.alpha": torch.ones(()) for n in range(10)}
    others["bundle_emb.word.string_to_param.*"] = torch.ones(1, 64)  # which is not for weights
    with caplog.at_level(logging.WARNING):
        with_lora(save({up: UP, down: DOWN} | others), checkpoint.model, checkpoint.clip, 1, 1)
    (record,) = caplog.records
    assert "pixel.safetensors: 10 of 13 tensors match nothing in the U-Net and the text encoder" in record.message
    assert "lora_unet_somewhere_0.alpha" in record.message
    assert "and 4 more" in record.message


def test_a_text_encoders_part_is_no_loss_for_the_model_alone(
    checkpoint: Checkpoint, save: Save, caplog: pytest.LogCaptureFixture
) -> None:
    up, down = NAMES["kohya"]
    name = TEXT_NAMES["kohya"]
    file = save({up: UP, down: DOWN, name.replace("@", "up"): TEXT_UP, name.replace("@", "down"): TEXT_DOWN})
    with caplog.at_level(logging.WARNING):
        with_lora(file, checkpoint.model, None, 1, 0)
    assert not caplog.records


FOREIGN = {
    "Flux": "lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight",
    "Stable Diffusion 3": "diffusion_model.joint_blocks.0.x_block.attn.qkv.lora_up.weight",
    "SDXL": "lora_te2_text_model_encoder_layers_31_mlp_fc1.lora_up.weight",
    "Stable Cascade": "lora_prior_unet_down_blocks_0_1_channelwise_0.lora_up.weight",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_for_another_kind_of_model_is_refused_by_name_and_said_to_be(
    kind: str, checkpoint: Checkpoint, save: Save
) -> None:
    with pytest.raises(BadAdapter, match=rf"pixel.safetensors has nothing for the U-Net .*made for {kind}"):
        with_lora(save({FOREIGN[kind]: UP}), checkpoint.model, checkpoint.clip, 1, 1)


def test_a_file_for_a_wider_model_is_refused_with_its_key_and_both_shapes(checkpoint: Checkpoint, save: Save) -> None:
    stem = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
    file = save({f"{stem}.lora_up.weight": numbers(320, 4), f"{stem}.lora_down.weight": numbers(4, 768)})
    with pytest.raises(BadAdapter) as caught:
        with_lora(file, checkpoint.model, None, 1, 0)
    told = str(caught.value)
    assert told.startswith("pixel.safetensors does not fit this model")
    for part in (f"{stem}.lora_up.weight"[len(stem) :], "(320, 4)", "(4, 768)", "(32, 64)", stem, "Stable Diffusion 1"):
        assert part in told


@pytest.mark.parametrize(
    "parts",
    [
        {"lora_up.weight": (32, 4), "lora_down.weight": (5, 32)},
        {"hada_w1_a": (32, 4), "hada_w1_b": (4, 32), "hada_w2_a": (32, 4), "hada_w2_b": (4, 16)},
        {"lokr_w1": (4, 4), "lokr_w2": (8, 9)},
        {"oft_blocks": (5, 7, 7)},
        {"oft_blocks": (2, 5, 7, 7)},
        {"a1.weight": (16, 4), "a2.weight": (4, 16), "b1.weight": (32, 4), "b2.weight": (4, 32)},
        {"diff": (32, 31)},
        {"lora_up.weight": (32, 4), "lora_down.weight": (4, 32), "dora_scale": (7, 1)},
        {"lora_up.weight": (32, 4), "lora_down.weight": ()},
    ],
    ids=str,
)
def test_tensors_that_do_not_belong_together_are_refused(
    parts: dict[str, tuple[int, ...]], checkpoint: Checkpoint, save: Save
) -> None:
    file = save({f"lora_unet_{FLAT}.{part}": torch.zeros(shape) for part, shape in parts.items()})
    with pytest.raises(BadAdapter, match=f"pixel.safetensors does not fit this model: lora_unet_{FLAT}"):
        with_lora(file, checkpoint.model, None, 1, 0)


def test_half_a_pair_counts_for_nothing(checkpoint: Checkpoint, save: Save) -> None:
    with pytest.raises(BadAdapter, match="has nothing for the U-Net"):
        with_lora(save({NAMES["kohya"][0]: UP}), checkpoint.model, None, 1, 0)


def test_values_that_are_no_numbers_are_said_where(checkpoint: Checkpoint, save: Save) -> None:
    up, down = NAMES["kohya"]
    bad = UP.clone()
    bad[3, 2] = float("nan")
    model, _ = with_lora(save({up: bad, down: DOWN}), checkpoint.model, None, 1, 0)
    assert model is not None
    with pytest.raises(CorruptCheckpoint, match=r"pixel\.safetensors cannot be read: .*to_out_0\.lora_up\.weight"):
        model.unet.get()
    assert checkpoint.model.unet.get()  # which is still whole


def test_a_truncated_file_is_said_to_be_cut_short(checkpoint: Checkpoint, tmp_path: Path, save: Save) -> None:
    up, down = NAMES["kohya"]
    save({up: UP, down: DOWN})
    path = tmp_path / "pixel.safetensors"
    os.truncate(path, path.stat().st_size - 100)
    with pytest.raises(CorruptCheckpoint, match="cut short"):
        with_lora(open_adapter(Loader(Residency()), path), checkpoint.model, None, 1, 0)


class Touch:
    """Unpickled the trusting way, this makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_with_code_is_refused_and_not_run(checkpoint: Checkpoint, tmp_path: Path) -> None:
    trace = tmp_path / "it-ran"
    torch.save({"lora_unet.alpha": Touch(trace)}, tmp_path / "pixel.pt")
    with pytest.raises(CorruptCheckpoint, match="nothing but weights"):
        with_lora(open_adapter(Loader(Residency()), tmp_path / "pixel.pt"), checkpoint.model, None, 1, 0)
    assert not trace.exists()


def test_a_file_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        open_adapter(Loader(Residency()), tmp_path / "none.safetensors")


def test_a_checkpoint_is_no_lora(checkpoint: Checkpoint, save: Save) -> None:
    with pytest.raises(BadAdapter, match="has nothing for"):
        with_lora(save(small.checkpoint()), checkpoint.model, checkpoint.clip, 1, 1)


def test_without_a_text_encoder_the_model_is_changed_alone(checkpoint: Checkpoint, save: Save) -> None:
    up, down = NAMES["kohya"]
    none: Clip | None = None
    model, clip = with_lora(save({up: UP, down: DOWN}), checkpoint.model, none, 1, 1)
    assert model is not None
    assert clip is None


@pytest.mark.parametrize(
    ("settings", "scale"),
    [
        ({"unet.r": 4, "unet.lora_alpha": 8}, 2.0),
        ({"unet.r": 4, "unet.lora_alpha": 8, "unet.use_rslora": True}, 4.0),
        ({"unet.r": 4, "unet.lora_alpha": 8, "unet.alpha_pattern": {"attn1.to_out.0": 2}}, 0.5),
        ({"unet.r": 4, "unet.lora_alpha": 8, "unet.alpha_pattern": {"attn2.to_out.0": 2}}, 2.0),
        ({"text_encoder.r": 4, "text_encoder.lora_alpha": 8}, 1.0),
        ({"unet.r": 0, "unet.lora_alpha": "x"}, 1.0),
        ([], 1.0),
        (None, 1.0),
    ],
    ids=str,
)
def test_diffusers_may_say_alpha_in_the_metadata(
    settings: object, scale: float, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    up, down = NAMES["PEFT in diffusers"]
    told = "no JSON" if settings is None else json.dumps(settings)
    save_file({up: UP, down: DOWN}, tmp_path / "pixel.safetensors", metadata={"lora_adapter_metadata": told})
    file = open_adapter(Loader(checkpoint.model.unet.residency), tmp_path / "pixel.safetensors")
    close(difference(checkpoint, file), scale * UP @ DOWN)
