"""Who can use a server: one person, or several whose files are kept apart."""

from dataclasses import replace

import pytest

from tests.conformance.conftest import OpenClient, Server
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

pytestmark = pytest.mark.conformance


@pytest.fixture
async def shared(aiohttp_client: OpenClient, parts: Parts) -> Server:
    """A server for several people."""
    return await aiohttp_client(make_app(replace(parts, settings=Settings(multi_user=True))))


async def sign_up(server: Server, name: str) -> str:
    async with server.post("/api/users", json={"username": name}) as response:
        assert response.status == 200
        user: str = await response.json()
    return user


@pytest.mark.protocol("http.6.a")
async def test_a_server_for_one_says_whether_anything_was_kept(server: Server) -> None:
    await server.post("/api/settings", json={})
    async with server.get("/api/users") as response:
        assert await response.json() == {"storage": "server", "migrated": True}


@pytest.mark.protocol("http.6.a", "http.6.o")
async def test_a_fresh_server_has_nothing_and_asking_makes_no_folder(server: Server, parts: Parts) -> None:
    for path in ("/users", "/settings", "/userdata?dir=workflows", "/v2/userdata", "/userdata/comfy.templates.json"):
        await server.get(path)
    async with server.get("/users") as response:
        assert await response.json() == {"storage": "server", "migrated": False}
    assert list(parts.folders.directory("user").iterdir()) == []


@pytest.mark.protocol("http.0.v")
async def test_a_server_for_one_ignores_who_is_asking(server: Server) -> None:
    for user in ("", "nobody", "__system", "../.."):
        async with server.get("/api/settings", headers={"Comfy-User": user}) as response:
            assert response.status == 200


async def test_a_server_for_one_takes_no_more_users(server: Server) -> None:
    async with server.post("/api/users", json={"username": "ada"}) as response:
        assert response.status == 400
        assert "--multi-user" in (await response.json())["error"]


@pytest.mark.protocol("http.6.b", "http.6.c")
async def test_a_new_user_gets_an_id_made_of_the_name(shared: Server) -> None:
    user = await sign_up(shared, "Ada & Bob/..")
    assert user.startswith("Ada-Bob-_")
    async with shared.get("/api/users") as response:
        assert await response.json() == {"storage": "server", "users": {user: "Ada & Bob/.."}}


@pytest.mark.protocol("http.6.d")
async def test_a_name_that_is_taken_is_refused(shared: Server) -> None:
    await sign_up(shared, "ada")
    async with shared.post("/api/users", json={"username": "ada"}) as response:
        assert response.status == 400
        assert await response.json() == {"error": "Duplicate username."}


@pytest.mark.parametrize("name", ["", " ", "x" * 129, "__system", "a\nb", "\0"])
async def test_a_name_that_nobody_can_have_is_refused(shared: Server, name: str) -> None:
    async with shared.post("/api/users", json={"username": name}) as response:
        assert response.status == 400
        assert "username" in (await response.json())["error"]


@pytest.mark.parametrize("body", [{}, {"username": None}, {"username": ["ada"]}, []])
async def test_a_body_without_a_name_is_refused(shared: Server, body: object) -> None:
    async with shared.post("/api/users", json=body) as response:
        assert response.status == 400


@pytest.mark.protocol("http.0.w")
async def test_users_do_not_see_each_others_settings_and_files(shared: Server) -> None:
    ada, bob = await sign_up(shared, "ada"), await sign_up(shared, "bob")
    await shared.post("/settings/color", json="red", headers={"Comfy-User": ada})
    await shared.post("/userdata/a.json", data=b"{}", headers={"Comfy-User": ada})
    async with shared.get("/settings", headers={"Comfy-User": bob}) as response:
        assert await response.json() == {}
    async with shared.get("/userdata/a.json", headers={"Comfy-User": bob}) as response:
        assert response.status == 404
    async with shared.get("/settings/color", headers={"Comfy-User": ada}) as response:
        assert await response.json() == "red"


@pytest.mark.protocol("http.0.x", "http.0.y")
@pytest.mark.parametrize("user", [None, "", "nobody", "default", "__system", "../ada", "/", "users.json"])
@pytest.mark.parametrize("path", ["/settings", "/settings/color", "/userdata?dir=.", "/v2/userdata", "/userdata/a"])
async def test_only_a_user_who_is_known_is_answered(shared: Server, path: str, user: str | None) -> None:
    headers = {} if user is None else {"Comfy-User": user}
    async with shared.get(path, headers=headers) as response:
        assert response.status == 403
        assert ("Comfy-User" if not user else repr(user)) in await response.text()


async def test_users_are_still_known_after_a_restart(shared: Server, aiohttp_client: OpenClient, parts: Parts) -> None:
    ada = await sign_up(shared, "ada")
    again = await aiohttp_client(make_app(replace(parts, settings=Settings(multi_user=True))))
    async with again.get("/settings", headers={"Comfy-User": ada}) as response:
        assert response.status == 200
