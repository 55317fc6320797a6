"""Tiles: where they lie, that they cover all, that no seam shows; and the VAE in tiles."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import interpolate

from nodes.diffusion.ladder import Ladder
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.vae import thrift
from nodes.diffusion.vae.config import VAEConfig
from nodes.diffusion.vae.handle import Vae
from nodes.diffusion.vae.model import AutoencoderKL
from nodes.diffusion.vae.tiling import Tiling, spans

SIDES = st.integers(1, 24)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small are only held up by threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def seeded(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def enlarged(grid: Tensor) -> Tensor:
    return interpolate(grid, scale_factor=2, mode="nearest")


def reduced(grid: Tensor) -> Tensor:
    return torch.nn.functional.avg_pool2d(grid, 2)


@given(total=SIDES, tile=st.integers(1, 40), overlap=st.integers(0, 10))
def test_tiles_cover_an_axis_and_overlap(total: int, tile: int, overlap: int) -> None:
    overlap = min(overlap, tile // 4)
    found = spans(total, tile, overlap)
    assert found[0].start == 0
    assert found[-1].start + found[-1].size == total
    for one, other in pairwise(found):
        assert one.start < other.start <= one.start + one.size - overlap


@settings(max_examples=30)
@given(height=SIDES, width=SIDES, tile=st.integers(4, 30), overlap=st.integers(0, 40))
def test_what_looks_at_single_cells_comes_out_the_same_either_way(
    height: int, width: int, tile: int, overlap: int
) -> None:
    """Weights add up to one everywhere; the tolerance is that of float32."""
    grid = seeded(1, 2, height, width)
    torch.testing.assert_close(Tiling(tile, overlap, given=2).apply(enlarged, grid), enlarged(grid))
    pixels = seeded(1, 3, height * 2, width * 2)
    torch.testing.assert_close(Tiling(tile, overlap, taken=2).apply(reduced, pixels), reduced(pixels))


def test_a_picture_that_fits_is_computed_at_once() -> None:
    shapes: list[tuple[int, ...]] = []

    def note(grid: Tensor) -> Tensor:
        shapes.append(tuple(grid.shape))
        return grid

    grid = seeded(1, 2, 16, 12)
    assert torch.equal(Tiling(16, 4).apply(note, grid), grid)
    assert shapes == [(1, 2, 16, 12)]


def test_three_passes_with_wide_tall_and_square_tiles() -> None:
    shapes: set[tuple[int, ...]] = set()
    told: list[tuple[int, int]] = []

    def note(grid: Tensor) -> Tensor:
        shapes.add(tuple(grid.shape[-2:]))
        return grid

    Tiling(16, 4).apply(note, seeded(1, 1, 64, 64), lambda done, total: told.append((done, total)))
    assert shapes == {(8, 32), (32, 8), (16, 16)}
    count = 15 * 3 + 3 * 15 + 5 * 5
    assert told == [(done + 1, count) for done in range(count)]


def test_no_seam_shows_where_tiles_disagree() -> None:
    """Each tile comes out in a brightness of its own; neighbours differ by a ramp's step, not by all of that."""
    brightness = iter([0.0, 1.0] * 500)
    blended = Tiling(32, 8, given=2).apply(lambda part: enlarged(part) + next(brightness), torch.zeros(1, 1, 64, 64))
    steepest = max(blended.diff(dim=axis).abs().max().item() for axis in (-1, -2))
    assert blended.max() - blended.min() > 0.5
    assert steepest < 0.1  # a step of a ramp over 16 pixels is 1/17


def small_vae() -> Vae:
    config = VAEConfig(widths=(8, 8, 16, 16), blocks=1, groups=4)
    torch.manual_seed(0)
    network = Lazy(partial(AutoencoderKL, config), Residency(), torch.float32, torch.device("cpu"))
    return Vae(network, config.downscale)


def test_a_vae_in_tiles_is_near_the_whole_and_equal_if_it_fits() -> None:
    """Norms and attention look at all of a tile, so that it differs from the whole; most of all with random weights."""
    vae, latent = small_vae(), torch.randn(2, 4, 18, 20, generator=torch.Generator().manual_seed(1))
    whole = vae.decode(latent)
    assert torch.equal(vae.decode_tiled(latent, 512, 64), whole)
    in_tiles = vae.decode_tiled(latent, 128, 32)
    assert in_tiles.shape == whole.shape == (2, 144, 160, 3)
    assert (in_tiles - whole).abs().mean() < 0.06
    image = whole
    encoded = vae.encode(image)
    assert torch.equal(vae.encode_tiled(image, 512, 64), encoded)
    in_tiles = vae.encode_tiled(image, 128, 16)
    assert in_tiles.shape == encoded.shape == (2, 4, 18, 20)
    assert (in_tiles - encoded).abs().mean() < encoded.std() / 2


def test_tiles_of_several_pictures_are_counted_together() -> None:
    vae = small_vae()
    told: list[tuple[int, int]] = []
    decoded = vae.decode_tiled(seeded(2, 4, 6, 6), 32, 8, lambda done, total: told.append((done, total)))
    assert vae.encode_tiled(decoded, 32, 8, lambda done, total: told.append((done, total))).shape == (2, 4, 6, 6)
    half = len(told) // 2
    assert told[:half] == [(n + 1, half) for n in range(half)] == told[half:]


def test_a_picture_is_cut_to_whole_cells_before_it_is_tiled() -> None:
    assert small_vae().encode_tiled(seeded(1, 99, 75, 3), 64, 16).shape == (1, 4, 12, 9)


class Cramped:
    """A VAE's network calls that fail above ``most`` pixels."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        decode, encode = AutoencoderKL.decode, AutoencoderKL.encode
        self.said: list[tuple[str, bool]] = []
        self.ladder = Ladder((), lambda text, differs: self.said.append((text, differs)), self.is_short)

        def decoding(network: AutoencoderKL, latent: Tensor) -> Tensor:
            self.check(len(latent) * latent[0, 0].numel() * 64, most)
            return decode(network, latent)

        def encoding(network: AutoencoderKL, image: Tensor) -> object:
            self.check(len(image) * image[0, 0].numel(), most)
            return encode(network, image)

        monkeypatch.setattr(AutoencoderKL, "decode", decoding)
        monkeypatch.setattr(AutoencoderKL, "encode", encoding)

    def check(self, pixels: int, most: int) -> None:
        if pixels > most:
            raise MemoryError(pixels)

    def is_short(self, error: BaseException) -> bool:
        return isinstance(error, MemoryError)


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (2 * 144 * 160, []),
        (144 * 160, ["one picture at a time"]),
        (128 * 128, ["one picture at a time", "in tiles of 128 pixels"]),
    ],
)
def test_pictures_are_decoded_one_by_one_and_then_in_tiles(
    monkeypatch: pytest.MonkeyPatch, most: int, said: list[str]
) -> None:
    vae, latent = small_vae(), torch.randn(2, 4, 18, 20, generator=torch.Generator().manual_seed(1))
    whole = vae.decode(latent)
    cramped = Cramped(monkeypatch, most)
    decoded = cramped.ladder.descend(thrift.decoding(vae, latent, lambda done, total: None))
    assert [text for text, _ in cramped.said] == [text for text, _ in cramped.said if text.startswith("decoded")]
    assert [words for words in said if not any(words in text for text, _ in cramped.said)] == []
    assert len(cramped.said) == len(said)
    assert all(differs for _, differs in cramped.said)
    assert decoded.shape == whole.shape
    assert (decoded - whole).abs().mean() < 0.06


def test_what_fits_in_no_tile_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    vae, cramped = small_vae(), Cramped(monkeypatch, 100)
    with pytest.raises(MemoryError):
        cramped.ladder.descend(thrift.encoding(vae, seeded(1, 144, 160, 3), lambda done, total: None))
    assert [text.partition(",")[0] for text, _ in cramped.said] == ["encoded in tiles of 128 pixels"]
