"""Networks whose weights are another's with changes: what is shared, what is equal, and what it costs."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from nodes.diffusion import tensors
from nodes.diffusion.checkpoint import Loader
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.lora.apply import Adapters
from nodes.diffusion.lora.file import open_adapter
from nodes.diffusion.lora.load import with_lora
from nodes.diffusion.merging import Mix, blended
from nodes.diffusion.model import Model
from nodes.diffusion.patching import Patched, WeightsUnfit, changed, every_tensor
from nodes.diffusion.scaling import Scaled
from nodes.diffusion.text.handles import towers
from tests.support import small

CPU = torch.device("cpu")
TO_Q = "input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight"
BYTES = 4 * (100 + 10)


class Pair(nn.Module):
    """Two layers, of which one will be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(10, 10), nn.Linear(10, 10)


def pair(residency: Residency, build: Callable[[], Pair] = Pair) -> Lazy[Pair]:
    return Lazy(build, residency, torch.float32, CPU, size=2 * BYTES)


def double(ending: str = "first") -> Scaled:
    return Scaled(((ending, 2.0),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_file(small.checkpoint(), tmp_path / "model.safetensors")
    save_lora(tmp_path / "a.safetensors", seed=1)
    save_lora(tmp_path / "b.safetensors", seed=2)
    return tmp_path


def save_lora(path: Path, seed: int) -> None:
    stem = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    up, down = small.numbers(32, 4, seed=seed), small.numbers(4, 32, seed=seed + 10)
    save_file({f"{stem}.lora_up.weight": up, f"{stem}.lora_down.weight": down}, path)


def test_what_is_not_changed_is_shared_with_the_base() -> None:
    base = pair(Residency())
    patched = changed(base, double())
    assert torch.equal(patched.get().first.weight, base.get().first.weight * 2)
    assert patched.get().second.weight is base.get().second.weight
    assert patched.get().first.weight is not base.get().first.weight


def test_equal_changes_of_a_network_are_the_same_network() -> None:
    base = pair(Residency())
    patched = changed(base, double())
    assert changed(base, double()) is patched
    assert changed(base, double("second")) is not patched
    assert changed(changed(base, double()), double("second")) is changed(patched, double("second"))
    assert changed(base, Scaled((("first", 1.0),))) is base


def test_changes_follow_one_another_in_float32_and_are_rounded_once() -> None:
    base = Lazy(Pair, Residency(), torch.bfloat16, CPU)
    third = Scaled((("first", 1 / 3),))
    patched = changed(changed(base, third), Scaled((("first", 3.0),)))
    assert patched.get().first.weight.dtype == torch.bfloat16
    assert torch.equal(patched.get().first.weight, base.get().first.weight)


def test_what_is_held_by_several_counts_once() -> None:
    residency = Residency()
    base = pair(residency)
    patched = changed(base, double())
    patched.get()
    assert {kept: held.size for kept, held in residency.resident().items()} == {base: 2 * BYTES, patched: BYTES}
    residency.drop_all(but=(patched,))
    assert [held.size for held in residency.resident().values()] == [2 * BYTES]  # it holds all of it now


def test_a_patched_network_is_made_though_there_is_not_room_for_two_and_its_base_is_read_once() -> None:
    built = []

    def build() -> Pair:
        built.append(1)
        return Pair()

    residency = Residency(budget_bytes=BYTES)
    patched = changed(pair(residency, build), double())
    patched.get()
    assert len(built) == 1
    assert list(residency.resident()) == [patched]


def test_the_patched_network_that_was_used_least_recently_goes() -> None:
    residency = Residency(budget_bytes=4 * BYTES)
    base = pair(residency)
    one, two, three = (changed(base, Scaled((("first", factor),))) for factor in (2.0, 3.0, 4.0))
    for each in (one, two, three):
        each.get()
    assert [each.loaded for each in (base, one, two, three)] == [True, False, True, True]


def test_many_threads_get_the_same_network() -> None:
    built, start = [], threading.Barrier(8)

    def build() -> Pair:
        built.append(1)
        return Pair()

    base = pair(Residency(), build)

    def use(_: int) -> nn.Module:
        start.wait(10)
        return changed(base, double()).get()

    patched = changed(base, double())
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(use, range(8)))
    assert len({id(each) for each in got}) == 1
    assert got[0] is patched.get()
    assert len(built) == 1


def test_dropping_while_others_use_it_breaks_nothing() -> None:
    residency = Residency()
    patched = changed(pair(residency), double())
    stop = threading.Event()

    def drop() -> None:
        while not stop.is_set():
            residency.drop_all()

    with ThreadPoolExecutor(1) as pool:
        dropping = pool.submit(drop)
        for _ in range(200):
            assert patched.get().first(torch.zeros(1, 10)).shape == (1, 10)
        stop.set()
        dropping.result()


def test_values_that_are_no_numbers_are_said_to_come_of_the_change() -> None:
    base = Lazy(lambda: Pair().half(), Residency(), torch.float16, CPU)
    with pytest.raises(WeightsUnfit, match=r"scaled attention: first\.weight"):
        changed(base, Scaled((("first", 1e9),))).get()


def test_another_strength_reads_no_file_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = tensors.safe_open

    def counted(path: Path, *args: Any) -> Any:
        opened.append(path.name)
        return real(path, *args)

    monkeypatch.setattr(tensors, "safe_open", counted)
    loader = Loader(Residency())
    model = loader.checkpoint(folder / "model.safetensors").model

    def weight(strength: float) -> Tensor:
        patched, _ = with_lora(open_adapter(loader, folder / "a.safetensors"), model, None, strength, 0)
        assert patched is not None
        return patched.unet.get().state_dict()[TO_Q]

    base = weight(0)
    half = weight(0.5)
    read = list(opened)
    whole = weight(1)
    assert opened == read
    torch.testing.assert_close(whole - base, 2 * (half - base))


def test_a_lora_twice_is_one_of_both_strengths_and_against_itself_none(folder: Path) -> None:
    loader = Loader(Residency())
    model = loader.checkpoint(folder / "model.safetensors").model

    def add(model: Model, strength: float) -> Model:
        patched, _ = with_lora(open_adapter(loader, folder / "a.safetensors"), model, None, strength, 0)
        assert patched is not None
        return patched

    assert add(add(model, 0.25), 0.5).unet is add(model, 0.75).unet
    assert add(add(model, 0.25), -0.25).unet is model.unet


def test_the_order_of_loras_makes_no_difference(folder: Path) -> None:
    loader = Loader(Residency())
    model = loader.checkpoint(folder / "model.safetensors").model

    def add(names: str) -> Model:
        current = model
        for name in names:
            patched, _ = with_lora(open_adapter(loader, folder / f"{name}.safetensors"), current, None, 1, 0)
            assert patched is not None
            current = patched
        return current

    assert add("ab").unet is add("ba").unet
    assert add("ab").identity == add("ba").identity  # so jobs that do this may share calls
    assert isinstance(add("ab").unet, Patched)
    (change,) = add("ab").unet.changes  # type: ignore[attr-defined]
    assert isinstance(change, Adapters)
    assert change.name == "a.safetensors and b.safetensors"


def test_a_merge_with_a_patched_network_keeps_what_was_patched() -> None:
    residency = Residency()
    base, other = pair(residency), pair(residency)
    merged = changed(base, Mix(changed(other, double()), (("", blended(0.25)),)))
    wanted = 0.25 * base.get().first.weight + 0.75 * 2 * other.get().first.weight
    torch.testing.assert_close(merged.get().first.weight.data, wanted.data)


def test_buffers_that_are_not_saved_are_shared_too(folder: Path) -> None:
    clip = Loader(Residency()).checkpoint(folder / "model.safetensors").clip
    assert clip is not None
    network = towers(clip)["l"]
    patched = changed(network, Scaled(((".self_attn.q_proj", 0.5),)))
    ids = {id(tensor) for tensor in every_tensor(network.get())}
    own = [tensor for tensor in every_tensor(patched.get()) if id(tensor) not in ids]
    assert len(own) == 4  # weight and bias of two layers
