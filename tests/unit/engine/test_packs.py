"""Installed packages bring node types: found by entry point, imported only when asked for, all or nothing each."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.packs import GROUP, installed_packs, load_packs, tell_unloaded
from engine.replacements import Replacement
from tests.support.toys import registry
from web.cli import build_parser, main

GOOD = """
from engine import node

@node("PackOne", category="pack")
def one(value: int) -> int:
    return value

@node("PackTwo", category="pack", module="elsewhere")
def two(value: int) -> int:
    return value

def register(registry):
    registry.add(one.definition, two.definition)
"""

TAKES_A_NAME = """
from engine import node

@node("Fresh")
def fresh(value: int) -> int:
    return value

@node("Add")
def add(value: int) -> int:
    return value

def register(registry):
    registry.add(fresh.definition)
    registry.add(add.definition)
"""

DECLARED_WRONGLY = """
from engine import node

def register(registry):
    @node("Wrong")
    def wrong(value: complex) -> int:
        return 1
"""


class Site:
    """A folder on ``sys.path`` with installed distributions."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def install(self, name: str, code: str) -> None:
        """A distribution ``wireloom-NAME`` with one module ``pack_NAME``."""
        (self.path / f"pack_{name}.py").write_text(code)
        info = self.path / f"wireloom_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: wireloom-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = pack_{name}:register\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.syspath_prepend(tmp_path)
    yield Site(tmp_path)
    for name in [name for name in sys.modules if name.startswith("pack_")]:
        del sys.modules[name]


def test_a_pack_is_found_without_being_imported(site: Site) -> None:
    site.install("quiet", "raise RuntimeError('imported')")
    assert "quiet" in [pack.name for pack in installed_packs()]
    assert "pack_quiet" not in sys.modules


def test_a_pack_brings_its_nodes(site: Site) -> None:
    site.install("good", GOOD)
    types = registry()
    (report,) = load_packs(types, installed_packs())
    assert (report.name, report.nodes, report.problem) == ("good", ("PackOne", "PackTwo"), None)
    assert (types["PackOne"].module, types["PackTwo"].module) == ("custom_nodes.good", "elsewhere")


def test_a_pack_tells_what_its_nodes_replace(site: Site) -> None:
    replaces = "\n    from engine import Replacement\n    registry.replace(Replacement('PackZero', 'PackOne'))\n"
    site.install("good", GOOD + replaces)
    types = registry()
    load_packs(types, installed_packs())
    assert types.replacements == {"PackZero": [Replacement("PackZero", "PackOne")]}


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import not_there_at_all", "ModuleNotFoundError"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("register = 5", "TypeError"),
        ("", "AttributeError"),
        (TAKES_A_NAME, "'Add' is registered already by tests.support.toys, so pack_a_bad cannot use the name"),
        (DECLARED_WRONGLY, "Wrong.value: complex is no type"),
    ],
)
def test_a_pack_that_fails_is_named_and_adds_nothing_while_others_load(
    code: str, problem: str, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.install("a_bad", code)
    site.install("good", GOOD)
    types = registry()
    before = set(types)
    bad, good = load_packs(types, installed_packs())
    assert problem in (bad.problem or "")
    assert (bad.name, bad.nodes, good.problem) == ("a_bad", (), None)
    assert set(types) - before == {"PackOne", "PackTwo"}
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.startswith("node pack a_bad is not loaded: ")
    assert problem in line


def test_packs_that_are_not_loaded_are_told(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    tell_unloaded(installed_packs())
    assert not caplog.records
    site.install("good", GOOD)
    tell_unloaded(installed_packs())
    assert caplog.messages == ["node packs are installed but not loaded: good; --packs loads them"]


def test_the_command_line_loads_packs_only_when_told(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    site.install("a_bad", TAKES_A_NAME.replace('"Add"', '"LoadImage"'))
    site.install("good", GOOD)
    assert main(["nodes", "--data", str(tmp_path / "data")]) == 0
    assert "PackOne" not in capsys.readouterr().out
    assert "a_bad, good; --packs" in caplog.text
    assert main(["nodes", "--packs", "--data", str(tmp_path / "data")]) == 0
    assert "PackOne" in capsys.readouterr().out
    assert "node pack a_bad is not loaded: node type 'LoadImage' is registered already by nodes.images" in caplog.text


@pytest.mark.parametrize("command", ["serve", "run", "validate", "nodes"])
def test_a_folder_of_packs_is_refused_with_a_reason(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = ["flow.json"] if command in ("run", "validate") else []
    assert build_parser().parse_args([command, *file, "--packs"]).packs is True
    assert build_parser().parse_args([command, *file]).packs is False
    with pytest.raises(SystemExit):
        build_parser().parse_args([command, *file, "--packs", "folder"])
    assert "only installed packages are loaded" in capsys.readouterr().err
