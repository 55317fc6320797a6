"""comfyui-workflow-client: inputs by class type, pictures by node title, over the websocket and by polling."""

import asyncio
import sys

from comfyuiclient import ComfyUIClient, ComfyUIClientAsync

url, workflow, picture = sys.argv[1:]
address = url.removeprefix("http://")


async def listening() -> None:
    client = ComfyUIClientAsync(address, workflow)
    await client.connect()
    await client.set_data(key="KSampler", input_key="steps", input_value=4)
    results = await client.generate(["Save"])
    results["Save"].save(picture)
    await client.close()


def polling() -> None:
    client = ComfyUIClient(address, workflow)
    client.connect()
    client.set_data(key="KSampler", seed=99)
    assert client.generate(["Save"])["Save"].size == (128, 128)
    client.close()


asyncio.run(listening())
polling()
