"""Nodes that load pictures from files and save them: what they say, what lies in the files, who can read them again."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageSequence

import nodes
from engine.cache import NoCache
from engine.events import Event, NodeFinished, NodeText, RunFinished
from engine.folders import Folders
from engine.jobs import Job
from engine.plan import plan
from engine.pool_local import LocalPool
from engine.registry import Registry
from engine.services import Services
from engine.workflow import read_api
from nodes.diffusion.pictures import load_image, to_pil
from nodes.imaging import animation
from tests.support.toys import new_lanes
from web.cli.documents import read_document
from web.cli.terminal import Mistake

WORKFLOW = {"nodes": [], "links": [], "version": 0.4, "extra": {"note": "Grüße 猫"}}
SHADES = {"a": 0xFF0000, "b": 0x0000FF}
ANIMATED = {
    "SaveAnimatedWEBP": {"fps": 8.0, "lossless": True, "quality": 80, "method": "fastest"},
    "SaveAnimatedPNG": {"fps": 8.0, "compress_level": 1},
    "SaveAnimatedGIF": {"fps": 8.0},
}


@pytest.fixture(scope="module")
def registry_of_all() -> Registry:
    registry = Registry()
    nodes.register(registry)
    return registry


@pytest.fixture
def registry(registry_of_all: Registry, tmp_path: Path) -> Registry:
    """All nodes over folders of their own."""
    made = Registry(Services(Folders(tmp_path)))
    made.add(*registry_of_all.values())
    return made


@pytest.fixture
def folders(registry: Registry) -> Folders:
    folders = registry.services.get(Folders)
    folders.lay_out()
    return folders


async def ran(registry: Registry, document: dict[str, Any]) -> list[Event]:
    """Run a workflow that must succeed; its events."""
    checked = plan(read_api(document), registry)
    assert not checked.rejected
    pool = LocalPool(lambda: registry, NoCache(), new_lanes())
    job = Job(checked.prompt, checked.targets, extra_data={"extra_pnginfo": {"workflow": WORKFLOW}})
    events: list[Event] = [event async for event in pool.run(job)]
    await pool.close()
    assert isinstance(events[-1], RunFinished)
    return events


def shown(events: list[Event]) -> Mapping[str, Any]:
    """What the last node with something to show tells the user interface."""
    *_, ui = [event.ui for event in events if isinstance(event, NodeFinished) and event.ui]
    return ui


def film(save: str, **more: Any) -> dict[str, Any]:
    """Two pictures in one file."""
    colours = {
        name: {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 6, "batch_size": 1, "color": color}}
        for name, color in SHADES.items()
    }
    batch = {"class_type": "ImageBatch", "inputs": {"image1": ["a", 0], "image2": ["b", 0]}}
    inputs = {"images": ["both", 0], "filename_prefix": "films/x", **ANIMATED[save], **more}
    return {**colours, "both": batch, "save": {"class_type": save, "inputs": inputs}}


@pytest.mark.parametrize("save", ANIMATED)
async def test_a_film_is_one_file_that_carries_its_workflow(registry: Registry, folders: Folders, save: str) -> None:
    document = film(save)
    ui = shown(await ran(registry, document))
    kind = save.removeprefix("SaveAnimated").lower()
    name = {"filename": f"x_00001_.{kind}", "subfolder": "films", "type": "output"}
    assert ui == {"images": [name], "animated": [True]}
    path = folders.directory("output") / "films" / f"x_00001_.{kind}"
    frames, _ = load_image(path)
    assert frames[:, 0, 0].tolist() == [[1, 0, 0], [0, 0, 1]]
    with Image.open(path) as picture:
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(picture) if frame.load()]
    assert durations == ([120, 120] if kind == "gif" else [125, 125])  # a GIF counts in hundredths of a second
    read = read_document(path)
    assert read.prompt == document
    assert read.extra_pnginfo == {"workflow": WORKFLOW}


@pytest.mark.parametrize("save", ANIMATED)
async def test_films_are_numbered_on(registry: Registry, folders: Folders, save: str) -> None:
    for number in (1, 2):
        (image,) = shown(await ran(registry, film(save)))["images"]
        assert image["filename"].startswith(f"x_0000{number}_.")


def test_texts_of_a_webp_count_down_from_make_whatever_the_tags_mean() -> None:
    texts = {"prompt": "{}", **{f"key{k}": str(k) for k in range(8)}}
    data = animation.webp(torch.rand(1, 4, 4, 3), texts, fps=6, lossless=True, quality=80, method="default")
    with Image.open(io.BytesIO(data)) as picture:
        entries = dict(picture.getexif())
    assert entries == {0x0110: "prompt:{}", **{0x010F - k: f"key{k}:{k}" for k in range(8)}}


def test_texts_of_an_animated_png_are_comf_chunks() -> None:
    data = animation.png(torch.rand(2, 4, 4, 3), {"prompt": "{}", "x": "[1]"}, fps=1000, compress_level=0)
    assert b"comfprompt\0{}" in data
    assert b"comfx\0[1]" in data


@pytest.mark.parametrize("fps", [0.01, 1000.0])
def test_the_slowest_and_the_fastest_film(fps: float) -> None:
    images = torch.rand(2, 4, 4, 4)
    for data in (
        animation.webp(images, {}, fps=fps, lossless=False, quality=50, method="slowest"),
        animation.png(images, {}, fps=fps, compress_level=9),
    ):
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            assert picture.n_frames == 2  # type: ignore[attr-defined]
            assert picture.info["duration"] == int(1000 / fps)
            assert picture.mode == "RGBA"


def test_a_gif_runs_on_and_comes_near_the_colours() -> None:
    ramp = torch.linspace(0, 1, 64)[None, :, None].expand(64, 64, 3) * torch.tensor([1.0, 0.5, 0.2])
    data = animation.gif(torch.stack((ramp, ramp.flip(1))), {}, fps=1000)
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.info["loop"], picture.info["duration"]) == (0, 10)  # the shortest that there is
    back, _ = load_image(io.BytesIO(data))
    assert (back[0] - ramp).abs().max() < 0.03
    assert (back[1] - ramp.flip(1)).abs().max() < 0.03


def test_a_gif_of_somebody_else_carries_no_workflow(tmp_path: Path) -> None:
    for n, comment in enumerate((b"", b"made by hand", b"{}")):
        Image.new("P", (4, 4)).save(tmp_path / f"{n}.gif", comment=comment)
        with pytest.raises(Mistake, match="carries no workflow"):
            read_document(tmp_path / f"{n}.gif")


def test_what_cannot_be_a_film_says_why() -> None:
    with pytest.raises(ValueError, match="images is empty: it has the shape"):
        animation.png(torch.zeros(0, 4, 4, 3), {}, fps=6, compress_level=4)
    with pytest.raises(ValueError, match="images of 16384x1 pixels do not fit into a WebP"):
        animation.webp(torch.zeros(1, 1, 16384, 3), {}, fps=6, lossless=True, quality=80, method="default")
    with pytest.raises(ValueError, match="a picture has 1 to 4 channels, this has 5"):
        to_pil(torch.zeros(2, 2, 5))


async def test_a_mask_is_shown_as_a_grey_picture(registry: Registry, folders: Folders) -> None:
    document = {
        "mask": {"class_type": "SolidMask", "inputs": {"value": 0.5, "width": 5, "height": 4}},
        "show": {"class_type": "MaskPreview", "inputs": {"mask": ["mask", 0]}},
    }
    (image,) = shown(await ran(registry, document))["images"]
    assert image["type"] == "temp"
    frames, _ = load_image(folders.directory("temp") / image["filename"])
    assert frames.shape == (1, 4, 5, 3)
    assert frames.unique().tolist() == pytest.approx([127 / 255])


async def test_sizes_are_told_and_shown(registry: Registry, folders: Folders) -> None:
    empty = {"class_type": "EmptyImage", "inputs": {"width": 6, "height": 4, "batch_size": 2, "color": 0}}
    document = {
        "image": empty,
        "size": {"class_type": "GetImageSize", "inputs": {"image": ["image", 0]}},
        **{
            name: {"class_type": "PreviewAny", "inputs": {"source": ["size", slot]}}
            for slot, name in enumerate(("width", "height", "batch"))
        },
    }
    events = await ran(registry, document)
    texts = {e.node.id: e.ui["text"] for e in events if isinstance(e, NodeFinished) and e.ui}
    assert {name: list(text) for name, text in texts.items()} == {"width": ["6"], "height": ["4"], "batch": ["2"]}
    assert [e.text for e in events if isinstance(e, NodeText)] == ["width 6, height 4, batch size 2"]


def loading(kind: str, image: str, **more: Any) -> dict[str, Any]:
    return {
        "load": {"class_type": kind, "inputs": {"image": image, **more}},
        "show": {"class_type": "MaskPreview", "inputs": {"mask": ["load", 1 if kind == "LoadImageOutput" else 0]}},
    }


async def test_a_picture_of_the_outputs_is_listed_by_a_name_that_says_so(registry: Registry, folders: Folders) -> None:
    Image.new("RGBA", (4, 2), (0, 0, 0, 51)).save(folders.directory("output") / "made.png")
    (info,) = [info for info in registry.describe() if info.name == "LoadImageOutput"]
    assert info.inputs["required"]["image"][0] == ["made.png [output]"]
    (image,) = shown(await ran(registry, loading("LoadImageOutput", "made.png [output]")))["images"]
    frames, _ = load_image(folders.directory("temp") / image["filename"])
    assert frames.unique().tolist() == pytest.approx([0.8])


@pytest.mark.parametrize(("channel", "value"), [("alpha", 0.2), ("red", 0.4), ("green", 0.6), ("blue", 1.0)])
async def test_each_channel_is_a_mask(registry: Registry, folders: Folders, channel: str, value: float) -> None:
    Image.new("RGBA", (4, 2), (102, 153, 255, 204)).save(folders.directory("input") / "a.png")
    (image,) = shown(await ran(registry, loading("LoadImageMask", "a.png", channel=channel)))["images"]
    frames, _ = load_image(folders.directory("temp") / image["filename"])
    assert frames.shape == (1, 2, 4, 3)
    assert frames.unique().tolist() == pytest.approx([value], abs=1 / 255)  # 1 - 0.8 may end below 0.2 and is cut off


@pytest.mark.parametrize("kind", ["LoadImage", "LoadImageOutput", "LoadImageMask"])
def test_what_is_no_picture_is_refused_before_the_run(registry: Registry, folders: Folders, kind: str) -> None:
    (folders.directory("input") / "notes.png").write_text("no picture")
    definition = registry[kind]
    assert definition.check is not None
    (problem,) = definition.check({"image": "notes.png"}, registry.services)
    assert problem.details == "image - Invalid image file: notes.png"  # type: ignore[union-attr]
    assert definition.check({"image": None}, registry.services) == []


def test_workflows_in_pictures_of_others_are_found(tmp_path: Path) -> None:
    """Texts behind the frames of an animated PNG, and a WebP whose keys begin with capitals."""
    prompt = json.dumps({"1": {"class_type": "A", "inputs": {}}})
    whole = animation.png(torch.rand(2, 4, 4, 3), {}, fps=6, compress_level=4)
    chunk = b"comfprompt\0" + prompt.encode()
    late = whole[:-12] + (len(chunk) - 4).to_bytes(4) + chunk + bytes(4) + whole[-12:]
    (tmp_path / "late.png").write_bytes(late)
    capital = {"Prompt": prompt, "Workflow": json.dumps(WORKFLOW)}
    webp = animation.webp(torch.rand(1, 4, 4, 3), capital, fps=6, lossless=True, quality=80, method="default")
    (tmp_path / "capital.webp").write_bytes(webp)
    for name in ("late.png", "capital.webp"):
        assert read_document(tmp_path / name).prompt["1"]["class_type"] == "A"
