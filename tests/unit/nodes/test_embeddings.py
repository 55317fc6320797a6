"""Textual inversions: found by name, read in every format, in place of tokens."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.folders import Folders
from nodes.diffusion.errors import CorruptCheckpoint
from nodes.diffusion.lazy import Lazy, Residency
from nodes.diffusion.text.clip import Clip, ClipConfig, ClipText
from nodes.diffusion.text.embeddings import read_embedding
from nodes.diffusion.text.tokenizer import END, START, chunks, tokenize
from nodes.embeddings import EmbeddingFolder

TWO = torch.arange(16.0).reshape(2, 8)


@pytest.fixture(scope="module")
def networks() -> Mapping[str, Lazy[ClipText]]:
    """Tiny towers: l 8 wide, g 12."""

    def lazy(width: int) -> Lazy[ClipText]:
        with torch.random.fork_rng():
            torch.manual_seed(width)
            network = ClipText(ClipConfig(49408, 77, width, 2, 2, 16))
        return Lazy(lambda: network, Residency(), torch.float32, torch.device("cpu"))

    return {"l": lazy(8), "g": lazy(12)}


# Looking up


@pytest.fixture
def folder(tmp_path: Path) -> EmbeddingFolder:
    return EmbeddingFolder(Folders(tmp_path))


def put(folder: EmbeddingFolder, name: str, tensors: Mapping[str, Tensor] | None = None) -> Path:
    path = folder.folders.paths("embeddings")[0] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(dict(tensors or {"emb_params": TWO}), path)
    return path


@pytest.mark.parametrize("name", ["style", "style.safetensors", "sub/style", "sub\\style.safetensors"])
def test_a_name_is_found_without_its_ending_and_in_subfolders(name: str, folder: EmbeddingFolder) -> None:
    put(folder, "sub/style.safetensors")
    found = folder(name)
    assert found
    assert torch.equal(found[""], TWO)


@pytest.mark.parametrize("name", ["", "other", "../style", "/etc/passwd", "tyle"])
def test_what_is_not_there_is_not_found(name: str, folder: EmbeddingFolder) -> None:
    put(folder, "style.safetensors")
    assert folder(name) is None


def test_the_files_that_a_text_names_are_stamped(folder: EmbeddingFolder) -> None:
    path = put(folder, "style.safetensors")
    put(folder, "other.safetensors")
    before = folder.stamps("a embedding:style, and embedding:nothing")
    assert [each[0] for each in before] == [str(path)]
    assert folder.stamps("plain words") == []
    assert len(folder.stamps(None)) == 2
    put(folder, "style.safetensors", {"emb_params": torch.zeros(3, 8)})
    assert folder.stamps("a embedding:style, and embedding:nothing") != before


# Reading


@pytest.mark.parametrize(
    "content",
    [
        {"string_to_token": {"*": 265}, "string_to_param": {"*": TWO}, "name": "x", "step": 3},
        {"<style>": TWO},
        [{"a": TWO[:1]}, {"b": TWO[1:], "c": 3}],
        {"clip_l": TWO},
    ],
    ids=["the web UI's", "diffusers'", "a list", "of a tower"],
)
def test_pickles_of_every_kind_are_read(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "e.pt")
    (vectors,) = read_embedding(tmp_path / "e.pt").values()
    assert torch.equal(vectors, TWO)


def test_one_vector_is_a_row_of_one(tmp_path: Path) -> None:
    torch.save({"<style>": TWO[0]}, tmp_path / "e.bin")
    assert torch.equal(read_embedding(tmp_path / "e.bin")[""], TWO[:1])


def test_sdxls_have_vectors_for_each_tower(tmp_path: Path) -> None:
    save_file({"clip_l": TWO, "clip_g": torch.ones(3, 12)}, tmp_path / "e.safetensors")
    assert {name: each.shape for name, each in read_embedding(tmp_path / "e.safetensors").items()} == {
        "l": (2, 8),
        "g": (3, 12),
    }


@pytest.mark.parametrize("content", [{}, [], {"x": 3}, {"x": torch.zeros(2, 2, 2)}, {"x": torch.zeros(2, dtype=int)}])
def test_a_file_without_an_embedding_is_named(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "e.pt")
    with pytest.raises(CorruptCheckpoint, match=r"e\.pt"):
        read_embedding(tmp_path / "e.pt")


# In place of tokens


def known(**vectors: Tensor) -> Callable[[str], Tensor | None]:
    return vectors.get


def test_vectors_stand_in_place_of_tokens() -> None:
    (chunk,) = chunks("a (embedding:style:1.5) dog", embedding=known(style=TWO))
    assert [token.id for token in chunk[:2]] == [START, *tokenize("a")]
    assert [token.weight for token in chunk[2:4]] == [1.5, 1.5]
    vectors = [token.vector for token in chunk[2:4] if token.vector is not None]
    assert torch.equal(torch.stack(vectors), TWO)
    assert [token.id for token in chunk[4:6]] == [*tokenize("dog"), END]


def test_a_comma_behind_a_name_is_text() -> None:
    (chunk,) = chunks("embedding:style, dog", embedding=known(style=TWO))
    assert [token.id for token in chunk[3:6]] == [*tokenize(","), *tokenize("dog"), END]


def test_a_name_that_is_not_found_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        (chunk,) = chunks("a embedding:nothing dog")
    assert [token.id for token in chunk[1:4]] == [*tokenize("a"), *tokenize("dog"), END]
    assert "nothing" in caplog.text


@torch.no_grad()
def test_an_embedding_of_a_words_own_vectors_is_that_word(networks: Mapping[str, Lazy[ClipText]]) -> None:
    network = networks["l"].get()
    own = network.embed(torch.tensor(tokenize("red apple")))
    clip = Clip.of({"l": networks["l"]}, embeddings=lambda name: {"l": own} if name == "fruit" else None)
    hidden, pooled = clip.encode("a embedding:fruit here")
    wanted, wanted_pooled = clip.encode("a red apple here")
    assert torch.allclose(hidden, wanted, atol=1e-6)
    assert torch.allclose(pooled, wanted_pooled, atol=1e-6)


@torch.no_grad()
def test_a_width_that_is_another_encoders_is_left_out_with_a_warning(
    networks: Mapping[str, Lazy[ClipText]], caplog: pytest.LogCaptureFixture
) -> None:
    """What comes behind moves up, and padding fills the end."""
    clip = Clip.of(networks, embeddings=lambda name: {"": TWO})  # 8 wide: L takes them, G can't
    with caplog.at_level(logging.WARNING):
        hidden, _ = clip.encode("a embedding:style dog")
    plain, _ = clip.encode("a dog")
    assert "8 wide" in caplog.text
    assert torch.allclose(hidden[..., 8:], plain[..., 8:], atol=1e-6)
    assert not torch.allclose(hidden[..., :8], plain[..., :8], atol=1e-3)


def test_towers_of_no_family_are_refused(networks: Mapping[str, Lazy[ClipText]]) -> None:
    with pytest.raises(ValueError, match="not used together"):
        Clip.of({"l": networks["l"], "h": networks["g"]})


def test_a_layer_is_taken_of_each_tower(networks: Mapping[str, Lazy[ClipText]]) -> None:
    clip = Clip.of(networks)
    assert {name: each.layer for name, each in clip.readings.items()} == {"l": -2, "g": -2}
    deeper = clip.with_layer(-1)
    assert {name: each.place(2) for name, each in deeper.readings.items()} == {"l": (-1, False), "g": (-1, False)}
    assert clip.with_layer(-9).readings["g"].place(2) == (-1, True)  # there is none: the last, as ever


def test_an_h_that_lacks_its_last_layer_is_read_at_the_same_place(networks: Mapping[str, Lazy[ClipText]]) -> None:
    whole, cut = Clip.of({"h": networks["l"]}), Clip.of({"h": networks["l"]}, {"h": 1})
    assert whole.readings["h"].place(24) == (-2, True)
    assert cut.readings["h"].place(23) == (-1, True)
