"""Settings for all tests."""

from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# Examples are made on loaded machines too: how long one takes says nothing about the code.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
settings.load_profile("steady")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test printed may be no UTF-8, and no other process would take it then."""
    report = yield
    report.sections = [(name, text.encode(errors="replace").decode()) for name, text in report.sections]
    return report
