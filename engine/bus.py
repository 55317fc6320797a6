"""Events, from whoever makes them to whoever listens."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from typing import TypeAlias

from engine.events import Event, NodePreview, NodeProgress, NodeText

BACKLOG = 1000
"""Events that may wait for a listener before it counts as slow."""

Slot: TypeAlias = tuple[type[Event], str, str]


class Subscription:
    """One listener's events: ``async with bus.subscribe() as events: async for event in events``.

    A slow listener misses progress and previews of a node that newer ones have overtaken, and nothing else.
    What it does get is in the order of publishing.
    """

    def __init__(self, bus: Bus, backlog: int) -> None:
        self._bus, self._backlog = bus, backlog
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: OrderedDict[int, Event] = OrderedDict()
        self._newest: dict[Slot, int] = {}  # of what may be overtaken, by the number it waits under
        self._arrivals = 0
        self._stirring = False
        self._closed = False
        self._stirred = asyncio.Event()

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        """The next event. Those published before the end are still given."""
        while (event := self._pop()) is None:
            if self._closed:
                raise StopAsyncIteration
            self._stirred.clear()
            await self._stirred.wait()
        return event

    def close(self) -> None:
        """Hear of nothing more."""
        self._bus.unsubscribe(self)
        self._closed = True
        self._stir()

    def push(self, event: Event) -> None:
        """Take an event in; from any thread."""
        with self._lock:
            slot = _slot(event)
            if slot and len(self._waiting) >= self._backlog:
                self._waiting.pop(self._newest.get(slot, -1), None)
            self._waiting[self._arrivals] = event
            if slot:
                self._newest[slot] = self._arrivals
            self._arrivals += 1
        self._stir()

    def _pop(self) -> Event | None:
        with self._lock:
            if not self._waiting:
                return None
            number, event = self._waiting.popitem(last=False)
            slot = _slot(event)
            if slot and self._newest[slot] == number:
                del self._newest[slot]
            return event

    def _stir(self) -> None:
        """Wake the listener, at most once per turn of its loop."""
        with self._lock:
            if self._stirring:
                return
            self._stirring = True
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:  # its loop has ended, and the listener with it
            self._bus.unsubscribe(self)

    def _wake(self) -> None:
        self._stirring = False
        self._stirred.set()


class Bus:
    """Gives each event to every subscription."""

    def __init__(self) -> None:
        self._subscriptions: tuple[Subscription, ...] = ()
        self._lock = threading.Lock()
        self._closed = False

    def publish(self, event: Event) -> None:
        """Tell all listeners, from any thread, without waiting for them."""
        for subscription in self._subscriptions:
            subscription.push(event)

    def subscribe(self, backlog: int = BACKLOG) -> Subscription:
        """Listen from now on, in the running event loop."""
        subscription = Subscription(self, backlog)
        with self._lock:
            self._subscriptions += (subscription,)
        if self._closed:
            subscription.close()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)

    def close(self) -> None:
        """End all subscriptions, now and later."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()


def _slot(event: Event) -> Slot | None:
    """Events of one slot may overtake each other; None: this one must arrive."""
    if isinstance(event, (NodeProgress, NodePreview, NodeText)) and not getattr(event, "finished", False):
        return type(event), event.job_id, event.node.id
    return None
