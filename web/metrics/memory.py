"""What is in memory where the jobs run, as it was told last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from engine.memory import Memory


class MemoryGauges(Collector):
    """Shows what is ``known``, which may be nothing."""

    def __init__(self) -> None:
        self.known: Memory | None = None

    def collect(self) -> Iterable[Metric]:
        return _gauges(self.known) if self.known else ()


def _gauges(memory: Memory) -> Iterator[Metric]:
    held = {
        "weights": sum(each.size_bytes for each in memory.weights),
        "results": sum(each.size_bytes for each in memory.remembered if each.tier == "memory"),
        "working": sum(each.size_bytes for each in memory.working),
    }
    yield _gauge("memory_bytes", "Memory that is accounted for: weights of models, results, what nodes work on.", held)
    budgets = {"weights": memory.weights_budget_bytes, "process": memory.machine.limit_bytes}
    for each in memory.remembered:
        if each.tier == "memory" and each.budget_bytes is not None:
            budgets["results"] = each.budget_bytes
    yield _gauge("memory_budget_bytes", "How much of it there may be; of process: what the machine gives.", budgets)
    free = memory.machine.free_bytes
    yield GaugeMetricFamily("wireloom_memory_free_bytes", "What the machine has left for this process.", value=free)
    disk = [each for each in memory.remembered if each.tier == "disk"]
    if disk:
        stored = sum(each.size_bytes for each in disk)
        yield GaugeMetricFamily("wireloom_disk_cache_bytes", "Results that are remembered on disk.", value=stored)


def _gauge(name: str, about: str, values: dict[str, int]) -> Metric:
    gauge = GaugeMetricFamily(f"wireloom_{name}", about, labels=["kind"])
    for kind, value in values.items():
        gauge.add_metric([kind], value)
    return gauge
