"""The flags about what is remembered."""

from pathlib import Path

import pytest
import torch

from engine.cache import MemoryCache, NoCache
from engine.cache_policies import ClassicCache, LruCache
from engine.cache_tiered import Tiered
from nodes.codec import TensorCodec
from web.cli import build_parser, main
from web.cli.caching import LazyCodec, build_cache, salt

NO_DISK = ["--disk-cache-mb", "0"]


@pytest.mark.parametrize("command", ["run", "serve"])
@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ([], Tiered),
        (["--cache-lru", "3"], Tiered),
        (["--cache-none"], NoCache),
        (NO_DISK, MemoryCache),
        (["--cache-mb", "0.5", *NO_DISK], MemoryCache),
        (["--cache-lru", "3", *NO_DISK], LruCache),
        (["--cache-classic", *NO_DISK], ClassicCache),
        (["--cache-none", *NO_DISK], NoCache),
    ],
)
def test_the_flags_choose_the_cache(tmp_path: Path, command: str, flags: list[str], kind: type) -> None:
    cache = build_cache(tmp_path, build_parser().parse_args([command, *flags]), LazyCodec())
    assert type(cache) is kind
    if isinstance(cache, MemoryCache):
        assert cache.budget_bytes == (1 << 19 if flags[0] == "--cache-mb" else 1 << 30)
    if isinstance(cache, LruCache):
        assert cache.max_entries == 3


@pytest.mark.parametrize(
    "flags",
    [
        ["--cache-none", "--cache-classic"],
        ["--cache-lru", "3", "--cache-mb", "10"],
        ["--cache-lru", "0"],
        ["--cache-lru", "few"],
        ["--cache-mb", "-1"],
        ["--cache-mb", "nan"],
        ["--disk-cache-mb", "much"],
    ],
)
def test_what_cannot_be_is_refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["serve", *flags])
    assert exited.value.code == 2
    assert flags[0] in capsys.readouterr().err


def test_the_lazy_codec_is_the_codec_of_the_nodes() -> None:
    lazy, value = LazyCodec(), ["x", {"a": (1, 2)}]
    codec = TensorCodec()
    data = codec.dump(value)
    assert data is not None
    assert (lazy.size(value), lazy.digest(value), lazy.dump(value)) == (codec.size(value), codec.digest(value), data)
    assert lazy.load(data) == value


def test_results_on_disk_are_for_these_versions_this_device_and_these_numbers_only() -> None:
    ways = ([], ["--device", "cpu"], ["--device", "cuda:1"], ["--dtype", "bfloat16"])
    salts = [salt(build_parser().parse_args(["run", "x.json", *flags])) for flags in ways]
    assert torch.__version__ in salts[0].decode().split("\n")
    assert len(set(salts)) == len(ways)
