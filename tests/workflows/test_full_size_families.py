"""Checkpoints as large as SD 1.5, SD 2 and SDXL go the whole way, within memory; random weights, random pictures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.large]

ROOT = Path(__file__).parents[2]
GB = 1 << 30


@pytest.mark.parametrize(("family", "limit_gb", "context"), [("sd15", 8, 768), ("sd2", 9, 1024), ("sdxl", 16, 2048)])
def test_a_full_size_checkpoint_draws_within_memory(family: str, limit_gb: int, context: int, tmp_path: Path) -> None:
    path, picture = tmp_path / f"{family}.safetensors", tmp_path / "picture.png"
    maker = ROOT / "tests" / "fixtures" / "make_random.py"
    subprocess.run([sys.executable, str(maker), family, str(path)], check=True, cwd=ROOT)
    command = [sys.executable, "-m", "tests.support.drawing", str(path), str(picture)]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    path.unlink()  # several GB
    told = json.loads(done.stdout)
    print(f"{family}: {told['peak_bytes'] / GB:.1f} GiB at most")  # noqa: T201
    assert told["context"] == context
    assert told["finite"]
    assert told["peak_bytes"] < limit_gb * GB
    assert picture.stat().st_size > 1000
