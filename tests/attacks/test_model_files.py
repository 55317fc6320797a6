"""Model files that are broken, made for another model, or meant to run code, opened by a real server.

Each is a job that fails with an error that names file and cause; nothing in them is executed, and the server draws on.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.support.server import Server
from tests.support.small import UNET, checkpoint, numbers

pytestmark = pytest.mark.slow

BUNDLED = "wireloom-mini.safetensors"
ENDS_WITHIN_S = 60


class RunsCode:
    """Unpickled carelessly, it leaves a folder behind."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.trace),)


def lora(prefix: str, width: int) -> dict[str, Tensor]:
    return {f"{prefix}.lora_up.weight": numbers(width, 2), f"{prefix}.lora_down.weight": numbers(2, width)}


def lay_out(data: Path) -> Path:
    """Put every bad file where it belongs; return what must not appear."""
    good, trace = checkpoint(), data / "executed"
    folders = {kind: data / "models" / kind for kind in ("checkpoints", "loras", "controlnet")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    files = folders["checkpoints"]
    save_file(good, files / "whole.safetensors")
    (files / "cut.safetensors").write_bytes((files / "whole.safetensors").read_bytes()[:-1000])
    name = f"{UNET}middle_block.1.transformer_blocks.0.attn2.to_k.weight"
    save_file({**good, name: good[name][:, :5].contiguous()}, files / "shapes.safetensors")
    save_file({**good, name: torch.full_like(good[name], float("nan"))}, files / "nan.safetensors")
    torch.save({"state_dict": {"x": RunsCode(trace)}}, files / "code.ckpt")
    (files / "plain.ckpt").write_bytes(pickle.dumps({"state_dict": {"x": RunsCode(trace)}}))
    (files / "text.safetensors").write_text("<html>404</html>")
    sdxl = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"
    save_file(lora(sdxl, 640), folders["loras"] / "sdxl.safetensors")
    wide = "lora_unet_middle_block_1_transformer_blocks_0_attn2_to_k"
    save_file(lora(wide, 640), folders["loras"] / "wide.safetensors")
    torch.save(RunsCode(trace), folders["loras"] / "code.pt")
    save_file({"input_hint_block.0.weight": torch.zeros(16, 3, 3, 3)}, folders["controlnet"] / "part.safetensors")
    return trace


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("data")
    trace = lay_out(data)
    with Server(data) as started:
        yield started
        assert not trace.exists()


def drawing(ckpt_name: str, **between: dict[str, Any]) -> dict[str, Any]:
    """One step with a checkpoint; nodes ``between`` it and the sampler replace its model, as ``["name", 0]``."""
    last = list(between)[-1] if between else "ckpt"
    return {
        "ckpt": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": ckpt_name}},
        **between,
        "words": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["ckpt", 1]}},
        "empty": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "draw": {
            "class_type": "KSampler",
            "inputs": {
                "model": [last, 0],
                "seed": time.time_ns() % 2**32,
                "steps": 1,
                "cfg": 2.0,
                "sampler_name": "euler",
                "scheduler": "normal",
                "positive": ["words", 0],
                "negative": ["words", 0],
                "latent_image": ["empty", 0],
                "denoise": 1.0,
            },
        },
        "picture": {"class_type": "VAEDecode", "inputs": {"samples": ["draw", 0], "vae": ["ckpt", 2]}},
        "save": {"class_type": "PreviewImage", "inputs": {"images": ["picture", 0]}},
    }


def outcome(server: Server, prompt: dict[str, Any]) -> tuple[str, str]:
    """How the job ended, and the error's message."""
    status, answer = server.post("/prompt", {"prompt": prompt})
    assert status == 200, answer
    end = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < end:
        if entry := server.get(f"/history/{answer['prompt_id']}").get(answer["prompt_id"]):
            told = [what for kind, what in entry["status"]["messages"] if kind == "execution_error"]
            return entry["status"]["status_str"], told[0]["exception_message"] if told else ""
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def with_lora(name: str) -> dict[str, Any]:
    inputs = {"lora_name": name, "strength_model": 1.0, "model": ["ckpt", 0]}
    return {"lora": {"class_type": "LoraLoaderModelOnly", "inputs": inputs}}


def with_controlnet(name: str) -> dict[str, Any]:
    return {
        **drawing(BUNDLED),
        "net": {"class_type": "ControlNetLoader", "inputs": {"control_net_name": name}},
        "hint": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
        "steered": {
            "class_type": "ControlNetApply",
            "inputs": {"conditioning": ["words", 0], "control_net": ["net", 0], "image": ["hint", 0], "strength": 1.0},
        },
        "shown": {"class_type": "PreviewImage", "inputs": {"images": ["hint", 0]}},
        "again": {"class_type": "PreviewAny", "inputs": {"source": ["steered", 0]}},
    }


@pytest.mark.parametrize(
    ("prompt", "file", "cause"),
    [
        (drawing("cut.safetensors"), "cut.safetensors", "cut short"),
        (drawing("text.safetensors"), "text.safetensors", "no safetensors"),
        (drawing("code.ckpt"), "code.ckpt", "it asks for posix.mkdir, and a model file may hold nothing but weights"),
        (drawing("plain.ckpt"), "plain.ckpt", "more than weights"),
        (drawing("shapes.safetensors"), "shapes.safetensors", "to_k"),
        (drawing("nan.safetensors"), "nan.safetensors", "to_k"),
        (drawing(BUNDLED, **with_lora("sdxl.safetensors")), "sdxl.safetensors", "has nothing for the U-Net"),
        (drawing(BUNDLED, **with_lora("wide.safetensors")), "wide.safetensors", "640"),
        (drawing(BUNDLED, **with_lora("code.pt")), "code.pt", "nothing but weights"),
        (with_controlnet("part.safetensors"), "part.safetensors", "missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_fails_its_job_and_nothing_else(
    server: Server, prompt: dict[str, Any], file: str, cause: str
) -> None:
    state, message = outcome(server, prompt)
    assert state == "error"
    assert file in message
    assert cause in message
    assert outcome(server, drawing(BUNDLED)) == ("success", "")
