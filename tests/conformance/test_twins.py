"""Every route answers below ``/api`` as it does without."""

from __future__ import annotations

import re
import uuid

import pytest

from tests.conformance.conftest import Server
from tests.conformance.report import bare_app

pytestmark = pytest.mark.conformance


def twins() -> list[tuple[str, str]]:
    """Method and path of the routes that exist twice."""
    app = bare_app()
    named = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    return sorted((method, path) for method, path in named if (method, f"/api{path}") in named)


@pytest.mark.protocol("http.0.a")
@pytest.mark.parametrize(("method", "path"), twins(), ids=lambda part: part)
async def test_a_route_and_its_twin_answer_alike(server: Server, method: str, path: str) -> None:
    filled = re.sub(r"\{[^}]*\}", f"test-{uuid.uuid4().hex}", path)
    answers = []
    for prefix in ("", "/api"):
        async with server.request(method, prefix + filled, json=None if method in ("GET", "HEAD") else {}) as response:
            kind = response.headers.get("Content-Type")
            answers.append((response.status, kind, bool(await response.read())))
    assert answers[0] == answers[1]
    assert answers[0][0] < 500


@pytest.mark.protocol("http.0.b")
def test_what_is_plain_has_no_twin() -> None:
    paths = {route.resource.canonical for route in bare_app().router.routes() if route.resource}
    assert not {path for path in paths if path.startswith("/api/internal")}
    assert {path for _, path in twins()} >= {
        *("/prompt", "/queue", "/history", "/object_info", "/view", "/ws", "/users", "/settings", "/userdata"),
        *("/upload/image", "/models", "/embeddings", "/extensions", "/system_stats", "/features", "/interrupt"),
    }
