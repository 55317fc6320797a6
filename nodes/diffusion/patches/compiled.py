"""The network, compiled: the same numbers but for rounding, faster from the second evaluation on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import torch
from torch import Tensor

from nodes.diffusion.inputs import Inputs, Residuals
from nodes.diffusion.model import Model
from nodes.diffusion.unet.model import UNet

log = logging.getLogger(__name__)

Some: TypeAlias = tuple[Tensor | None, ...]
Call: TypeAlias = Callable[..., Tensor]
Compile: TypeAlias = Callable[..., Call]


class Compiled:
    """Runs a U-Net as ``torch.compile`` makes it; as it is, once that has failed, with a line in the log.

    Whatever weights the model has by then: it holds none. ``compile`` is called with a function and ``backend``.
    Evaluations with hooks are not compiled: the compiler takes them for constants.
    """

    def __init__(self, backend: str, compile: Compile = torch.compile) -> None:
        self._backend, self._compile = backend, compile
        self._call: Call | None = None
        self._told: set[str] = set()

    def __call__(self, unet: UNet, inputs: Inputs) -> Tensor:
        """What the network gives. Raises what the network itself does, such as for memory."""
        if inputs.hooks or inputs.extras:
            self._tell("patches work inside it")
            return unet(inputs)
        told = inputs.x, inputs.timesteps, inputs.context, inputs.vector
        added = inputs.residuals or Residuals()
        try:
            if self._call is None:
                self._call = self._compile(plain, backend=self._backend)
            # A backend may give its own memory, which its next call writes to.
            return self._call(unet, *told, added.down, added.middle, added.inner).clone()
        except Exception as error:
            if self._call is plain or not is_compilers(error):
                raise
            said = str(error).strip().partition("\n")[0]
            self._tell(f"{self._backend} cannot be used here ({said})")
            self._call = plain
        return unet(inputs)

    def _tell(self, why: str) -> None:
        if why not in self._told:
            self._told.add(why)
            log.warning("the model runs without torch.compile: %s", why)


def compiled(model: Model, backend: str) -> Model:
    """A model whose network is compiled by a backend of ``torch.compile`` at its first evaluation."""
    return replace(model, run=Compiled(backend), kind=f"{model.kind}-{backend}")


def plain(
    unet: UNet,
    x: Tensor,
    timesteps: Tensor,
    context: Tensor,
    vector: Tensor | None,
    down: Some,
    middle: Tensor | None,
    inner: Some,
) -> Tensor:
    """The network as it is, of nothing but tensors: by these the compiler knows whether it may use what it made."""
    residuals = Residuals(down, middle, inner) if down or middle is not None or inner else None
    return unet(Inputs(x, timesteps, context, vector, residuals))


def is_compilers(error: Exception) -> bool:
    """Whether what went wrong is the compiler's, not the network's."""
    from torch._dynamo.exc import TorchDynamoException  # takes a second, and is there only after an attempt

    return isinstance(error, TorchDynamoException) or _of_torch_compile(error)


def _of_torch_compile(error: Exception) -> bool:
    """``torch.compile`` itself refuses Pythons and systems that it does not know with a plain RuntimeError."""
    return type(error) is RuntimeError and "torch.compile" in str(error)
