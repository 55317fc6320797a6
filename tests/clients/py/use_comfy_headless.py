"""comfy-headless: queue a graph, poll the history, fetch the file."""

import json
import sys
from pathlib import Path

from comfy_headless import ComfyClient

url, workflow, picture = sys.argv[1:]
client = ComfyClient(base_url=url)
prompt_id = client.queue_prompt(json.loads(Path(workflow).read_text()))
entry = client.wait_for_completion(prompt_id, timeout=60)
(image,) = entry["outputs"]["7"]["images"]
Path(picture).write_bytes(client.get_image(image["filename"], image["subfolder"], image["type"]))
