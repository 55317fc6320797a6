"""Single convolutions and pooling, seen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import conv2d, pad

from nodes import inside_unet
from nodes.diffusion.checkpoint import Checkpoint
from nodes.diffusion.inside.convolution_sheets import kernel_picture, loudest, pooled
from nodes.diffusion.inside.convolutions import Tap, in_encoder, in_unet, most_answering
from nodes.diffusion.offload import visiting
from nodes.diffusion.vae.taesd import TinyAutoencoder
from tests.fixtures import make_random
from tests.support.families import load, saved, weights
from tests.support.unets import given, random_unet

IMAGE = torch.rand(2, 48, 67, 3, generator=torch.Generator().manual_seed(0))  # cut to 64 across


@pytest.fixture(scope="module", params=("sd15", "sdxl", "sd15-inpainting"))
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path: Path = tmp_path_factory.mktemp("models") / "small.safetensors"
    return load(saved(path, weights(request.param), make_random.recipe(request.param, small=True).metadata))


def test_the_first_convolution_of_the_encoder_answers_the_picture(checkpoint: Checkpoint) -> None:
    assert checkpoint.vae
    found = in_encoder(checkpoint.vae, IMAGE, 0)
    first = checkpoint.vae.network.get().encoder.conv_in
    pixels = (IMAGE[:1, :, 1:65] * 2 - 1).movedim(-1, 1)
    wanted = conv2d(pad(pixels, (1, 1, 1, 1)), first.weight.float(), first.bias.float())
    torch.testing.assert_close(found.response, wanted[0], atol=2e-2, rtol=0)  # weights may be of 16 bits
    assert (found.name, found.kernels.shape[1:]) == ("encoder.conv_in", (3, 3, 3))
    last = in_encoder(checkpoint.vae, IMAGE, found.count - 1)
    assert last.name == "quant_conv"


def test_the_first_convolution_of_the_unet_answers_the_latent(checkpoint: Checkpoint) -> None:
    assert checkpoint.vae
    found = in_unet(checkpoint.model, checkpoint.vae, IMAGE, 0)
    first = checkpoint.model.unet.get().input_blocks[0][0]
    latent = checkpoint.model.latent_format.to_network(checkpoint.vae.encode(IMAGE[:1]))
    wanted = conv2d(latent, first.weight.float()[:, :4], first.bias.float(), padding=1)
    torch.testing.assert_close(found.response, wanted[0], atol=2e-2, rtol=0)
    assert in_unet(checkpoint.model, checkpoint.vae, IMAGE, found.count - 1).name == "out.2"


def test_a_layer_that_is_not_there_is_an_error(checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError, match=r"layer: the VAE encoder has (\d+) convolutions, 0 to \d+, and no 500"):
        inside_unet.conv_features(checkpoint.vae, IMAGE, layer=500)
    with pytest.raises(ValueError, match="layer: the U-Net has"):
        inside_unet.conv_features(checkpoint.vae, IMAGE, "U-Net", 500, model=checkpoint.model)
    with pytest.raises(ValueError, match="model: the U-Net's convolutions need a model"):
        inside_unet.conv_features(checkpoint.vae, IMAGE, "U-Net")


def test_every_convolution_can_be_shown(checkpoint: Checkpoint) -> None:
    for part, layer in (("VAE encoder", 0), ("VAE encoder", 3), ("U-Net", 0), ("U-Net", 5)):
        shown = inside_unet.conv_features(checkpoint.vae, IMAGE, part, layer, 3, model=checkpoint.model)  # type: ignore[arg-type]
        assert [each.shape[-1] for each in shown] == [3, 3]


def test_listening_leaves_a_network_alone() -> None:
    """Its tensors are shared, its hooks are not; blocks that visit a device do so all the same."""
    unet = random_unet()
    calls = []
    plain = unet(given())
    visited = visiting(unet, lambda tensor: (calls.append(1), tensor.clone())[1])
    tap = Tap(2)
    assert torch.equal(tap.on(visited)(given()), plain)
    assert calls
    heard = tap.heard("U-Net")
    assert (heard.name, heard.number) == ("input_blocks.1.0.out_layers.3", 2)
    assert torch.equal(unet(given()), plain)
    assert torch.equal(heard.kernels, unet.get_submodule(heard.name).weight)


def test_a_tiny_autoencoder_is_listened_to_as_well() -> None:
    tap = Tap(0)
    tap.on(TinyAutoencoder(0.18215)).encode(torch.zeros(1, 3, 16, 16))
    assert tap.heard("VAE encoder").name == "encoder.0"


def test_the_most_active_filters_vary_most() -> None:
    response = torch.rand(4, 8, 8) * torch.tensor([1.0, 9.0, 3.0, 0.0])[:, None, None]
    assert most_answering(response, 3) == [1, 2, 0]


def test_pooling_takes_the_mean_and_the_largest() -> None:
    picture = torch.rand(9, 6, 3)
    average, most = pooled(picture, 4)
    assert average.shape == most.shape == (2, 1, 3)
    square = picture[4:8, :4].flatten(0, 1)
    torch.testing.assert_close(average[1, 0], square.mean(0))
    assert torch.equal(most[1, 0], square.amax(0))
    with pytest.raises(ValueError, match="image: 6x9 is too small for pooling by 8x8"):
        pooled(picture, 8)


def test_a_kernel_of_three_channels_is_a_colour_picture() -> None:
    kernel = torch.zeros(3, 3, 3)
    kernel[0, 1, 1] = -2.0
    picture = kernel_picture(kernel)
    assert picture.shape == (96, 96, 3)
    assert picture[48, 48].tolist() == [0.0, 0.5, 0.5]
    assert picture[0, 0].tolist() == [0.5] * 3
    assert kernel_picture(torch.rand(7, 3, 3)).shape == (48, 4 * 48 + 3 * 2, 3)


def test_bright_is_where_a_filter_answers_most() -> None:
    response = torch.zeros(10, 10)
    response[2, 3], response[7, 7] = -5.0, 4.0
    lit = (loudest(torch.ones(10, 10, 3), response) > 0.9).all(-1).nonzero().tolist()
    assert lit == [[2, 3], [7, 7]]
