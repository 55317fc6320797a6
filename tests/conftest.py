"""Settings for all tests."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Examples are made on loaded machines too: how long one takes says nothing about the code.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
settings.load_profile("steady")

TOGETHER = Path(__file__).parent / "conformance"
"""The last of these tests looks at what all the others have asked, so they share a process."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run in several processes, those of a file do so in one."""
    for item in items:
        group = TOGETHER if TOGETHER in item.path.parents else item.path
        item.add_marker(pytest.mark.xdist_group(str(group)))
