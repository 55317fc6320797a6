"""A model that is trained from nothing by the shipped workflow, though it is a small one, and draws."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from web.cli import main
from web.cli.documents import SHIPPED

SMALL = {
    "Pictures.size": "64",
    "Pictures.only": "clear/3d/dog, clear/3d/leafy tree, clear/3d/rocket, clear/3d/fire",
    "Pictures.backgrounds": "white #ffffff\nblue #3068e2",
    "New VAE.widths": "16,16,32",
    "Train the VAE.steps": "60",
    "Train the VAE.learning_rate": "0.001",
    "Train the VAE.ema": "0.95",
    "Sharpen the decoder.steps": "20",
    "New model.channels": "32",
    "New model.multipliers": "1,2",
    "Train the model.steps": "200",
    "Train the model.batch_size": "8",
    "Train the model.learning_rate": "0.002",
    "Train the model.ema": "0.97",
    "Train the model.prompts": "a dog\na rocket on a blue background",
}


@pytest.mark.slow
def test_a_small_run_learns_and_its_checkpoint_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--json"]
    edits = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]
    status = main(["run", str(SHIPPED / "train_mini.json"), *edits, *places])
    result = json.loads(capsys.readouterr().out)
    assert (status, result["errors"]) == (0, [])
    for name, steps in (("mini-vae", 60), ("mini", 200)):
        losses = torch.load(tmp_path / "out" / "training" / name / "state.pt", weights_only=True)["losses"]
        assert len(losses) == steps
        assert losses[-steps // 5 :].mean() < 0.7 * losses[: steps // 10].mean()

    (checkpoint,) = (tmp_path / "out" / "checkpoints").glob("*.safetensors")
    folder = tmp_path / "data" / "models" / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.rename(folder / "mine.safetensors")
    draw = {"Model.ckpt_name": "mine.safetensors", "Empty canvas.width": "32", "Empty canvas.height": "32"}
    edits = [part for key, value in draw.items() for part in ("--set", f"{key}={value}")]
    assert main(["run", "--text", "a rocket on a blue background", *edits, *places]) == 0
    drawn = json.loads(capsys.readouterr().out)
    ((file,),) = [output["files"] for output in drawn["outputs"].values()]
    with Image.open(file) as picture:
        colours = picture.getcolors(picture.width * picture.height)
        assert colours is not None
        assert len(colours) > 100  # no flat grey, as of a network that says nothing
