"""Draw the pictures of workflows/gallery: what the shipped workflows make, the last of what each shows.

Run it from the repository's root: ``python -m tests.docs.gallery``.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

WORKFLOWS = Path("workflows")
TAKES_HOURS = ("train_mini",)
SIDE, QUALITY = 256, 88  # pixels


def drawn(workflow: Path, folder: Path) -> Path:
    """Run a workflow; the last picture of its last output."""
    places = ["--data", str(folder / "data"), "--out", str(folder / "out"), "--json"]
    command = [sys.executable, "-m", "web.cli", "run", str(workflow), *places]
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return Path([file for output in result["outputs"].values() for file in output["files"]][-1])


def main() -> None:
    for workflow in sorted(WORKFLOWS.glob("*.json")):
        if workflow.stem in TAKES_HOURS:
            continue
        with tempfile.TemporaryDirectory() as folder, Image.open(drawn(workflow, Path(folder))) as picture:
            shown = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            shown.save(WORKFLOWS / "gallery" / f"{workflow.stem}-1.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
