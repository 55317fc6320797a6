"""comfy-api-simplified: change inputs by node title, wait on the websocket, fetch by node title."""

import sys
from pathlib import Path

from comfy_api_simplified import ComfyApiWrapper, ComfyWorkflowWrapper

url, workflow, picture = sys.argv[1:]
api, graph = ComfyApiWrapper(url), ComfyWorkflowWrapper(workflow)
graph.set_node_param("Draw", "steps", graph.get_node_param("Draw", "steps"))
(content,) = api.queue_and_wait_images(graph, "Save").values()
Path(picture).write_bytes(content)
