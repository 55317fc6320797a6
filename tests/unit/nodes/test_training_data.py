"""Captions in many ways, and pictures as training draws them."""

import tarfile
from itertools import product
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.folders import Folders
from nodes.diffusion.training.captions import tells_background, words, written
from nodes.diffusion.training.dataset import Augment, Background, Dataset, Example
from nodes.diffusion.training.sources import examples
from nodes.training_data import BUNDLED, augment_dataset, image_folder, named_colours, picture_folders, show_dataset
from tests.support import lessons
from tests.support.contexts import context

PLAIN = st.text("abc, ", max_size=4).map(lambda text: (text, {text}))
Grown = tuple[str, set[str]]


def chosen(parts: list[Grown]) -> Grown:
    return "{" + "|".join(text for text, _ in parts) + "}", set().union(*(means for _, means in parts))


def joined(parts: list[Grown]) -> Grown:
    return "".join(text for text, _ in parts), {"".join(each) for each in product(*(means for _, means in parts))}


PATTERNS = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from([chosen(parts), joined(parts)])
    ),
    max_leaves=6,
)
"""Patterns, and all that they stand for."""


def tidy(text: str) -> str:
    return " ".join(text.split()).replace(" ,", ",")


@given(PATTERNS, st.integers())
def test_a_caption_is_one_of_those_that_its_pattern_stands_for(pattern: Grown, seed: int) -> None:
    assert written(pattern[0], Random(seed)) in {tidy(text) for text in pattern[1]}


@given(st.text("{}|<>abc ", max_size=30), st.integers())
def test_any_text_is_a_pattern(text: str, seed: int) -> None:
    assert written(text, Random(seed)) == written(text, Random(seed))
    assert not set("{}|") & set(words(text))


def test_every_choice_is_made_some_time() -> None:
    assert {written("{a|b{|c}} d", Random(n)) for n in range(60)} == {"a d", "b d", "bc d"}


@pytest.mark.parametrize(("name", "said"), [("orange", "on an orange wall"), ("blue", "on a blue wall")])
def test_a_background_has_its_article(name: str, said: str) -> None:
    assert written("on <a background> wall", Random(0), name) == said
    assert tells_background("on <a background> wall")
    assert not tells_background("on a wall")


def test_each_picture_is_drawn_as_often_as_any_other() -> None:
    opaque = Example("a wall", torch.full((4, 16, 16), 255, dtype=torch.uint8), ("a wall",))
    data = lessons.dataset(plain_share=0.25)
    data = Dataset((*data.examples, opaque), data.backgrounds, 0.25)
    choices = data.choices()
    weights = data.weights(choices)
    assert weights.sum().item() == pytest.approx(1)
    for n in range(len(data.examples)):
        share = sum(weight.item() for choice, weight in zip(choices, weights, strict=True) if choice.example == n)
        assert share == pytest.approx(1 / len(data.examples))
    plain = sum(
        w.item() for c, w in zip(choices, weights, strict=True) if c.example == 0 and data.is_plain(c.background)
    )
    assert plain == pytest.approx(0.25 / len(data.examples))


def test_held_out_pairs_are_never_drawn_and_plain_ones_always() -> None:
    shades = tuple(Background((f"shade {n}",), (n / 100, 0.5, 0.5)) for n in range(100))
    data = lessons.dataset(backgrounds=shades, hold_out=0.3)
    choices = data.choices()
    assert len(choices) == pytest.approx(3 * (1 + 99 * 0.7), rel=0.15)  # a share of all pairs, by their hash
    assert {choice.example for choice in choices if data.is_plain(choice.background)} == {0, 1, 2}
    assert not any(data.held_out("dog", c.background) for c in choices if c.example == 0 and c.background)
    assert lessons.dataset(backgrounds=shades, hold_out=0.3).choices() == choices
    assert len(lessons.dataset(backgrounds=shades).choices()) == 300


def test_a_picture_lies_on_its_background_and_white_stays_white() -> None:
    data = lessons.dataset()
    white, blue = (data.picture(choice, Random(1)) for choice in data.choices()[:2])
    assert white.shape == (3, 16, 16)
    assert torch.equal(white[:, 0, 0], torch.ones(3))
    assert ((blue[:, 0, 0] + 1) / 2).tolist() == pytest.approx(lessons.BLUE.colour, abs=0.06)
    assert torch.equal(white[:, 8, 8], blue[:, 8, 8])


def test_a_moved_picture_moves_by_whole_steps() -> None:
    data = lessons.dataset(augment=Augment(shift=0.25, shift_step=0.25))
    corners = set()
    for n in range(20):
        seen = data.picture(data.choices()[0], Random(n))[2] < 0.9
        corners.add(tuple(seen.nonzero()[0].tolist()))
    assert len(corners) > 3
    assert all(side % 2 == 0 for corner in corners for side in corner)  # 0.25 of half of 16 pixels


def test_captions_tell_backgrounds_that_are_not_plain() -> None:
    data = lessons.dataset()
    plain, blue = data.choices()[:2]
    told = {data.caption(blue, Random(n)) for n in range(60)}
    article = {"a blue", "an azure"}
    assert told == {f"a dog {how} {what} background" for how in ("on", "before") for what in article}
    assert "a dog" in {data.caption(plain, Random(n)) for n in range(20)}


def save_pictures(folder: Path) -> None:
    (folder / "sub").mkdir(parents=True)
    Image.new("RGB", (32, 16), (255, 0, 0)).save(folder / "red_wall.png")
    Image.new("RGBA", (16, 32), (0, 0, 255, 100)).save(folder / "sub" / "glass.webp")
    (folder / "sub" / "glass.txt").write_text("some glass\n\nblue glass\n")


def test_a_folder_and_an_archive_of_it_are_the_same(tmp_path: Path) -> None:
    save_pictures(tmp_path / "mine")
    with tarfile.open(tmp_path / "mine.tar", "w") as archive:
        archive.add(tmp_path / "mine", "")
    folder, packed = (examples(tmp_path / name, 8) for name in ("mine", "mine.tar"))
    assert [each.name for each in folder] == [each.name for each in packed] == ["red_wall", "sub/glass"]
    assert [each.captions for each in folder] == [("red wall",), ("some glass", "blue glass")]
    assert all(torch.equal(one.picture, other.picture) for one, other in zip(folder, packed, strict=True))
    assert folder[0].picture.shape == (4, 8, 8)
    assert (folder[0].picture[3] == 255).all()
    assert folder[1].picture[3, 0, 0] == 0  # keeps its aspect, with nothing at its sides
    assert [each.name for each in examples(tmp_path / "mine", 8, ["sub/*"])] == ["sub/glass"]


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"no picture in .*empty"):
        examples(tmp_path / "empty", 8)
    (tmp_path / "empty" / "bad.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="bad cannot be read as a picture"):
        examples(tmp_path / "empty", 8)
    with pytest.raises(ValueError, match=r"called x\*; there is bad"):
        examples(tmp_path / "empty", 8, ["x*"])
    (tmp_path / "no.tar").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"no\.tar is no tar file"):
        examples(tmp_path / "no.tar", 8)


def test_nodes_find_folders_archives_and_the_bundled_icons(tmp_path: Path) -> None:
    save_pictures(tmp_path / "input" / "mine")
    ctx, _ = context(tmp_path)
    assert picture_folders(ctx.service(Folders)) == ["mine", BUNDLED]
    assert len(image_folder(ctx, "mine", 16).examples) == 2
    icons = image_folder(ctx, BUNDLED, 32, "clear/3d/dog, clear/3d/c*", "white #ffffff\ngray, grey #8c8c91")
    assert "clear/3d/cat" in {each.name for each in icons.examples}
    assert icons.backgrounds[1].names == ("gray", "grey")
    moved = augment_dataset(icons, flip=True)
    sheet = show_dataset(moved, 3, 2, seed=1)
    assert sheet.shape[0] == 1
    assert torch.equal(sheet, show_dataset(moved, 3, 2, seed=1))
    with pytest.raises(ValueError, match="scale_min"):
        augment_dataset(icons, 2.0, 1.0)


@pytest.mark.parametrize("line", ["white", "#ffffff", "white #fff", ", #ffffff"])
def test_a_background_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="a background is told by names and a colour"):
        named_colours(f"white #ffffff\n{line}")
