"""What it gains to put several latents through a network in one call: measured with real work, and kept in a file."""

from __future__ import annotations

import json
import logging
import math
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import torch

TRIES = 3
"""Calls of a size whose quickest counts: what else the machine was doing made the others longer."""
CLEARLY = 0.05
"""How much less a latent must take for more of them to be joined: they make each other wait."""
HOPELESS = 1.3
"""Larger sizes are not tried once a latent takes so many times what it takes at best."""

Times: TypeAlias = dict[str, dict[int, list[float]]]

log = logging.getLogger(__name__)


class Gains:
    """Seconds that calls take, by kind of network and shape and by their number of latents.

    ``file`` has those of earlier starts, each machine's for itself; without one they are forgotten.
    """

    def __init__(self, file: Path | None = None, machine: str | None = None) -> None:
        self._file, self._machine = file, machine or this_machine()
        self._all: dict[str, Times] = _read(file) if file else {}
        self._times = self._all.setdefault(self._machine, {})

    def best(self, kind: str, rows: int, waiting: int) -> int:
        """How many of ``waiting`` evaluations, each of ``rows`` latents, to put into one call.

        1, 2, 4, ...: the first that was not tried often enough, else the one at which a latent takes least.
        """
        times = self._times.get(kind, {})
        best, least, count = 1, math.inf, 1
        while count <= waiting:
            tried = times.get(count * rows, [])
            if len(tried) < TRIES:
                return count
            each = min(tried) / (count * rows)
            if each < least * (1 - CLEARLY):
                best, least = count, each
            elif each > least * HOPELESS:
                break
            count *= 2
        return best

    def note(self, kind: str, latents: int, seconds: float) -> None:
        """A call with so many latents took so long."""
        tried = self._times.setdefault(kind, {}).setdefault(latents, [])
        if len(tried) < TRIES:
            tried.append(seconds)
            if len(tried) == TRIES:
                self._keep()

    def table(self) -> Mapping[str, Mapping[int, float]]:
        """Seconds for one latent, by kind and by how many there are in a call; what was tried often enough."""
        return {
            kind: {latents: min(tried) / latents for latents, tried in sorted(times.items()) if len(tried) == TRIES}
            for kind, times in self._times.items()
        }

    def _keep(self) -> None:
        if not self._file:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._file.with_name(f"{self._file.name}.{os.getpid()}")
            unfinished.write_text(json.dumps(self._all, indent=1))
            unfinished.replace(self._file)
        except OSError as error:
            log.warning("what joining gains is not kept: %s", error)


def this_machine() -> str:
    """What the times hold for: the kind of processor, how much of it torch uses, devices, and torch itself."""
    processor = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return ", ".join([processor, f"{torch.get_num_threads()} threads", *devices, f"torch {torch.__version__}"])


def _read(file: Path) -> dict[str, Times]:
    """What was kept. A file that is broken counts as not there."""
    try:
        kept = json.loads(file.read_bytes())
        return {
            str(machine): {
                str(kind): {int(latents): [float(each) for each in tried] for latents, tried in times.items()}
                for kind, times in kinds.items()
            }
            for machine, kinds in kept.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("%s cannot be read, so what joining gains is measured again: %s", file, error)
        return {}
