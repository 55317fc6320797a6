"""``wireloom evaluate``: on the bundled model and on a tiny one, from arguments to tables."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from safetensors.torch import save_file

from tests.support.small import checkpoint
from web.cli import main
from web.cli.evaluate import progress

QUICK = ["--steps", "2", "--device", "cpu"]


def evaluated(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, object]:
    assert main(["evaluate", "--json", *argv]) == 0
    result: dict[str, object] = json.loads(capsys.readouterr().out)
    return result


@pytest.mark.slow
def test_a_table_and_a_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "sheet.png"
    argv = ["evaluate", "--concepts", "pizza", "--hold-out", "0.5", "--sheet", str(sheet), *QUICK]
    assert main([*argv, "--data", str(tmp_path)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for words in ("6 pictures of 1 of 150 concepts", "named ones only", "unseen pair", "of 4)", "ms on cpu"):
        assert words in told
    with Image.open(sheet) as picture:
        assert picture.width > 6 * 128


def test_json_tells_what_was_asked_and_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["--concepts", "red heart", "--seeds", "2", "--hold-out", "0"]
    result = evaluated(capsys, *names, *QUICK, "--data", str(tmp_path))
    scores = result["scores"]
    assert (result["concepts"], result["pictures"], result["hold_out"]) == (1, 8, 0)
    assert {name: parts["all"]["of"] for name, parts in scores.items()} == {
        "background": 8,
        "named_background": 4,
        "concept": 8,
        "unseen_pair": 0,
        "unseen_background": 0,
        "unseen_concept": 0,
    }
    assert scores["concept"]["3d"]["of"] == scores["concept"]["flat"]["of"] == 4
    assert sum(each["count"] for each in result["confusions"]) == 8 - scores["concept"]["all"]["right"]
    wrong = [each for each in result["wrong"] if each["concept"] != each["seen_concept"]]
    assert len(wrong) == 8 - scores["concept"]["all"]["right"]
    assert result["ms_per_step"] > 0


def test_a_checkpoint_says_what_to_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tiny.safetensors"
    save_file(checkpoint(), file, {"wireloom.concepts": '["dog", "cat", "t-shirt"]', "wireloom.hold_out": "0.5"})
    result = evaluated(capsys, str(file), "--concepts", "2", "--size", "32", *QUICK, "--data", str(tmp_path))
    assert (result["concepts"], result["known_concepts"], result["hold_out"]) == (2, 3, 0.5)
    assert result["hold_out_assumed"] is False
    assert result["sampling"]["side"] == 32
    assert result["scores"]["concept"]["all"]["right"] < 8  # noise is no dog


@pytest.mark.slow
def test_what_a_checkpoint_does_not_say_is_assumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tiny.safetensors"
    save_file(checkpoint(), file)
    argv = ["evaluate", str(file), "--concepts", "horse", "--size", "32", *QUICK, "--data", str(tmp_path)]
    assert main(argv) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "12%, assumed, the checkpoint does not say" in told  # of horses: on yellow and pink
    assert main([*argv, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["hold_out"], result["hold_out_assumed"], result["known_concepts"]) == (0.12, True, 150)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nobody.safetensors"], "checkpoints has no file 'nobody.safetensors'"),
        (["--concepts", "gnu"], "there is no icon of gnu"),
        (["--sampler", "dance"], "unknown sampler 'dance'"),
        (["--size", "100"], "100 pixels a side are not a multiple of 8"),
        (["--sheet", "no/where.png"], "there is no folder no"),
        (["--device", "cuda:9"], "there is no device 'cuda:9'"),
    ],
)
def test_mistakes_are_a_sentence(
    argv: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *argv, "--data", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "half.safetensors"
    file.write_bytes(b"no tensors")
    assert main(["evaluate", str(file), "--data", str(tmp_path)]) == 2
    assert "half.safetensors cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--hold-out", "1"], ["--seeds", "0"], ["--cfg", "much"]])
def test_bad_arguments_exit_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["evaluate", *argv])
    assert exited.value.code == 2


def test_a_terminal_sees_how_far_it_is() -> None:
    screen = io.StringIO()
    with progress(Console(file=screen, force_terminal=True, width=100), 8, lines=True) as advance:
        advance(2.5)
        advance(4.5)
    assert "7 of 8" in screen.getvalue()


@pytest.mark.slow
def test_the_bundled_model_paints_what_its_card_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = evaluated(capsys, "--concepts", "30", "--data", str(tmp_path))["scores"]
    for measure in ("concept", "named_background", "unseen_pair"):
        assert all(score["share"] >= 0.95 for score in scores[measure].values()), measure
