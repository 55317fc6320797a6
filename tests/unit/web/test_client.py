"""The Python client without a server."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from web.client import CannotReach, Client, StrangeAnswer
from web.v1.schemas import File


def test_the_client_brings_in_no_torch_and_no_server() -> None:
    heavy = "{'torch', 'numpy', 'PIL', 'aiohttp', 'transformers', 'nodes', 'engine'}"
    code = f"import sys, web.client; web.client.Client().close(); assert not {heavy} & sys.modules.keys()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_address_needs_its_scheme() -> None:
    with pytest.raises(ValueError, match="begins with http"):
        Client("localhost:8188")
    with pytest.raises(ValueError, match="no address"):
        Client("http://localhost:port")


@pytest.mark.parametrize("answer", ["<html>", "{}"])
async def test_another_program_is_recognised(answer: str) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=answer)

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    async with TestServer(app) as server:
        with Client(str(server.make_url("/"))) as client, pytest.raises(StrangeAnswer, match="answer as wireloom"):
            await asyncio.to_thread(client.workflows)


def test_a_server_that_is_not_there_is_named(unused_tcp_port: int) -> None:
    with Client(f"http://127.0.0.1:{unused_tcp_port}") as client, pytest.raises(CannotReach) as caught:
        client.workflows()
    assert f"http://127.0.0.1:{unused_tcp_port}" in str(caught.value)


@pytest.mark.parametrize("url", ["https://elsewhere.example/x", "//elsewhere.example/x", "x"])
def test_the_token_goes_to_no_other_server(url: str) -> None:
    file = File(filename="x", subfolder="", type="output", url=url, media_type="image/png")
    with Client(token="secret") as client, pytest.raises(ValueError, match="no path on the server"):
        client.download(file)
