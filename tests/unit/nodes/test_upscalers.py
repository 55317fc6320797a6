"""Upscale models: tiles, memory, files; with networks of our own in the place of those that spandrel knows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, pad

from engine.events import NodeProgress
from engine.folders import Folders
from nodes import upscaling
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.errors import CorruptCheckpoint, DiffusionError
from nodes.diffusion.ladder import Ladder
from nodes.diffusion.lazy import Residency
from nodes.diffusion.upscalers import Descriptor, UpscaleModel, open_upscaler
from tests.support.contexts import context


class Sharpen(nn.Module):
    """Looks one pixel around itself, and doubles the sides."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, image: Tensor) -> Tensor:
        sharp = conv2d(pad(image, (1,) * 4, mode="replicate"), self.weight.expand(3, 1, 3, 3), groups=3)
        return interpolate(sharp, scale_factor=2, mode="nearest")


class Stand:
    """A descriptor as spandrel has them."""

    scale, input_channels, output_channels = 2, 3, 3

    def __init__(self, weight: Tensor) -> None:
        self.model = Sharpen(weight)
        self.sizes: list[tuple[int, ...]] = []
        self.most = 10**9

    def __call__(self, image: Tensor) -> Tensor:
        self.sizes.append(tuple(image.shape))
        if image[0, 0].numel() > self.most:
            raise MemoryError
        return self.model(image)


WEIGHT = torch.tensor([[0.0, -0.1, 0.0], [-0.1, 1.4, -0.1], [0.0, -0.1, 0.0]])


class Shelf:
    """Knows files with a tensor ``weight``, and keeps what it described."""

    def __init__(self, kind: type[Stand] = Stand) -> None:
        self.kind, self.described = kind, list[Stand]()

    def __call__(self, content: Mapping[str, Any]) -> Descriptor:
        if "weight" not in content:
            raise ValueError("its tensors are of no architecture")
        self.described.append(self.kind(content["weight"]))
        return self.described[-1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_file({"weight": WEIGHT}, tmp_path / "twice.safetensors")
    return tmp_path / "twice.safetensors"


def opened(path: Path, shelf: Shelf) -> tuple[UpscaleModel, Stand]:
    """A model, and the descriptor that it uses."""
    model = open_upscaler(path, Loader(Residency()), shelf)
    assert not model.network.loaded
    model.network.get()
    return model, shelf.described[-1]


def picture(count: int, height: int, width: int) -> Tensor:
    return torch.rand(count, height, width, 3, generator=torch.Generator().manual_seed(0))


def whole(image: Tensor) -> Tensor:
    return Sharpen(WEIGHT)(image.movedim(-1, 1)).clamp(0, 1).movedim(1, -1).detach()


def test_a_picture_that_fits_into_a_tile_is_enlarged_at_once(path: Path) -> None:
    model, stand = opened(path, Shelf())
    image = picture(2, 20, 30)
    out = model.upscale(image)
    assert torch.equal(out, whole(image))
    assert out.shape == (2, 40, 60, 3)
    assert stand.sizes == [(1, 3, 20, 30)] * 2


def test_larger_ones_come_out_the_same_in_tiles_but_for_the_tiles_edges(path: Path) -> None:
    """What looks one pixel around itself is wrong only there, where it counts for 1 in 33 at most."""
    model, stand = opened(path, Shelf())
    image, told = picture(1, 300, 200), list[tuple[int, int]]()
    out = model.upscale(image, 128, lambda done, total: told.append((done, total)))
    assert set(stand.sizes) == {(1, 3, 128, 128)}
    assert told == [(n + 1, 6) for n in range(6)]  # starts at 0, 96, 172 down and 0, 72 across
    error = (out - whole(image)).abs()
    assert error.max() < 0.4 / 33
    assert (error > 1e-5).float().mean() < 0.1


def test_no_seam_shows_where_tiles_disagree(path: Path) -> None:
    class Moody(Stand):
        def __call__(self, image: Tensor) -> Tensor:
            return super().__call__(image) * 0 + len(self.sizes) % 2

    model, _ = opened(path, Shelf(Moody))
    out = model.upscale(picture(1, 128, 300), 128)
    assert out.diff(dim=2).abs().max() < 1.1 / 65  # 32 pixels of overlap are 64, and each step is a 65th
    assert (out.min(), out.max()) == (0, 1)


def test_progress_is_that_of_all_pictures(path: Path) -> None:
    model, _ = opened(path, Shelf())
    told: list[tuple[int, int]] = []
    model.upscale(picture(3, 8, 8), on_tile=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_transparency_is_left_out(path: Path) -> None:
    model, _ = opened(path, Shelf())
    image = picture(1, 8, 8)
    assert torch.equal(model.upscale(torch.cat((image, image[..., :1]), -1)), model.upscale(image))


@pytest.mark.parametrize(("most", "tile", "said"), [(256 * 256, 256, [256]), (128 * 128, 128, [256, 128])])
def test_tiles_are_halved_where_memory_is_short(path: Path, most: int, tile: int, said: list[int]) -> None:
    model, stand = opened(path, Shelf())
    stand.most, told = most, list[str]()
    ladder = Ladder((), lambda text, differs: told.append(text), lambda error: isinstance(error, MemoryError))
    out = ladder.descend(model.ways(picture(1, 300, 280)))
    assert out.shape == (1, 600, 560, 3)
    assert stand.sizes[-1] == (1, 3, tile, tile)
    assert [text.partition(",")[0] for text in told] == [f"enlarged in tiles of {n} pixels" for n in said]


def test_with_memory_for_no_tile_it_fails(path: Path) -> None:
    model, stand = opened(path, Shelf())
    stand.most = 100
    ladder = Ladder((), lambda text, differs: None, lambda error: isinstance(error, MemoryError))
    with pytest.raises(MemoryError):
        ladder.descend(model.ways(picture(1, 300, 280)))
    assert stand.sizes[-1] == (1, 3, 128, 128)


def test_a_file_is_opened_once_and_counted(path: Path) -> None:
    loader = Loader(Residency(), dtype=torch.bfloat16)
    model, again = (open_upscaler(path, loader, Shelf()) for _ in range(2))
    assert model.network is again.network
    assert (model.network.size, model.network.dtype) == (36, torch.float32)
    model.network.get()
    assert [(network.origin, held.size) for network, held in loader.residency.resident().items()] == [
        (("upscaler", "twice.safetensors"), 36)
    ]


def test_pytorchs_own_files_are_read_as_they_are(tmp_path: Path) -> None:
    """What ESRGAN's files nest is spandrel's to find."""
    path = tmp_path / "twice.pth"
    torch.save({"params_ema": {"weight": WEIGHT}}, path)
    found: list[Mapping[str, Any]] = []

    def describe(content: Mapping[str, Any]) -> Descriptor:
        found.append(content)
        return Stand(content["params_ema"]["weight"])

    assert open_upscaler(path, Loader(Residency()), describe).scale == 2
    assert list(found[0]) == ["params_ema"]


class Grey(Stand):
    input_channels = 1


class Liar(Stand):
    scale = 4


def test_what_is_no_upscale_model_is_refused(path: Path, tmp_path: Path) -> None:
    loader = Loader(Residency())
    save_file({"other": WEIGHT}, tmp_path / "other.safetensors")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(CorruptCheckpoint, match=r"no upscale model that is known .its tensors are of no architecture"):
        open_upscaler(tmp_path / "other.safetensors", loader, Shelf())
    with pytest.raises(CorruptCheckpoint, match="it holds a list, not named tensors"):
        open_upscaler(tmp_path / "list.pth", loader, Shelf())
    with pytest.raises(CorruptCheckpoint, match="it takes 1 channels and gives 3; pictures have 3"):
        open_upscaler(path, loader, Shelf(Grey))
    with pytest.raises(FileNotFoundError, match="there is no model file"):
        open_upscaler(tmp_path / "none.safetensors", loader, Shelf())
    model, _ = opened(path, Shelf(Liar))
    with pytest.raises(ValueError, match=r"made \(1, 3, 16, 16\) of \(1, 3, 8, 8\), not \(1, 3, 32, 32\)"):
        model.upscale(picture(1, 8, 8))


def test_without_spandrel_it_says_what_to_install(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spandrel", None)  # as if it were not there
    with pytest.raises(DiffusionError) as caught:
        open_upscaler(path, Loader(Residency()))
    said = str(caught.value)
    assert said.startswith("upscale models need the package spandrel, which cannot be imported (import of spandrel ")
    assert said.endswith(f"install wireloom[upscale], and the torchvision that belongs to torch {torch.__version__}")


class Masked(Stand):
    architecture = SimpleNamespace(name="LaMa")


class Unsupported(Exception):
    pass


@pytest.fixture
def spandrel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of this name with the four things that are used of it."""

    class ModelLoader:
        def load_from_state_dict(self, state: dict[str, Any]) -> Any:
            if "weight" in state:
                return Stand(state["weight"])
            if "masked" in state:
                return Masked(state["masked"])
            raise Unsupported("\nUnsupported model")

    module = ModuleType("spandrel")
    parts = {"ModelLoader": ModelLoader, "ImageModelDescriptor": Plain, "UnsupportedModelError": Unsupported}
    for name, part in parts.items():
        setattr(module, name, part)
    monkeypatch.setitem(sys.modules, "spandrel", module)


class _Plain(type):
    def __instancecheck__(cls, value: object) -> bool:
        return type(value) is Stand


class Plain(metaclass=_Plain):
    """What ``isinstance`` asks for."""


@pytest.mark.usefixtures("spandrel")
def test_spandrel_tells_what_a_file_is(path: Path, tmp_path: Path) -> None:
    loader = Loader(Residency())
    assert open_upscaler(path, loader).scale == 2
    for name, said in (("masked", "LaMa needs more than one picture"), ("other", "its tensors are of no architecture")):
        save_file({name: WEIGHT}, tmp_path / "file.safetensors")
        with pytest.raises(CorruptCheckpoint, match=said):
            open_upscaler(tmp_path / "file.safetensors", loader)


@pytest.mark.usefixtures("spandrel")
def test_the_nodes_load_and_enlarge(tmp_path: Path) -> None:
    ctx, events = context(tmp_path)
    folder = ctx.service(Folders).paths("upscale_models")[0]
    folder.mkdir(parents=True)
    save_file({"weight": WEIGHT}, folder / "twice.safetensors")
    model = upscaling.load_upscale_model(ctx, "twice.safetensors")
    image = picture(2, 8, 8)
    assert torch.equal(upscaling.upscale_with_model(ctx, model, image), whole(image))
    assert [(e.value, e.total) for e in events if isinstance(e, NodeProgress)] == [(1, 2), (2, 2)]
