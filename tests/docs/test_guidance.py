"""docs/guidance.md is true: its code runs, and it names every node that guides."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.declare import NodeFunction
from nodes import guidance_patches, guiders
from nodes.diffusion.guidance import Moment
from tests.support.fakes import FakeModel, denoiser

TEXT = (Path(__file__).parents[2] / "docs" / "guidance.md").read_text()
WORDS = [[[torch.full((1, 2, 3), value), {}]] for value in (1.0, 2.0)]


def test_the_function_for_authors_halves_what_guidance_adds() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    known: dict[str, Any] = {"Moment": Moment, "Tensor": Tensor, "replace": replace, "model": FakeModel()}
    exec(code, known)
    x, sigma = torch.randn(1, 4, 4, 4), torch.tensor(2.0)
    plain, halved = (denoiser(known[name], *WORDS, 3.0, (4, 4))(x, sigma) for name in ("model", "patched"))
    torch.testing.assert_close(plain, halved)  # this model looks at no words, so nothing is added
    moment = Moment(x, sigma, 3.0, x, x, never)
    torch.testing.assert_close(known["halved"](moment, x + 2), x + 1)


def never(k: int, x: Tensor | None = None, sigma: Tensor | None = None, hooks: object = None) -> Tensor:
    raise AssertionError("no other estimate is needed")


def test_every_node_that_guides_is_described() -> None:
    declared = [
        value.definition.name
        for module in (guiders, guidance_patches)
        for value in vars(module).values()
        if isinstance(value, NodeFunction)
    ]
    assert declared
    assert [name for name in declared if f"| {name} |" not in TEXT and f"| {name}, " not in TEXT] == []
