"""What holds of both workflow formats whatever the workflow."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError
from engine.lower import lower
from engine.raise_ui import raise_ui
from tests.support.graphs import Drawn, api_graphs, as_saved, registry

REGISTRY = registry()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-20, 2000) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def redrawn(draw: st.DrawFn) -> Drawn:
    """A random workflow in UI format after some changes that mean nothing."""
    api = draw(api_graphs())
    drawn = Drawn(raise_ui(api, REGISTRY, version=1), api, draw)
    for _ in range(draw(st.integers(1, 6))):
        drawn.redraw()
    return drawn


@given(api=api_graphs(), version=st.sampled_from([0.4, 1]))
def test_an_api_workflow_comes_back_from_the_editors_format(api: dict[str, Any], version: float) -> None:
    ui = as_saved(raise_ui(api, REGISTRY, version))
    lowered = lower(ui, REGISTRY)
    assert lowered == api
    assert raise_ui(lowered, REGISTRY, version) == raise_ui(api, REGISTRY, version)


@given(drawn=redrawn())
def test_reroutes_notes_primitives_subgraphs_and_orders_do_not_change_the_meaning(drawn: Drawn) -> None:
    assert lower(as_saved(drawn.ui), REGISTRY) == drawn.api


@given(drawn=redrawn())
def test_lowering_gives_sources_before_their_users(drawn: Drawn) -> None:
    seen = set()
    for node_id, node in lower(drawn.ui, REGISTRY).items():
        assert {value[0] for value in node["inputs"].values() if isinstance(value, list)} <= seen
        seen.add(node_id)


@given(drawn=redrawn(), data=st.data())
def test_a_damaged_document_is_lowered_or_refused(drawn: Drawn, data: st.DataObject) -> None:
    document = as_saved(drawn.ui)
    for _ in range(data.draw(st.integers(1, 4))):
        _damage(document, data)
    with suppress(EngineError):  # anything else is a mistake of ours
        assert isinstance(lower(document, REGISTRY), dict)


@given(api=api_graphs(), data=st.data())
def test_a_damaged_api_workflow_is_raised_or_refused(api: dict[str, Any], data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        _damage(api, data)
    with suppress(EngineError):
        assert "nodes" in raise_ui(api, REGISTRY)


def _damage(document: Any, data: st.DataObject) -> None:
    """Delete, replace or double some part of a JSON document."""
    at = document
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(at[key], dict | list) and at[key] and data.draw(st.integers(0, 4)):
            at = at[key]
            continue
        change = data.draw(st.sampled_from(["delete", "replace", "double"]))
        if change == "delete":
            del at[key]
        elif change == "double" and isinstance(at, list):
            at.append(at[key])
        else:
            at[key] = data.draw(JSON)
        return
