"""comfy-script: nodes as Python functions, made from /object_info; the graph is written as a program."""

import json
import sys
from pathlib import Path

from comfy_script.runtime import Workflow, load

url, workflow, picture = sys.argv[1:]
load(url)

from comfy_script.runtime import nodes  # noqa: E402 - it is made by load()

inputs = {node["class_type"]: node["inputs"] for node in json.loads(Path(workflow).read_text()).values()}
sampling = inputs["KSampler"]
with Workflow(wait=True):
    model, clip, vae = nodes.CheckpointLoaderSimple("wireloom-mini.safetensors")
    words = nodes.CLIPTextEncode("a rocket on a blue background", clip)
    nothing = nodes.CLIPTextEncode("", clip)
    canvas = nodes.EmptyLatentImage(128, 128, 1)
    drawn = nodes.KSampler(
        model,
        sampling["seed"],
        sampling["steps"],
        sampling["cfg"],
        sampling["sampler_name"],
        sampling["scheduler"],
        words,
        nothing,
        canvas,
        1.0,
    )
    saved = nodes.SaveImage(nodes.VAEDecode(drawn, vae), "wireloom/script")
saved.wait()[0].save(picture)
