"""What of versions stays, and for how long; and what is kept over damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.users import versions as module
from web.users.files import UserFiles
from web.users.tags import Tags
from web.users.versions import TooManyVersions, Versions

NAME = "workflows/a.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "user" / "default"


@pytest.fixture
def versions() -> Versions:
    return Versions()


@pytest.fixture
def files(versions: Versions) -> UserFiles:
    return UserFiles((versions,))


def save(files: UserFiles, root: Path, *texts: str) -> None:
    for text in texts:
        files.store(root, NAME, text.encode(), overwrite=True)


def contents(versions: Versions, root: Path) -> list[bytes]:
    return [versions.read(root, NAME, each.id) for each in versions.of(root, NAME)]


def test_beyond_the_number_the_oldest_go_but_those_with_names_stay(
    versions: Versions, files: UserFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_UNNAMED", 3)
    save(files, root, "named", "next")
    versions.rename(root, NAME, versions.of(root, NAME)[0].id, "first")
    save(files, root, *map(str, range(10)))
    assert contents(versions, root) == [b"8", b"7", b"6", b"named"]
    kept = {file.name for file in (root.parent / module.FOLDER / "default").glob("*/*")}
    assert len(kept) == 5  # no content without its version


def test_beyond_their_age_and_their_bytes_they_go_but_for_the_newest(
    versions: Versions, files: UserFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_UNNAMED_BYTES", 2)
    save(files, root, "1", "2", "3", "4")
    assert contents(versions, root) == [b"3", b"2"]
    monkeypatch.setattr(module, "MAX_AGE_MS", -1)
    save(files, root, "5")
    assert contents(versions, root) == [b"4"]


def test_named_versions_are_bounded_and_saving_is_not_kept_from_it(
    versions: Versions, files: UserFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_NAMED", 1)
    save(files, root, "1")
    versions.keep(root, NAME, b"1", "one")
    save(files, root, "2", "1", "2")  # named, and replaced again
    with pytest.raises(TooManyVersions):
        versions.keep(root, NAME, b"2", "two")
    assert {each.name for each in versions.of(root, NAME)} == {"one", None}


def test_other_files_have_no_versions(versions: Versions, root: Path) -> None:
    files = UserFiles((versions,))
    for name in ("comfy.settings.json", "wireloom/drafts/a.json", "workflows/a.txt"):
        files.store(root, name, b"1", overwrite=True)
        files.store(root, name, b"2", overwrite=True)
    assert not (root.parent / module.FOLDER).exists()


def test_what_went_to_the_trash_and_back_has_its_versions(versions: Versions, files: UserFiles, root: Path) -> None:
    save(files, root, "1", "2")
    files.move(root, NAME, "wireloom/trash/a~x.json", overwrite=False)
    save(files, root, "other", "and more")
    files.move(root, "wireloom/trash/a~x.json", NAME, overwrite=True)
    assert sorted(contents(versions, root)) == [b"1", b"and more", b"other"]


def test_damage_is_set_aside(versions: Versions, files: UserFiles, root: Path) -> None:
    save(files, root, "1", "2")
    [index] = (root.parent / module.FOLDER).glob("default/*/index.json")
    index.write_text("{")
    assert versions.of(root, NAME) == []
    save(files, root, "3")
    assert contents(versions, root) == [b"2"]
    tags, file = Tags(), root.parent / "__tags" / "default.json"
    tags.put(root, "a", ["x"])
    file.write_text("{")
    assert tags.all(root) == {}
    tags.put(root, "a", ["y"])
    assert tags.of(root, "a") == ["y"]
    assert file.with_name("default.json.corrupt").read_text() == "{"
