"""Filters, edges and composites against scipy, Pillow and, as recorded here, kornia 0.9.0.

Tolerances: 1e-6 where both sides compute the same in float32; a step of 8 bits where the other side has no more.
"""

import base64
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter
from scipy import ndimage
from torch import Tensor

from nodes.diffusion import masks
from nodes.diffusion.pictures import from_pil, to_pil
from nodes.diffusion.resizing import resize_image
from nodes.imaging import filters, luma, porter_duff, quantizing
from nodes.imaging.blending import blend
from nodes.imaging.canny import canny
from nodes.imaging.morphology import morph
from tests.support.parity import Error

pytestmark = pytest.mark.parity

SAME = 1e-6
STEP = 1 / 255

EDGES = {  # low, high -> kornia.filters.canny(waves, low, high)[1], packed to bits
    (0.1, 0.2): (
        "AOL^>fCL}_fB=95AOL^>fCL}_fB=95AOQdXfCL~g00@u_7-0Vhm^chW0N@M&0E_?-1ONaS01N;C0Wbgt1ONh{0RjVn06+i(06+v"
        "l009611V8`*0ALJ&004k62!KEUfEXBnfB=95Ab@}XfCM0bfB=95Ab@}XfCM0bfB=95AV7ct00baFfB^smAV7ct00bZ)fC2ynAP@"
        "is00bBq01N;G3=RM|02l@Xz+eC{004J@0AK(B2mk;80ssI206+o2000Ak03ZMW1ONa41ONa405A*y0000ScmMzZ004jhfB*mhfB=91"
    ),
    (0.15, 0.5): (
        "00000000000000000000000000000000000000000000000930000030N?-s01N;S0000O01N;C0Wbgt0007@00IC206+i(0000$"
        "0096106+i%0001h004jh0Du4hfB*o1004jh0Du4hfB*o1004jh0Du4hfB*o1004jh06+i%0000$0096106+i%0000W00IC201yBM"
        "0000O01N;C01f~+00003z+eCX004J@000002mk;8000000000000000000000000000000000000000000000000000000000000"
    ),
}


def waves() -> Tensor:
    """A picture (1, 40, 48, 3) of waves and a disc, the same on every machine."""
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(48.0), indexing="ij")
    base = (x / 5).sin() * (y / 7).cos() + ((x - 20) ** 2 + (y - 18) ** 2 < 150).float() * 0.8
    image = torch.stack((base, base * 0.5 + 0.2 * (x / 9).cos(), (y / 11).sin() * 0.4), -1)[None]
    return (image - image.min()) / (image.max() - image.min())


def noise(height: int, width: int, channels: int = 3, batch: int = 1) -> Tensor:
    return torch.rand(batch, height, width, channels, generator=torch.Generator().manual_seed(0))


def arrays(image: Tensor) -> NDArray[np.float64]:
    return image.double().numpy()


@pytest.mark.parametrize(("radius", "sigma"), [(1, 1.0), (3, 0.4), (31, 10.0)])
def test_blur_and_sharpening_are_scipys_correlation(radius: int, sigma: float) -> None:
    image = noise(40, 50, 4, batch=2)
    at = np.linspace(-1, 1, 2 * radius + 1)
    weights = np.exp(-(at**2) / (2 * sigma**2))
    blurred = arrays(image)
    for axis in (1, 2):
        blurred = ndimage.correlate1d(blurred, weights / weights.sum(), axis=axis, mode="mirror")
    assert Error(np.abs(arrays(filters.blur(image, radius, sigma)) - blurred).max()) < SAME
    sharp = np.clip(11 * arrays(image) - 10 * blurred, 0, 1)
    assert Error(np.abs(arrays(filters.sharpen(image, radius, sigma, 1.0)) - sharp).max()) < 10 * SAME


@pytest.mark.parametrize("size", [3, 4, 7, 32, 101])
def test_morphology_is_scipys(size: int) -> None:
    image = noise(30, 41, 3, batch=2)
    values, window = arrays(image), (1, size, size, 1)
    # Of an even window scipy leaves the extra pixel before the middle in a dilation that is mirrored, as it must be.
    origin = (0, 0 if size % 2 else -1, 0 if size % 2 else -1, 0)
    dilated = ndimage.maximum_filter(values, window, mode="constant", cval=-np.inf, origin=origin)
    eroded = ndimage.minimum_filter(values, window, mode="constant", cval=np.inf)
    opened = ndimage.maximum_filter(eroded, window, mode="constant", cval=-np.inf, origin=origin)
    closed = ndimage.minimum_filter(dilated, window, mode="constant", cval=np.inf)
    wanted = {
        "erode": eroded,
        "dilate": dilated,
        "open": opened,
        "close": closed,
        "gradient": dilated - eroded,
        "bottom_hat": closed - values,
        "top_hat": values - opened,
    }
    for operation, result in wanted.items():
        assert Error(np.abs(arrays(morph(image, operation, size)) - result).max()) < SAME, operation


@pytest.mark.parametrize("tapered", [True, False])
@pytest.mark.parametrize("cells", [1, 3, -2])
def test_masks_grow_as_scipys_grey_dilation(cells: int, tapered: bool) -> None:
    mask = noise(20, 25, 1)[..., 0]
    corner = 0 if tapered else 1
    footprint = np.array([[corner, 1, corner], [1, 1, 1], [corner, 1, corner]])
    grown = arrays(mask)[0]
    for _ in range(abs(cells)):
        step = ndimage.grey_dilation if cells > 0 else ndimage.grey_erosion
        grown = step(grown, footprint=footprint)
    assert np.array_equal(arrays(masks.grow(mask, cells, tapered=tapered))[0], grown)


@pytest.mark.parametrize(("low", "high"), EDGES)
def test_edges_are_kornias(low: float, high: float) -> None:
    packed = np.frombuffer(base64.b85decode(EDGES[low, high]), dtype=np.uint8)
    edges = np.unpackbits(packed).reshape(40, 48)
    assert edges.sum() > 50
    # Where two neighbours' gradients differ by a last bit, another machine's rounding may pick the other.
    assert np.abs(canny(waves(), low, high)[0].numpy() - edges).sum() <= 2


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.1), (0.2, 0.4), (0.3, 0.9)])
def test_edges_are_those_of_another_canny_in_scipy(low: float, high: float) -> None:
    image = noise(48, 60)
    grey = arrays(image)[0] @ np.array(luma.WEIGHTS)
    weights = np.exp(-(np.arange(-2.0, 3.0) ** 2) / 2)
    for axis in (0, 1):
        grey = ndimage.correlate1d(grey, weights / weights.sum(), axis=axis, mode="mirror")
    across, down = (ndimage.sobel(grey, axis=axis, mode="nearest") for axis in (1, 0))
    size = np.sqrt(across**2 + down**2 + 1e-6)
    wide, ridge = np.pad(size, 1), np.zeros_like(size)
    for y, x in np.ndindex(size.shape):
        eighth = round(float(np.degrees(np.arctan2(down[y, x], across[y, x]))) / 45) * 45
        dy, dx = round(np.sin(np.radians(eighth)) * 1.2), round(np.cos(np.radians(eighth)) * 1.2)
        if size[y, x] > max(wide[y + 1 + dy, x + 1 + dx], wide[y + 1 - dy, x + 1 - dx]):
            ridge[y, x] = size[y, x]
    labels, _ = ndimage.label(ridge > low, np.ones((3, 3)))
    wanted = np.isin(labels, np.setdiff1d(labels[ridge > high], [0]))
    found = canny(image, low, high)[0].bool().numpy()
    assert wanted.sum() > 20
    assert (found != wanted).sum() <= 2  # an angle, or a size, within rounding of its limit


def test_brightness_and_colour_are_jpegs() -> None:
    image = noise(20, 30)
    theirs = from_pil(to_pil(image[0]).convert("YCbCr"))
    ours = torch.stack(luma.to_yuv(from_pil(to_pil(image[0]))[None]), dim=-1)[0]
    assert Error((ours - theirs).abs().max()) < 1.5 * STEP
    back = luma.to_rgb(*theirs[None].unbind(-1))[0]
    assert Error(
        (back - from_pil(Image.fromarray((theirs * 255).byte().numpy(), "YCbCr").convert("RGB"))).abs().max()
    ) < (2 * STEP)


@pytest.mark.parametrize("mode", ["multiply", "screen", "overlay"])
def test_blends_are_pillows(mode: str) -> None:
    first, second = (to_pil(noise(20, 30, 3, batch=2)[k]) for k in (0, 1))
    theirs = from_pil(getattr(ImageChops, mode)(first, second))
    ours = blend(from_pil(first), from_pil(second), 1.0, mode)
    assert Error((ours - theirs).abs().max()) < 1.5 * STEP


def test_source_over_is_pillows_alpha_composite() -> None:
    below, above = (to_pil(image) for image in noise(20, 30, 4, batch=2))
    theirs = from_pil(Image.alpha_composite(below, above))
    source, destination = (from_pil(picture)[None] for picture in (above, below))
    ours = porter_duff.composite(source[..., :3], source[..., 3], destination[..., :3], destination[..., 3], "SRC_OVER")
    # Their colours of what is nearly transparent come of few bits.
    assert Error(((ours.colour[0] - theirs[..., :3]) * theirs[..., 3:]).abs().max()) < 1.5 * STEP
    assert Error((ours.alpha[0] - theirs[..., 3]).abs().max()) < STEP


@pytest.mark.parametrize(
    ("mode", "alpha", "colour"),
    [  # as W3C and Android write them down, premultiplied
        ("SRC_ATOP", lambda sa, da: da, lambda s, sa, d, da: s * da + d * (1 - sa)),
        ("DST_ATOP", lambda sa, da: sa, lambda s, sa, d, da: d * sa + s * (1 - da)),
        ("XOR", lambda sa, da: sa + da - 2 * sa * da, lambda s, sa, d, da: s * (1 - da) + d * (1 - sa)),
        ("DST_OUT", lambda sa, da: da * (1 - sa), lambda s, sa, d, da: d * (1 - sa)),
        ("ADD", lambda sa, da: min(1, sa + da), lambda s, sa, d, da: min(1, s + d)),
        ("MULTIPLY", lambda sa, da: sa * da, lambda s, sa, d, da: s * d),
        ("SCREEN", lambda sa, da: sa + da - sa * da, lambda s, sa, d, da: s + d - s * d),
        ("DARKEN", lambda sa, da: sa + da - sa * da, lambda s, sa, d, da: s + d - max(s * da, d * sa)),
        ("LIGHTEN", lambda sa, da: sa + da - sa * da, lambda s, sa, d, da: s + d - min(s * da, d * sa)),
        (
            "OVERLAY",
            lambda sa, da: sa + da - sa * da,
            lambda s, sa, d, da: (
                2 * s * d + s * (1 - da) + d * (1 - sa)
                if 2 * d <= da
                else s * (1 + da) + d * (1 + sa) - 2 * d * s - da * sa
            ),
        ),
    ],
)
def test_porter_duff_modes_are_their_formulas(mode: str, alpha: Any, colour: Any) -> None:
    source, destination = noise(6, 7, 4, batch=2).double()
    ours = porter_duff.composite(
        *(part[None] for part in (source[..., :3], source[..., 3], destination[..., :3], destination[..., 3])), mode
    )
    for y, x in np.ndindex(6, 7):
        sa, da = source[y, x, 3].item(), destination[y, x, 3].item()
        wanted = alpha(sa, da)
        assert ours.alpha[0, y, x].item() == pytest.approx(wanted, abs=SAME)
        for c in range(3):
            mixed = colour(source[y, x, c].item() * sa, sa, destination[y, x, c].item() * da, da)
            assert ours.colour[0, y, x, c].item() == pytest.approx(min(1, mixed / wanted), abs=SAME)


def test_without_dithering_each_pixel_has_the_palettes_nearest_colour() -> None:
    picture = to_pil(waves()[0]).filter(ImageFilter.GaussianBlur(1))
    out = quantizing.quantize(from_pil(picture)[None], 16, "none")[0].reshape(-1, 3)
    palette = out.unique(dim=0)
    distance = torch.cdist(from_pil(picture).reshape(-1, 3), palette)
    taken = torch.cdist(out, palette).argmin(dim=1)
    chosen = distance.gather(1, taken[:, None])[:, 0]
    assert len(palette) == 16
    assert Error((chosen - distance.amin(dim=1)).max()) < 14 * STEP  # Pillow looks up cells, 8 steps a side


@pytest.mark.parametrize(("width", "height"), [(17, 30), (80, 41)])
def test_lanczos_is_pillows_and_area_is_the_mean(width: int, height: int) -> None:
    image = noise(40, 60, 3, batch=2)
    ours = resize_image(image, width, height, "lanczos")
    theirs = [from_pil(to_pil(one).resize((width, height), Image.Resampling.LANCZOS)) for one in image]
    assert torch.equal(ours, torch.stack(theirs))
    quarter = resize_image(image, 30, 20, "area")
    assert Error(np.abs(arrays(quarter) - arrays(image).reshape(2, 20, 2, 30, 2, 3).mean(axis=(2, 4))).max()) < SAME
