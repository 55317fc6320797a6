"""What the documents point to is there: other documents, their headings, pictures and files."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "nodes/bundled").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    assert [link for link in links(document) if not leads_somewhere(document, link)] == []


def links(document: Path) -> Iterator[str]:
    """Those that stay within the project."""
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", link):
            yield link


def leads_somewhere(document: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = document.parent / unquote(path) if path else document
    return target.exists() and (not heading or target.suffix != ".md" or heading in headings(target))


def headings(document: Path) -> set[str]:
    """As they are named in links: lower case, without signs, with hyphens for blanks."""
    found = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found}


def test_the_pictures_of_the_story_are_those_that_are_drawn() -> None:
    story = (ROOT / "docs/how-it-works.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"pictures/inside/([\w-]+\.webp)", story))
    assert shown == {path.name for path in (ROOT / "docs/pictures/inside").iterdir()}
    named = set(re.findall(r"`(\w+)\.json`", story))
    assert {path.stem for path in (ROOT / "workflows/inside").glob("*.json")} <= named
