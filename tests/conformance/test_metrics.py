"""What Prometheus gets to see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

from tests.conformance.asking import FAILS, SLOW, get, own_name, post, run, running, submit
from tests.conformance.conftest import Listener, OpenClient, Server
from web.app import make_app
from web.keys import Parts
from web.settings import Settings

pytestmark = pytest.mark.conformance

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]

NAMES = {
    *("wireloom_jobs", "wireloom_queue_age_seconds", "wireloom_jobs_ended"),
    *("wireloom_job_waiting_seconds", "wireloom_job_running_seconds"),
    *("wireloom_node_seconds", "wireloom_node_steps", "wireloom_node_results"),
    *("wireloom_memory_bytes", "wireloom_memory_limit_bytes"),
    *("wireloom_websocket_clients", "wireloom_http_requests", "wireloom_http_request_seconds"),
    *("wireloom_event_loop_lag_seconds", "wireloom_event_loop_lag_max_seconds"),
    *("wireloom_info", "python_info", "process_resident_memory_bytes", "process_cpu_seconds", "process_open_fds"),
}


async def scrape(server: Server) -> Values:
    """All samples by name and labels."""
    async with server.get("/metrics") as response:
        assert response.status == 200
        text = await response.text()
    families = parser.text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(values: Values, name: str, **labels: str) -> float:
    return values.get((f"wireloom_{name}", frozenset(labels.items())), 0.0)


async def until(server: Server, wanted: Callable[[Values], bool]) -> Values:
    """The samples once they are as wanted: a counter hears of a job's end when others do, not before."""
    for _ in range(500):
        values = await scrape(server)
        if wanted(values):
            return values
        await asyncio.sleep(0.01)
    raise AssertionError(f"the metrics stayed {values}")


async def test_the_text_is_what_prometheus_reads(server: Server) -> None:
    async with server.get("/metrics") as response:
        assert response.content_type == "text/plain"
        assert response.headers["Cache-Control"] == "no-store"
        families = {family.name: family for family in parser.text_string_to_metric_families(await response.text())}
    assert families.keys() >= NAMES
    assert all(family.documentation for family in families.values())
    assert not [name for name in families if name.endswith("_created")]


async def test_openmetrics_is_answered_to_who_asks_for_it(server: Server) -> None:
    async with server.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}) as response:
        assert response.content_type == "application/openmetrics-text"
        families = {family.name for family in openmetrics.text_string_to_metric_families(await response.text())}
    assert families >= {"wireloom_jobs_ended", "wireloom_node_seconds"}


@pytest.mark.usefixtures("small_nodes")
async def test_jobs_and_nodes_are_counted(server: Server) -> None:
    before = await scrape(server)
    for _ in range(2):  # what the first remembers, the second need not run
        await run(server, SLOW)
    await run(server, FAILS)
    jobs = "jobs_ended_total"

    def ended(values: Values, outcome: str) -> float:
        return value(values, jobs, outcome=outcome) - value(before, jobs, outcome=outcome)

    after = await until(server, lambda values: ended(values, "failed") == 1)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert ended(after, "succeeded") == 2
    assert grown("job_running_seconds_count") == grown("job_waiting_seconds_count") == 3
    assert grown("node_seconds_count", node_type="TSlow") == 1
    assert grown("node_steps_total", node_type="TSlow") == 2
    assert grown("node_results_total", how="ran") == 3
    assert grown("node_results_total", how="memory") == 1  # the target alone: what it needs is not asked for
    assert grown("node_seconds_count", node_type="TErr") == 0


@pytest.mark.usefixtures("small_nodes")
async def test_the_queue_is_counted_and_its_age_told(server: Server, listener: Listener) -> None:
    first = await running(server, listener)
    waiting = await submit(server, SLOW)
    await asyncio.sleep(0.02)
    values = await scrape(server)
    assert value(values, "jobs", state="running") == 1
    assert value(values, "jobs", state="pending") == 1
    assert 0.02 <= value(values, "queue_age_seconds") < 60
    assert value(values, "websocket_clients") >= 1
    removed, cancelled = (value(values, "jobs_ended_total", outcome=each) for each in ("removed", "cancelled"))
    await post(server, "/queue", {"delete": [waiting]})
    await post(server, "/interrupt", {"prompt_id": first})
    after = await until(server, lambda now: value(now, "jobs_ended_total", outcome="cancelled") == cancelled + 1)
    assert value(after, "jobs_ended_total", outcome="removed") == removed + 1
    assert value(after, "jobs", state="running") == value(after, "queue_age_seconds") == 0


async def test_requests_are_counted_by_route_and_not_by_path(server: Server) -> None:
    names = [own_name("") for _ in range(3)]
    for name in names:
        await get(server, f"/history/{name}")
        await get(server, f"/api/history/{name}")
        async with server.get(f"/{name}/x") as response:
            assert response.status == 404
    async with server.request("PROPFIND", "/queue") as response:
        assert response.status == 405
    values = await scrape(server)
    counted = {tuple(sorted(dict(labels).items())) for name, labels in values if name == "wireloom_http_requests_total"}
    assert not [labels for labels in counted for name in names if name in str(labels)]
    assert value(values, "http_requests_total", method="GET", route="/history/{prompt_id}", status="200") >= 6
    assert value(values, "http_requests_total", method="GET", route="none", status="404") >= 3
    assert value(values, "http_requests_total", method="other", route="none", status="405") >= 1
    assert value(values, "http_request_seconds_count", route="/history/{prompt_id}") >= 6


async def test_with_a_token_prometheus_shows_it_as_a_bearer(aiohttp_client: OpenClient, parts: Parts) -> None:
    server = await aiohttp_client(make_app(replace(parts, settings=Settings(token="prometheus"))))
    async with server.get("/metrics") as response:
        assert response.status == 401
    async with server.get("/metrics", headers={"Authorization": "Bearer prometheus"}) as response:
        assert response.status == 200
