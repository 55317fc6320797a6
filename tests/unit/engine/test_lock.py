"""What saved files tell of how they were made, and what is found of that here."""

import json
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest

from engine import lock as module
from engine import told
from engine.declare import node
from engine.errors import InvalidLock
from engine.exposed import Place
from engine.folders import Folders
from engine.graph import Link, Node
from engine.lock import Lock, LockedFile, LockedNode, lock_of, locked_file, read_lock
from engine.lock_compare import Comparison, Recognised, compare, recognise
from engine.lock_files import Match, match, with_files
from engine.marks import FileIn
from engine.registry import Registry
from engine.safetensors_header import tensor_layout
from engine.services import Services
from engine.versions import version_of, versions

MACHINE = {"device": "cpu"}


def weights(path: Path, content: bytes = b"\0\0\0\0", dtype: str = "F32", name: str = "w") -> Path:
    """A safetensors file of one tensor of four bytes."""
    told = {name: {"dtype": dtype, "shape": [len(content) // 4], "data_offsets": [0, len(content)]}}
    header = json.dumps({"__metadata__": {"about": path.name}, **told}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header + content)
    return path


@node("Load")
def load(name: Annotated[str, FileIn("loras")], other: Annotated[str, FileIn("vae")] = "") -> int:
    """Names two files."""
    return 1


@node("Words")
def words(text: str) -> int:
    """Reads what its words name."""
    return 1


@words.reads
def read_by_words(constants: Mapping[str, Any], services: Services) -> list[tuple[str, str]]:
    """A file for each word."""
    return [("embeddings", word) for word in constants["text"].split()]


@pytest.fixture
def loras(tmp_path: Path) -> Path:
    return tmp_path / "models" / "loras"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    made = Registry(Services(Folders(tmp_path)))
    made.add(load.definition, words.definition)
    return made


@pytest.fixture
def folders(registry: Registry) -> Folders:
    return registry.services.get(Folders)


def locked(folders: Folders, name: str = "a.safetensors") -> LockedFile:
    found = locked_file(folders, "loras", name)
    assert found
    return found


class TestLayout:
    def test_it_is_of_names_dtypes_and_shapes_not_of_values(self, tmp_path: Path) -> None:
        first = tensor_layout(weights(tmp_path / "a"))
        assert first == tensor_layout(weights(tmp_path / "b", b"\1\2\3\4"))
        others = [weights(tmp_path / "c", dtype="I32"), weights(tmp_path / "d", name="v"), weights(tmp_path / "e", b"")]
        assert len({first, *map(tensor_layout, others)}) == 4

    @pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 16, struct.pack("<Q", 2) + b"[]", b"PK\3\4" * 9])
    def test_what_is_no_safetensors_has_none(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a").write_bytes(content)
        assert tensor_layout(tmp_path / "a") is None


class TestMaking:
    def test_it_names_versions_types_and_files(self, registry: Registry, loras: Path) -> None:
        weights(loras / "a.safetensors")
        (loras.parent / "embeddings").mkdir()
        (loras.parent / "embeddings" / "cat").write_text("x")
        nodes = [Node("1", "Load", {"name": "a.safetensors"}), Node("2", "Words", {"text": "cat dog"})]
        made = lock_of(nodes, registry, MACHINE)
        assert (made.engine, made.node, made.packages, made.machine) == (
            version_of("wireloom"),
            "2",
            versions(),
            MACHINE,
        )
        assert made.nodes == {"Load": LockedNode(version="1"), "Words": LockedNode(version="1")}
        assert [(file.folder, file.name) for file in made.files] == [("embeddings", "cat"), ("loras", "a.safetensors")]
        assert all(file.sha256 and file.size for file in made.files)
        assert [bool(file.layout) for file in made.files] == [False, True]
        assert read_lock(made.model_dump_json(exclude_defaults=True)) == made

    def test_a_file_that_a_private_input_names_is_not_told(self, registry: Registry, loras: Path) -> None:
        weights(loras / "a.safetensors")
        nodes = [Node("1", "Load", {"name": "a.safetensors"}), Node("2", "Words", {"text": "cat"})]
        made = lock_of(nodes, registry, MACHINE, private={Place("1", "name")})
        assert (made.files, made.unnamed) == ([], ["1.name"])

    def test_what_it_cannot_name_it_says(self, registry: Registry, caplog: pytest.LogCaptureFixture) -> None:
        nodes = [Node("1", "Load", {"name": Link("0", 0)}), Node("2", "Words", {"text": Link("0", 0)})]
        assert lock_of(nodes, registry, MACHINE).unnamed == ["1.name", "2"]
        assert "node 2 (Words)" in caplog.text

    def test_saving_does_not_wait_longer_than_told(self, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
        waits = []
        monkeypatch.setattr(module, "locked_file", lambda *_, wait_s: waits.append(wait_s))
        lock_of([Node("1", "Load", {"name": "a", "other": "b"})], registry, MACHINE, wait_s=2.0)
        assert len(waits) == 2
        assert all(0 <= wait <= 2 for wait in waits)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "engine": 3, "node": "1"}'])
    def test_a_broken_one_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidLock, match=r"its wireloom\.lock is broken"):
            read_lock(text)


class TestMatching:
    def found(self, file: LockedFile, folders: Folders) -> tuple[str, str | None]:
        result = match(file, folders)
        assert file.name in result.text
        return result.found, result.here

    def test_the_same(self, folders: Folders, loras: Path) -> None:
        weights(loras / "a.safetensors")
        assert self.found(locked(folders), folders) == ("same", "a.safetensors")

    @pytest.mark.parametrize("replaced", [False, True])
    def test_content_goes_before_the_name(self, folders: Folders, loras: Path, replaced: bool) -> None:
        file = locked(folders, weights(loras / "a.safetensors").name)
        (loras / "a.safetensors").rename(loras / "b.safetensors")
        if replaced:
            weights(loras / "a.safetensors", b"\1\2\3\4")
        assert self.found(file, folders) == ("renamed", "b.safetensors")
        assert ("what has its name now is another file" in match(file, folders).text) == replaced

    def test_another_file_of_the_name_is_told_with_its_tensors(self, folders: Folders, loras: Path) -> None:
        file = locked(folders, weights(loras / "a.safetensors").name)
        weights(loras / "a.safetensors", b"\1\2\3\4")
        assert self.found(file, folders) == ("replaced", "a.safetensors")
        assert "the same tensors in other values" in match(file, folders).text
        weights(loras / "a.safetensors", name="other")
        weights(loras / "b.safetensors", b"\1\2\3\5")
        assert self.found(file, folders) == ("replaced", "a.safetensors")
        assert "other tensors" in match(file, folders).text
        assert "loras/b.safetensors has the tensors of the old one" in match(file, folders).text

    def test_what_only_looks_alike_is_told_and_not_taken(
        self, folders: Folders, loras: Path, registry: Registry
    ) -> None:
        file = locked(folders, weights(loras / "a.safetensors").name)
        (loras / "a.safetensors").unlink()
        assert self.found(file, folders) == ("missing", None)
        weights(loras / "b.safetensors", b"\1\2\3\4")
        assert self.found(file, folders) == ("similar", "b.safetensors")
        prompt = {"1": {"class_type": "Load", "inputs": {"name": "a.safetensors"}}}
        assert with_files(prompt, registry, [match(file, folders)]) == prompt

    def test_content_that_was_not_known_is_judged_by_looks(self, folders: Folders, loras: Path) -> None:
        weights(loras / "a.safetensors")
        file = locked(folders).model_copy(update={"sha256": None})
        assert self.found(file, folders) == ("unknown", "a.safetensors")
        weights(loras / "a.safetensors", name="other")
        assert self.found(file, folders) == ("replaced", "a.safetensors")

    @pytest.mark.parametrize(("folder", "name"), [("loras", "../../secret"), ("nowhere", "a"), ("loras", "/etc/hosts")])
    def test_names_that_lead_elsewhere_are_not_followed(self, folders: Folders, folder: str, name: str) -> None:
        file = LockedFile(folder=folder, name=name, size=1, sha256="0" * 64)
        assert self.found(file, folders) == ("missing", None)

    def test_only_the_same_content_takes_the_place_of_a_name(self, registry: Registry) -> None:
        file = LockedFile(folder="loras", name="a", size=1)
        prompt = {
            "1": {"class_type": "Load", "inputs": {"name": "a", "other": "a"}, "_meta": {"title": "A"}},
            "2": {"class_type": "Words", "inputs": {"text": "a"}},
        }
        changed = with_files(prompt, registry, [Match(file, "renamed", "", "b")])
        assert changed["1"] == {**prompt["1"], "inputs": {"name": "b", "other": "a"}}
        assert changed["2"] == prompt["2"]


class TestComparing:
    @pytest.fixture
    def made(self, registry: Registry, loras: Path) -> Lock:
        weights(loras / "a.safetensors")
        return lock_of([Node("1", "Load", {"name": "a.safetensors"})], registry, MACHINE)

    def told(self, comparison: Comparison) -> list[tuple[str, str, str]]:
        return [(each.about, each.name, each.status) for each in comparison.reasons]

    def test_nothing_is_told_of_what_is_the_same(self, made: Lock, registry: Registry) -> None:
        comparison = compare(made, registry, MACHINE)
        assert self.told(comparison) == []
        assert {each.about for each in comparison.items} == {"file", "node", "engine", "package", "machine"}

    def test_other_versions_and_machines_are_told(self, made: Lock, registry: Registry) -> None:
        older = made.model_copy(update={"engine": "0.0.1", "packages": {"torch": "1.0"}, "machine": {"device": "cuda"}})
        comparison = compare(older, registry, MACHINE)
        assert self.told(comparison) == [
            ("engine", "wireloom", "different"),
            ("package", "torch", "different"),
            ("machine", "device", "different"),
        ]
        now = version_of("wireloom") or "not here"
        assert comparison.reasons[0].text == f"wireloom was 0.0.1 when this was saved, and is {now}"

    def test_node_types_that_changed_or_went_are_told(self, made: Lock, registry: Registry) -> None:
        nodes = {"Load": LockedNode(version="0"), "Gone": LockedNode(version="1", pack="pack 2.0")}
        comparison = compare(made.model_copy(update={"nodes": nodes}), registry, MACHINE)
        assert [each.text for each in comparison.reasons] == [
            "the node type Load was version 0, and is version 1",
            "the node type Gone of the package pack 2.0 is not here",
        ]

    def test_files_are_told_first_and_what_was_renamed_too(self, made: Lock, registry: Registry, loras: Path) -> None:
        (loras / "a.safetensors").rename(loras / "b.safetensors")
        comparison = compare(made.model_copy(update={"engine": "0.0.1"}), registry, MACHINE)
        assert self.told(comparison) == [
            ("file", "loras/a.safetensors", "same"),
            ("engine", "wireloom", "different"),
        ]

    def test_what_the_lock_leaves_open_is_told(self, made: Lock, registry: Registry) -> None:
        open_ = made.model_copy(update={"format": 2, "unnamed": ["7.name"], "exact": False})
        texts = " ".join(each.text for each in compare(open_, registry, MACHINE).reasons)
        for said in ("form 2", "7.name", "memory ran out"):
            assert said in texts

    def test_types_of_packs_are_told_by_their_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "pack_versions", lambda: {"custom_nodes.mine": "mine 1.2"})
        definition = replace(load.definition, module="custom_nodes.mine")
        assert module.locked_node(definition) == LockedNode(version="1", pack="mine 1.2")

    def test_it_goes_to_another_process_and_back(self, made: Lock, registry: Registry, loras: Path) -> None:
        (loras / "a.safetensors").rename(loras / "b.safetensors")
        prompt = {"1": {"class_type": "Load", "inputs": {"name": "a.safetensors"}}}
        found = recognise(made, prompt, registry, MACHINE)
        assert found.prompt == {"1": {"class_type": "Load", "inputs": {"name": "b.safetensors"}}}
        assert told.read(Recognised, json.loads(told.to_json(found))) == found
