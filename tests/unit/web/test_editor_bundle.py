"""The editor's bundle in ``web/static``: whether it is what its sources make. It is built by ``make editor``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EDITOR, BUNDLE = ROOT / "web" / "editor", ROOT / "web" / "static"
PAGES = ("index.html", "form.html")
SOURCES = ("bundle.ts", *PAGES, "package-lock.json", "package.json", "public", "src", "tsconfig.json", "vite.config.ts")
STAMP = "BUILD"
STALE = "web/static was not built from web/editor as it is: run make editor (it needs Node.js), and commit both"
CHANGED = "somebody changed files of web/static by hand: run make editor, and commit what it makes"
ELSEWHERE = re.compile(r"""(src|href)=["'](?!\./editor/|\./api/|\./app\.webmanifest"|data:)""")
"""An address in the page that is not of its own parts."""


def files(root: Path, within: Path) -> Iterator[Path]:
    """All files at or below a path, but tests."""
    found = sorted(within.rglob("*")) if within.is_dir() else [within]
    return (path for path in found if path.is_file() and not re.search(r"\.test\.tsx?$", path.name))


def hash_of(root: Path, names: Iterator[str]) -> str:
    """Of the text that ``sha256sum`` prints for these files."""
    lines = (f"{hashlib.sha256((root / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def stamped() -> dict[str, str]:
    return dict(line.split() for line in (BUNDLE / STAMP).read_text().splitlines())


def test_the_bundle_was_built_from_the_sources_as_they_are() -> None:
    sources = (path for name in SOURCES for path in files(EDITOR, EDITOR / name))
    assert stamped()["sources"] == hash_of(EDITOR, (path.relative_to(EDITOR).as_posix() for path in sources)), STALE


def test_the_bundle_is_as_it_was_built() -> None:
    built = (path.relative_to(BUNDLE).as_posix() for path in files(BUNDLE, BUNDLE))
    assert stamped()["bundle"] == hash_of(BUNDLE, (name for name in built if name != STAMP)), CHANGED


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_nobody_else_and_holds_no_script(name: str) -> None:
    page = (BUNDLE / name).read_text()
    assert ELSEWHERE.search(page) is None
    assert re.search(r"<script(?![^>]*\bsrc=)", page) is None


def test_the_bundle_holds_the_licences_of_what_it_bundles() -> None:
    licences = (BUNDLE / "LICENSES.md").read_text()
    assert all(f"## {name}" in licences for name in ("react", "@xyflow/react", "elkjs", "zustand"))
