"""What is learned, by what weights, and from where: against closed forms."""

from dataclasses import replace
from random import Random

import pytest
import torch
from torch import Tensor

from nodes.diffusion.attention import attend
from nodes.diffusion.families.sd15 import SD15
from nodes.diffusion.inputs import Inputs
from nodes.diffusion.prediction import Prediction
from nodes.diffusion.text.tokenizer import END, START, tokenize
from nodes.diffusion.training import starts
from nodes.diffusion.training.autoencoder import Autoencoding, divergence
from nodes.diffusion.training.averaging import Average
from nodes.diffusion.training.dataset import WHITE, Background, Dataset
from nodes.diffusion.training.diffusion import Denoising, Told, padded
from nodes.diffusion.training.latents import encoded, standardise
from nodes.diffusion.training.loop import Draw
from nodes.diffusion.training.sources import examples
from nodes.diffusion.training.starts_vae import averaging_vae
from nodes.diffusion.training.telling import vocabulary
from nodes.diffusion.training.vocabulary import LearnedRows, tokens_of
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.model import Gaussian
from nodes.training_data import BUNDLED_FILE
from tests.support import lessons
from tests.support.small import numbers

SIGMAS = torch.tensor([0.05, 0.5, 1.0, 3.0, 14.0])


def test_the_average_follows_by_its_closed_form() -> None:
    average = Average([torch.zeros(3)], 0.9)
    expected = 0.0
    for step in range(1, 200):
        average.follow([torch.full((3,), float(step))], step)
        decay = min(0.9, step / (step + 10))
        expected = decay * expected + (1 - decay) * step
    assert average.weights[0].tolist() == pytest.approx([expected] * 3, rel=1e-5)
    assert expected == pytest.approx(199 - 0.9 / 0.1, abs=0.01)  # lags by d / (1 - d) steps


def test_no_average_is_the_weights_themselves() -> None:
    average = Average([torch.zeros(2)], 0.0)
    average.follow([torch.tensor([1.5, -2.0])], 1)
    assert average.weights[0].tolist() == [1.5, -2.0]


def test_what_is_to_be_predicted_has_its_closed_form() -> None:
    clean, noise = numbers(5, 4, 2, 2, seed=1, std=1), numbers(5, 4, 2, 2, seed=2, std=1)
    x, sigma = clean + SIGMAS[:, None, None, None] * noise, SIGMAS[:, None, None, None]
    signal = (sigma**2 + 1).rsqrt()  # sqrt(alpha-bar)
    torch.testing.assert_close(Prediction.eps().target(x, SIGMAS, clean), noise, atol=1e-4, rtol=1e-4)
    velocity = signal * noise - sigma * signal * clean
    torch.testing.assert_close(Prediction.v().target(x, SIGMAS, clean), velocity, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(Prediction.eps().reach(SIGMAS), SIGMAS)
    torch.testing.assert_close(Prediction.v().reach(SIGMAS), SIGMAS * (SIGMAS**2 + 1).rsqrt())


@pytest.mark.parametrize("kind", ["eps", "v", "x0", "edm", "rflow"])
def test_what_is_predicted_rightly_denoises_to_what_is_clean(kind: str) -> None:
    prediction = Prediction(kind, Prediction.eps().levels)  # type: ignore[arg-type]
    clean = numbers(5, 4, 2, 2, seed=1, std=1)
    x = clean + SIGMAS[:, None, None, None] * numbers(5, 4, 2, 2, seed=2, std=1)
    output = prediction.target(x, SIGMAS, clean)
    torch.testing.assert_close(prediction.denoised(x, SIGMAS, output), clean, atol=1e-4, rtol=1e-4)


def denoising(prediction: Prediction, unet: object, gamma: float = 5.0) -> Denoising:
    lesson = lessons.lesson()
    latents = encoded(lesson.vae.network.get(), lesson.dataset, SD15.latent_format)
    teller = lambda captions: Told(torch.zeros(len(captions), 77, 64))  # noqa: E731
    return Denoising(unet, None, [], prediction, lesson.dataset, latents, gamma, 1.0, torch.float32, teller)  # type: ignore[arg-type]


def test_errors_of_predicted_noise_are_weighed_by_min_snr() -> None:
    """Hang et al. 2023: min(SNR, gamma) / SNR. An output that is far too large makes the error its square."""
    seen: list[Tensor] = []

    def far_off(inputs: Inputs) -> Tensor:
        seen.append(inputs.timesteps)
        return torch.full_like(inputs.x, 1e4)

    prediction = Prediction.eps()
    loss = denoising(prediction, far_off).loss(Draw(0, 0, 0), 64, 0).item()
    snr = prediction.sigmas[seen[0].long()] ** -2
    assert loss / 1e8 == pytest.approx((snr.clamp(max=5) / snr).mean().item(), rel=1e-2)


def test_noise_levels_are_spread_over_a_batch_and_bent_to_the_noisy_end() -> None:
    seen: list[Tensor] = []

    def nothing(inputs: Inputs) -> Tensor:
        seen.append(inputs.timesteps)
        return torch.zeros_like(inputs.x)

    task = denoising(Prediction.v(), nothing)
    for bent in (1.0, 0.5):
        replace(task, noisy=bent).loss(Draw(3, 4, 0), 10, 0)
    even, noisy = (each.sort().values for each in seen)
    assert [int(t // 100) for t in even.tolist()] == list(range(10))
    torch.testing.assert_close(noisy, ((even / 1000) ** 0.5 * 1000), atol=25, rtol=0.03)


def test_a_batch_is_the_same_for_the_same_seed_step_and_part() -> None:
    task = denoising(Prediction.v(), lambda inputs: torch.zeros_like(inputs.x))
    one, same, other = (task.loss(Draw(*at), 4, 0).item() for at in ((1, 2, 0), (1, 2, 0), (1, 2, 1)))
    assert one == same != other


def test_tokens_stand_between_a_start_and_an_end() -> None:
    assert padded([7, 8], 0)[:5] == [START, 7, 8, END, 0]
    assert len(padded([7] * 200)) == 77
    assert padded([7] * 200)[-1] == END


def test_only_rows_of_known_words_learn() -> None:
    table = torch.zeros(49408, 8)
    table[START], table[END], table[5] = torch.ones(8), -torch.ones(8), numbers(8, seed=1)
    learned = tokens_of(["a dog"])
    rows = LearnedRows(table, learned)
    ids = torch.tensor([[START, *tokenize("a dog"), 5, 6, END]])
    with torch.no_grad():
        rows.weight += 1
    vectors = rows(ids)[0]
    assert torch.equal(vectors[[3, 4]], table[[5, 6]])
    assert torch.equal(vectors[0], table[START] + 1)
    assert vectors[1].any()
    whole = rows.whole()
    assert torch.equal(whole[ids[0]], vectors)
    assert torch.equal(whole[6], table[6])
    again = LearnedRows(table, tokens_of(["a dog and a cat"]))
    at = again.rows[tokenize("dog")]
    assert torch.equal(again.weight[at] + 1, rows(torch.tensor([tokenize("dog")]))[0])  # begins the same in any set


def test_the_vocabulary_has_the_words_that_choices_join_to() -> None:
    example = replace(lessons.dataset().examples[0], captions=("two dog{s|gies}{|, sleeping}",))
    data = Dataset((example,), (WHITE, Background(("navy",), (0, 0, 0.5))))
    tokens = set(tokens_of(vocabulary(data)).tolist())
    for text in ("two dogs", "doggies", "sleeping,", "navy"):
        assert set(tokenize(text)) <= tokens


def test_a_new_unet_says_nothing_and_one_new_word_says_much() -> None:
    lesson = lessons.lesson()
    unet = lesson.model.unet.get()
    said = unet(Inputs(numbers(1, 4, 8, 8, std=1), torch.tensor([500.0]), numbers(1, 77, 64, std=1)))
    assert not said.any()
    text = starts.new_text(lessons.MEASURES.text(), 0)
    rows = LearnedRows(text.embeddings.token_embedding.weight, tokens_of(["a red dog", "a blue dog"]))
    text.embeddings.token_embedding = rows  # type: ignore[assignment]
    red, blue = (text(torch.tensor([padded(tokenize(prompt))])).hidden[0] for prompt in ("a red dog", "a blue dog"))
    assert ((red - blue)[10:].norm() / red[10:].norm()).item() > 0.25


@pytest.fixture(scope="module")
def icons() -> Dataset:
    blue = Background(("blue",), (0.15, 0.35, 0.9))
    return Dataset(examples(BUNDLED_FILE, 128, ["clear/3d/do*"]), (WHITE, blue))


def test_a_new_vae_averages(icons: Dataset) -> None:
    """From the first step pictures come back with the right colours: 18 dB is what averages of 8x8 pixels reach."""
    vae = averaging_vae(VAEConfig((32, 32, 64, 128), 1, 4, 8), 0)
    pictures = torch.stack([icons.picture(choice, Random(0)) for choice in icons.choices()])
    with torch.no_grad():
        back = vae.decode(vae.encode(pictures).mean).clamp(-1, 1)
    psnr = -10 * ((back - pictures) / 2).square().mean((1, 2, 3)).log10()
    assert psnr.mean().item() >= 18
    with pytest.raises(ValueError, match="at least 12 channels"):
        averaging_vae(VAEConfig((8, 8), 1, 4, 2), 0)


@pytest.mark.slow
def test_standardising_leaves_pictures_and_makes_latents_of_unit_size(icons: Dataset) -> None:
    vae, latent_format = averaging_vae(VAEConfig((16, 16), 1, 4, 4), 0), SD15.latent_format
    pictures = torch.stack([icons.picture(choice, Random(0)) for choice in icons.choices()])
    with torch.no_grad():
        before, logvar = vae.encode(pictures)
        shown = vae.decode(before)
        standardise(vae, before, latent_format)
        after = vae.encode(pictures)
        torch.testing.assert_close(vae.decode(after.mean), shown, atol=1e-4, rtol=1e-4)
    scaled = latent_format.to_network(after.mean)
    torch.testing.assert_close(scaled.mean((0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(scaled.std((0, 2, 3)), torch.ones(4), atol=1e-4, rtol=0)
    gain = after.mean.std((0, 2, 3)) / before.std((0, 2, 3))  # and the encoder is as sure as it was
    torch.testing.assert_close(after.logvar, logvar + 2 * gain.log()[:, None, None], atol=1e-3, rtol=1e-3)


def test_divergence_is_that_of_a_normal_distribution() -> None:
    mean, std = torch.full((1, 1, 1, 1), 0.7), torch.tensor(0.4)
    given = torch.distributions.Normal(mean, std)
    wanted = torch.distributions.kl_divergence(given, torch.distributions.Normal(0.0, 1.0)).mean()
    torch.testing.assert_close(divergence(Gaussian(mean, 2 * std.log().expand_as(mean))), wanted)


def test_with_noise_only_the_decoder_learns() -> None:
    vae, data = lessons.vae().network.get().requires_grad_(True), lessons.dataset()
    task = Autoencoding.of(vae, data, dtype=torch.float32, noise=torch.zeros(4))
    weights = [weight for group in task.groups() for weight in group.weights]
    assert {id(each) for each in weights}.isdisjoint(id(each) for each in vae.encoder.parameters())
    silent = task.loss(Draw(0, 0, 0), 4, 0)
    assert all(each is not None for each in torch.autograd.grad(silent, weights))
    assert replace(task, noise=torch.full((4,), 2.0)).loss(Draw(0, 0, 0), 4, 0) > silent


@pytest.mark.parametrize("is_causal", [False, True])
def test_attention_learns_in_bfloat16_as_it_does_in_float32(is_causal: bool) -> None:
    given = [torch.randn(1, 2, 6, 8, generator=torch.Generator().manual_seed(n)).bfloat16() for n in range(4)]

    def learned(dtype: torch.dtype) -> list[Tensor]:
        q, k, v = (each.to(dtype).requires_grad_() for each in given[:3])
        out = attend(q, k, v, is_causal=is_causal)
        assert out.dtype == dtype
        return [out, *torch.autograd.grad(out, (q, k, v), given[3].to(dtype))]

    for half, whole in zip(learned(torch.bfloat16), learned(torch.float32), strict=True):
        assert torch.allclose(half.float(), whole, atol=0.01, rtol=0.01)
