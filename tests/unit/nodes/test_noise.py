"""Seeded noise: the same bits as torch's global generator gives, without touching it."""

import pytest
import torch

from nodes.diffusion.noise import BrownianNoise, GaussianNoise, initial_noise

SIGMAS = torch.tensor([10.0, 5.0, 2.0, 1.0, 0.0])
LATENT = torch.zeros(2, 4, 4, 4)


@pytest.mark.parametrize("seed", [0, 42, 2**64 - 1])
def test_initial_noise_is_the_global_generators(seed: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        expected = torch.randn(2, 4, 8, 8)
    before = torch.get_rng_state()
    assert torch.equal(initial_noise((2, 4, 8, 8), seed), expected)
    assert torch.equal(torch.get_rng_state(), before)


def test_batch_index_picks_draws_of_single_latents() -> None:
    generator = torch.Generator().manual_seed(7)
    draws = [torch.randn(1, 4, 3, 3, generator=generator) for _ in range(3)]
    picked = initial_noise((3, 4, 3, 3), 7, batch_index=[2, 0, 2])
    assert torch.equal(picked, torch.cat((draws[2], draws[0], draws[2])))


def test_gaussian_noise_does_not_repeat_the_initial_noise() -> None:
    noise = GaussianNoise(LATENT, SIGMAS, 3)
    assert torch.equal(noise(SIGMAS[0], SIGMAS[1]), initial_noise(LATENT.shape, 4))


def test_the_highest_seed_wraps_around() -> None:
    assert torch.equal(GaussianNoise(LATENT, SIGMAS, 2**64 - 1)(SIGMAS[0], SIGMAS[1]), initial_noise(LATENT.shape, 0))


def test_gaussian_noise_goes_on_where_its_state_was_stored() -> None:
    noise = GaussianNoise(LATENT, SIGMAS, 3)
    noise(SIGMAS[0], SIGMAS[1])
    state = noise.state()
    expected = noise(SIGMAS[1], SIGMAS[2])
    again = GaussianNoise(LATENT, SIGMAS, 99)
    again.restore(state)
    assert torch.equal(again(SIGMAS[1], SIGMAS[2]), expected)


def test_brownian_increments_have_unit_variance_and_add_up() -> None:
    noise = BrownianNoise(torch.zeros(8, 4, 16, 16), SIGMAS, 5)
    first, second, whole = noise(SIGMAS[0], SIGMAS[1]), noise(SIGMAS[1], SIGMAS[2]), noise(SIGMAS[0], SIGMAS[2])
    assert first.std().item() == pytest.approx(1, abs=0.03)  # 8192 draws: 0.8 % standard error
    torch.testing.assert_close(first * 5**0.5 + second * 3**0.5, whole * 8**0.5, atol=1e-4, rtol=0)


def test_brownian_noise_does_not_depend_on_what_was_asked_before() -> None:
    noise, other = BrownianNoise(LATENT, SIGMAS, 5), BrownianNoise(LATENT, SIGMAS, 5)
    other(SIGMAS[2], SIGMAS[3])
    assert torch.equal(noise(SIGMAS[0], SIGMAS[1]), other(SIGMAS[0], SIGMAS[1]))


def test_brownian_noise_turns_its_sign_with_the_direction() -> None:
    noise = BrownianNoise(LATENT, SIGMAS, 5)
    assert torch.equal(noise(SIGMAS[0], SIGMAS[1]), -noise(SIGMAS[1], SIGMAS[0]))
