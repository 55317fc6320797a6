"""What became of a run, gathered from its events: for ``--json``, and for the lines at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from engine.events import (
    Event,
    NodeBlocked,
    NodeFailure,
    NodeFinished,
    NodeNote,
    NodeStarted,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
)
from engine.folders import Folders
from engine.problems import NodeProblems, Problem
from web.cli.explaining import Explanation
from web.cli.terminal import FAILED, INTERRUPTED, MISTAKE, OK

Whereabouts: TypeAlias = Callable[[Mapping[str, Any]], Path]
"""Where a file is that a node shows as ``{"filename", "subfolder", "type"}``."""

STATUS = {"succeeded": OK, "failed": FAILED, "invalid": MISTAKE, "cancelled": INTERRUPTED}


@dataclass
class Report:
    """``status`` is one of ``STATUS``; times are in seconds; ``outputs`` maps node id -> what it shows."""

    titles: dict[str, str] = field(default_factory=dict)
    status: str = "cancelled"
    seconds: float = 0.0
    outputs: dict[str, Mapping[str, list[Any]]] = field(default_factory=dict)
    nodes: dict[str, float] = field(default_factory=dict)
    cached: list[str] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failure: NodeFailure | None = None
    explanation: Explanation | None = None
    _started_ms: dict[str, int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Note an event."""
        match event:
            case RunStarted():  # a job is taken up again if its server died
                self.nodes, self.cached, self.errors, self.notes = {}, [], [], []
            case NodeStarted():
                self._started_ms[event.node.id] = event.at_ms
            case NodeFinished():
                self._finished(event)
            case NodeBlocked():
                self.errors.append({"node": event.node.id, "type": event.node_type, "message": event.reason})
            case NodeNote():
                self.notes.append({"node": event.node.shown_as, "text": event.text})
            case RunFinished():
                self.status = "succeeded"
            case RunCancelled():
                self.status = "cancelled"
            case RunFailed():
                self.fail(event.failure)

    def fail(self, failure: NodeFailure) -> None:
        """A node raised."""
        self.status, self.failure = "failed", failure
        self.errors.append(
            {
                "node": failure.node_id,
                "title": self.titles.get(failure.node_id, failure.node_type),
                "type": failure.node_type,
                "exception": failure.exception_type,
                "message": failure.message,
                "traceback": "".join(failure.traceback),
            }
        )

    def reject(self, problem: Problem | None, nodes: Mapping[str, NodeProblems]) -> None:
        """The workflow cannot run: note every problem, node by node, or the one of the workflow as a whole."""
        self.status = "invalid"
        if not nodes and problem:
            self.errors.append(self._place(problem) | _problem(problem))
            for other in problem.extra_info.get("others", ()):  # further nodes of types that nobody has
                each = Problem(problem.type, other["message"], other["details"], other)
                self.errors.append(self._place(each) | _problem(each))
        for node_id, node in nodes.items():
            title = self.titles.get(node_id, node.class_type)
            where = {"node": node_id, "title": title, "type": node.class_type}
            self.errors.extend(where | _problem(each) for each in node.errors)

    def files(self, place: Whereabouts) -> list[Path]:
        """Where the pictures lie, in the order they were made."""
        return [place(item) for ui in self.outputs.values() for item in files_of(ui)]

    def as_json(self, place: Whereabouts | None, *, explain: bool = False) -> dict[str, Any]:
        explained = {"explain": self.explanation.nodes if self.explanation else {}} if explain else {}
        return {
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "outputs": {node_id: self._output(node_id, ui, place) for node_id, ui in self.outputs.items()},
            "nodes": {
                node_id: {"title": self.titles.get(node_id, node_id), "seconds": round(seconds, 3)}
                for node_id, seconds in self.nodes.items()
            },
            "cached": self.cached,
            "errors": self.errors,
            "notes": self.notes,
            "warnings": self.warnings,
            **explained,
        }

    def _place(self, problem: Problem) -> dict[str, Any]:
        """The node that makes a workflow as a whole impossible, if one does."""
        node_id = problem.extra_info.get("node_id")
        if node_id is None:
            return {}
        title, kind = self.titles.get(node_id, node_id), problem.extra_info.get("class_type")
        return {"node": node_id, "title": title, "type": kind or "no type"}

    def _finished(self, event: NodeFinished) -> None:
        node_id = event.node.id
        if event.cached:
            self.cached.append(node_id)
        elif node_id in self._started_ms:
            self.nodes[node_id] = (event.at_ms - self._started_ms[node_id]) / 1000
        if event.ui:
            self.outputs[node_id] = event.ui

    def _output(self, node_id: str, ui: Mapping[str, list[Any]], place: Whereabouts | None) -> dict[str, Any]:
        files = [str(place(item)) for item in files_of(ui)] if place else []
        return {"title": self.titles.get(node_id, node_id), "files": files, "ui": dict(ui)}


def files_of(ui: Mapping[str, list[Any]]) -> list[Mapping[str, Any]]:
    """The files among what a node shows."""
    return [item for items in ui.values() for item in items if isinstance(item, Mapping) and "filename" in item]


def place_in(folders: Folders) -> Whereabouts:
    """Where they are if they were written here."""

    def place(item: Mapping[str, Any]) -> Path:
        folder = folders.directory(item.get("type") or "output")
        return folder / (item.get("subfolder") or "") / str(item["filename"])

    return place


def _problem(problem: Problem) -> dict[str, Any]:
    named = {"kind": problem.type, "message": problem.message, "details": problem.details}
    for key in ("input_name", "hint"):
        if value := problem.extra_info.get(key):
            named[key] = value
    return named


def lines_of(errors: list[dict[str, Any]]) -> list[str]:
    """Problems of a workflow as text: who, which input, and what is wrong."""
    return [f"{place_of(error)}{_what(error)}" for error in errors]


def place_of(error: Mapping[str, Any]) -> str:
    if "node" not in error:
        return ""
    where = f", input {error['input_name']}" if error.get("input_name") else ""
    return f"{error['title']} (node {error['node']}, {error['type']}){where}: "


def _what(error: Mapping[str, Any]) -> str:
    details = f": {error['details']}" if error.get("details") else ""
    hint = f" ({error['hint']})" if error.get("hint") else ""
    return f"{error['message']}{details}{hint}"
