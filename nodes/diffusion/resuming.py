"""A sampling that goes on where it was: after a step, everything that it depends on is put aside as bytes.

Sampling is stepping: what comes next is decided by the state, the noise source's state and the sigmas. So whoever
stores these and goes on later, in another process, arrives at the same bytes.
"""

import json
import logging
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from nodes.diffusion.guidance import Memory
from nodes.diffusion.samplers.step import Noise, Sampler, State

logger = logging.getLogger(__name__)

SHARE = 0.01
"""Of the time since it began, what a sampling may have spent on storing."""
EVERY_S = 0.1
FIRST_COST_S = 0.001
"""What storing is taken to cost before it was measured."""
HEADER = "sampling"


class Store(Protocol):
    """A place for the bytes of one sampling, which outlives the process. Neither call raises."""

    def load(self) -> bytes | None: ...

    def store(self, data: bytes) -> None: ...


class Reached(NamedTuple):
    """Between two steps: where the sampling is, and what its last step took for the clean latent."""

    state: State
    denoised: Tensor  # (B, C, h, w), network scale


class Bookmark:
    """Keeps in a store how far a sampling has come, as often as costs at most ``SHARE`` of its time.

    ``clock`` gives seconds.
    """

    def __init__(
        self,
        store: Store,
        sampler: Sampler,
        sigmas: Tensor,
        seed: int,
        clock: Callable[[], float] = time.perf_counter,
        memory: Memory | None = None,
    ) -> None:
        """``memory`` is of the sampling's guidance; ``restore`` fills it."""
        self._memory: Memory = {} if memory is None else memory
        self._store, self._sigmas, self._clock = store, sigmas, clock
        self._run = {"sampler": sampler.described, "seed": seed}
        self._fixed_axes = 2 if sampler.resizes else 4  # of (B, C, h, w)
        self._began = self._stored_at = clock()
        self._spent_s, self._cost_s = 0.0, FIRST_COST_S

    def restore(self, start: State, noise: Noise) -> Reached | None:
        """Where the same sampling was when it was stored last, ``noise`` brought to there; None to begin at ``start``.

        What is stored is looked at closely: if it is not exactly of this sampling, that is a line in the log.
        """
        data = self._store.load()
        if data is None:
            return None
        try:
            reached, noise_state, memory = self._read(data, start)
            noise.restore(noise_state)
        except (SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
            logger.warning("a sampling starts over, for what was stored of it cannot be used: %s", error)
            return None
        self._memory.update(memory)
        steps = len(self._sigmas) - 1
        logger.info(
            "sampling with %s, seed %d, goes on after step %d of %d", *self._run.values(), reached.state.i, steps
        )
        return reached

    def reach(self, reached: Reached, noise: Noise) -> None:
        """A step is done: store that, if it is time."""
        began = self._clock()
        if began - self._stored_at < EVERY_S or self._spent_s + self._cost_s > SHARE * (began - self._began):
            return
        self._store.store(self._written(reached, noise))
        self._stored_at = self._clock()
        self._cost_s = self._stored_at - began
        self._spent_s += self._cost_s

    def _written(self, reached: Reached, noise: Noise) -> bytes:
        state = reached.state
        tensors = {"x": state.x, "denoised": reached.denoised, "noise": noise.state(), "sigmas": self._sigmas}
        tensors |= {f"past {k}": past for k, past in enumerate(state.past)}
        tensors |= {f"memory {name}": known for name, known in self._memory.items()}
        header = json.dumps({**self._run, "i": state.i, "past": len(state.past), "memory": list(self._memory)})
        # Copied, for some share their memory, and a file has no form for that.
        whole = {name: tensor.to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
        return save_tensors(whole, {HEADER: header})

    def _read(self, data: bytes, start: State) -> tuple[Reached, Tensor, Memory]:
        """What was written, the noise source's state, and the guidance's memory. Raises as ``restore`` knows."""
        end = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8:end])["__metadata__"][HEADER])
        if (run := {name: header[name] for name in self._run}) != self._run:
            raise ValueError(f"it is of {run}, this one of {self._run}")
        tensors = load_tensors(data)
        if not torch.equal(tensors["sigmas"], self._sigmas.cpu()):
            raise ValueError("it is along other sigmas")
        if not start.i <= header["i"] < len(self._sigmas):
            raise ValueError(f"it is at sigma {header['i']} of {len(self._sigmas)}")

        def latent(name: str) -> Tensor:
            found, wanted = tensors[name], start.x
            alike = found.ndim == wanted.ndim and found.shape[: self._fixed_axes] == wanted.shape[: self._fixed_axes]
            if not alike or found.dtype != wanted.dtype:
                raise ValueError(
                    f"{name} is {found.dtype} {list(found.shape)}, not {wanted.dtype} {list(wanted.shape)}"
                )
            return found.to(wanted.device, copy=True)  # into memory that is aligned like any other tensor's

        def remembered(name: str) -> Tensor:
            found = tensors[name]
            return found.clone() if found.ndim == 1 and found.is_floating_point() else latent(name)

        past = tuple(remembered(f"past {k}") for k in range(header["past"]))
        memory = {name: latent(f"memory {name}") for name in header["memory"]}
        return Reached(State(latent("x"), header["i"], past), latent("denoised")), tensors["noise"], memory
