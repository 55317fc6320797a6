"""A network whose output is no number: is it the fault of its file?"""

from __future__ import annotations

import logging
from typing import Any

from torch import Tensor, nn

from nodes.diffusion.errors import BadWeights
from nodes.diffusion.lazy import Lazy

log = logging.getLogger(__name__)


def finite(output: Tensor, network: Lazy[Any]) -> Tensor:
    """The output of a network. Raises BadWeights if it is not finite since the weights are not.

    So a damaged file costs a look at the output, not one at all weights. Numbers that were too large on the way, as
    happens in half precision, are told in the log and passed on.
    """
    if output.isfinite().all():
        return output
    if names := unsound(network.get()):
        raise BadWeights(network.origin.file, network.origin.part, names)
    log.warning("the %s gave what is no number, computed in %s", network.origin.part, network.dtype)
    return output


def unsound(network: nn.Module) -> list[str]:
    """Weights with something in them that is no finite number."""
    return [name for name, weight in network.state_dict().items() if not weight.float().isfinite().all()]
