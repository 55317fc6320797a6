"""``wireloom run --server`` does on a server what ``wireloom run`` does here."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conformance.conftest import Server
from web.cli import main

pytestmark = pytest.mark.conformance

WORKFLOWS = Path(__file__).parents[2] / "workflows"
SHOW = {
    "1": {"class_type": "TSlow", "inputs": {"v": 3}, "_meta": {"title": "Add"}},
    "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}, "_meta": {"title": "Show"}},
}
FAILING = {"1": {"class_type": "TErr", "inputs": {"v": 1}}, "2": {"class_type": "TOut", "inputs": {"v": ["1", 0]}}}
LONG = {"1": {"class_type": "TLong", "inputs": {"v": 1}}}


@pytest.fixture
def flow(tmp_path: Path) -> Any:
    def written(workflow: Any) -> str:
        file = tmp_path / "flow.json"
        file.write_text(json.dumps(workflow))
        return str(file)

    return written


async def run_at(server: Server, *argv: str) -> int:
    """The command's exit status. It waits; this server needs the loop meanwhile."""
    url = str(server.make_url("/"))
    return await asyncio.to_thread(main, ["run", *argv, "--server", url])


def pixels(path: str | Path) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.usefixtures("small_nodes")
class TestTheCommand:
    async def test_shows_progress_and_tells_the_result(
        self, server: Server, flow: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert await run_at(server, flow(SHOW), "--set", "Add.v=41", "--out", "x") == 0
        said = capsys.readouterr()
        assert "Add: 2 steps in" in said.err
        assert "Show: " in said.err
        assert said.out == ""

    async def test_tells_the_same_as_json(self, server: Server, flow: Any, capsys: pytest.CaptureFixture[str]) -> None:
        assert await run_at(server, flow(SHOW), "--json", "--explain") == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["status"], told["errors"]) == ("succeeded", [])
        assert told["outputs"] == {"2": {"title": "Show", "files": [], "ui": {"text": ["4"]}}}
        assert set(told["nodes"]) == {"1", "2"}
        assert told["nodes"]["1"]["title"] == "Add"

    async def test_fails_with_1_if_a_node_does(
        self, server: Server, flow: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert await run_at(server, flow(FAILING)) == 1
        assert "TErr (node 1, TErr): ValueError: boom" in capsys.readouterr().err

    async def test_fails_with_2_if_the_workflow_cannot_run(
        self, server: Server, flow: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert await run_at(server, flow({"1": {"class_type": "TOut", "inputs": {}}})) == 2
        assert "TOut (node 1, TOut), input v: Required input is missing" in capsys.readouterr().err

    async def test_fails_with_2_if_an_edit_cannot_be_made(
        self, server: Server, flow: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert await run_at(server, flow(SHOW), "--set", "Nobody.v=1") == 2
        assert "no node is called 'Nobody'" in capsys.readouterr().err

    async def test_is_cancelled_by_ctrl_c_there_too(self, server: Server, flow: Any) -> None:
        command = ["-m", "web.cli", "run", flow(LONG), "--server", str(server.make_url("/"))]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stderr=subprocess.PIPE, preexec_fn=_feel_interrupts
        )
        try:
            job = await _running(server)
            process.send_signal(signal.SIGINT)
            _, said = await asyncio.wait_for(process.communicate(), 20)
        finally:
            if process.returncode is None:
                process.kill()
        assert (process.returncode, said.decode()) == (130, "wireloom: interrupted\n")
        async with server.get(f"/v1/jobs/{job}") as response:
            assert (await response.json())["state"] == "cancelled"

    async def test_sends_files_only_if_told_to(
        self, server: Server, flow: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        picture = tmp_path / "cat here.png"
        Image.new("RGB", (8, 8)).save(picture)
        file = flow({"1": {"class_type": "TOut", "inputs": {"v": str(picture)}}})
        assert await run_at(server, file, "--json") == 0
        assert json.loads(capsys.readouterr().out)["outputs"]["1"]["ui"]["text"] == [str(picture)]
        assert await run_at(server, file, "--json", "--upload", str(picture)) == 0
        (name,) = json.loads(capsys.readouterr().out)["outputs"]["1"]["ui"]["text"]
        async with server.get("/view", params={"filename": name, "type": "input"}) as response:
            assert await response.read() == picture.read_bytes()

    @pytest.mark.parametrize(
        ("argv", "said"),
        [
            (["--upload", "no.png"], "no input of the workflow names it"),
            (["--upload", "no.png", "--set", "Add.v=no.png"], "there is no such file"),
            (["--data", "x"], "--data is about runs in this process"),
            (["--cache-none"], "--cache-none is about runs in this process"),
        ],
    )
    async def test_refuses_flags_that_cannot_be_followed(
        self, server: Server, flow: Any, capsys: pytest.CaptureFixture[str], argv: list[str], said: str
    ) -> None:
        assert await run_at(server, flow(SHOW), *argv) == 2
        assert said in capsys.readouterr().err


async def _running(server: Server) -> str:
    """The job that runs, once one does."""
    for _ in range(400):
        async with server.get("/v1/jobs", params={"state": "running"}) as response:
            for job in (await response.json())["jobs"]:
                return str(job["id"])
        await asyncio.sleep(0.05)
    raise AssertionError("no job runs")


def test_a_server_that_is_not_there_fails_with_1(unused_tcp_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    assert main(["run", "--server", url]) == 1
    assert url in capsys.readouterr().err
    assert main(["run", "--server", url, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"] == "failed"


def test_an_address_without_scheme_fails_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--server", "localhost:8188"]) == 2
    assert "begins with http" in capsys.readouterr().err


def test_it_brings_in_no_torch() -> None:
    heavy = "{'torch', 'numpy', 'aiohttp', 'transformers', 'nodes'}"
    code = f"import sys, web.cli.run, web.cli.remote; assert not {heavy} & sys.modules.keys()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
class TestPixels:
    """Both formats and a picture, changed and run here and there, make the same pictures with the same workflow in."""

    EDITS = ("--text", "a red circle", "--set", "KSampler.steps=2")

    def outcome(self, capsys: pytest.CaptureFixture[str], *argv: str) -> list[str]:
        capsys.readouterr()
        assert main(["run", *argv, *self.EDITS, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        return [file for output in told["outputs"].values() for file in output["files"]]

    @pytest.mark.parametrize("source", ["text_to_image.json", "ui/text_to_image.json", "picture"])
    def test_are_the_same(self, core_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str) -> None:
        data, here, there = (tmp_path / name for name in ("data", "here", "there"))
        seed = ("--seed", str(len(source)))  # each source its own, or the server remembers the picture
        file = str(WORKFLOWS / source)
        if source == "picture":
            (file,) = self.outcome(capsys, str(WORKFLOWS / "ui" / "text_to_image.json"), "--data", str(data))
        (local,) = self.outcome(capsys, file, "--data", str(data), "--out", str(here), "--cache-none", *seed)
        (remote,) = self.outcome(capsys, file, "--server", core_url, "--out", str(there), *seed)
        assert Path(remote).is_relative_to(there)
        assert np.array_equal(pixels(local), pixels(remote))
        with Image.open(local) as one, Image.open(remote) as other:
            assert {key: json.loads(text) for key, text in one.info.items()} == {
                key: json.loads(text) for key, text in other.info.items()
            }


@pytest.mark.slow
def test_a_picture_that_is_only_here_is_pointed_at_and_sent_if_told_to(
    core_url: str, flow: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (16, 16), "red").save("only here.png")
    file = flow(
        {
            "1": {"class_type": "LoadImage", "inputs": {"image": "only here.png"}},
            "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "sent"}},
        }
    )
    assert main(["run", file, "--server", core_url]) == 2
    assert "--upload only here.png sends it to the server" in capsys.readouterr().err
    assert main(["run", file, "--server", core_url, "--upload", "only here.png"]) == 0
    (saved,) = capsys.readouterr().out.splitlines()
    assert np.array_equal(pixels(saved), pixels("only here.png"))


def _feel_interrupts() -> None:
    """What a shell runs in the background ignores them, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
