"""The experiments in short, as far as this system lets us."""

from __future__ import annotations

import pytest

from tests.endurance import diskfull, nasty, soak

pytestmark = pytest.mark.slow


def test_nothing_is_lost_in_a_row_of_jobs() -> None:
    assert soak.main(["--jobs", "60"]) == 0


def test_all_goes_on_after_a_node_crashed_or_hung() -> None:
    assert nasty.main(["--quick"]) == 0


def test_all_goes_on_after_the_disk_was_full() -> None:
    try:
        assert diskfull.main([]) == 0
    except diskfull.NoDisk as reason:
        pytest.skip(str(reason))
