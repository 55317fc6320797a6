"""TorchCompileModel: what is compiled and with what, and how it gets along without a compiler."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException

from nodes.diffusion.inputs import Residuals
from nodes.diffusion.patches import compiled
from nodes.diffusion.patches.compiled import Compiled
from nodes.diffusion.stepper import Stepper
from nodes.diffusion.unet.hooks import NO_HOOKS
from nodes.diffusion.unet.model import UNet
from tests.support.unets import given, model_of, random_unet, seeded


class Compiler:
    """In the place of ``torch.compile``: notes what it is given, and may fail when that is called."""

    def __init__(self, error: Exception | None = None) -> None:
        self.backends: list[str] = []
        self.calls = 0
        self._error = error

    def __call__(self, function: Callable[..., Tensor], *, backend: str) -> Callable[..., Tensor]:
        self.backends.append(backend)

        def call(*arguments: Any) -> Tensor:
            self.calls += 1
            if self._error:
                raise self._error
            return function(*arguments)

        return call


@pytest.fixture(scope="module")
def unet() -> UNet:
    return random_unet()


def test_a_model_is_compiled_once_and_gives_the_same(unet: UNet) -> None:
    compiler = Compiler()
    model = replace(model_of(unet), run=Compiled("inductor", compiler))
    assert compiler.backends == []  # not before it is used
    residuals = Residuals((None, seeded(2, 16, 8, 12)), seeded(2, 64, 2, 3))
    for inputs in (given(), given(3), given(residuals=residuals)):
        assert torch.equal(model.network(inputs), model_of(unet).network(inputs))
    assert (compiler.backends, compiler.calls) == (["inductor"], 3)


def test_weights_that_are_changed_later_count(unet: UNet) -> None:
    """A LoRA behind it in a workflow gives the model another network."""
    other = random_unet(replace(unet.config, groups=4))
    model = replace(compiled.compiled(model_of(unet), "inductor"), run=Compiled("inductor", Compiler()))
    changed = replace(model, unet=model_of(other).unet)
    assert torch.equal(changed.network(given()), other(given()))


def test_evaluations_with_hooks_are_not_compiled_which_is_said_once(
    unet: UNet, caplog: pytest.LogCaptureFixture
) -> None:
    compiler, hooks = Compiler(), NO_HOOKS.adding("between", lambda x, spot: x * 2)
    model = replace(model_of(unet), run=Compiled("inductor", compiler))
    for _ in range(2):
        assert torch.equal(model.network(given(hooks=hooks)), unet(given(hooks=hooks)))
    assert compiler.calls == 0
    assert caplog.messages == ["the model runs without torch.compile: patches work inside it"]


@pytest.mark.parametrize(
    "error",
    [
        TorchDynamoException("No working C++ compiler found"),
        RuntimeError("Dynamo is not supported on this Python; torch.compile cannot be used"),
    ],
    ids=["no compiler", "no torch.compile"],
)
def test_without_a_compiler_the_model_runs_as_it_is(
    unet: UNet, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    compiler = Compiler(error)
    model = replace(model_of(unet), run=Compiled("inductor", compiler))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert torch.equal(model.network(given()), unet(given()))
    assert compiler.calls == 1
    (line,) = caplog.messages
    assert line.startswith("the model runs without torch.compile: inductor cannot be used here (")


def test_what_goes_wrong_in_the_network_is_raised(unet: UNet) -> None:
    """Out of memory is the ladder's business."""
    for error in (MemoryError("all of it"), torch.OutOfMemoryError("on the device"), RuntimeError("odd shapes")):
        model = replace(model_of(unet), run=Compiled("inductor", Compiler(error)))
        with pytest.raises(type(error), match=str(error)):
            model.network(given())


def test_a_compiled_model_takes_turns_and_is_not_joined_with_the_plain_one(unet: UNet) -> None:
    model = model_of(unet)
    fast = replace(model, run=Compiled("inductor", Compiler()))
    stepper = Stepper(batch=4)
    shared = fast.through(stepper.sampling(fast).network)
    assert torch.equal(shared.network(given()), unet(given()))
    assert fast.identity != model.identity
    assert replace(fast, hooks=NO_HOOKS).identity == fast.identity


@pytest.mark.slow
@torch.no_grad()
def test_torch_compile_knows_networks_batches_and_residuals_apart() -> None:
    """Its tracing, without a code generator; what it made for one must not be used for another."""
    run = Compiled("eager")
    unet, other = random_unet(), random_unet()
    for parameter in other.parameters():
        parameter.mul_(1.1)
    residuals = Residuals((None, seeded(2, 16, 8, 12)), seeded(2, 64, 2, 3))
    for network in (unet, other):
        for inputs in (given(), given(residuals=residuals), given(1)):
            assert torch.equal(run(network, inputs), network(inputs))
