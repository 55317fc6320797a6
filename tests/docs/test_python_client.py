"""What docs/python-client.md and the client's docstring show works. How to check a webhook is shown in the tests of
webhooks."""

from __future__ import annotations

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.server import Server
from web.client import Client

pytestmark = pytest.mark.slow

TEXT = (Path(__file__).parents[2] / "docs" / "python-client.md").read_text()
TO_FETCH, TO_BE_REFUSED, _ = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
HOME = "http://127.0.0.1:8188"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Server(tmp_path_factory.mktemp("data")) as started:
        yield started.url


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(code: str, names: dict[str, Any] | None = None) -> None:
    exec(code, names if names is not None else {})


def test_the_first_example_writes_a_picture(url: str, place: Path) -> None:
    run(TO_FETCH.replace(HOME, url))
    (file,) = place.glob("*.png")
    with Image.open(file) as picture:
        assert picture.size == (128, 128)


def test_the_second_example_tells_what_is_wrong(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(TO_BE_REFUSED.replace("Client()", f"Client({url!r})"))
    said = capsys.readouterr().out
    assert "no outputs" in said
    run(
        TO_BE_REFUSED.replace("Client()", f"Client({url!r})")
        .replace("KSampler", "PreviewAny")
        .replace('"inputs": {}', '"inputs": {"source": "hello"}')
    )
    assert "succeeded" in capsys.readouterr().out


def test_the_docstrings_example_writes_a_picture(url: str, place: Path) -> None:
    examples = doctest.DocTestParser().get_examples(Client.__doc__ or "")
    run("".join(example.source for example in examples).replace(HOME, url), {"Client": Client, "Path": Path})
    assert len(list(place.glob("*.png"))) == 1
