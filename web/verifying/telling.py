"""What is said of a picture that was made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["identical", "close", "different", "failed"]
"""``failed``: it could not be made again."""

CLOSE_DB = 40.0
"""From here on a difference is not seen: on average less than 1% of the range from black to white."""
NO_LOCK = "it does not tell with which models and versions it was made, so what changed cannot be told"
UNTOLD = "its pixels were changed since, or computing here does not give the same each time"


def reasons(told: Sequence[str] | None, verdict: Verdict) -> list[str]:
    """Why it came out so: what its lock names and is not as it was is ``told``, None if it has no lock."""
    if told is None:
        return [] if verdict == "identical" else [NO_LOCK]
    if not told and verdict in ("close", "different"):
        return [f"models, node types, versions and machine are as they were, so {UNTOLD}"]
    return list(told)


def without_picture(*, failed: bool) -> str:
    """Why there is nothing to compare with."""
    return "it cannot be made again" if failed else "the workflow makes no such picture now"
