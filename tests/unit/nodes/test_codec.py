"""Values between nodes: their size, a hash of their content, and how they are stored and read again."""

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from engine.cache import Codec
from engine.cache_disk import DiskCache
from engine.node import Blocked, Result
from nodes.codec import OVERHEAD_BYTES, TensorCodec
from nodes.codec_store import STORABLE, STRUCTURE

CODEC: Codec = TensorCodec()
DTYPES = sorted(STORABLE, key=str)
MANY = 500


class Pair(NamedTuple):
    first: Any
    second: Any


class Other(NamedTuple):
    first: Any
    second: Any


def raw(tensor: Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def same(a: Any, b: Any) -> bool:
    """Equal in type, order and every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        return (a.dtype, a.shape, raw(a)) == (b.dtype, b.shape, raw(b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or struct.pack("d", a) == struct.pack("d", b)
    return bool(a == b)


def stored(value: Any) -> Any:
    data = CODEC.dump(value)
    assert data is not None
    return CODEC.load(data)


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    dtype, shape = draw(st.sampled_from(DTYPES)), draw(st.lists(st.integers(0, 3), max_size=3))
    data = draw(st.binary(min_size=dtype.itemsize, max_size=64))
    if dtype is torch.bool:  # other bytes than 0 and 1 are none
        data = bytes(byte & 1 for byte in data)
    whole = torch.frombuffer(bytearray(data[: len(data) // dtype.itemsize * dtype.itemsize]), dtype=dtype)
    return whole[torch.arange(math.prod(shape)) % len(whole)].reshape(shape)


texts = st.text(st.characters(exclude_categories=[]), max_size=8)
scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(-(2**5000), 2**5000) | st.floats() | texts | st.binary()
)
keys = st.recursive(scalars, lambda inner: st.tuples(inner, inner), max_leaves=3)
values = st.recursive(
    scalars | tensors(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)


class TestStoring:
    @given(values)
    def test_every_value_is_read_as_it_was(self, value: Any) -> None:
        assert same(stored(value), value)

    @pytest.mark.parametrize("dtype", DTYPES, ids=str)
    @pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (2, 3)], ids=str)
    def test_tensors_of_every_type_and_shape_are_stored(self, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
        tensor = torch.ones(shape).to(dtype)
        assert same(stored(tensor), tensor)

    def test_what_travels_on_links_is_stored(self) -> None:
        fields = {
            "pooled_output": torch.randn(1, 8),
            "area": (4, 4, 0, 2),
            "strength": 0.5,
            "mask": torch.rand(1, 6, 6),
            "set_area_to_bounds": False,
            "start_percent": 0.25,
        }
        conditioning = [[torch.randn(1, 77, 8), fields], [torch.randn(1, 154, 8), {"pooled_output": None}]]
        latent = {"samples": torch.randn(2, 4, 8, 8), "noise_mask": torch.rand(1, 1, 8, 8), "batch_index": [0, 7]}
        image, mask, sigmas = torch.rand(1, 8, 8, 3), torch.rand(1, 8, 8), torch.linspace(14.6, 0, 5)
        for value in (conditioning, latent, image, mask, sigmas, "words", 2**64 - 1, 0.1, True):
            assert same(stored([value]), [value])

    def test_views_are_stored_by_what_they_show(self) -> None:
        base = torch.arange(24.0).reshape(2, 3, 4)
        views = [base, base[0], base[:, 1:2], base.transpose(0, 2), base[:1].expand(5, 3, 4), base[..., 1], base[0]]
        assert same(stored(views), views)
        assert same(stored(base.conj()), base)
        waves = torch.view_as_complex(torch.randn(3, 2))
        assert stored(waves.conj()).equal(waves.conj().resolve_conj())

    def test_a_small_view_of_much_is_stored_small(self) -> None:
        data = CODEC.dump(torch.zeros(1000, 1000)[3, :5])
        assert data
        assert len(data) < 1000

    def test_a_tensor_that_occurs_twice_is_stored_once(self) -> None:
        tensor = torch.randn(MANY)
        data = CODEC.dump([tensor, {"again": tensor}])
        assert data
        assert len(data) < 1.5 * tensor.nbytes
        first, second = stored([tensor, tensor])
        assert first is second

    def test_any_reader_of_safetensors_can_read_the_tensors(self) -> None:
        tensor = torch.randn(3)
        data = CODEC.dump({"samples": tensor})
        assert data
        assert load_tensors(data)["0"].equal(tensor)

    @pytest.mark.parametrize(
        "value",
        [
            object(),
            Blocked(),
            {1, 2},
            Pair(1, 2),
            torch.nn.Linear(1, 1),
            torch.nn.Parameter(torch.ones(1)),
            torch.ones(1, requires_grad=True),
            torch.ones(1, device="meta"),
            torch.ones(2, 2).to_sparse(),
            torch.ones(1, dtype=torch.complex128),
            Path("x"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_what_is_neither_plain_nor_a_tensor_is_not_stored(self, value: Any) -> None:
        assert CODEC.dump(value) is None
        assert CODEC.dump([{"deep": (1, value)}]) is None

    def test_what_holds_itself_is_not_stored(self) -> None:
        circle: list[Any] = []
        circle.append(circle)
        assert CODEC.dump(circle) is None
        assert CODEC.digest(circle) is None
        assert CODEC.size(circle) == 2 * OVERHEAD_BYTES


class TestReading:
    @given(st.binary(max_size=80))
    def test_other_bytes_are_refused(self, data: bytes) -> None:
        with pytest.raises(ValueError, match="no stored value"):
            CODEC.load(data)

    @given(st.data())
    def test_damaged_bytes_are_refused_or_read_as_something(self, data: st.DataObject) -> None:
        whole = CODEC.dump([{"a": torch.ones(3), "b": (1, b"x", 2.5)}, "text"])
        assert whole
        place = data.draw(st.integers(0, len(whole) - 1))
        harmed = whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :]
        for bad in (harmed, whole[:place]):
            try:
                CODEC.load(bad)
            except ValueError:
                continue

    @pytest.mark.parametrize(
        "structure",
        ["{}", '{"call": "os.system"}', '{"tensor": "9"}', '{"dict": [[[], 1]]}', '{"tuple": 3}', "[", '{"int": "x"}'],
    )
    def test_a_structure_that_says_nothing_is_refused(self, structure: str) -> None:
        with pytest.raises(ValueError, match="no stored value"):
            CODEC.load(save_tensors({"0": torch.ones(1)}, {STRUCTURE: structure}))

    def test_the_file_of_a_model_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no stored value"):
            CODEC.load(save_tensors({"weight": torch.ones(1)}))


class TestDigest:
    @given(values)
    def test_equal_values_have_one_digest(self, value: Any) -> None:
        assert CODEC.digest(value) == CODEC.digest(stored(value)) is not None

    def test_all_of_these_differ(self) -> None:
        one = torch.tensor([1.0, 2.0])
        values = [
            *[0, 1, 2**64, -1, 1.0, -0.0, 0.0, math.inf, True, False, None, "", "1", b"", b"1", "é"],
            *[[], (), {}, [1], (1,), [[1]], [1, 2], [[1], 2], [[1, 2]], ["1", "2"], ["12"], [True], [None]],
            *[{"a": 1}, {"a": 2}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, [["a", 1]], {1: "a"}],
            *[Pair(1, 2), Other(1, 2), Pair(2, 1), (1, 2)],
            *[one, one.double(), one.half(), one.reshape(2, 1), one.flip(0), one.int(), one > 1, one[:0]],
            *[one[0], one[:1], torch.tensor(1.0).bfloat16(), torch.ones(2, device="cpu"), [one], [one, one]],
        ]
        assert len({CODEC.digest(value) for value in values}) == len(values)
        assert CODEC.digest(one) is not None

    def test_how_a_tensor_lies_in_memory_does_not_matter(self) -> None:
        base = torch.arange(6.0).reshape(2, 3)
        assert CODEC.digest(base.T) == CODEC.digest(base.T.contiguous())
        assert CODEC.digest(base[:1].expand(3, 3)) == CODEC.digest(base[:1].repeat(3, 1))

    @pytest.mark.parametrize("value", [object(), torch.nn.Linear(1, 1), torch.ones(1, device="meta"), Blocked(), {1}])
    def test_what_has_no_content_to_speak_of_has_none(self, value: Any) -> None:
        assert CODEC.digest(value) is None
        assert CODEC.digest({"a": [1, value]}) is None


class TestSize:
    @pytest.mark.parametrize(
        ("make", "expected"),
        [
            (lambda: torch.zeros(MANY), 4 * MANY),
            (lambda: {"samples": torch.zeros(MANY), "more": [torch.zeros(MANY)]}, 8 * MANY),
            (lambda: torch.zeros(1).expand(MANY), 4),
            (lambda: torch.zeros(MANY)[:1], 4 * MANY),
            (lambda: list(torch.zeros(MANY, 10)), 40 * MANY),
            (lambda: [torch.zeros(MANY)] * 3, 4 * MANY),
            (lambda: torch.zeros(MANY).numpy(), 4 * MANY),
            (lambda: "x" * MANY, MANY),
            (lambda: {"text": ["x" * MANY]}, MANY),
            (object, 0),
        ],
        ids=["tensor", "nested", "expanded", "view", "batch", "repeated", "array", "text", "shown", "handle"],
    )
    def test_it_is_the_memory_that_goes_free(self, make: Callable[[], Any], expected: int) -> None:
        value = make()
        parts = len(value) + 1 if isinstance(value, list) else 4
        assert expected < CODEC.size(value) <= expected + parts * OVERHEAD_BYTES


async def test_a_picture_outlives_the_process_on_disk(tmp_path: Path) -> None:
    picture, shown = torch.rand(1, 64, 64, 3), {"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]}
    cache = DiskCache(tmp_path, 1 << 20, CODEC)
    await cache.put(b"k" * 32, Result(([picture], [{"samples": picture}]), shown), 1.0)
    await cache.close()
    found = await DiskCache(tmp_path, 1 << 20, CODEC).get(b"k" * 32)
    assert found
    assert same(found.lists, ([picture], [{"samples": picture}]))
    assert found.ui == shown
