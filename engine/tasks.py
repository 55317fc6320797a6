"""What asyncio lacks: work that must not stop halfway, and groups that fail with one error."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from engine.errors import Cancelled

T = TypeVar("T")


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work`` to its end, however often the caller is cancelled meanwhile; then raise the cancellation."""
    task = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancellation = error
    result = task.result()
    if cancellation:
        raise cancellation
    return result


async def all_of(coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Like gather, but if one fails the others are cancelled and waited for."""
    if len(coroutines) == 1:
        return [await coroutines[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(c) for c in coroutines]
    except BaseExceptionGroup as failures:
        first = first_of(failures)
        raise first from first.__cause__
    return [task.result() for task in tasks]


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that counts: a task's own rather than that another was stopped because of it."""
    failures = list(_flat(group))
    return next((error for error in failures if not isinstance(error, Cancelled)), failures[0])


def _flat(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _flat(error)
        else:
            yield error
