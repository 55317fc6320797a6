"""Lanes that several jobs share: whose turn it is, and that nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lanes import Lanes, Owner, call_in

CALLS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=24)
"""Of which job, and of which rank."""


async def order(calls: Sequence[tuple[int, int]], urgencies: Sequence[float] = (0, 0, 0, 0)) -> list[tuple[int, int]]:
    """In which order calls run that all wait when their lane of one goes free."""
    lanes, ran = Lanes({"gpu": 1}), list[tuple[int, int]]()
    jobs = [lanes.of(Owner(urgency)) for urgency in urgencies]
    gate = threading.Event()
    first = asyncio.create_task(lanes.run("gpu", 0, gate.wait))
    await asyncio.sleep(0)
    waiting = [
        asyncio.create_task(jobs[job].run("gpu", rank, lambda job=job, rank=rank: ran.append((job, rank))))
        for job, rank in calls
    ]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(first, *waiting)
    lanes.close()
    return ran


@given(CALLS)
@settings(max_examples=40, deadline=None)
def test_jobs_take_turns_and_each_goes_by_its_ranks(calls: list[tuple[int, int]]) -> None:
    ran = asyncio.run(order(calls))
    assert sorted(ran) == sorted(calls)
    for job in {job for job, _ in calls}:
        ranks = [rank for one, rank in ran if one == job]
        assert ranks == sorted(ranks)
    for turn in range(len(ran)):
        waiting = {job for job, _ in ran[turn:]}
        round_of_all = [job for job, _ in ran[turn : turn + len(waiting)]]
        last = {job: max(i for i, (one, _) in enumerate(ran) if one == job) for job in waiting}
        if all(last[job] >= turn + len(waiting) - 1 for job in waiting):
            assert set(round_of_all) == waiting  # while all of them wait, each has one turn in a round


@given(CALLS)
@settings(max_examples=20, deadline=None)
def test_the_urgent_go_first(calls: list[tuple[int, int]]) -> None:
    ran = asyncio.run(order(calls, urgencies=(0, -1, 0, -2)))
    urgencies = [(0, -1, 0, -2)[job] for job, _ in ran]
    assert urgencies == sorted(urgencies)


async def test_a_stream_of_new_jobs_keeps_nobody_waiting() -> None:
    lanes, ran = Lanes({"gpu": 1}), list[str]()
    gate, over = threading.Event(), asyncio.Event()
    tasks = [asyncio.create_task(lanes.run("gpu", 0, gate.wait))]
    await asyncio.sleep(0)

    def newcomer() -> None:
        """Each brings the next before it ends."""
        ran.append("new")
        loop.call_soon_threadsafe(begin_another if len(ran) < 50 else over.set)

    def begin_another() -> None:
        tasks.append(asyncio.create_task(lanes.of(Owner()).run("gpu", 0, newcomer)))

    loop = asyncio.get_running_loop()
    begin_another()
    await asyncio.sleep(0)
    patient = asyncio.create_task(lanes.of(Owner()).run("gpu", 0, lambda: ran.append("patient")))
    await asyncio.sleep(0)
    gate.set()
    await patient
    assert ran.index("patient") == 1
    await over.wait()
    await asyncio.gather(*tasks)
    lanes.close()


async def test_a_lane_may_take_one_call_of_each_job() -> None:
    lanes = Lanes({"sampling": 3}, each={"sampling": 1})
    first, second = lanes.of(Owner()), lanes.of(Owner())
    meeting, alone = threading.Barrier(2, timeout=10), threading.Lock()

    def meet() -> None:
        meeting.wait()  # fails unless the other job is there too

    def by_itself() -> None:
        assert alone.acquire(blocking=False)
        meeting.wait()
        alone.release()

    await asyncio.gather(
        *(first.run("sampling", rank, by_itself) for rank in range(3)),
        *(second.run("sampling", rank, meet) for rank in range(3)),
    )
    lanes.close()


async def test_a_call_may_be_made_out_of_another_lane() -> None:
    lanes = Lanes({"gpu": 1, "sampling": 1})

    def there() -> str:
        return threading.current_thread().name

    def here() -> str:
        return call_in("gpu", there).result()

    assert (await lanes.run("sampling", 0, here)).startswith("gpu")
    lanes.close()
    with pytest.raises(LookupError):
        call_in("gpu", there)


async def test_a_call_that_is_cancelled_while_it_waits_takes_no_turn() -> None:
    lanes, gate, ran = Lanes({"gpu": 1}, each={"gpu": 1}), threading.Event(), list[int]()
    jobs = [lanes.of(Owner()) for _ in range(2)]
    first = asyncio.create_task(jobs[0].run("gpu", 0, gate.wait))
    await asyncio.sleep(0)
    gone = asyncio.create_task(jobs[1].run("gpu", 0, lambda: ran.append(1)))
    last = asyncio.create_task(jobs[1].run("gpu", 1, lambda: ran.append(2)))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()
    await asyncio.gather(first, last)
    assert ran == [2]
    lanes.close()
