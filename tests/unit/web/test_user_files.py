"""User files as they lie on the disk: links, failures, leftovers."""

import errno
import os
from pathlib import Path

import pytest
from aiohttp import web

from web.atomic import write_atomically
from web.users.files import UserFiles, locate, read
from web.users.listing import list_files, list_tree
from web.users.people import BadUsersFile, People
from web.users.settings import UserSettings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A user's folder, beside a secret."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("42")
    made = tmp_path / "user"
    made.mkdir()
    return made


def test_a_link_that_leads_out_is_neither_read_nor_written_nor_listed(root: Path) -> None:
    (root / "file").symlink_to(root.parent / "secret" / "key")
    (root / "folder").symlink_to(root.parent / "secret")
    (root / "new").symlink_to(root.parent / "secret" / "new")
    files = UserFiles()
    for name in ("file", "folder/key", "folder/new", "new"):
        with pytest.raises(web.HTTPForbidden):
            read(root, name)
        with pytest.raises(web.HTTPForbidden):
            files.store(root, name, b"", overwrite=True)
        with pytest.raises(web.HTTPForbidden):
            files.delete(root, name)
        with pytest.raises(web.HTTPForbidden):
            files.move(root, name, "x", overwrite=True)
    assert list_files(root, within=root, recurse=True) == []
    assert list_tree(root, within=root) == []
    assert os.listdir(root.parent / "secret") == ["key"]


def test_links_in_circles_end(root: Path) -> None:
    (root / "a").symlink_to(root / "b")
    (root / "b").symlink_to(root / "a")
    (root / "sub").mkdir()
    (root / "sub" / "up").symlink_to(root)
    assert list_files(root, within=root, recurse=True) == []
    with pytest.raises(web.HTTPNotFound):
        read(root, "a")


def test_a_root_that_is_a_link_itself_works(root: Path) -> None:
    linked = root.parent / "linked"
    linked.symlink_to(root)
    UserFiles().store(linked, "a/b", b"x", overwrite=False)
    assert (root / "a" / "b").read_bytes() == b"x"
    assert list_files(linked, within=linked, recurse=True) == [linked / "a" / "b"]


def test_a_link_within_the_root_is_followed_but_only_the_link_is_deleted(root: Path) -> None:
    (root / "a").write_text("x")
    (root / "b").symlink_to(root / "a")
    assert read(root, "b") == (root / "b", b"x")
    UserFiles().delete(root, "b")
    assert os.listdir(root) == ["a"]


def test_a_sibling_whose_name_begins_alike_is_outside(root: Path) -> None:
    (root.parent / "user2").mkdir()
    (root / "x").symlink_to(root.parent / "user2")
    with pytest.raises(web.HTTPForbidden):
        locate(root, "x/file")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (root / "a").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):  # the server's trouble, not the name's
        UserFiles().store(root, "a", b"new", overwrite=True)
    with pytest.raises(OSError, match="No space"):
        UserSettings().merge(root, {"a": 1})
    assert os.listdir(root) == ["a"]
    assert (root / "a").read_text() == "old"


def test_a_file_is_on_the_disk_before_it_takes_its_place(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append("replace"), replace(a, b)))
    write_atomically(root / "a", b"x")
    assert calls == ["fsync", "replace"]


def test_a_folder_far_below_is_listed(root: Path) -> None:
    path, made = root, []
    for _ in range(1200):  # deeper than Python recurses; one step at a time, as no system takes so long a path
        path = path / "a"
        if len(str(path)) > 3900:
            break
        path.mkdir()
        made.append(path)
    try:
        assert list_files(root, within=root, recurse=True) == []
    finally:
        for each in reversed(made):  # pytest, which clears up after tests, recurses
            each.rmdir()


def test_every_corrupt_settings_file_is_kept(root: Path) -> None:
    settings, file = UserSettings(), root / "comfy.settings.json"
    for content in ("{1", "{2"):
        file.write_text(content)
        settings.merge(root, {"a": 1})
    kept = sorted(path for path in root.iterdir() if path != file)
    assert [path.read_text() for path in kept] == ["{1", "{2"]
    assert settings.read(root) == {"a": 1}


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"../x": "x"}', '{"__x": "x"}', '{"": "x"}', '{"a/b": ""}'])
def test_a_list_of_users_that_cannot_be_one_is_refused_at_the_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "users.json").write_text(content)
    with pytest.raises(BadUsersFile, match=r"users\.json"):
        People(tmp_path, multi_user=True)
    assert People(tmp_path, multi_user=False).names() == {"default": "default"}
