"""Events reach listeners, slow ones too."""

import asyncio
import threading

import pytest

from engine.bus import Bus, Subscription
from engine.events import Event, NodePreview, NodeProgress, NodeStarted, RunFinished, RunStarted
from engine.graph import NodeRef

NODE, OTHER = NodeRef("1", "1", None, "1"), NodeRef("2", "2", None, "2")


def progress(value: int, node: NodeRef = NODE, job: str = "job") -> NodeProgress:
    return NodeProgress(job, node, value, 100)


async def heard(events: Subscription) -> list[Event]:
    return [event async for event in events]


async def test_each_listener_hears_each_event_in_order() -> None:
    bus = Bus()
    story: list[Event] = [RunStarted("job"), NodeStarted("job", NODE), progress(1), progress(2), RunFinished("job")]
    async with bus.subscribe() as first, bus.subscribe() as second:
        for event in story:
            bus.publish(event)
        bus.close()
        assert await heard(first) == await heard(second) == story


async def test_a_listener_that_waits_is_woken() -> None:
    bus = Bus()
    async with bus.subscribe() as events:
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        bus.publish(event := RunStarted("job"))
        assert await waiting is event


async def test_a_listener_hears_nothing_from_before_it_came_or_after_it_left() -> None:
    bus = Bus()
    bus.publish(RunStarted("job"))
    async with bus.subscribe() as events:
        bus.publish(heard_event := NodeStarted("job", NODE))
    bus.publish(RunFinished("job"))
    assert await heard(events) == [heard_event]


async def test_events_of_a_thread_keep_their_order() -> None:
    bus = Bus()
    story = [NodeStarted("job", NodeRef(str(n), str(n), None, str(n))) for n in range(500)]

    def publish() -> None:
        for event in story:
            bus.publish(event)
        bus.close()

    async with bus.subscribe() as events:
        thread = threading.Thread(target=publish)
        thread.start()
        assert await heard(events) == story
        thread.join()


async def test_newer_progress_replaces_older_for_a_slow_listener() -> None:
    bus = Bus()
    async with bus.subscribe(backlog=2) as events:
        bus.publish(started := NodeStarted("job", NODE))
        for value in range(1, 100):
            bus.publish(progress(value))
        bus.publish(other_node := progress(5, OTHER))
        bus.publish(other_job := progress(6, NODE, "another"))
        for data in (b"old", b"new"):
            bus.publish(picture := NodePreview("job", NODE, "image/png", data))
        bus.close()
        got = await heard(events)
    assert got[0] is started
    assert [event.value for event in got if isinstance(event, NodeProgress)] == [99, 5, 6]
    assert got[2:] == [other_node, other_job, picture]


async def test_a_quick_listener_gets_all_progress() -> None:
    bus = Bus()
    async with bus.subscribe() as events:
        for value in range(100):
            bus.publish(progress(value))
        bus.close()
        assert len(await heard(events)) == 100


async def test_lifecycle_events_never_drop() -> None:
    bus = Bus()
    story = [NodeStarted("job", NODE) for _ in range(50)]
    async with bus.subscribe(backlog=1) as events:
        for event in story:
            bus.publish(event)
            bus.publish(progress(1))
        bus.close()
        assert [event for event in await heard(events) if isinstance(event, NodeStarted)] == story


async def test_nobody_listens_to_a_closed_bus() -> None:
    bus = Bus()
    bus.close()
    async with bus.subscribe() as events:
        bus.publish(RunStarted("job"))
        assert await heard(events) == []


def test_a_listener_whose_loop_has_ended_is_forgotten() -> None:
    bus = Bus()

    async def leave_without_closing() -> Subscription:
        return bus.subscribe()

    events = asyncio.run(leave_without_closing())
    bus.publish(RunStarted("job"))
    bus.publish(RunFinished("job"))
    assert len(events._waiting) == 1  # the second was not for it any more


@pytest.mark.parametrize("backlog", [1, 3, 10])
async def test_what_a_slow_listener_gets_is_in_order_of_publishing(backlog: int) -> None:
    bus = Bus()
    story: list[Event] = [progress(n) if n % 3 else NodeStarted("job", OTHER) for n in range(60)]
    async with bus.subscribe(backlog) as events:
        for event in story:
            bus.publish(event)
        bus.close()
        got = [next(i for i, told in enumerate(story) if told is event) for event in await heard(events)]
    assert got == sorted(got)
    assert story[-1] is story[got[-1]]
