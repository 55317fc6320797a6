"""The worker process, if there is one: what it takes of the machine, and how often it was started again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


@runtime_checkable
class HasWorker(Protocol):
    """A pool whose jobs run in another process. ``worker_pid`` is None while there is none."""

    @property
    def worker_pid(self) -> int | None: ...

    @property
    def restarts(self) -> int: ...


class Restarts(Collector):
    """How often a worker took the place of one that died."""

    def __init__(self, pool: HasWorker) -> None:
        self._pool = pool

    def collect(self) -> Iterable[Metric]:
        about = "How often the worker process was started again, because the one before it died."
        yield CounterMetricFamily("wireloom_worker_restarts", about, value=self._pool.restarts)


def watch_worker(registry: CollectorRegistry, pool: object) -> None:
    """Have the registry tell of the pool's worker; of a pool in this process there is nothing more to tell."""
    if not isinstance(pool, HasWorker):
        return
    registry.register(Restarts(pool))
    ProcessCollector("wireloom_worker", lambda: pool.worker_pid or "none", registry=registry)
