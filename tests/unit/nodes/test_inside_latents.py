"""Latents as pictures, and walks between latents, noises and prompts."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes.diffusion.inside.latent_view import psnr, told
from nodes.diffusion.inside.walks import NoiseBetween, spherical, words_between
from nodes.diffusion.noise import initial_noise
from nodes.imaging.colours import diverging, heat
from nodes.inside_latents import map_vae_error, view_latent, walk_latents, walk_noise, walk_prompts
from nodes.sampling import ksampler
from tests.support.calls import WORDS, Call
from tests.support.inside import SETTINGS, VAE

pytestmark = pytest.mark.usefixtures("one_thread")


def drawn(seed: int, **changes: Any) -> Tensor:
    """What KSampler and VAEDecode make."""
    return VAE.decode(ksampler(Call(), **{**SETTINGS, **changes}, seed=seed)["samples"])


def test_a_walk_between_noises_begins_and_ends_with_ksamplers_pictures() -> None:
    frames = walk_noise(Call(), **SETTINGS, seed_from=1, seed_to=2, vae=VAE, frames=3, there_and_back=False)
    assert torch.equal(frames[:2], drawn(1))
    assert torch.equal(frames[-2:], drawn(2))
    assert (frames[2:4] - frames[:2]).abs().mean() > 1e-4
    assert (frames[2:4] - frames[-2:]).abs().mean() > 1e-4


def test_a_walk_between_prompts_begins_and_ends_with_ksamplers_pictures() -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != "positive"}
    words = {"positive_from": WORDS[0], "positive_to": WORDS[2]}
    frames = walk_prompts(Call(), **settings, **words, seed=1, vae=VAE, frames=3, there_and_back=False)
    assert torch.equal(frames[:2], drawn(1))
    assert torch.equal(frames[-2:], drawn(1, positive=WORDS[2]))
    halfway = [[(WORDS[0][0][0] + WORDS[2][0][0]) / 2, {}]]
    torch.testing.assert_close(frames[2:4], drawn(1, positive=halfway))


def test_a_walk_there_and_back_shows_neither_end_twice() -> None:
    one, other = ({"samples": initial_noise((1, 4, 4, 4), seed)} for seed in (1, 2))
    there = walk_latents(Call(), one, other, VAE, 4, there_and_back=False)
    both = walk_latents(Call(), one, other, VAE, 4, there_and_back=True)
    torch.testing.assert_close(there[:1], VAE.decode(one["samples"]))
    torch.testing.assert_close(there[3:], VAE.decode(other["samples"]))
    torch.testing.assert_close(both, torch.cat((there, there[2:3], there[1:2])))


def test_the_arc_keeps_the_length_and_turns_evenly() -> None:
    one, other = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    for ratio in (0.0, 0.25, 0.5, 1.0):
        angle = ratio * math.pi / 2
        expected = 3 * torch.tensor([[math.cos(angle), math.sin(angle)]])
        torch.testing.assert_close(spherical(one, other, ratio), expected, atol=1e-6, rtol=0)


def test_noise_between_two_seeds_has_unit_variance() -> None:
    like = torch.zeros(1, 4, 64, 64)
    for ratio in (0.0, 0.3, 0.5, 1.0):
        noise = NoiseBetween(1, 2, ratio).like(like)
        assert noise.var().item() == pytest.approx(1, rel=5 * math.sqrt(2 / like.numel()))
    assert torch.equal(NoiseBetween(1, 2, 0).like(like), initial_noise(like.shape, 1))


def test_there_is_no_arc_between_parallel_opposite_or_empty_vectors() -> None:
    one = torch.ones(1, 4)
    for other in (one, 2 * one, -one, 0 * one):
        torch.testing.assert_close(spherical(one, other, 0.25), 0.75 * one + 0.25 * other)


def test_words_of_different_lengths_meet_at_the_longer_one() -> None:
    short, long = [[torch.ones(1, 2, 8), {"a": 1}]], [[torch.ones(1, 4, 8), {"b": 2}]]
    for first, second in ((short, long), (long, short)):
        ((context, fields),) = words_between(first, second, 0.25)
        share = 0.25 if first is short else 0.75
        torch.testing.assert_close(context[:, :2], torch.ones(1, 2, 8))
        torch.testing.assert_close(context[:, 2:], torch.full((1, 2, 8), share))
        assert fields == {"b": 2}


def test_what_no_walk_connects_is_said() -> None:
    with pytest.raises(ValueError, match="one of them is empty"):
        words_between([], WORDS[0], 0.5)
    with pytest.raises(ValueError, match="words of one text encoder, not 8 and 16 wide"):
        words_between(WORDS[0], [[torch.ones(1, 3, 16), {}]], 0.5)
    small, large = ({"samples": torch.ones(1, 4, side, side)} for side in (4, 8))
    with pytest.raises(ValueError, match=r"latents of one shape, not \[1, 4, 4, 4\] and \[1, 4, 8, 8\]"):
        walk_latents(Call(), small, large, VAE, 3)


def test_a_latent_is_shown_channel_by_channel() -> None:
    latent = initial_noise((2, 4, 4, 4), 1)
    sheets = view_latent(Call(), {"samples": latent}, VAE)
    assert len(sheets) == 2
    assert not torch.equal(sheets[0], sheets[1])
    assert told(torch.tensor([[-3.0, 1.0], [1.0, 1.0]])).splitlines() == [
        "-3.00 to 1.00",
        "mean 0.00",
        "deviation 1.73",
        "colours ±3.00",
    ]


def test_colours_say_sign_and_size() -> None:
    blue, white, red = diverging(torch.tensor([-2.0, 0.0, 2.0]), 2.0)
    assert blue[2] > blue[0]
    assert red[0] > red[2]
    assert white.min() > 0.95
    black, pale = heat(torch.tensor([0.0, 2.0]), 2.0)
    assert black.max() < 0.05
    assert pale.mean() > 0.8
    assert heat(torch.zeros(2, 2), 0.0).max() < 0.05  # nothing differs


def test_errors_of_a_vae_are_shown_for_whole_cells() -> None:
    image = torch.rand(2, 17, 16, 3, generator=torch.Generator().manual_seed(0))
    found = map_vae_error(Call(), image, VAE)
    assert torch.equal(found.reconstruction, VAE.decode(VAE.encode(image)))
    assert found.reconstruction.shape == (2, 16, 16, 3)
    assert len(found.sheet) == 2


def test_the_peak_signal_to_noise_ratio() -> None:
    black = torch.zeros(4, 4, 3)
    assert psnr(black, black + 0.1) == pytest.approx(20, rel=1e-5)
    assert psnr(black, black) == math.inf
