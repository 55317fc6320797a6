"""Samplings that are watched: the same bytes as unwatched, and what is seen is what happened."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from nodes.diffusion.inside.choosing import steps
from nodes.diffusion.inside.guidance_view import norms
from nodes.diffusion.inside.watching import Watch
from nodes.diffusion.samplers import SAMPLERS
from nodes.diffusion.sampling import sample_latent
from nodes.inside_film import denoising_film, guidance_of
from nodes.sampling import ksampler
from tests.support.calls import MODEL, WORDS, Call
from tests.support.inside import SETTINGS, VAE

pytestmark = pytest.mark.usefixtures("one_thread")


def watched(**changes: Any) -> tuple[list[Any], dict[str, Any]]:
    """What is seen of a sampling, and its latent."""
    watch = Watch("1,")
    given = {**SETTINGS, "seed": 7, **changes}
    model, latent = given.pop("model"), given.pop("latent_image")
    on_step = watch.stepping(model, lambda step: None)
    result = sample_latent(watch.watching(model, uncond=True), latent, on_step=on_step, **given)
    return watch.seen, result


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_films_latent_is_ksamplers_to_the_byte(sampler: str) -> None:
    settings = {**SETTINGS, "sampler_name": sampler, "seed": 7}
    film = denoising_film(Call(), vae=VAE, show_steps="2", frames="shown steps", **settings)
    assert torch.equal(film.latent["samples"], ksampler(Call(), **settings)["samples"])


@pytest.mark.parametrize(
    "changes",
    [
        {"cfg": 1.0},
        {"denoise": 0.5, "latent_image": {"samples": torch.ones(1, 4, 4, 4)}},
        {"latent_image": {"samples": torch.ones(1, 4, 4, 4), "noise_mask": torch.eye(4)[None, None]}},
    ],
    ids=["no guidance", "a part of the schedule", "a mask"],
)
def test_so_it_is_in_other_cases(changes: dict[str, Any]) -> None:
    settings = {**SETTINGS, "seed": 7, **changes}
    film = denoising_film(Call(), vae=VAE, **settings, show_steps="0, -1")
    assert torch.equal(film.latent["samples"], ksampler(Call(), **settings)["samples"])


def test_a_step_is_seen_as_it_was() -> None:
    seen, result = watched(sampler_name="heun")  # which asks twice a step
    assert [each.step for each in seen] == [0, 1, 2, 3, 4]
    assert [each.sigma for each in seen] == sorted((each.sigma for each in seen), reverse=True)
    for each in seen:
        assert torch.equal(each.guided, each.denoised)
        torch.testing.assert_close(each.guided, each.uncond + 4 * (each.cond - each.uncond))
        torch.testing.assert_close(each.denoised + each.sigma * each.noise, each.x)
        torch.testing.assert_close(each.unit * (1 + each.sigma**2) ** 0.5, each.x)
        assert each.timestep == MODEL.prediction.timestep(torch.tensor(each.sigma)).item()
    assert seen[0].timestep == 999
    # Heun's last step ends in 0, where the estimate is the result.
    torch.testing.assert_close(MODEL.latent_format.from_network(seen[-1].denoised), result["samples"])


def test_cond_and_uncond_differ_by_the_words_alone() -> None:
    apart, _ = watched()
    same, _ = watched(negative=WORDS[0])
    assert min(norms(apart)) > 0
    assert max(norms(same)) < 1e-6


def test_guidance_is_seen_where_it_is_not_needed() -> None:
    seen, _ = watched(cfg=1.0)
    assert min(norms(seen)) > 0
    assert all(torch.equal(each.guided, each.cond) for each in seen)


def test_the_sheets_have_one_for_each_picture_and_the_film_a_frame_for_each_step() -> None:
    settings = {**SETTINGS, "seed": 7, "vae": VAE}
    film = denoising_film(Call(), **settings, show_steps="0, 2")
    assert len(film.film) == 2  # pictures
    assert film.frames.shape == (6, 8, 8 + 8 + 8, 3)  # 5 steps and the result; two halves, and a gap
    torch.testing.assert_close(film.frames[-1, :, :8], VAE.decode(film.latent["samples"][:1])[0])
    assert len(denoising_film(Call(), **settings, show_steps="0, 2", frames="shown steps").frames) == 3
    view = guidance_of(Call(), **settings, show_steps="0, 2")
    assert len(view.sheet) == 2
    assert view.chart.shape == (1, 330, 800, 3)
    wide = denoising_film(Call(), **settings, show_steps="5").film
    assert wide.shape[2] > film.film.shape[2]


def test_a_large_picture_is_shown_small() -> None:
    large = replace(VAE, downscale=8)
    settings = {**SETTINGS, "latent_image": {"samples": torch.zeros(1, 4, 8, 280)}, "seed": 7, "steps": 2}
    film = denoising_film(Call(), vae=large, **settings, show_steps="1", frames="shown steps")
    assert film.frames.shape[2] == 2 * 560 + 8
    assert film.film.shape[2] < 4 * 280  # names, one step, the result, each of 256 pixels at most


@pytest.mark.parametrize(
    ("text", "total", "found"),
    [
        ("0, 2, 5", 20, [0, 2, 5]),
        ("5 2, 0 0", 20, [0, 2, 5]),
        ("0, -1", 20, [0, 19]),
        ("3,", 20, [3]),
        ("3", 21, [0, 10, 20]),
        ("1", 20, [19]),
        ("30", 4, [0, 1, 2, 3]),
    ],
)
def test_steps_are_named_or_counted(text: str, total: int, found: list[int]) -> None:
    assert steps(text, total) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0, 5", "step 5 is not there: this sampling has steps 0 to 4"),
        ("-6,", "step -6 is not there"),
        ("0.5, 1", "steps are whole numbers"),
        ("nan, 1", "steps are whole numbers"),
        ("inf", "steps are whole numbers"),
        ("all", "steps are numbers with commas between them"),
        ("0", "at least one step is shown, not 0"),
        (" ", "steps must be given"),
    ],
)
def test_steps_that_are_not_there_are_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        denoising_film(Call(), vae=VAE, **SETTINGS, seed=7, show_steps=text)


def test_nothing_to_show_is_said() -> None:
    with pytest.raises(ValueError, match="at denoise 0 no step is taken"):
        denoising_film(Call(), vae=VAE, **SETTINGS, seed=7, denoise=0.0)
