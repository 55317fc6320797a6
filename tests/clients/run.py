"""Run a workflow through the clients of others, against a real server: ``make clients``.

Each client is installed from its registry, unmodified, into an environment of its own below ``.clients``; the versions
are in ``clients.toml``. Each gets a seed of its own, so that its picture is drawn while it listens, and must fetch the
very picture that ``wireloom run`` draws.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.support.server import Server
from web.cli import main as wireloom

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ENVIRONMENTS = ROOT / ".clients"
WORKFLOW = ROOT / "workflows" / "text_to_image.json"
STEPS = 4
TIMEOUT_S = 120
NPM_FLAGS = ("--ignore-scripts", "--omit=peer", "--no-audit", "--no-fund", "--no-update-notifier")
SEEN_LINES = 15
"""Of a client's output, when it fails."""


@dataclass(frozen=True)
class Client:
    """A package of a registry, and the script here that uses it. ``also`` are packages that its manual asks for."""

    name: str
    version: str
    script: str
    extras: str = ""
    also: tuple[str, ...] = ()

    @property
    def of_npm(self) -> bool:
        return self.script.endswith(".mjs")


class Failed(Exception):
    """A client did not get its picture; the text says why."""


def main() -> int:
    """Run all clients, or those named; one line each. The status is 1 if any fails."""
    known = [Client(**entry) for entry in tomllib.loads((HERE / "clients.toml").read_text())["client"]]
    clients = [client for client in known if client.name in sys.argv[1:] or not sys.argv[1:]]
    failed = 0
    with tempfile.TemporaryDirectory() as temporary, _server(Path(temporary)) as server:
        for seed, client in enumerate(clients, start=1):
            folder = Path(temporary) / str(seed)
            folder.mkdir()
            try:
                result = f"ok, {_try(client, server.url, folder, seed):.1f} s"
            except Failed as error:
                failed += 1
                result = f"FAILED: {error}"
            _say(f"{client.name:30} {client.version:8} {'npm' if client.of_npm else 'PyPI':5} {result}")
    _say(f"{len(clients) - failed} of {len(clients)} clients ran a workflow and fetched its picture")
    return 1 if failed else 0


def _server(folder: Path) -> Server:
    data = folder / "data"
    data.mkdir()
    return Server(data)


def _try(client: Client, url: str, folder: Path, seed: int) -> float:
    """Let a client run the workflow; compare what it fetched; return the seconds it took. Raises Failed."""
    command = _node(client) if client.of_npm else [str(_python(client)), str(HERE / client.script)]
    workflow, picture = folder / "workflow.json", folder / "picture.png"
    workflow.write_text(json.dumps(_workflow(seed)))
    own = _drawn(workflow, folder / "own")
    began = time.perf_counter()
    _run([*command, url, str(workflow), str(picture)], TIMEOUT_S)
    took_s = time.perf_counter() - began
    if not picture.is_file():
        raise Failed("it fetched no picture")
    with Image.open(picture) as fetched, Image.open(own) as drawn:
        if fetched.convert("RGB").tobytes() != drawn.convert("RGB").tobytes():
            raise Failed(f"its picture of {fetched.size} is not the one that wireloom run draws")
    return took_s


def _workflow(seed: int) -> dict[str, dict[str, dict[str, object]]]:
    nodes: dict[str, dict[str, dict[str, object]]] = json.loads(WORKFLOW.read_text())
    nodes["5"]["inputs"] |= {"steps": STEPS, "seed": seed}
    return nodes


def _drawn(workflow: Path, folder: Path) -> Path:
    """The picture, without any server."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
        status = wireloom(["run", str(workflow), "--out", str(folder), "--cache-none"])
    if status:
        raise Failed(f"wireloom run ended with {status}: {told.getvalue()}")
    (picture,) = folder.rglob("*.png")
    return picture


def _python(client: Client) -> Path:
    """The Python that has this client; installed if it is not there yet. Raises Failed."""
    environment = ENVIRONMENTS / client.name
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted, stamp = f"{client.name}{client.extras}=={client.version}", environment / "installed"
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(environment, ignore_errors=True)
        _run([sys.executable, "-m", "venv", "--without-pip", str(environment)])
        pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
        _run([*pip, "install", "--quiet", wanted])
        stamp.write_text(wanted)
    return python


def _node(client: Client) -> list[str]:
    """The command that runs this client's script, beside which npm has installed it. Raises Failed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Failed("it needs Node.js 20 or newer, with npm: install that and try again")
    environment, wanted = ENVIRONMENTS / client.name, [f"{client.name}@{client.version}", *client.also]
    stamp = environment / "installed"
    if not stamp.is_file() or stamp.read_text() != " ".join(wanted):
        shutil.rmtree(environment, ignore_errors=True)
        environment.mkdir(parents=True)
        _run([npm, "install", "--prefix", str(environment), *NPM_FLAGS, *wanted])
        stamp.write_text(" ".join(wanted))
    script = environment / Path(client.script).name  # Node looks for packages from where the script is
    script.write_text((HERE / client.script).read_text())
    return [node, str(script)]


def _run(command: list[str], timeout_s: float | None = None) -> None:
    """Run a program to its end. Raises Failed with the last of what it said."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as late:
        said = (late.output or b"").decode(errors="replace")
        raise Failed(f"it did not end within {timeout_s} s\n{_end(said)}") from None
    if done.returncode:
        raise Failed(f"it ended with {done.returncode}\n{_end(done.stdout)}")


def _end(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines()[-SEEN_LINES:])


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
