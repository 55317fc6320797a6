"""Files of networks that steer a U-Net: good ones, and every kind of bad one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nodes.controlnets import set_union_controlnet_type
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.controlnet.adapter import AdapterConfig, AdapterNetwork, T2IAdapter
from nodes.diffusion.controlnet.control import Net, steer
from nodes.diffusion.controlnet.loading import load_control
from nodes.diffusion.controlnet.network import ControlConfig, ControlNet, ControlNetwork
from nodes.diffusion.controlnet.union import UnionNetwork
from nodes.diffusion.errors import CorruptCheckpoint, MissingWeights, UnknownCheckpoint
from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.latent import SD15
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.model import Model
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from tests.support.fakes import denoiser
from tests.support.parity import randomized, saved, seeded

CONFIG = UNetConfig(
    levels=(Level(32, 1, 1), Level(64, 1, 1)), middle_depth=1, model_channels=32, context_dim=16, groups=8
)
HINT = (3, 4, 4, 8, 8, 8, 8, 8)
GROUPS = {"unet.norm_groups": "8"}


def load(path: Path, model: Model | None = None) -> Net:
    return load_control(Loader(Residency()), path, model)


def model_of(config: UNetConfig = CONFIG) -> Model:
    unet = randomized(UNet(config))
    return Model(Lazy(lambda: unet, Residency(), torch.float32, torch.device("cpu")), Prediction.eps(), SD15)


def controlnet(config: UNetConfig = CONFIG) -> dict[str, Tensor]:
    return dict(randomized(ControlNetwork(ControlConfig(config, HINT))).state_dict())


def asked(config: UNetConfig = CONFIG) -> Inputs:
    generator = seeded(1)
    x, context = (
        torch.randn(2, 4, 8, 8, generator=generator),
        torch.randn(2, 5, config.context_dim, generator=generator),
    )
    return Inputs(x, torch.tensor([7.0, 981.0]), context)


def added(net: Net, config: UNetConfig = CONFIG) -> Residuals:
    hint = torch.rand(2, 3, 64, 64, generator=seeded(2))
    with torch.device("meta"):
        unet = UNet(config)
    return net.residuals(net.prepared(hint), asked(config), unet)


def middle(net: Net) -> Tensor:
    found = added(net).middle
    assert found is not None
    return found


# Good files


@pytest.mark.parametrize("prefix", ["", "control_model."], ids=["bare", "with a prefix"])
def test_a_controlnet_adds_to_each_skip_and_to_the_bottleneck(prefix: str, tmp_path: Path) -> None:
    weights = {prefix + name: tensor for name, tensor in controlnet().items()}
    found = added(load(saved(weights, tmp_path / "control.safetensors", **GROUPS)))
    shapes = [None if each is None else tuple(each.shape) for each in found.down]
    assert shapes == [(2, 32, 8, 8), (2, 32, 8, 8), (2, 32, 4, 4), (2, 64, 4, 4)]
    assert found.middle is not None
    assert found.middle.shape == (2, 64, 4, 4)


def test_a_pickle_will_do(tmp_path: Path) -> None:
    path = tmp_path / "control.pth"
    torch.save({"state_dict": controlnet()}, path)
    assert isinstance(load(path), ControlNet)


def test_one_for_shuffled_pictures_adds_the_same_everywhere(tmp_path: Path) -> None:
    found = middle(load(saved(controlnet(), tmp_path / "control_shuffle.safetensors", **GROUPS)))
    assert found.shape == (2, 64, 1, 1)


def test_differences_are_added_to_the_models_weights(tmp_path: Path) -> None:
    model, whole = model_of(), controlnet()
    base = model.unet.get().state_dict()
    shared = whole.keys() & base.keys()
    assert len(shared) > 20
    less = {name: tensor - base[name] if name in shared else tensor for name, tensor in whole.items()}
    less["difference"] = torch.zeros(1)
    wanted = load(saved(whole, tmp_path / "whole.safetensors", **GROUPS))
    path = saved(less, tmp_path / "less.safetensors", **GROUPS)
    torch.testing.assert_close(middle(load(path, model)), middle(wanted), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"less\.safetensors holds differences .* DiffControlNetLoader"):
        load(path)


def test_a_model_is_not_changed_by_differences_to_it(tmp_path: Path) -> None:
    model = model_of()
    before = {name: tensor.clone() for name, tensor in model.unet.get().state_dict().items()}
    path = saved({**controlnet(), "difference": torch.zeros(1)}, tmp_path / "less.safetensors", **GROUPS)
    added(load(path, model))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.unet.get().state_dict().items())


def test_a_union_controlnet_is_told_the_kind_of_picture(tmp_path: Path) -> None:
    network = randomized(UnionNetwork(ControlConfig(CONFIG, HINT, tasks=6)))
    net = load(saved(dict(network.state_dict()), tmp_path / "union.safetensors", **GROUPS))
    kinds = [set_union_controlnet_type(net, kind) for kind in ("auto", "openpose", "segment")]
    found = [middle(each) for each in kinds]
    assert torch.equal(found[0], middle(net))
    assert not torch.allclose(found[0], found[1])
    assert not torch.allclose(found[1], found[2])
    with pytest.raises(ValueError, match=r"union\.safetensors tells kinds 0 to 5 apart, so it has no kind 7"):
        set_union_controlnet_type(net, "repaint")


def test_only_union_controlnets_are_told_a_kind(tmp_path: Path) -> None:
    net = load(saved(controlnet(), tmp_path / "control.safetensors", **GROUPS))
    assert set_union_controlnet_type(net, "auto") is not None
    with pytest.raises(ValueError, match="no kinds of hints apart"):
        set_union_controlnet_type(net, "depth")


def control_lora(model: Model, whole: dict[str, Tensor]) -> dict[str, Tensor]:
    """A file that makes ``whole`` out of a model: changes of full rank, but norms and biases as they are."""
    base = model.unet.get().state_dict()
    weights = {"lora_controlnet": torch.zeros(0)}
    for name, tensor in whole.items():
        if name not in base or tensor.ndim < 2:
            weights[name] = tensor
            continue
        stem, rank = name.removesuffix(".weight"), len(tensor)
        weights[f"{stem}.up"] = torch.eye(rank).reshape(rank, rank, *(1,) * (tensor.ndim - 2))
        weights[f"{stem}.down"] = tensor - base[name]
    return weights


def steered(net: Net, model: Model) -> Tensor:
    found = net.residuals(net.prepared(torch.rand(2, 3, 64, 64, generator=seeded(2))), asked(), model.unet.get()).middle
    assert found is not None
    return found


def test_a_control_lora_is_changes_of_the_model_that_it_steers(tmp_path: Path) -> None:
    model, whole = model_of(), controlnet()
    wanted = load(saved(whole, tmp_path / "whole.safetensors", **GROUPS))
    lora = load(saved(control_lora(model, whole), tmp_path / "lora.safetensors"))
    torch.testing.assert_close(steered(lora, model), steered(wanted, model), rtol=1e-4, atol=1e-4)


def test_what_a_control_lora_does_not_change_is_the_models(tmp_path: Path) -> None:
    model, whole = model_of(), controlnet()
    base = model.unet.get().state_dict()
    same = {name: base.get(name, tensor) for name, tensor in whole.items()}
    wanted = load(saved(same, tmp_path / "whole.safetensors", **GROUPS))
    own = {name: tensor for name, tensor in whole.items() if name not in base}
    lora = load(saved({**own, "lora_controlnet": torch.zeros(0)}, tmp_path / "lora.safetensors"))
    torch.testing.assert_close(steered(lora, model), steered(wanted, model), rtol=1e-4, atol=1e-4)


def test_a_control_lora_meets_several_models(tmp_path: Path) -> None:
    one, other, whole = model_of(), model_of(), controlnet()
    with torch.no_grad():
        other.unet.get().time_embed[0].weight.mul_(2)
    lora = load(saved(control_lora(one, whole), tmp_path / "lora.safetensors"))
    assert not torch.allclose(steered(lora, one), steered(lora, other))
    assert torch.equal(steered(lora, one), steered(lora, one))


def test_an_adapter_adds_where_each_level_ends(tmp_path: Path) -> None:
    network = randomized(AdapterNetwork(AdapterConfig((32, 64))))
    found = added(load(saved(dict(network.state_dict()), tmp_path / "adapter.safetensors")))
    shapes = [None if each is None else tuple(each.shape) for each in found.inner]
    assert shapes == [None, (2, 32, 8, 8), None, (2, 64, 4, 4)]
    assert found.down == ()


@torch.no_grad()
def test_a_sampling_is_steered_from_a_file_to_the_estimate(tmp_path: Path) -> None:
    """Also for a latent and an area of odd sizes."""
    model, x = model_of(), torch.randn(2, 4, 9, 7, generator=seeded(3))
    words = [[torch.randn(1, 5, 16, generator=seeded(4)), {"area": (5, 5, 0, 1)}], [torch.zeros(1, 5, 16), {}]]
    net = load(saved(controlnet(), tmp_path / "control.safetensors", **GROUPS))
    image = torch.rand(1, 50, 70, 3, generator=seeded(5))

    def estimate(strength: float) -> Tensor:
        return denoiser(model, steer(words, net, image, strength), words, 2.0, (9, 7))(x, torch.tensor(2.0))

    plain = denoiser(model, words, words, 2.0, (9, 7))(x, torch.tensor(2.0))
    assert torch.equal(estimate(0.0), plain)
    assert (estimate(1.0) - plain).abs().max() > 0.01
    assert (estimate(1e-4) - plain).abs().max() < 0.01


# Bad files


def test_a_controlnet_for_another_family_names_both(tmp_path: Path) -> None:
    other = replace(CONFIG, context_dim=24)
    net = load(saved(controlnet(other), tmp_path / "sdxl-canny.safetensors", **GROUPS))
    own = r"sdxl-canny\.safetensors is a ControlNet for a U-Net \(text 24 wide, levels of 32, 64 channels\)"
    said = own + r", but the model is .*\(text 16 wide"
    with pytest.raises(ValueError, match=said):
        added(net)


def test_a_control_lora_for_another_model_names_both(tmp_path: Path) -> None:
    lora = load(saved(control_lora(model_of(), controlnet()), tmp_path / "lora.safetensors"))
    other = model_of(replace(CONFIG, levels=(Level(32, 1, 1), Level(32, 1, 1))))
    with pytest.raises(ValueError, match=r"lora\.safetensors is a Control-LoRA for another model: .* levels of 32, 32"):
        steered(lora, other)


def test_families_are_named_by_the_width_of_their_text(tmp_path: Path) -> None:
    net = load(saved(controlnet(replace(CONFIG, context_dim=2048)), tmp_path / "xl.safetensors", **GROUPS))
    sd1 = replace(CONFIG, context_dim=768)
    with pytest.raises(ValueError, match=r"for Stable Diffusion XL .* but the model is Stable Diffusion 1\.x"):
        added(net, sd1)


def test_an_adapter_for_another_family_names_both(tmp_path: Path) -> None:
    network = AdapterNetwork(AdapterConfig((32, 64, 64)))
    net = load(saved(dict(network.state_dict()), tmp_path / "pose.safetensors"))
    with pytest.raises(ValueError, match=r"pose\.safetensors is a T2I-Adapter for .*\(levels of 32, 64, 64"):
        added(net)


def test_a_vector_that_is_missing_is_named(tmp_path: Path) -> None:
    net = load(saved(controlnet(replace(CONFIG, vector_dim=12)), tmp_path / "xl.safetensors", **GROUPS))
    with pytest.raises(ValueError, match=r"xl\.safetensors takes a vector 12 wide .* has None"):
        added(net)


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = saved(controlnet(), tmp_path / "control.safetensors", **GROUPS)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptCheckpoint, match=r"control\.safetensors cannot be read"):
        load(path)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = saved({"first_stage_model.encoder.conv_in.weight": torch.zeros(1)}, tmp_path / "vae.safetensors")
    with pytest.raises(UnknownCheckpoint, match=r"vae\.safetensors is no model we know"):
        load(path)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("zero_convs.1.0.bias", "zero_convs.1.0.bias is missing"),
        ("middle_block.0.in_layers.2.weight", "middle_block.0.in_layers.2.weight is missing"),
        ("input_blocks.0.0.weight", "input_blocks.0.0.weight is missing"),
    ],
)
def test_a_tensor_that_is_missing_is_named(lost: str, said: str, tmp_path: Path) -> None:
    weights = controlnet()
    del weights[lost]
    with pytest.raises(MissingWeights, match=said):
        load(saved(weights, tmp_path / "control.safetensors", **GROUPS))


def test_differences_to_a_model_of_other_measures_are_refused(tmp_path: Path) -> None:
    weights = {**controlnet(), "difference": torch.zeros(1)}
    net = load(saved(weights, tmp_path / "less.safetensors", **GROUPS), model_of(replace(CONFIG, context_dim=24)))
    with pytest.raises(MissingWeights, match=r"less\.safetensors: the ControlNet of differences .* and the model's"):
        added(net)


def test_an_adapter_of_no_known_measures_is_refused(tmp_path: Path) -> None:
    weights = {f"body.{n}.block1.weight": torch.zeros(4, 4, 3, 3) for n in range(2)}
    weights["conv_in.weight"] = torch.zeros(4, 768, 3, 3)
    with pytest.raises(MissingWeights, match="an adapter for SDXL has 4 levels, this has 1"):
        load(saved(weights, tmp_path / "adapter.safetensors"))


def test_an_adapter_is_told_no_kind(tmp_path: Path) -> None:
    adapter = load(saved(dict(AdapterNetwork(AdapterConfig((32, 64))).state_dict()), tmp_path / "adapter.safetensors"))
    assert isinstance(adapter, T2IAdapter)
    with pytest.raises(ValueError, match="T2I-Adapter takes one kind"):
        set_union_controlnet_type(adapter, "depth")
