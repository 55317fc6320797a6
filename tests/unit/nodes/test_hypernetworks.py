"""Hypernetworks: their files, what they compute, what is wrong with a file."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.errors import CorruptCheckpoint
from nodes.diffusion.lazy import Residency
from nodes.diffusion.patches.hypernetwork import open_hypernetwork, read_hypernetwork, with_hypernetwork
from tests.support.unets import WORDS, given, model_of, random_unet, seeded

Named = dict[str, Tensor]


def layers(*modules: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    for module in modules:
        for parameter in module.parameters():
            nn.init.normal_(parameter, std=0.3)
    return nn.Sequential(*modules).requires_grad_(False)


def stored(network: nn.Sequential) -> Named:
    """As the web UI stores it: below ``linear``, numbered with what has no weights."""
    return {f"linear.{name}": tensor for name, tensor in network.state_dict().items()}


def file(folder: Path, content: Any, name: str = "some.pt") -> Path:
    path = folder / name
    torch.save(content, path)
    return path


PLAIN = layers(nn.Linear(WORDS, 24), nn.Linear(24, WORDS))
TRAINED = layers(
    nn.Linear(WORDS, 24), nn.ReLU(), nn.LayerNorm(24), nn.Dropout(), nn.Linear(24, WORDS), nn.LayerNorm(WORDS)
)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (PLAIN, {}),
        (TRAINED, {"activation_func": "relu", "activate_output": False, "is_layer_norm": True, "use_dropout": True}),
        (layers(nn.Linear(WORDS, WORDS), nn.Tanh()), {"activation_func": "tanh", "activate_output": True}),
        (layers(nn.Linear(WORDS, WORDS), nn.Hardswish()), {"activation_func": "swish"}),  # older, and activated
        (layers(nn.Linear(WORDS, WORDS)), {"activation_func": None, "activate_output": True}),
    ],
)
def test_a_file_is_read_as_it_was_trained(tmp_path: Path, network: nn.Sequential, said: dict[str, Any]) -> None:
    path = file(tmp_path, {WORDS: (stored(network), stored(network)), "step": 7, "name": "some", **said})
    read, x = read_hypernetwork(path), seeded(2, 5, WORDS)
    k, v = read(x, 2 * x, 0.5)
    assert torch.equal(k, x + 0.5 * network.eval()(x))
    assert torch.equal(v, 2 * x + 0.5 * network(2 * x))
    other = seeded(2, 5, 7)
    assert read(other, other, 0.5) == (other, other)


def test_the_oldest_files_name_their_layers_differently(tmp_path: Path) -> None:
    older = {name.replace("linear.0", "linear1").replace("linear.1", "linear2"): t for name, t in stored(PLAIN).items()}
    x = seeded(1, 3, WORDS)
    k, _ = read_hypernetwork(file(tmp_path, {WORDS: (older, older)}))(x, x, 1.0)
    assert torch.equal(k, x + PLAIN(x))


def loader() -> Loader:
    return Loader(Residency())


def test_all_attention_of_a_width_looks_through_it(tmp_path: Path) -> None:
    """Words and pixels of 16 channels are given in its place what it makes of them, by hand."""
    pixels = layers(nn.Linear(16, 16))
    content = {WORDS: (stored(PLAIN), stored(TRAINED[:1] + TRAINED[4:5])), 16: (stored(pixels), stored(pixels))}
    path, unet = file(tmp_path, content), random_unet()
    model = model_of(unet)
    network = open_hypernetwork(path, loader())
    patched = with_hypernetwork(model, network, 0.5)
    assert not network.loaded
    assert with_hypernetwork(model, network, 0.0) is model
    ours = patched.network(given(hooks=patched.hooks))

    value = TRAINED[:1] + TRAINED[4:5]
    for name, module in unet.named_modules():
        if name.endswith(("attn1.to_k", "attn1.to_v")) and module.in_features == 16:
            module.register_forward_pre_hook(lambda _, x: x[0] + 0.5 * pixels(x[0]))
        if name.endswith("attn2.to_k"):
            module.register_forward_pre_hook(lambda _, x: x[0] + 0.5 * PLAIN(x[0]))
        if name.endswith("attn2.to_v"):
            module.register_forward_pre_hook(lambda _, x: x[0] + 0.5 * value(x[0]))
    assert torch.equal(ours, unet(given()))


def test_a_files_weights_are_in_memory_once_and_counted(tmp_path: Path) -> None:
    path, opened = file(tmp_path, {WORDS: (stored(PLAIN), stored(copy.deepcopy(PLAIN)))}), loader()
    network = open_hypernetwork(path, opened)
    assert open_hypernetwork(path, opened) is network
    network.get()
    (held,) = opened.residency.resident().values()
    assert held.size == network.size == 2 * 4 * (24 * WORDS + 24 + WORDS * 24 + WORDS)
    assert network.origin == ("hypernetwork", "some.pt")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"step": 1}, "no networks by width"),
        ([1, 2], "it holds a list"),
        ({WORDS: stored(PLAIN)}, f"width {WORDS} has no two networks"),
        ({WORDS: (stored(PLAIN), 3)}, "do not fit one another: []"),
        ({WORDS: ({"conv.weight": torch.ones(1)}, {})}, "holds 'conv.weight', which is no part"),
        ({WORDS: ({"linear.0.weight": torch.ones(2, 2)}, {})}, "layer 0 of width 12 lacks its weight or its bias"),
        ({WORDS: (stored(layers(nn.Linear(WORDS, 5))), {})}, "do not fit one another: [12, 5]"),
        ({WORDS: (stored(layers(nn.Linear(WORDS, 5), nn.Linear(6, WORDS))), {})}, "do not fit one another"),
        (
            {WORDS: ({"linear.0.weight": torch.ones(2, 2, 1), "linear.0.bias": torch.ones(2)}, {})},
            "a weight (2, 2, 1) and a bias (2,), which fit no layer",
        ),
        ({WORDS: (stored(PLAIN), stored(PLAIN)), "activation_func": "magic"}, "its activation 'magic' is not known"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(CorruptCheckpoint) as caught:
        open_hypernetwork(file(tmp_path, content), loader())
    assert str(caught.value).startswith("some.pt cannot be read: ")
    assert said in str(caught.value)


class Evil:
    def __reduce__(self) -> Any:
        return print, ("code ran",)


def test_a_file_cannot_run_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file(tmp_path, {WORDS: Evil()}, "evil.pt")
    with pytest.raises(CorruptCheckpoint, match="may hold nothing but weights"):
        read_hypernetwork(path)
    assert capsys.readouterr().out == ""
    with pytest.raises(CorruptCheckpoint, match=r"such as \.pt, not \.safetensors"):
        read_hypernetwork(tmp_path / "some.safetensors")
    with pytest.raises(FileNotFoundError):
        read_hypernetwork(tmp_path / "none.pt")
