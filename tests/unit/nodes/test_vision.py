"""Pictures as prompts: CLIP vision, style models, IP-Adapters and boxes, from files to estimates."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.codec import size
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.errors import CorruptCheckpoint, MissingWeights, UnknownCheckpoint
from nodes.diffusion.extras import Wish
from nodes.diffusion.gligen.handle import Box, Gligen, corners_in, load_gligen, with_box
from nodes.diffusion.gligen.network import GligenConfig, GligenNetwork
from nodes.diffusion.ip_adapter.handle import IPAdapter, load_ip_adapter, with_pictures
from nodes.diffusion.ip_adapter.network import IPAdapterConfig, IPAdapterNetwork, ResamplerConfig
from nodes.diffusion.latent import SD15
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.model import Model
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.regions import Area
from nodes.diffusion.unet.config import Level, UNetConfig
from nodes.diffusion.unet.model import UNet
from nodes.diffusion.vision.clip import ClipVision, prepared
from nodes.diffusion.vision.loading import load_style, load_unclip, load_vision
from nodes.diffusion.vision.network import ClipVisionNetwork, ClipVisionOutput, VisionConfig
from nodes.diffusion.vision.style import StyleConfig, StyleModel, StyleNetwork, styled
from nodes.diffusion.vision.unclip import Unclip
from nodes.vision import encode_image, unclip_conditioning
from tests.support.fakes import denoiser
from tests.support.parity import randomized, saved, seeded

CONFIG = UNetConfig(
    levels=(Level(32, 1, 1), Level(64, 1, 1)), middle_depth=1, model_channels=32, context_dim=16, groups=8
)
WIDTHS = ((1, 32), (3, 64), (5, 64), (7, 64), (9, 32), (11, 32), (13, 64))
VISION = VisionConfig(width=64, layers=2, heads=1, inner=48, patch=7, image_size=14, projection=20)
GROUPS = {"unet.norm_groups": "8"}
SIGMA = torch.tensor(2.0)


@pytest.fixture(scope="module")
def model() -> Model:
    unet = randomized(UNet(CONFIG))
    return Model(Lazy(lambda: unet, Residency(), torch.float32, torch.device("cpu")), Prediction.eps(), SD15)


@pytest.fixture(scope="module")
def vision(tmp_path_factory: pytest.TempPathFactory) -> ClipVision:
    weights = dict(randomized(ClipVisionNetwork(VISION)).state_dict())
    return load_vision(Loader(Residency()), saved(weights, tmp_path_factory.mktemp("vision") / "vision.safetensors"))


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, IPAdapter]:
    """A plain one in a pickle of two dicts, as they are published, and a plus one."""
    folder = tmp_path_factory.mktemp("ipadapter")
    plain = randomized(IPAdapterNetwork(IPAdapterConfig(20, 16, WIDTHS))).state_dict()
    parts: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, tensor in plain.items():
        part, rest = name.split(".", 1)
        parts[part][rest] = tensor
    torch.save(parts, folder / "plain.bin")
    resampler = ResamplerConfig(queries=3, width=32, layers=2, inner=64, heads=1)
    plus = randomized(IPAdapterNetwork(IPAdapterConfig(64, 16, WIDTHS, resampler))).state_dict()
    saved(dict(plus), folder / "plus.safetensors")
    loader = Loader(Residency())
    return {path.stem: load_ip_adapter(loader, path) for path in folder.iterdir()}


def called(place: str) -> str:
    """What we call the fuser of a block."""
    return place.replace("_blocks.", "_").replace("_block", "_0") + "_0"


@pytest.fixture(scope="module")
def gligen(tmp_path_factory: pytest.TempPathFactory) -> Gligen:
    places = [("input_blocks.1", 32), ("input_blocks.3", 64), ("middle_block", 64)]
    places += [(f"output_blocks.{n}", 64 if n < 2 else 32) for n in range(4)]
    keys = tuple(sorted((called(place), width) for place, width in places))
    network = randomized(GligenNetwork(GligenConfig(text=16, inner=24, out=16, widths=keys)))
    weights = dict[str, Tensor]()
    for name, tensor in network.state_dict().items():
        _, key, rest = name.split(".", 2) if name.startswith("fusers.") else ("", "", "")
        place = next((place for place, _ in places if called(place) == key), "")
        weights[f"{place}.1.transformer_blocks.0.fuser.{rest}" if place else name] = tensor
    return load_gligen(Loader(Residency()), saved(weights, tmp_path_factory.mktemp("gligen") / "boxes.safetensors"))


def words(value: float = 1.0, **fields: Any) -> list[list[Any]]:
    return [[torch.full((1, 5, 16), value), fields]]


def noisy(batch: int = 1) -> Tensor:
    return torch.randn(batch, 4, 8, 8, generator=seeded(3))


@torch.no_grad()
def denoised(model: Model, positive: list[Any], negative: list[Any], cfg: float = 1.0, batch: int = 1) -> Tensor:
    return denoiser(model, positive, negative, cfg, (8, 8))(noisy(batch), SIGMA)


def pictures(count: int = 1, size: tuple[int, int] = (14, 14)) -> Tensor:
    return torch.rand(count, *size, 3, generator=seeded(6))


# Looking at pictures


def test_a_picture_is_cut_to_its_middle_or_squeezed() -> None:
    wide = torch.zeros(1, 28, 84, 3)
    wide[:, :, 28:56] = 1
    assert prepared(wide, 14, crop=True)[..., 2:-2].min() == 1  # but for the edge, where bicubic weights reach out
    squeezed = prepared(wide, 14, crop=False)[0, 0, 7]
    assert (squeezed > 0.5).nonzero().flatten().tolist() == [5, 6, 7, 8]  # a third of 14


def test_pixels_are_whole_255ths() -> None:
    pixels = prepared(pictures(size=(31, 17)) * 1.2, 14, crop=True) * 255
    torch.testing.assert_close(pixels, pixels.round())
    assert pixels.min() >= 0
    assert pixels.max() <= 255


@pytest.mark.parametrize("crop", ["center", "none"])
@pytest.mark.parametrize("sides", [(14, 14), (9, 40), (1, 1)], ids=str)
def test_pictures_of_any_size_are_looked_at(sides: tuple[int, int], crop: Any, vision: ClipVision) -> None:
    seen = encode_image(vision, pictures(2, sides), crop)
    assert seen.last_hidden_state.shape == seen.penultimate_hidden_states.shape == (2, 5, 64)
    assert seen.image_embeds.shape == (2, 20)


def test_a_file_without_a_vision_transformer_is_refused(tmp_path: Path) -> None:
    path = saved({"text_model.final_layer_norm.weight": torch.zeros(4)}, tmp_path / "text.safetensors")
    with pytest.raises(UnknownCheckpoint, match=r"text\.safetensors .* CLIP's vision transformer"):
        load_vision(Loader(Residency()), path)


def test_a_vision_transformer_that_lacks_a_tensor_names_it(tmp_path: Path) -> None:
    weights = dict(ClipVisionNetwork(VISION).state_dict())
    del weights["vision_model.post_layernorm.bias"]
    with pytest.raises(MissingWeights, match=r"vision_model\.post_layernorm\.bias is missing"):
        load_vision(Loader(Residency()), saved(weights, tmp_path / "vision.safetensors"))


# Style models


def style_model(width: int = 64) -> StyleModel:
    config = StyleConfig(width=width, tokens=3, layers=1, context_dim=16)
    network = randomized(StyleNetwork(config))
    return StyleModel("style", Lazy(lambda: network, Residency(), torch.float32, torch.device("cpu")), config)


def test_style_tokens_come_behind_the_words(vision: ClipVision) -> None:
    tokens = style_model().tokens(vision.encode(pictures(2)))
    assert tokens.shape == (1, 6, 16)
    ((context, fields),) = styled(words(strength=2.0), tokens, 0.5, bias=False)
    torch.testing.assert_close(context, torch.cat((words()[0][0], tokens * 0.5), 1))
    assert fields == {"strength": 2.0}


def test_style_attended_to_twice_as_much_is_as_style_said_twice(model: Model) -> None:
    """Softmax with a bias of log 2 counts a token twice. The negative words lie beside it, repeated or not."""
    tokens = torch.randn(1, 3, 16, generator=seeded(0))
    doubled = styled(styled(words(), tokens, 1.0, bias=False), tokens, 1.0, bias=False)
    found = denoised(model, styled(words(), tokens, 2.0, bias=True), words(0.5), cfg=3.0)
    torch.testing.assert_close(found, denoised(model, doubled, words(0.5), cfg=3.0), rtol=1e-4, atol=1e-4)


def test_style_biases_of_two_pictures_stay_with_their_tokens(model: Model) -> None:
    one, two = torch.randn(2, 1, 3, 16, generator=seeded(0))
    biased = styled(styled(words(), one, 0.0, bias=True), two, 1.0, bias=True)
    plain = styled(words(), two, 1.0, bias=False)
    torch.testing.assert_close(denoised(model, biased, []), denoised(model, plain, []), rtol=1e-4, atol=1e-4)


def test_a_style_model_for_another_vision_transformer_names_both(vision: ClipVision) -> None:
    with pytest.raises(ValueError, match="style takes features 96 wide, but the picture's are 64 wide"):
        style_model(96).tokens(vision.encode(pictures()))


def test_a_file_without_a_style_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownCheckpoint, match="style adapter"):
        load_style(Loader(Residency()), saved({"a": torch.zeros(1)}, tmp_path / "no.safetensors"))


# IP-Adapters


@pytest.mark.parametrize("kind", ["plain", "plus"])
def test_a_model_sees_pictures_where_it_is_guided_to(
    kind: str, model: Model, vision: ClipVision, adapters: dict[str, IPAdapter]
) -> None:
    seeing = with_pictures(model, adapters[kind], vision, pictures(), 0.8)
    both, plain = words(), words(0.5)
    assert not torch.allclose(denoised(seeing, both, plain), denoised(model, both, plain), atol=1e-3)
    positive_of_others = with_pictures(model, adapters[kind], vision, 1 - pictures(), 0.8)
    differ = denoised(seeing, both, plain) - denoised(positive_of_others, both, plain)
    assert differ.abs().max() > 1e-3
    torch.testing.assert_close(  # at scale 0 there is only the negative list, which sees no picture
        denoised(seeing, both, plain, cfg=0.0), denoised(positive_of_others, both, plain, cfg=0.0)
    )


def test_pictures_count_as_much_as_their_weight_says(
    model: Model, vision: ClipVision, adapters: dict[str, IPAdapter]
) -> None:
    assert with_pictures(model, adapters["plain"], vision, pictures(), 0.0) is model
    little = denoised(with_pictures(model, adapters["plain"], vision, pictures(), 1e-5), words(), [])
    torch.testing.assert_close(little, denoised(model, words(), []), rtol=1e-3, atol=1e-3)


def test_pictures_are_seen_for_a_part_of_the_sampling(
    model: Model, vision: ClipVision, adapters: dict[str, IPAdapter]
) -> None:
    early = with_pictures(model, adapters["plain"], vision, pictures(), 1.0, 0.0, 0.2)
    late = with_pictures(model, adapters["plain"], vision, pictures(), 1.0, 0.2, 1.0)
    plain = denoised(model, words(), [])
    assert torch.equal(denoised(early, words(), []), plain)  # at sigma 2, after the first fifth
    assert not torch.allclose(denoised(late, words(), []), plain, atol=1e-3)


def test_several_adapters_add_up_in_any_order(model: Model, vision: ClipVision, adapters: dict[str, IPAdapter]) -> None:
    one, two = adapters["plain"], adapters["plus"]
    first = with_pictures(with_pictures(model, one, vision, pictures(), 0.5), two, vision, pictures(), 0.25)
    second = with_pictures(with_pictures(model, two, vision, pictures(), 0.25), one, vision, pictures(), 0.5)
    found = denoised(first, words(), words(0.5), cfg=3.0, batch=2)
    torch.testing.assert_close(found, denoised(second, words(), words(0.5), cfg=3.0, batch=2), rtol=1e-4, atol=1e-4)


def test_an_adapter_for_another_vision_transformer_names_both(
    vision: ClipVision, adapters: dict[str, IPAdapter]
) -> None:
    other = replace(adapters["plain"], config=replace(adapters["plain"].config, features=30))
    with pytest.raises(ValueError, match=r"plain\.bin takes features 30 wide, but those of vision\.safetensors are 20"):
        other.tokens(vision, pictures())


def test_an_adapter_for_another_family_names_both(vision: ClipVision, adapters: dict[str, IPAdapter]) -> None:
    deeper = replace(CONFIG, middle_depth=2)
    unet = randomized(UNet(deeper))
    other = Model(Lazy(lambda: unet, Residency(), torch.float32, torch.device("cpu")), Prediction.eps(), SD15)
    seeing = with_pictures(other, adapters["plain"], vision, pictures(), 1.0)
    with pytest.raises(ValueError, match=r"plain\.bin is an IP-Adapter for U-Nets with 7 .* but the model has 8"):
        denoised(seeing, words(), [])


def test_kinds_of_adapters_that_are_not_known_are_refused(tmp_path: Path) -> None:
    weights = {"ip_adapter.1.to_k_ip.weight": torch.zeros(4, 4), "image_proj.proj.3.weight": torch.zeros(4)}
    with pytest.raises(MissingWeights, match="neither a plain IP-Adapter nor a plus one"):
        load_ip_adapter(Loader(Residency()), saved(weights, tmp_path / "face.safetensors"))


def test_an_adapter_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.bin"
    torch.save({"image_proj": {"proj.weight": torch.zeros(64)}}, path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CorruptCheckpoint, match=r"short\.bin"):
        load_ip_adapter(Loader(Residency()), path)


# Boxes


def boxed(gligen: Gligen, *boxes: tuple[int, int, int, int], **fields: Any) -> list[list[Any]]:
    conditioning = words(**fields)
    for n, box in enumerate(boxes):
        conditioning = with_box(conditioning, gligen, Box(torch.full((1, 16), n + 1.0), *box))
    return conditioning


def test_a_box_changes_what_is_painted_for_the_words_that_carry_it(model: Model, gligen: Gligen) -> None:
    plain = denoised(model, words(), words(0.5))
    left = denoised(model, boxed(gligen, (8, 4, 0, 0)), words(0.5))
    right = denoised(model, boxed(gligen, (8, 4, 0, 4)), words(0.5))
    assert not torch.allclose(plain, left, atol=1e-3)
    assert not torch.allclose(left, right, atol=1e-4)
    negative = denoised(model, boxed(gligen, (8, 4, 0, 0)), words(0.5), cfg=0.0)
    torch.testing.assert_close(negative, denoised(model, words(), words(0.5), cfg=0.0))


def test_words_with_as_many_boxes_share_a_call(model: Model, gligen: Gligen) -> None:
    calls = []

    def counting(inputs: Any) -> Tensor:
        calls.append(len(inputs))
        return model.network(inputs)

    denoised(model.through(counting), boxed(gligen, (8, 4, 0, 0)), boxed(gligen, (4, 4, 0, 0), (2, 2, 2, 2)), cfg=2.0)
    assert calls == [2]


def test_an_area_sees_boxes_from_where_it_is() -> None:
    box = Box(torch.zeros(1, 16), 4, 2, 2, 5)
    assert corners_in(box, Area(8, 8, 0, 0)) == (5 / 8, 2 / 8, 7 / 8, 6 / 8)
    assert corners_in(box, Area(4, 4, 4, 4)) == (1 / 4, 0, 3 / 4, 2 / 4)


def test_boxes_are_added_to_copies(gligen: Gligen) -> None:
    one = boxed(gligen, (8, 4, 0, 0))
    two = with_box(one, gligen, Box(torch.zeros(1, 16), 1, 1, 1, 1))
    assert [len(each[0][1]["gligen"].boxes) for each in (one, two)] == [1, 2]


def test_more_boxes_than_were_trained_are_refused(gligen: Gligen) -> None:
    with pytest.raises(ValueError, match=r"boxes\.safetensors knows what to do with 30 boxes, and was given 31"):
        boxed(gligen, *[(1, 1, 0, 0)] * 31)


def test_phrases_of_another_text_encoder_are_refused(gligen: Gligen) -> None:
    with pytest.raises(ValueError, match=r"boxes\.safetensors takes phrases 16 wide, but the text encoder's are 24"):
        with_box(words(), gligen, Box(torch.zeros(1, 24), 1, 1, 0, 0))


def test_boxes_for_another_model_name_the_file(gligen: Gligen) -> None:
    unet = randomized(UNet(replace(CONFIG, levels=(Level(64, 1, 1), Level(64, 1, 1)), model_channels=64)))
    other = Model(Lazy(lambda: unet, Residency(), torch.float32, torch.device("cpu")), Prediction.eps(), SD15)
    with pytest.raises(ValueError, match=r"boxes\.safetensors is a GLIGEN for .* nothing 64 wide for layer 0 of input"):
        denoised(other, boxed(gligen, (8, 4, 0, 0)), [])


def test_a_file_without_boxes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownCheckpoint, match="GLIGEN for text boxes"):
        load_gligen(Loader(Residency()), saved({"a": torch.zeros(1)}, tmp_path / "no.safetensors"))


def test_caches_weigh_what_a_picture_shows(vision: ClipVision) -> None:
    assert size([vision.encode(pictures())]) == pytest.approx(4 * (2 * 5 * 64 + 20), abs=500)


# unCLIP


def seen(*values: float) -> ClipVisionOutput:
    return ClipVisionOutput(torch.zeros(1, 1, 1), torch.tensor([values]), torch.zeros(1, 1, 1))


def told(unclip: Unclip, conditioning: list[list[Any]]) -> Tensor:
    return unclip.vector(Wish(conditioning[0][1], 8, 8, 0))


def test_pictures_of_unclip_count_by_their_strength() -> None:
    unclip = Unclip(torch.zeros(2), torch.ones(2))
    one = unclip_conditioning(words(), seen(3.0, 4.0), 2.0, 0.0)
    torch.testing.assert_close(told(unclip, one)[0, :2], torch.tensor([6.0, 8.0]), rtol=0, atol=0.05)
    two = unclip_conditioning(one, seen(1.0, 1.0), -1.0, 0.0)
    torch.testing.assert_close(told(unclip, two)[0, :2], torch.tensor([5.0, 7.0]), rtol=0, atol=0.05)


def test_without_a_picture_unclip_is_told_nothing() -> None:
    unclip = Unclip(torch.zeros(2), torch.ones(2))
    assert told(unclip, unclip_conditioning(words(), seen(3.0, 4.0), 0.0, 0.5)).unique().tolist() == [0]


def test_noise_blurs_what_a_picture_shows() -> None:
    unclip = Unclip(torch.zeros(2), torch.ones(2))
    vectors = [told(unclip, unclip_conditioning(words(), seen(9.0, 9.0), 1.0, n)) for n in (0.0, 0.5, 1.0)]
    assert [vector[0, 0].item() for vector in vectors] == pytest.approx([9, 9 * 0.7, 0], abs=2)
    assert torch.equal(vectors[1], told(unclip, unclip_conditioning(words(), seen(9.0, 9.0), 1.0, 0.5)))


def test_unclip_names_a_picture_of_another_width() -> None:
    with pytest.raises(ValueError, match="takes pictures as 3 numbers, not 2"):
        told(Unclip(torch.zeros(3), torch.ones(3)), unclip_conditioning(words(), seen(1.0, 1.0), 1.0, 0.0))


def unclip_file(path: Path, *without: str) -> Path:
    """A model, the vision transformer beside it, and the spread of what that gives."""
    parts = {"model.diffusion_model.": UNet(CONFIG), "": ClipVisionNetwork(VISION)}
    weights = {prefix + name: t for prefix, part in parts.items() for name, t in part.state_dict().items()}
    weights |= {"noise_augmentor.data_mean": torch.zeros(1, 20), "noise_augmentor.data_std": torch.ones(1, 20)}
    return saved({name: t for name, t in weights.items() if not name.startswith(without)}, path, **GROUPS)


def test_an_unclip_checkpoint_tells_its_model_what_its_vision_transformer_sees(tmp_path: Path) -> None:
    loaded = load_unclip(Loader(Residency()), unclip_file(tmp_path / "unclip.safetensors", "nothing"))
    telling = loaded.checkpoint.model.extras.vector
    assert telling is not None
    output = loaded.vision.encode(pictures())
    conditioning = unclip_conditioning(words(), output, 1.0, 0.0)
    vector = telling(Wish(conditioning[0][1], 8, 8, 0))
    assert vector is not None
    torch.testing.assert_close(vector[:, :20], output.image_embeds, rtol=0.01, atol=0.05)


@pytest.mark.parametrize("lost", ["vision_model.", "noise_augmentor.data_std"])
def test_an_unclip_checkpoint_that_lacks_a_part_is_refused(lost: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownCheckpoint, match=r"plain\.safetensors .* Stable Diffusion 2\.1 unCLIP"):
        load_unclip(Loader(Residency()), unclip_file(tmp_path / "plain.safetensors", lost))
