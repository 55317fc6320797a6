"""Which version runs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from prometheus_client import Metric
from prometheus_client.core import InfoMetricFamily
from prometheus_client.registry import Collector

from web.routes.system import version_of


class About(Collector):
    """Found out when it is first asked for: that reads files, which a start has no time for."""

    @cached_property
    def _version(self) -> str:
        return version_of("wireloom") or "0"

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily("wireloom", "The version that runs.", {"version": self._version})
