"""Sums, mixtures and operations: closed forms."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nodes import latent_maths as nodes_
from nodes import latent_operations as operation_nodes
from nodes.diffusion.latent_operations import Sharpen, Tonemap, applied, kernel


def of(*vectors: tuple[float, ...]) -> dict[str, Any]:
    """A latent (1, C, 1, W) whose cells are these channel vectors."""
    return {"samples": torch.tensor(vectors).T.reshape(1, len(vectors[0]), 1, len(vectors)), "type": "kept"}


def vectors(latent: dict[str, Any]) -> Tensor:
    samples: Tensor = latent["samples"]
    return samples[0, :, 0].T


def seeded(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_sums_differences_products_and_blends() -> None:
    a, b = of((1.0, 2.0)), of((10.0, 20.0))
    assert vectors(nodes_.add(a, b)).tolist() == [[11, 22]]
    assert vectors(nodes_.subtract(a, b)).tolist() == [[-9, -18]]
    assert vectors(nodes_.multiply(a, -2.0)).tolist() == [[-2, -4]]
    assert vectors(nodes_.blend(a, b, 0.75)).tolist() == [[3.25, 6.5]]
    assert nodes_.add(a, b)["type"] == "kept"
    assert vectors(a).tolist() == [[1, 2]]


def test_the_second_is_fitted_to_the_firsts_size_and_batch() -> None:
    """Cut to a square in the middle, columns 2 to 5, and each two of them averaged."""
    second = {"samples": torch.arange(8.0).expand(3, 4, 4, 8)}
    total = nodes_.add({"samples": torch.zeros(2, 4, 2, 2)}, second)["samples"]
    assert total.shape == (2, 4, 2, 2)
    assert total[1, 0].tolist() == [[2.5, 4.5], [2.5, 4.5]]


def test_channels_must_agree() -> None:
    with pytest.raises(ValueError, match="a latent of 3 channels does not fit one of 2"):
        nodes_.blend(of((1.0, 2.0)), of((1.0, 2.0, 3.0)))


@pytest.mark.parametrize("ratio", [0.0, 0.25, 0.5, 1.0])
def test_interpolation_mixes_directions_and_lengths_separately(ratio: float) -> None:
    """Between 3 along the one axis and 1 along the other: the chord's direction at length 3r + (1 - r)."""
    mixed = vectors(nodes_.interpolate(of((3.0, 0.0)), of((0.0, 1.0)), ratio))[0]
    chord = math.hypot(ratio, 1 - ratio)
    length = 3 * ratio + (1 - ratio)
    torch.testing.assert_close(mixed, torch.tensor([ratio, 1 - ratio]) / chord * length)


def test_interpolation_of_opposites_and_of_nothing_is_nothing() -> None:
    assert vectors(nodes_.interpolate(of((1.0, 0.0)), of((-1.0, 0.0)), 0.5)).tolist() == [[0, 0]]
    torch.testing.assert_close(
        vectors(nodes_.interpolate(of((0.0, 0.0)), of((0.0, 4.0)), 0.5)), torch.tensor([[0.0, 2.0]])
    )


def test_a_batch_is_interpolated_picture_by_picture() -> None:
    a, b = seeded(4, 4, 3, 5), seeded(8, 4, 3, 5)[4:]
    whole = nodes_.interpolate({"samples": a}, {"samples": b}, 0.3)["samples"]
    for i in range(4):
        alone = nodes_.interpolate({"samples": a[i : i + 1]}, {"samples": b[i : i + 1]}, 0.3)["samples"]
        torch.testing.assert_close(whole[i : i + 1], alone)


def test_tone_mapping_is_reinhards_curve_of_the_lengths() -> None:
    """Lengths 3 and 5: mean 4, deviation sqrt 2; the length l becomes l t / (l + t) with t = (4 + 5 sqrt 2) m."""
    mapped = vectors(operation_nodes.apply_operation(of((3.0, 0.0), (3.0, 4.0)), Tonemap(0.5)))
    top = (4 + 5 * math.sqrt(2)) * 0.5
    torch.testing.assert_close(mapped[0], torch.tensor([3 * top / (3 + top), 0.0]))
    torch.testing.assert_close(mapped[1], torch.tensor([0.6, 0.8]) * (5 * top / (5 + top)))


def test_tone_mapping_keeps_directions_and_order_and_each_picture_to_itself() -> None:
    latent = seeded(3, 4, 6, 6) * torch.tensor([1.0, 10.0, 0.0]).reshape(3, 1, 1, 1)
    mapped = Tonemap(1.0)(latent)
    torch.testing.assert_close(Tonemap(1.0)(latent[1:2]), mapped[1:2])
    before, after = latent.norm(dim=1).flatten(1), mapped.norm(dim=1).flatten(1)
    assert torch.equal(before[:2].argsort(), after[:2].argsort())
    assert (after[:2] < before[:2]).all()
    assert not mapped[2].any()  # of nothing, nothing
    assert not Tonemap(0.0)(latent).any()
    torch.testing.assert_close(Tonemap(1e6)(latent), latent, rtol=1e-5, atol=1e-5)


def test_tone_mapping_takes_a_single_cell() -> None:
    """It is its own mean without deviation: half as long."""
    torch.testing.assert_close(Tonemap(1.0)(torch.tensor([3.0, 4.0]).reshape(1, 2, 1, 1)).norm(), torch.tensor(2.5))


def test_the_sharpening_kernel_sums_to_one_around_a_gaussian() -> None:
    weights = kernel(1, 1.0, 0.1)
    edge, corner = math.exp(-0.5), math.exp(-1)
    total = 1 + 4 * edge + 4 * corner
    assert weights[0, 1].item() == pytest.approx(-edge / total)
    assert weights[2, 2].item() == pytest.approx(-corner / total)
    assert weights.sum().item() == pytest.approx(1)
    assert kernel(2, 0.5, 0.0).nonzero().tolist() == [[2, 2]]


def test_sharpening_leaves_what_is_even_and_lifts_what_is_not() -> None:
    flat = torch.full((1, 4, 12, 12), 2.0)
    torch.testing.assert_close(Sharpen(9, 1.0, 0.1)(flat), flat)
    edge = torch.ones(1, 2, 8, 8)
    edge[..., 4:] *= torch.tensor([1.0, -1.0]).reshape(2, 1, 1)  # directions differ, lengths do not
    sharp = Sharpen(1, 1.0, 0.1)(edge)
    weights = kernel(1, 1.0, 0.1)
    side = weights[:, 2].sum().item()
    torch.testing.assert_close(sharp[0, 1, 4, [0, 3, 4]], torch.tensor([1.0, 1 - 2 * side, 2 * side - 1]))
    torch.testing.assert_close(sharp[0, 0], torch.ones(8, 8))


def test_sharpening_takes_small_latents_and_empty_ones() -> None:
    assert Sharpen(31, 1.0, 0.1)(torch.ones(1, 4, 3, 5)).shape == (1, 4, 3, 5)
    assert not Sharpen(3, 1.0, 1.0)(torch.zeros(1, 4, 8, 8)).any()


def test_operations_are_values_that_are_equal_if_they_do_the_same() -> None:
    assert operation_nodes.tonemap(2.0) == Tonemap(2.0)
    assert operation_nodes.sharpen(3, 1.0, 0.2) == Sharpen(3, 1.0, 0.2)


def test_an_operation_of_another_pack_gets_the_latent_by_name_and_must_keep_its_shape() -> None:
    assert applied(torch.ones(1, 4, 2, 2), lambda latent, **more: latent * 3).sum() == 48
    with pytest.raises(ValueError, match=r"makes \(1, 4, 1, 2\) of a latent \(1, 4, 2, 2\)"):
        applied(torch.ones(1, 4, 2, 2), lambda latent, **more: latent[..., :1, :])
