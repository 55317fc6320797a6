"""All that is counted and measured, by the names under which Prometheus stores it."""

from __future__ import annotations

import asyncio

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from web.metrics.about import About

JOB_S = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
NODE_S = (0.001, 0.01, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
ANSWER_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
LAG_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)
"""Upper ends of the histograms' buckets, in seconds."""

OUTCOMES = ("succeeded", "failed", "cancelled", "removed")
MOST_NAMES = 500
OTHER = "other"


class Names:
    """Values that a label may have: the first ``most`` that come are told apart, any later one is ``other``."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._known: set[str] = set()
        self._most = most

    def of(self, name: str) -> str:
        if name in self._known:
            return name
        if not name or len(self._known) >= self._most:
            return OTHER
        self._known.add(name)
        return name


class Meters:
    """The meters of one server, in a registry of its own. Safe from any thread.

    Gauges of what can be looked up are set when somebody asks, by one at a time: see ``reading``.
    """

    def __init__(self) -> None:
        # A time for each series would double what is stored, and nobody asks for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.reading = asyncio.Lock()
        self._add_jobs()
        self._add_nodes()
        self._add_server()
        self.registry.register(About())
        PlatformCollector(self.registry)
        ProcessCollector(registry=self.registry)

    def _add_jobs(self) -> None:
        self.jobs = self._gauge("jobs", "Jobs in the queue, by state: pending or running.", "state")
        self.queue_age = self._gauge("queue_age_seconds", "How long the oldest pending job has waited; 0 if none does.")
        self.jobs_ended = self._counter(
            "jobs_ended", "Jobs that ended, by outcome; removed: taken out of the queue, nothing is kept.", "outcome"
        )
        for outcome in OUTCOMES:  # a series that begins at 0 shows its first increase
            self.jobs_ended.labels(outcome)
        self.waiting = self._histogram(
            "job_waiting_seconds", "How long jobs waited until they were first taken up.", JOB_S
        )
        self.running = self._histogram(
            "job_running_seconds", "How long jobs ran, from when they were last taken up.", JOB_S
        )

    def _add_nodes(self) -> None:
        self.node_seconds = self._histogram(
            "node_seconds", "How long nodes ran, by node type, without what they waited.", NODE_S, "node_type"
        )
        self.node_steps = self._counter(
            "node_steps", "Steps that nodes reported, by node type; those of a sampler are sampling steps.", "node_type"
        )
        self.node_results = self._counter(
            "node_results",
            "How nodes came by results: from memory or disk, equal to another node, unchanged inputs, or they ran.",
            "how",
        )
        for how in ("memory", "disk", "equal", "unchanged", "ran"):
            self.node_results.labels(how)

    def _add_server(self) -> None:
        self.memory = self._gauge(
            "memory_bytes",
            "What is in memory where jobs run, by kind: weights, remembered, working; and remembered on disk.",
            "kind",
        )
        self.memory_limit = self._gauge("memory_limit_bytes", "What the process that runs jobs may have.")
        self.websockets = self._gauge("websocket_clients", "Open websockets.")
        self.requests = self._counter(
            "http_requests", "Requests that were answered, by method, route and status.", "method", "route", "status"
        )
        self.request_seconds = self._histogram(
            "http_request_seconds",
            "How long answers took, by route; streams and websockets left out.",
            ANSWER_S,
            "route",
        )
        self.lag = self._histogram("event_loop_lag_seconds", "How late the event loop was for an appointment.", LAG_S)
        self.worst_lag = self._gauge("event_loop_lag_max_seconds", "The latest it was in the last minute.")

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(name, about, labels, namespace="wireloom", registry=self.registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, namespace="wireloom", registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, about, labels, namespace="wireloom", registry=self.registry, buckets=buckets)


meters_key = web.AppKey("meters", Meters)
