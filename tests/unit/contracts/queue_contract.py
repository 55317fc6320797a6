"""What every queue must do."""

import asyncio
from dataclasses import replace

import pytest

from engine.errors import DuplicateJob, JobNotFound, TicketReused
from engine.events import NodeFailure, RunCancelled
from engine.graph import NodeRef
from engine.jobs import Job, JobQueue, Note, Outcome, Status, Ticket

PROMPT = {"1": {"class_type": "A", "inputs": {"x": 1, "y": 1.0, "z": [1, 2], "text": "ü\ud83d\0"}}}


def job(job_id: str = "job") -> Job:
    return Job(PROMPT, ("1", "2"), job_id, {"client_id": "me", "extra_pnginfo": {"workflow": {"nodes": []}}})


def outcome(status: Status = "succeeded") -> Outcome:
    return Outcome(status, 1000, 2000)


async def turns(count: int = 20) -> None:
    """Let others go on; a queue may use a thread."""
    for _ in range(count):
        await asyncio.sleep(0.001)


class QueueContract:
    """Inherit, and give a fixture ``queue``."""

    async def test_a_job_comes_back_as_it_was_put(self, queue: JobQueue) -> None:
        put = await queue.put(job())
        assert put == replace(job(), created_ms=put.created_ms)
        assert await queue.pending() == [put]
        assert await queue.claim() == replace(put, attempts=1)

    async def test_numbers_count_up_and_are_negated_for_the_front(self, queue: JobQueue) -> None:
        put = [await queue.put(job("a")), await queue.put(job("b")), await queue.put(job("c"), front=True)]
        assert [j.number for j in put] == [0, 1, -2]
        assert [j.id for j in await queue.pending()] == ["c", "a", "b"]

    async def test_a_given_number_is_a_float_and_not_counted(self, queue: JobQueue) -> None:
        given = await queue.put(job("a"), number=3)
        counted = await queue.put(job("b"))
        assert [(j.number, type(j.number)) for j in await queue.pending()] == [(0, int), (3.0, float)]
        assert (given.number, counted.number) == (3.0, 0)

    async def test_equal_numbers_run_in_order_of_arrival(self, queue: JobQueue) -> None:
        for job_id in "cab":
            await queue.put(job(job_id), number=1)
        assert [(await queue.claim()).id for _ in range(3)] == ["c", "a", "b"]

    async def test_an_id_in_use_is_refused(self, queue: JobQueue) -> None:
        await queue.put(job())
        with pytest.raises(DuplicateJob, match="job"):
            await queue.put(job())
        await queue.claim()
        with pytest.raises(DuplicateJob):
            await queue.put(job())
        assert await queue.remaining() == 1

    async def test_an_id_from_history_may_be_used_again(self, queue: JobQueue) -> None:
        for status in ("failed", "succeeded"):
            await queue.put(job())
            await queue.claim()
            await queue.finish("job", outcome(status))
        assert [record.outcome.status for record in await queue.history()] == ["succeeded"]

    async def test_claim_waits_for_a_job(self, queue: JobQueue) -> None:
        claims = [asyncio.ensure_future(queue.claim()) for _ in range(2)]
        await turns()
        assert not any(claim.done() for claim in claims)
        await queue.put(job("a"))
        await queue.put(job("b"))
        assert {claimed.id for claimed in await asyncio.gather(*claims)} == {"a", "b"}

    async def test_a_cancelled_claim_takes_nothing(self, queue: JobQueue) -> None:
        waiting = asyncio.ensure_future(queue.claim())
        await turns()
        waiting.cancel()
        await asyncio.wait([waiting])
        await queue.put(job())
        assert [j.id for j in await queue.pending()] == ["job"]

    @pytest.mark.parametrize("patience", range(12))
    async def test_a_claim_cancelled_at_any_moment_loses_no_job(self, queue: JobQueue, patience: int) -> None:
        await queue.put(job())
        claim = asyncio.ensure_future(queue.claim())
        for _ in range(patience):
            await asyncio.sleep(0)
        claim.cancel()
        await asyncio.wait([claim])
        claimed = not claim.cancelled()
        assert [len(await queue.pending()), len(await queue.running())] == [not claimed, claimed]
        if not claimed:
            assert (await queue.claim()).attempts == 1

    async def test_a_job_goes_from_pending_to_running_to_history(self, queue: JobQueue) -> None:
        await queue.put(job())
        claimed = await queue.claim()
        assert (await queue.pending(), await queue.running()) == ([], [claimed])
        assert (await queue.remaining(), await queue.record("job")) == (1, None)
        await queue.finish("job", outcome())
        assert (await queue.running(), await queue.remaining()) == ([], 0)
        record = await queue.record("job")
        assert record is not None
        assert (record.job, record.outcome) == (claimed, outcome())
        assert await queue.history() == [record]

    async def test_a_released_job_is_pending_in_its_old_place_and_each_claim_is_counted(self, queue: JobQueue) -> None:
        put = await queue.put(job())
        await queue.put(job("later"))
        await queue.claim()
        await queue.release("job")
        assert (await queue.pending())[0] == replace(put, attempts=1)
        assert await queue.claim() == replace(put, attempts=2)

    async def test_a_released_job_goes_to_who_waits(self, queue: JobQueue) -> None:
        await queue.put(job())
        await queue.claim()
        waiting = asyncio.ensure_future(queue.claim())
        await turns()
        await queue.release("job")
        assert (await waiting).id == "job"

    async def test_a_job_that_its_worker_died_of_is_pending_once_more_and_then_failed(self, queue: JobQueue) -> None:
        put = await queue.put(job())
        await queue.put(job("later"))
        await queue.claim()
        assert not await queue.died("job", outcome("failed"))
        assert (await queue.pending())[0] == replace(put, attempts=1, deaths=1)
        assert await queue.claim() == replace(put, attempts=2, deaths=1)
        assert await queue.died("job", outcome("failed"))
        assert [j.id for j in await queue.pending()] == ["later"]
        record = await queue.record("job")
        assert record is not None
        assert (record.job.deaths, record.outcome) == (2, outcome("failed"))

    async def test_a_job_that_its_worker_died_of_goes_to_who_waits(self, queue: JobQueue) -> None:
        await queue.put(job())
        await queue.claim()
        waiting = asyncio.ensure_future(queue.claim())
        await turns()
        await queue.died("job", outcome("failed"))
        assert (await waiting).id == "job"

    async def test_a_claim_waits_until_the_first_job_fits_and_lets_none_past_it(self, queue: JobQueue) -> None:
        fitting = {"b"}
        for job_id in "ab":
            await queue.put(job(job_id))
        waiting = asyncio.ensure_future(queue.claim(lambda first: first.id in fitting))
        await turns()
        assert not waiting.done()
        fitting.add("a")
        await turns()
        assert not waiting.done()
        await queue.stir()
        assert (await waiting).id == "a"

    async def test_a_claim_looks_again_when_the_first_job_is_removed(self, queue: JobQueue) -> None:
        for job_id in "ab":
            await queue.put(job(job_id))
        waiting = asyncio.ensure_future(queue.claim(lambda first: first.id == "b"))
        await turns()
        await queue.cancel(["a"])
        assert (await waiting).id == "b"

    async def test_a_ticket_finds_its_job_wherever_it_is_until_it_is_forgotten(self, queue: JobQueue) -> None:
        ticket = Ticket("me once", "abc")
        assert await queue.again(ticket) is None
        await queue.put(job(), ticket=ticket)
        await queue.put(job("other"), ticket=Ticket("me twice", "abc"))
        states = []
        for step in (queue.claim, lambda: queue.finish("job", outcome()), queue.forget):
            found = await queue.again(ticket)
            states.append(found and (found.job.id, found.state))
            await step()
        assert states == [("job", "pending"), ("job", "running"), ("job", "succeeded")]
        assert await queue.again(ticket) is None
        await queue.put(job(), ticket=ticket)

    async def test_a_ticket_is_good_for_one_request(self, queue: JobQueue) -> None:
        await queue.put(job(), ticket=Ticket("once", "abc"))
        with pytest.raises(TicketReused, match="job"):
            await queue.again(Ticket("once", "xyz"))
        with pytest.raises(DuplicateJob):
            await queue.put(job("second"), ticket=Ticket("once", "abc"))
        assert await queue.remaining() == 1

    async def test_only_a_running_job_can_be_finished_or_released(self, queue: JobQueue) -> None:
        await queue.put(job())
        for job_id in ("job", "unknown"):
            with pytest.raises(JobNotFound, match=job_id):
                await queue.finish(job_id, outcome())
            with pytest.raises(JobNotFound, match=job_id):
                await queue.release(job_id)
            with pytest.raises(JobNotFound, match=job_id):
                await queue.died(job_id, outcome("failed"))

    async def test_only_pending_jobs_are_cancelled(self, queue: JobQueue) -> None:
        for job_id in "abc":
            await queue.put(job(job_id))
        await queue.claim()
        assert await queue.cancel(["a", "b", "unknown"]) == {"b"}
        assert await queue.cancel() == {"c"}
        assert [j.id for j in await queue.running()] == ["a"]
        assert await queue.record("b") is None

    async def test_a_pending_job_can_be_cancelled_and_kept(self, queue: JobQueue) -> None:
        for job_id in "ab":
            await queue.put(job(job_id))
        await queue.claim()
        assert await queue.cancel(["a", "b", "unknown"], keep=True) == {"b"}
        kept = await queue.find("b")
        assert kept is not None
        assert (kept.state, kept.started_ms) == ("cancelled", None)
        assert kept.outcome is not None
        assert kept.outcome.status == "cancelled"
        assert [record.job.id for record in await queue.history()] == ["b"]
        assert await queue.remaining() == 1

    async def test_a_job_is_found_wherever_it_is(self, queue: JobQueue) -> None:
        await queue.put(job("a"))
        b = await queue.put(job("b"))
        await queue.put(job("c"), front=True)
        found = [await queue.find(job_id) for job_id in "abcd"]
        assert [entry and (entry.state, entry.ahead) for entry in found] == [
            ("pending", 1),
            ("pending", 2),
            ("pending", 0),
            None,
        ]
        await queue.claim()
        running, waiting = await queue.find("c"), await queue.find("b")
        assert running is not None
        assert (running.state, running.ahead, running.job.attempts) == ("running", None, 1)
        assert running.started_ms is not None
        assert waiting is not None
        assert (waiting.ahead, waiting.job) == (1, b)
        await queue.finish("c", outcome())
        ended = await queue.find("c")
        assert ended is not None
        assert (ended.state, ended.started_ms, ended.outcome) == ("succeeded", 1000, outcome())

    async def test_pages_stay_right_while_jobs_arrive_and_move_on(self, queue: JobQueue) -> None:
        for job_id in "abcde":
            await queue.put(job(job_id))
        first = await queue.page(["pending"], 2)
        assert [entry.job.id for entry in first] == ["e", "d"]
        await queue.put(job("f"), front=True)
        assert [entry.job.id for entry in await queue.page(["pending"], 9, first[-1].arrival)] == ["c", "b", "a"]
        await queue.claim()
        await queue.claim()
        assert [entry.job.id for entry in await queue.page(["pending"], 9, first[-1].arrival)] == ["c", "b"]
        assert [entry.job.id for entry in await queue.page(["running", "failed"], 9)] == ["f", "a"]

    async def test_pages_of_one_workflow_have_only_its_jobs(self, queue: JobQueue) -> None:
        for job_id, name in (("a", "cat"), ("b", "dog"), ("c", "cat"), ("d", None)):
            await queue.put(replace(job(job_id), extra_data={"wireloom": {"workflow": name}}))
        await queue.put(replace(job("e"), extra_data={"wireloom": "cat"}))
        found = await queue.page(["pending"], 9, workflow="cat")
        assert [entry.job.id for entry in found] == ["c", "a"]
        assert [entry.job.id for entry in await queue.page(["pending"], 1, found[0].arrival, "cat")] == ["a"]

    async def test_history_is_paged_from_either_end(self, queue: JobQueue) -> None:
        for job_id in "abcde":
            await queue.put(job(job_id), front=True)
            await queue.claim()
            await queue.finish(job_id, outcome())

        async def ids(limit: int | None = None, offset: int = 0) -> str:
            return "".join([record.job.id for record in await queue.history(limit, offset)])

        assert await ids() == await ids(offset=-1) == await ids(9, -1) == "abcde"
        assert await queue.ended() == 5
        assert (await ids(2, -1), await ids(2, 1), await ids(None, 3), await ids(0)) == ("de", "bc", "de", "")

    async def test_history_is_in_the_order_of_finishing(self, queue: JobQueue) -> None:
        for job_id in "ab":
            await queue.put(job(job_id))
            await queue.claim()
        await queue.finish("b", outcome())
        await queue.finish("a", outcome())
        assert [record.job.id for record in await queue.history()] == ["b", "a"]

    async def test_history_can_be_forgotten(self, queue: JobQueue) -> None:
        for job_id in "abc":
            await queue.put(job(job_id))
            await queue.claim()
            await queue.finish(job_id, outcome())
        await queue.put(job("pending"))
        await queue.forget(["b", "pending", "unknown"])
        assert [record.job.id for record in await queue.history()] == ["a", "c"]
        await queue.forget()
        assert await queue.history() == []
        assert await queue.remaining() == 1

    async def test_an_outcome_comes_back_as_it_was(self, queue: JobQueue) -> None:
        ref = NodeRef("1.0.0.2", "1", "1", "1")
        failure = NodeFailure("1", "A", "no", "ValueError", ("line\n",), {"x": [1, None]}, ("2",), ("3",))
        whole = Outcome(
            "failed",
            started_ms=1,
            finished_ms=2,
            cached=("2", "3"),
            outputs={"1.0.0.2": {"images": [{"filename": "x.png"}], "text": ["ü"]}},
            nodes={"1.0.0.2": ref},
            failure=failure,
            interrupted=RunCancelled("job", "1", "A", ("2",), at_ms=5),
            notes=(Note("1", "tiled"),),
        )
        await queue.put(job())
        await queue.claim()
        await queue.finish("job", whole)
        record = await queue.record("job")
        assert record is not None
        assert record.outcome == whole

    async def test_closing_twice_is_fine(self, queue: JobQueue) -> None:
        await queue.close()
        await queue.close()
