"""Things that nodes may ask for by type: folders, models in memory. Put together in one place, by the command line."""

from collections.abc import Iterator
from typing import TypeVar, cast

S = TypeVar("S")


class Services:
    """A box of objects, one per type, of several the last: ``services.get(Folders)``."""

    def __init__(self, *members: object) -> None:
        self._members: dict[type, object] = {type(member): member for member in members}

    def __iter__(self) -> Iterator[object]:
        return iter(self._members.values())

    def get(self, kind: type[S]) -> S:
        """Return the member of exactly this type. Raises LookupError naming it."""
        try:
            return cast("S", self._members[kind])
        except KeyError:
            raise LookupError(f"no {kind.__name__} service was provided") from None

    def find(self, kind: type[S]) -> S | None:
        """The member of exactly this type, if there is one."""
        return cast("S | None", self._members.get(kind))
