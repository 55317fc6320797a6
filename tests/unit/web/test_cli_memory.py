"""What the command line says and sets of memory."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest
from rich.console import Console

from engine.events import NodeNote
from engine.graph import NodeRef
from web.cli import build_parser, main
from web.cli.progress import progress
from web.cli.report import Report
from web.cli.retelling import retold
from web.client import JobEvent

NOTE = NodeNote("job", NodeRef("5.1", "5", "5", "5"), "out of memory: decoded in tiles")


def test_a_note_is_a_line_and_in_the_json() -> None:
    said, report = StringIO(), Report()
    with progress(Console(file=said), {"5": "Decode"}) as show:
        show(NOTE)
    report.take(NOTE)
    assert said.getvalue() == "Decode: out of memory: decoded in tiles\n"
    assert report.as_json(None)["notes"] == [{"node": "5", "text": "out of memory: decoded in tiles"}]


def test_a_note_from_a_server_is_told_like_one_from_here() -> None:
    data = {"at": "2026-01-01T00:00:00Z", "node_id": "5.1", "workflow_node_id": "5", "text": NOTE.text}
    event = retold("job", JobEvent("1-1", "note", data))
    assert isinstance(event, NodeNote)
    assert (event.node, event.text) == (NOTE.node, NOTE.text)


def test_budgets_are_in_megabytes(capsys: pytest.CaptureFixture[str]) -> None:
    args = build_parser().parse_args(["serve", "--weights-mb", "500", "--memory-mb", "2000"])
    assert (args.weights_mb, args.memory_mb) == (500, 2000)
    for wrong in (["--weights-mb", "much"], ["--memory-mb", "100"]):
        with pytest.raises(SystemExit):
            main(["serve", *wrong])
    said = capsys.readouterr().err
    assert "'much' is not a number of megabytes" in said
    assert "100 MB do not suffice even for torch, 1000 at least" in said


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="--memory-mb is for Linux")
def test_a_process_can_be_held_to_a_limit() -> None:
    code = (
        "from engine.machine import machine\n"
        "from web.cli.memory import hold_to\n"
        "hold_to(200)\n"
        "assert machine().limit_bytes == 200 * 2**20\n"
        "try: bytearray(300 * 2**20)\n"
        "except MemoryError: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
