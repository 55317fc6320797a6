"""comfyui-utils: callbacks for queue position and progress, then the first output."""

import asyncio
import io
import json
import sys
from pathlib import Path
from typing import Any

from comfyui_utils import comfy

url, workflow, picture = sys.argv[1:]


class Heard(comfy.Callbacks):
    """What the client told."""

    def __init__(self) -> None:
        self.progress: list[tuple[int, int]] = []
        self.output: dict[str, Any] = {}
        self.content = b""

    async def queue_position(self, position: str) -> None:
        assert int(position) >= 0

    async def in_progress(self, node_id: int, progress: int, total: int) -> None:
        self.progress.append((progress, total))

    async def completed(self, outputs: dict[str, Any], cached: bool) -> None:
        self.output = outputs


async def main(heard: Heard) -> None:
    async def keep(content: io.BytesIO) -> None:
        heard.content = content.read()

    api = comfy.ComfyAPI(url.removeprefix("http://"))
    await api.submit(graph, heard)
    await api.fetch(heard.output["images"][0], keep)


graph, heard = json.loads(Path(workflow).read_text()), Heard()
asyncio.run(main(heard))
steps = graph["5"]["inputs"]["steps"]
assert (steps, steps) in heard.progress, heard.progress
Path(picture).write_bytes(heard.content)
