"""Deleting files over /v1/files."""

import errno
from pathlib import Path

import pytest

from tests.unit.web.conftest import Server


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file among the outputs, in a folder of its own."""
    path = tmp_path / "output" / "cats" / "cat.png"
    path.parent.mkdir()
    path.write_bytes(b"cat")
    return path


def is_there(path: Path) -> bool:
    return path.exists()


async def delete(server: Server, **query: str) -> int:
    async with server.delete("/v1/files", params=query) as response:
        return response.status


@pytest.mark.parametrize("kind", ["output", "input", "temp"])
async def test_a_file_is_deleted_once(server: Server, tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind / "a.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"a")
    assert await delete(server, filename="a.png", type=kind) == 204
    assert not is_there(path)
    assert await delete(server, filename="a.png", type=kind) == 404


async def test_a_name_is_taken_as_view_takes_it(server: Server, picture: Path) -> None:
    assert await delete(server, filename="cat.png [output]", type="temp", subfolder="cats") == 204
    assert not is_there(picture)
    assert picture.parent.is_dir()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"filename": ""}, 400),
        ({"filename": "../cat.png"}, 400),
        ({"filename": "/etc/passwd"}, 400),
        ({"filename": "cat.png", "subfolder": "../output/cats"}, 403),
        ({"filename": "cat.png", "subfolder": "/"}, 403),
        ({"filename": "cat.png", "type": "user"}, 400),
        ({"filename": "cat.png", "type": "models"}, 400),
        ({"filename": "cat.png", "subfolder": "cats", "other": "1"}, 400),
        ({"filename": "cats"}, 404),
        ({"filename": "dog.png", "subfolder": "cats"}, 404),
    ],
)
async def test_what_is_no_file_of_these_folders_is_refused(
    server: Server, picture: Path, query: dict[str, str], status: int
) -> None:
    assert await delete(server, **query) == status
    assert is_there(picture)


async def test_a_link_that_leads_out_is_left_alone(server: Server, picture: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    (picture.parent / "linked.png").symlink_to(secret)
    (picture.parent / "away").symlink_to(tmp_path)
    assert await delete(server, filename="linked.png", subfolder="cats") == 403
    assert await delete(server, filename="secret.png", subfolder="cats/away") == 403
    assert is_there(secret)


async def test_a_file_that_cannot_be_deleted_is_said_to_stay(
    server: Server, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        """As a folder that is read-only; by its rights alone the superuser would not be stopped."""
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    async with server.delete("/v1/files", params={"filename": "cat.png", "subfolder": "cats"}) as response:
        assert response.status == 409
        assert "cat.png" in await response.text()
    assert is_there(picture)


async def test_pages_from_elsewhere_delete_nothing(server: Server, picture: Path) -> None:
    query = {"filename": "cat.png", "subfolder": "cats"}
    async with server.delete("/v1/files", params=query, headers={"Origin": "http://elsewhere.example"}) as response:
        assert response.status == 403
    assert is_there(picture)
