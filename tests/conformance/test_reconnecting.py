"""Clients that come and go while their jobs run."""

from __future__ import annotations

import pytest

from tests.conformance.asking import LONG, SLOW, ended, get, post, running, submit
from tests.conformance.conftest import Listener, Server

pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("small_nodes")]


@pytest.mark.protocol("ws.1.g", "ws.4.d")
async def test_who_comes_back_is_told_which_node_runs_and_nothing_else(server: Server, listener: Listener) -> None:
    await running(server, listener)
    async with server.ws_connect("/ws?clientId=cid1") as again, server.ws_connect("/ws?clientId=other") as other:
        assert (await again.receive_json(timeout=5))["type"] == "status"
        assert await again.receive_json(timeout=5) == {"type": "executing", "data": {"node": "1"}}
        assert (await other.receive_json(timeout=5))["type"] == "status"
        await post(server, "/interrupt")
        assert (await again.receive_json(timeout=5))["type"] == "execution_interrupted"
        assert (await other.receive_json(timeout=5))["type"] == "status"


@pytest.mark.protocol("ws.4.a", "ws.1.c")
async def test_an_old_socket_that_closes_late_silences_nobody(server: Server) -> None:
    async with server.ws_connect("/ws?clientId=me") as old:
        new = Listener(await server.ws_connect("/ws?clientId=me"))
        await old.close()
    await submit(server, SLOW, client_id="me")
    kinds = [message["type"] for message in await new.until_done()]
    assert kinds[:5] == ["status"] * 3 + ["execution_start", "execution_cached"]
    assert "execution_success" in kinds


@pytest.mark.protocol("ws.1.c", "ws.2.p")
async def test_two_tabs_of_one_id_both_hear_everything(server: Server, listener: Listener) -> None:
    second = Listener(await server.ws_connect("/ws?clientId=cid1"))
    await submit(server, SLOW)
    one, two = await listener.until_done(), await second.until_done()
    assert one == two


@pytest.mark.protocol("ws.1.c", "ws.3.g")
async def test_each_tab_gets_the_pictures_that_it_can_read(server: Server, listener: Listener) -> None:
    second = Listener(await server.ws_connect("/ws?clientId=cid1"))
    await second.socket.send_json({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
    await second.until("feature_flags")
    await submit(server, {"1": {"class_type": "TTell", "inputs": {"text": "x"}}})
    codes = [
        {message["binary"][3] for message in await each.until_done() if "binary" in message}
        for each in (listener, second)
    ]
    assert codes == [{1, 3}, {3, 4}]


@pytest.mark.protocol("ws.4.c", "ws.4.d", "ws.4.e")
@pytest.mark.parametrize("politely", [True, False])
async def test_a_job_goes_on_without_its_client(server: Server, listener: Listener, politely: bool) -> None:
    gone = Listener(await server.ws_connect("/ws?clientId=gone"))
    held = await submit(server, LONG, client_id="gone")
    await gone.until("executing")
    following = await submit(server, SLOW)
    if politely:
        await gone.socket.close()
    else:
        transport = gone.socket._response.connection.transport  # type: ignore[union-attr] # as a cable that is pulled
        transport.abort()  # type: ignore[union-attr]
    assert [item[1] for item in (await get(server, "/queue"))["queue_running"]] == [held]
    back = Listener(await server.ws_connect("/ws?clientId=gone"))
    assert (await back.hear())["data"]["status"]["exec_info"]["queue_remaining"] == 2
    await post(server, "/interrupt")
    assert (await ended(server, held))["status"]["status_str"] == "error"
    assert (await ended(server, following))["status"]["status_str"] == "success"
    assert (await listener.until_done())[-1]["data"]["prompt_id"] == following


@pytest.mark.protocol("ws.4.d")
async def test_what_was_missed_is_in_history(server: Server) -> None:
    prompt_id = await submit(server, SLOW, client_id="late")
    entry = await ended(server, prompt_id)
    late = Listener(await server.ws_connect("/ws?clientId=late"))
    assert (await late.hear())["type"] == "status"
    with pytest.raises(TimeoutError):
        await late.socket.receive(timeout=0.1)
    assert entry["outputs"] == {"3": {"text": ["2"]}}
