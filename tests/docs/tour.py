"""Draw the pictures of docs/how-it-works.md: what the workflows of workflows/inside show.

Run it from the repository's root: ``python -m tests.docs.tour [NAME ...]``.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

WORKFLOWS, PICTURES = Path("workflows/inside"), Path("docs/pictures/inside")
QUALITY = 88


def draw(workflow: Path) -> None:
    """Run a workflow and put its pictures into docs, each under the name that it has in the output folder."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["run", str(workflow), "--data", f"{folder}/data", "--out", f"{folder}/out"]
        subprocess.run([sys.executable, "-m", "web.cli", *arguments], check=True)
        for file in sorted(Path(folder, "out").rglob("*.*")):
            keep(file)


def keep(file: Path) -> None:
    """A picture as WebP, without what its file tells beside it; a film with its pace."""
    name, number = re.fullmatch(r"(.+?)_0*(\d+)_", file.stem).groups()
    to = PICTURES / (f"{name}.webp" if number == "1" else f"{name}_{number}.webp")
    with Image.open(file) as picture:
        moves = getattr(picture, "is_animated", False)
        told = {"duration": picture.info.get("duration", 100), "loop": 0} if moves else {}
        picture.save(to, save_all=moves, quality=QUALITY, method=6, **told)
    sys.stdout.write(f"{to}\n")


def main(names: list[str]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for workflow in sorted(WORKFLOWS.glob("*.json")):
        if not names or workflow.stem in names:
            draw(workflow)


if __name__ == "__main__":
    main(sys.argv[1:])
