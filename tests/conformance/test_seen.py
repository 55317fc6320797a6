"""The list of the protocol's lines and the tests agree, and no route or message is left out."""

import pytest

from tests.conformance.conftest import SEEN, URL
from tests.conformance.report import MESSAGES, bare_app, found_tests, lines, shown, text

WHOLE = "looks at what a run of this whole folder in one process has reached"


def test_every_line_has_a_test_or_says_why_not() -> None:
    by_line = shown()
    assert [line.id for line in lines().values() if line.id not in by_line and not line.why] == []
    assert [line.id for line in lines().values() if line.id in by_line and line.why] == []


def test_tests_name_lines_that_exist() -> None:
    assert [(test.name, line) for test in found_tests() for line in test.lines if line not in lines()] == []


def test_the_report_tells_the_counts() -> None:
    assert f"{len(lines())} lines" in text()


async def test_every_route_is_asked_for(pytestconfig: pytest.Config) -> None:
    seen = pytestconfig.stash[SEEN]
    if not seen.whole_suite or URL:
        pytest.skip(WHOLE)
    assert [name for name, tests in (await seen.by_route(bare_app())).items() if not tests] == []


def test_every_type_of_message_is_heard_and_no_other(pytestconfig: pytest.Config) -> None:
    seen = pytestconfig.stash[SEEN]
    if not seen.whole_suite or URL:
        pytest.skip(WHOLE)
    assert sorted(seen.messages) == sorted(MESSAGES)
