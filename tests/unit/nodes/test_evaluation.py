"""Evaluating checkpoints: what is asked of them, and whether icons and colours are told apart."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest
import torch
from torch import Tensor

import nodes
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.evaluation.cases import Case, cases
from nodes.diffusion.evaluation.colours import ground, nearest, oklab
from nodes.diffusion.evaluation.concepts import Concept, Learned, chosen, concepts_of, learned, name_of
from nodes.diffusion.evaluation.exam import choice
from nodes.diffusion.evaluation.identity import SIDE, Icons, premultiplied, variants
from nodes.diffusion.evaluation.judging import MEASURES, Answer, Judge, Score, confusions
from nodes.diffusion.evaluation.painting import Manner, Painter
from nodes.diffusion.evaluation.picturing import label, page
from nodes.diffusion.lazy import Residency
from nodes.diffusion.sampling import sample_latent
from nodes.diffusion.training.dataset import Augment, Background, Choice, Dataset, Example
from nodes.diffusion.training.icons import BACKGROUNDS
from nodes.diffusion.training.sources import examples

BUNDLED = Path(nodes.__file__).parent / "bundled"
ICONS = BUNDLED / "icons.tar"
HALF_SEEN = Dataset((), BACKGROUNDS, hold_out=0.5)


@pytest.fixture(scope="module")
def icons() -> tuple[Example, ...]:
    return tuple(each for each in examples(ICONS, 128) if each.name.startswith("clear/"))


@pytest.fixture(scope="module")
def concepts(icons: tuple[Example, ...]) -> tuple[Concept, ...]:
    return concepts_of(icons)


@pytest.fixture(scope="module")
def judge(concepts: tuple[Concept, ...]) -> Judge:
    return Judge(concepts, BACKGROUNDS)


def as_trained(case: Case) -> Tensor:
    """What training would show for a case: the icon moved a little, on a shade of its background, (H, W, 3)."""
    example = Example(case.concept.subject, case.concept.pictures[case.style], ())
    dataset = Dataset((example,), BACKGROUNDS, augment=Augment(scale=(0.9, 1.03), shift=0.06))
    return (dataset.picture(Choice(0, case.background), Random(case.prompt)).movedim(0, -1) + 1) / 2


def plain_cases(concepts: tuple[Concept, ...]) -> list[Case]:
    return [case for case in cases(concepts, Dataset((), BACKGROUNDS)) if case.kind == "plain"]


def test_training_icons_are_recognised_among_all_150(concepts: tuple[Concept, ...], judge: Judge) -> None:
    asked = list(cases(concepts[::15], HALF_SEEN))
    verdicts = [judge(case, as_trained(case)) for case in asked]
    assert confusions(verdicts) == []
    for measure in MEASURES:
        score = measure.score(verdicts)
        assert score.right == score.of > 0, measure.name


def test_swapped_icons_are_noticed(concepts: tuple[Concept, ...], judge: Judge) -> None:
    dog, cat = chosen(concepts, ["dog", "cat"])
    plain = plain_cases((dog, cat))
    verdicts = [judge(case, as_trained(case._replace(concept=cat if case.concept is dog else dog))) for case in plain]
    assert not any(verdict.right_concept for verdict in verdicts)
    assert all(verdict.right_background for verdict in verdicts)
    assert sorted(confusions(verdicts)) == [
        (style, *names, 1) for style in ("3d", "flat") for names in (("cat", "dog"), ("dog", "cat"))
    ]


def test_a_picture_on_another_background_is_noticed(concepts: tuple[Concept, ...], judge: Judge) -> None:
    case = plain_cases(chosen(concepts, ["fox"]))[0]
    verdict = judge(case, as_trained(case._replace(background=BACKGROUNDS[7])))
    assert (verdict.right_concept, verdict.right_background) == (True, False)
    assert verdict.background.names == ("blue",)
    assert label(verdict) == "fox\n3d, white\nseen as blue"


def test_pictures_of_other_sizes_are_judged_alike(concepts: tuple[Concept, ...], judge: Judge) -> None:
    case = next(each for each in cases(chosen(concepts, ["pizza"]), HALF_SEEN) if each.kind == "named")
    large = as_trained(case).repeat_interleave(4, 0).repeat_interleave(4, 1)
    verdict = judge(case, large)
    assert verdict.right_concept
    assert verdict.right_background


@pytest.mark.parametrize("number", range(len(BACKGROUNDS)), ids=[each.names[0] for each in BACKGROUNDS])
def test_every_shade_of_a_background_is_its_own(icons: tuple[Example, ...], number: int) -> None:
    dataset, rng = Dataset(icons, BACKGROUNDS), Random(0)
    shown = torch.stack([dataset.picture(Choice(n, BACKGROUNDS[number]), rng) for n in range(0, 300, 10)])
    grounds = ground((shown.movedim(1, -1) + 1) / 2)
    assert nearest(grounds, BACKGROUNDS) == [number] * 30


def test_the_border_decides_a_background() -> None:
    picture = torch.full((1, 128, 128, 3), 0.25)
    picture[:, 5:-5, 5:-5] = torch.rand(118, 118, 3, generator=torch.Generator().manual_seed(0))
    picture[:, :5, :30] = 1.0  # an icon that reaches the edge
    assert ground(picture).tolist() == [[0.25, 0.25, 0.25]]


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((1.0, 1.0, 1.0), (1.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((1.0, 0.0, 0.0), (0.628, 0.225, 0.126)),
        ((0.0, 1.0, 0.0), (0.866, -0.234, 0.180)),
        ((0.0, 0.0, 1.0), (0.452, -0.032, -0.312)),
    ],
)
def test_oklab_of_known_colours(rgb: tuple[float, ...], expected: tuple[float, ...]) -> None:
    """As CSS Color 4 lists them for its named colours."""
    assert oklab(torch.tensor(rgb)).tolist() == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize(
    ("rgb", "name"), [((38, 61, 233), "blue"), ((202, 169, 121), "orange"), ((123, 173, 155), "gray")]
)
def test_colours_are_called_as_they_look(rgb: tuple[int, ...], name: str) -> None:
    """Backgrounds that a model has painted, of which CIELAB calls the first purple and RGB the second gray."""
    assert BACKGROUNDS[nearest(torch.tensor([rgb]) / 255, BACKGROUNDS)[0]].names[0] == name


def test_errors_are_those_of_icons_put_on_the_ground(concepts: tuple[Concept, ...]) -> None:
    pictures = [concept.pictures["flat"] for concept in concepts[:3]]
    generator = torch.Generator().manual_seed(1)
    samples, grounds = torch.rand(2, 128, 128, 3, generator=generator), torch.rand(2, 3, generator=generator)
    errors = Icons(pictures).errors(samples, grounds)

    small = torch.nn.functional.adaptive_avg_pool2d(samples.movedim(-1, 1), SIDE)
    rgba = variants(torch.stack([premultiplied(picture) for picture in pictures]))
    for b in range(2):
        placed = rgba[:, :, :3] + (1 - rgba[:, :, 3:]) * grounds[b][:, None, None]
        direct = (placed - small[b]).square().mean((2, 3, 4)).amin(1)
        torch.testing.assert_close(errors[b], direct, rtol=1e-4, atol=1e-6)  # sums of 3,072 squares in float32


def test_unseen_pairs_are_those_that_training_never_draws(concepts: tuple[Concept, ...]) -> None:
    asked = list(cases(concepts, HALF_SEEN, rounds=2))
    for case in asked:
        assert HALF_SEEN.held_out(case.concept.subject, case.background) == (case.kind == "unseen")
    assert {case.kind for case in asked} == {"plain", "named", "unseen"}
    assert asked == list(cases(concepts, HALF_SEEN, rounds=2))
    assert len({(case.prompt, case.seed) for case in asked}) == len(asked)


def test_nothing_is_unseen_where_nothing_was_held_out(concepts: tuple[Concept, ...]) -> None:
    asked = list(cases(concepts, Dataset((), BACKGROUNDS)))
    assert {case.kind for case in asked} == {"plain", "named"}
    colours = Counter(case.background.names[0] for case in asked if case.kind == "named")
    assert len(colours) == 11
    assert max(colours.values()) - min(colours.values()) <= 2


def test_prompts_name_style_and_background(concepts: tuple[Concept, ...]) -> None:
    shirt = chosen(concepts, ["t shirt"])[0]
    orange = Background(("orange",), (1.0, 0.5, 0.0))
    assert Case(shirt, "3d", "plain", BACKGROUNDS[0], 0).prompt == "a t-shirt"
    assert Case(shirt, "flat", "named", orange, 0).prompt == "a flat t-shirt on an orange background"


def test_concepts_are_named_as_captions_write_them(concepts: tuple[Concept, ...]) -> None:
    assert len(concepts) == 150
    assert {"red apple", "t-shirt", "dog", "face with heart eyes"} <= {concept.name for concept in concepts}
    assert name_of(Example("a/3d/hot-dog", torch.zeros(4, 1, 1), ("a {hot dog|sausage}",))) == "hot dog"


def test_what_a_checkpoint_says_of_its_training() -> None:
    assert learned({}) == Learned(None, None)
    told = {"wireloom.concepts": '["dog", "red apple"]', "wireloom.hold_out": "0.25"}
    assert learned(told) == Learned(("dog", "red apple"), 0.25)


@pytest.mark.parametrize(
    ("key", "text"),
    [("concepts", "dog"), ("concepts", "[]"), ("concepts", "[1]"), ("hold_out", "much"), ("hold_out", "1")],
)
def test_metadata_that_makes_no_sense_is_named(key: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"wireloom\.{key} must be .* but is "):
        learned({f"wireloom.{key}": text})


def test_which_concepts_are_asked_for(concepts: tuple[Concept, ...]) -> None:
    def names(told: Learned, wanted: str | None) -> list[tuple[str, ...]]:
        return [tuple(each.name for each in part) for part in choice(concepts, told, wanted)]

    all_names = tuple(concept.name for concept in concepts)
    two = Learned(("red-apple", "Dog"))
    assert names(Learned(), None) == [all_names] * 2
    assert names(two, None) == [("red apple", "dog")] * 2
    assert names(Learned(), "3") == [(all_names[0], all_names[50], all_names[100]), all_names]
    assert names(Learned(), "dog,hot-dog") == [("dog", "hot dog"), all_names]
    with pytest.raises(ValueError, match="there is no icon of gnu"):
        names(Learned(), "dog,gnu")
    with pytest.raises(ValueError, match="3 concepts cannot be asked for: there are 2"):
        names(two, "3")


def test_pictures_painted_together_are_those_painted_alone(concepts: tuple[Concept, ...]) -> None:
    painter = Painter.of(Loader(Residency(2**30)), BUNDLED / "wireloom-mini.safetensors", Manner(steps=3, at_once=3))
    dog, red = chosen(concepts, ["dog", "pizza"]), BACKGROUNDS[3]
    asked = [Case(each, style, "named", red, 5) for each in dog for style in ("3d", "flat")]
    steps: list[int] = []
    painted = list(painter.paint(asked, steps.append))
    assert [case for case, _ in painted] == asked
    assert steps == [3, 3, 3, 1, 1, 1]
    for case, picture in painted[::3]:
        context, pooled = painter.clip.encode(case.prompt)
        nothing, _ = painter.clip.encode("")
        alone = sample_latent(
            painter.model,
            {"samples": torch.zeros(1, 4, 16, 16)},
            [[context, {"pooled_output": pooled}]],
            [[nothing, {}]],
            seed=5,
            steps=3,
            cfg=4.0,
            sampler_name="ddim",
            scheduler="ddim_uniform",
        )
        torch.testing.assert_close(picture, painter.vae.decode(alone["samples"])[0], rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sampler": "dance"}, "unknown sampler 'dance'"),
        ({"scheduler": "late"}, "unknown scheduler 'late'"),
        ({"cfg": float("nan")}, "20 steps at cfg nan are out of bounds"),
    ],
)
def test_manners_that_there_are_not(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Manner(**wrong)


def test_scores_of_nothing_have_no_share() -> None:
    assert Score(0, 0).share is None
    assert Score(3, 4).share == 0.75


def test_the_page_shows_the_first_round(concepts: tuple[Concept, ...], judge: Judge) -> None:
    asked = list(cases(chosen(concepts, ["dog"]), Dataset((), BACKGROUNDS), rounds=2))
    pictures = [as_trained(case) for case in asked]
    answers = [Answer(judge(*each), each[1]) for each in zip(asked, pictures, strict=True)]
    wide, first = page(answers, ""), page(answers[:4], "")
    assert torch.equal(wide, first)
    assert wide.shape[2] > 4 * 128
