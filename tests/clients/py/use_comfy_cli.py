"""comfy-cli, as a program of its own: ``comfy run --wait`` on a running server, then ``comfy download``."""

import json
import os
import subprocess
import sys
from pathlib import Path

url, workflow, picture = sys.argv[1:]
folder = Path(picture).parent
environment = {**os.environ, "COMFY_LOCAL_URL": url, "DO_NOT_TRACK": "1", "HOME": str(folder), "NO_COLOR": "1"}


def comfy(*arguments: str) -> list[dict]:
    """Run a command; return the JSON objects it printed."""
    program = Path(sys.executable).with_name("comfy")
    command = [program, "--skip-prompt", "--json-stream", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{arguments[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


events = comfy("run", "--workflow", workflow, "--wait", "--where", "local")
prompt_id = next(event["prompt_id"] for event in events if event.get("prompt_id"))
comfy("download", prompt_id, "--where", "local", "--out-dir", str(folder / "downloaded"))
(downloaded,) = (folder / "downloaded").rglob("*.png")
Path(picture).write_bytes(downloaded.read_bytes())
