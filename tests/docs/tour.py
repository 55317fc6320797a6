"""Draw the pictures that docs/how-it-works.md shows: what the workflows of workflows/inside make.

Run it from the repository's root: ``python -m tests.docs.tour [NAME ...]``.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

WORKFLOWS, PICTURES, STORY = Path("workflows/inside"), Path("docs/pictures/inside"), Path("docs/how-it-works.md")
QUALITY = 88


def draw(workflow: Path, shown: set[str]) -> None:
    """Run a workflow and put those of its pictures into docs that are shown there, by their names in the output."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["run", str(workflow), "--data", f"{folder}/data", "--out", f"{folder}/out"]
        subprocess.run([sys.executable, "-m", "web.cli", *arguments], check=True)
        for file in sorted(Path(folder, "out").rglob("*.*")):
            keep(file, shown)


def keep(file: Path, shown: set[str]) -> None:
    """A picture as WebP, without what its file tells beside it; a film with its pace."""
    name, _, number = file.stem.rstrip("_").rpartition("_")
    to = PICTURES / (f"{name}.webp" if int(number) == 1 else f"{name}_{int(number)}.webp")
    if to.name not in shown:
        return
    with Image.open(file) as picture:
        moves = getattr(picture, "is_animated", False)
        told = {"duration": picture.info.get("duration", 100), "loop": 0} if moves else {}
        picture.save(to, save_all=moves, quality=QUALITY, method=6, **told)
    sys.stdout.write(f"{to}\n")


def main(names: list[str]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    shown = set(re.findall(r"pictures/inside/([\w-]+\.webp)", STORY.read_text(encoding="utf-8")))
    for workflow in sorted(WORKFLOWS.glob("*.json")):
        if not names or workflow.stem in names:
            draw(workflow, shown)


if __name__ == "__main__":
    main(sys.argv[1:])
