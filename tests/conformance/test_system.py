"""What the server tells of itself and of its models."""

from __future__ import annotations

import re

import pytest

from tests.conformance.asking import get
from tests.conformance.conftest import Server

pytestmark = pytest.mark.conformance

FOLDERS = {
    *("checkpoints", "configs", "loras", "vae", "text_encoders", "diffusion_models", "clip_vision", "style_models"),
    *("embeddings", "diffusers", "vae_approx", "controlnet", "gligen", "upscale_models", "latent_upscale_models"),
    *("custom_nodes", "hypernetworks", "photomaker", "classifiers", "model_patches", "audio_encoders"),
}


@pytest.mark.protocol("http.5.a", "http.5.b", "http.5.c")
async def test_system_stats_have_the_shape_that_clients_parse(server: Server) -> None:
    stats = await get(server, "/system_stats")
    assert list(stats) == ["system", "devices"]
    system = stats["system"]
    texts = ("os", "comfyui_version", "python_version", "pytorch_version")
    kinds = {**dict.fromkeys(texts, str), "ram_total": int, "ram_free": int, "embedded_python": bool, "argv": list}
    assert {key: type(system[key]) for key in kinds} == kinds
    assert system.keys() >= {"required_frontend_version", "installed_templates_version", "required_templates_version"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", system["comfyui_version"])
    assert system["os"] in ("linux", "win32", "darwin")
    assert 0 < system["ram_free"] < system["ram_total"]
    (device,) = (device for device in stats["devices"] if device["type"] == "cpu")
    assert list(device) == [
        *("name", "type", "index", "vram_total", "vram_free", "torch_vram_total", "torch_vram_free")
    ]
    assert (device["name"], device["index"], device["vram_total"]) == ("cpu", None, system["ram_total"])


@pytest.mark.protocol("http.4.a")
async def test_model_folders_have_the_keys_that_clients_know(server: Server) -> None:
    keys = await get(server, "/models")
    assert set(keys) >= FOLDERS
    assert len(keys) == len(set(keys))


@pytest.mark.protocol("http.4.b", "http.4.c")
async def test_each_folder_lists_its_files_in_order(server: Server) -> None:
    for key in await get(server, "/models"):
        names = await get(server, f"/models/{key}")
        assert names == sorted(names)
    for unknown in ("unet", "clip", "output", "no-such-folder", "..%2f"):
        async with server.get(f"/models/{unknown}") as response:
            assert response.status == 404


@pytest.mark.protocol("http.4.b", "http.10.a")
async def test_the_bundled_model_is_listed(core: Server) -> None:
    assert "wireloom-mini.safetensors" in await get(core, "/models/checkpoints")


@pytest.mark.protocol("http.2.g")
async def test_embeddings_are_listed_without_ending(server: Server) -> None:
    listed, names = await get(server, "/models/embeddings"), await get(server, "/embeddings")
    assert names == [name.rpartition(".")[0] for name in listed]
