"""pycomfy: a workflow of one's own, executed over the websocket."""

import sys

from pycomfy import ComfyAPI

url, workflow, picture = sys.argv[1:]
with ComfyAPI(url) as api:
    graph = api.load_workflow(workflow)
    graph.set_node(graph.get_nodes_by_class("KSampler")[0], {"steps": 4})
    (image,) = graph.execute()
image.save(picture)
