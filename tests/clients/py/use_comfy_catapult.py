"""comfy-catapult: schedule a job, await its history, fetch what that names. Its answers go through strict models."""

import asyncio
import json
import sys
from pathlib import Path

from comfy_catapult.api_client import ComfyAPIClient
from comfy_catapult.catapult import ComfyCatapult

url, workflow, picture = sys.argv[1:]

graph = json.loads(Path(workflow).read_text())


async def main() -> bytes:
    async with ComfyAPIClient(comfy_api_url=url) as client, ComfyCatapult(client, debug_path=None) as catapult:
        assert (await client.GetSystemStats()).devices
        assert "KSampler" in (await client.GetObjectInfo()).root
        _, done = await catapult.Catapult(
            job_id="1",
            prepared_workflow=graph,
            important=["7"],
            use_future_api=True,
        )
        history = await done
        (image,) = history["outputs"]["7"]["images"]
        content: bytes = await client.GetView(
            folder_type=image["type"], subfolder=image["subfolder"], filename=image["filename"]
        )
        return content


Path(picture).write_bytes(asyncio.run(main()))
