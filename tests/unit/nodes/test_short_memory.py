"""A process whose memory the system really limits, with real allocators, models and pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts RLIMIT_DATA for all memory"),
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.support.limited", str(tmp_path_factory.mktemp("data"))]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, timeout=300)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_remembered_results_go_and_the_node_succeeds(told: dict[str, Any]) -> None:
    results = told["freeing"]["results"]
    assert (results["failed"], results["how"]) == ("", {"f": "ran", "o": "ran"})
    (note, *_) = results["notes"]
    assert note.startswith("out of memory: 2 remembered results (251.")


def test_models_go_and_come_back(told: dict[str, Any]) -> None:
    models, back = told["freeing"]["models"], told["freeing"]["back"]
    assert (models["failed"], models["loaded"]) == ("", False)
    assert models["notes"][-1] == "out of memory: models were unloaded: network of large.safetensors (251.7 MB)"
    assert models["shown"] == told["freeing"]["first"]["shown"]
    assert (back["failed"], back["loaded"], back["notes"]) == ("", True, [])


def test_what_does_not_fit_at_all_fails_with_advice(told: dict[str, Any]) -> None:
    failed = told["freeing"]["never"]["failed"]
    assert "can't allocate memory" in failed
    assert "weights in memory: none" in failed
    assert "Try a smaller picture" in failed


def test_a_picture_is_decoded_in_tiles_which_is_told_and_not_remembered(told: dict[str, Any]) -> None:
    short, enough, again = (told["in_tiles"][name] for name in ("short", "enough", "again"))
    assert (short["failed"], enough["failed"], again["failed"]) == ("", "", "")
    assert any("decoded in tiles of" in note for note in short["notes"])
    assert enough["notes"] == []
    assert (enough["how"]["picture"], again["how"]) == ("ran", {"save": "memory"})
    sha_short, sha_enough = told["in_tiles"]["sha"]
    assert sha_short != sha_enough
    short_mean, enough_mean = told["in_tiles"]["mean"]
    assert abs(short_mean - enough_mean) < 8  # of 255
