"""docs/inside-the-unet.md: its example runs, it names every point where hooks are called and every node there is."""

from pathlib import Path
from typing import Any, get_args

import torch

from nodes import model_patches
from nodes.diffusion.unet.hooks import Point
from tests.support.unets import given, model_of, random_unet

TEXT = (Path(__file__).parents[2] / "docs" / "inside-the-unet.md").read_text()


def test_the_example_makes_features_smaller_while_there_is_much_noise() -> None:
    (code,) = [block.partition("```")[0] for block in TEXT.split("```python\n")[1:]]
    model = model_of(random_unet())
    names: dict[str, Any] = {"model": model}
    exec(code, names)
    patched = names["model"]
    for sigma, same in ((1.0, True), (6.0, False)):
        output = patched.network(given(hooks=patched.hooks, sigma=sigma))
        assert torch.equal(output, model.network(given())) is same


def test_all_points_and_nodes_are_told() -> None:
    assert [point for point in get_args(Point) if point not in TEXT] == []
    nodes = [value.definition.name for value in vars(model_patches).values() if hasattr(value, "definition")]
    assert len(nodes) == 9
    assert [name for name in nodes if f"`{name}`" not in TEXT] == []
