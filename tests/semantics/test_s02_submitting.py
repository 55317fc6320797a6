"""Section 2: from POST /prompt to the queue."""

import asyncio
import time
import uuid
from typing import Any

import pytest

from engine.declare import node
from engine.replacements import NewInput, Replacement
from tests.semantics.stage import Stage
from tests.support.toys import api

OUT = api(o=("Show", {"value": 1, "style": "plain"}))
BAD = api(o=("Show", {"value": ["gone", 0], "style": "plain"}))
LONG = api(n=("TLong", {"v": 1}))


async def stopped(stage: Stage) -> None:
    """Wait until nothing runs or waits, ending what does."""
    while (await stage.get("/prompt"))["exec_info"]["queue_remaining"]:
        await stage.server.post("/queue", json={"clear": True})
        await stage.server.post("/interrupt")
        await asyncio.sleep(0.005)


@pytest.mark.rule("2-a")
async def test_s2_the_fields_of_the_body_are_read_and_others_let_be(stage: Stage) -> None:
    prompt_id = str(uuid.uuid4())
    prompt = {**OUT, **api(p=("Show", {"value": 2, "style": "plain"}))}
    told = await stage.run(
        prompt,
        prompt_id=prompt_id,
        extra_data={"mine": 1},
        number=5,
        front=True,
        partial_execution_targets=["p"],
        something="else",
    )
    number, told_id, _, extra, targets = told.entry["prompt"]
    assert (number, told_id, targets) == (5.0, prompt_id, ["p"])
    assert extra.items() >= {"mine": 1, "client_id": "cid1"}.items()


@pytest.mark.rule("2-c", "2-d", "2-e", "2-f", "2-g")
async def test_s2_numbers_come_from_a_counter_unless_given(stage: Stage) -> None:
    numbers = [(await stage.post({"prompt": OUT, **more}))["number"] for more in ({}, {}, {"number": 7}, {})]
    assert numbers == [0, 1, 7.0, 2]
    assert [type(number) for number in numbers] == [int, int, float, int]
    assert (await stage.post({"prompt": OUT, "front": True}))["number"] == -3
    assert (await stage.post({"prompt": OUT, "front": 1, "number": "2.5"}))["number"] == 2.5
    assert (await stage.post({"prompt": OUT, "front": ""}))["number"] == 4


@pytest.mark.rule("2-f")
async def test_s2_the_front_at_counter_zero_is_no_priority(stage: Stage) -> None:
    assert (await stage.post({"prompt": OUT, "front": True}))["number"] == 0


@pytest.mark.rule("2-h")
async def test_s2_a_refused_request_takes_no_number(stage: Stage) -> None:
    """The reference counts it. Numbers only order jobs, so clients cannot tell, and the queue stays without gaps."""
    await stage.post({"prompt": BAD}, 400)
    assert (await stage.post({"prompt": OUT}))["number"] == 0


@pytest.mark.rule("2-i")
async def test_s2_a_job_without_id_gets_one(stage: Stage) -> None:
    for body in ({"prompt": OUT}, {"prompt": OUT, "prompt_id": None}):
        made = uuid.UUID((await stage.post(body))["prompt_id"])
        assert made.version == 4


@pytest.mark.rule("2-j")
@pytest.mark.parametrize(
    "prompt_id",
    ["x", "", 5, True, ["x"], "0B5F4A86-9F6E-4A0E-8A54-0D7F5D3C9B11", "0b5f4a869f6e4a0e8a540d7f5d3c9b11"],
)
async def test_s2_an_id_must_be_a_canonical_uuid(stage: Stage, prompt_id: Any) -> None:
    answer = await stage.post({"prompt": OUT, "prompt_id": prompt_id}, 400)
    assert answer["error"]["type"] == "invalid_prompt_id"
    assert answer["error"]["message"] == "prompt_id must be a valid UUID"
    assert answer["node_errors"] == {}


@pytest.mark.rule("2-l")
async def test_s2_replacements_are_applied_to_what_is_queued(open_stage: Any) -> None:
    inputs = NewInput("value", old="amount"), NewInput("style", value="plain")
    shown = Replacement("OldShow", "Show", inputs=inputs)
    stage: Stage = await open_stage(replaces=[shown, Replacement("OldNumber", "Number", outputs={1: 0})])
    old = api(n=("OldNumber", {"value": 4}), o=("OldShow", {"amount": ["n", 1], "more": 1}))
    told = await stage.run(old)
    assert told.entry["prompt"][2] == api(n=("Number", {"value": 4}), o=("Show", {"value": ["n", 0], "style": "plain"}))
    assert told.shown("o") == ["4"]
    listed = await stage.get("/node_replacements")
    assert listed["OldShow"] == [
        {
            "new_node_id": "Show",
            "old_node_id": "OldShow",
            "old_widget_ids": None,
            "input_mapping": [{"new_id": "value", "old_id": "amount"}, {"new_id": "style", "set_value": "plain"}],
            "output_mapping": None,
        }
    ]
    assert listed["OldNumber"][0]["output_mapping"] == [{"new_idx": 0, "old_idx": 1}]


@pytest.mark.rule("2-m")
@pytest.mark.parametrize(("only", "kept"), [(None, ["o", "p"]), (["p"], ["p"]), (["p", "n", "gone"], ["p"])])
async def test_s2_partial_targets_pick_outputs(stage: Stage, only: Any, kept: list[str]) -> None:
    prompt = {**OUT, **api(n=("Number", {"value": 1}), p=("Show", {"value": ["n", 0], "style": "plain"}))}
    told = await stage.run(prompt, partial_execution_targets=only)
    assert told.entry["prompt"][4] == kept
    assert sorted(told.entry["outputs"]) == kept


@pytest.mark.rule("2-n", "2-o")
async def test_s2_success_is_an_id_a_number_and_no_errors(stage: Stage) -> None:
    prompt_id = str(uuid.uuid4())
    assert await stage.post({"prompt": OUT, "prompt_id": prompt_id}) == {
        "prompt_id": prompt_id,
        "number": 0,
        "node_errors": {},
    }


@pytest.mark.rule("2-o")
async def test_s2_dropped_outputs_are_told_with_success(stage: Stage) -> None:
    answer = await stage.post({"prompt": {**OUT, **api(p=("Show", {"value": 1, "style": "shy"}))}})
    assert list(answer["node_errors"]) == ["p"]
    assert list(answer["node_errors"]["p"]) == ["errors", "dependent_outputs", "class_type"]


@pytest.mark.rule("2-p")
async def test_s2_failure_is_an_error_and_node_errors(stage: Stage) -> None:
    answer = await stage.post({"prompt": BAD}, 400)
    assert list(answer) == ["error", "node_errors"]
    assert list(answer["node_errors"]) == ["o"]


@pytest.mark.rule("2-q", "3.1-j")
@pytest.mark.parametrize("body", [{}, {"client_id": "x"}])
async def test_s2_a_body_without_prompt(stage: Stage, body: Any) -> None:
    assert await stage.post(body, 400) == {
        "error": {
            "type": "no_prompt",
            "message": "No prompt provided",
            "details": "No prompt provided",
            "extra_info": {},
        },
        "node_errors": {},
    }


@pytest.mark.rule("2-r", "2-s")
async def test_s2_extra_data_gets_the_client_and_the_time(stage: Stage) -> None:
    before = time.time() * 1000
    told = await stage.run(OUT, extra_data={"mine": [1]})
    extra = told.entry["prompt"][3]
    assert before - 1 <= extra.pop("create_time") <= time.time() * 1000
    assert extra == {"mine": [1], "client_id": "cid1"}
    answer = await stage.post({"prompt": OUT})
    assert list((await stage.entry(answer["prompt_id"]))["prompt"][3]) == ["create_time"]


@pytest.mark.rule("2-t")
async def test_s2_the_usage_source_comes_from_its_header_unless_it_is_there(stage: Stage) -> None:
    for given, kept in (({}, "header"), ({"comfy_usage_source": "body"}, "body")):
        body = {"prompt": OUT, "client_id": "cid1", "extra_data": given}
        answer = await stage.post(body, Comfy_Usage_Source="header")
        await stage.listener.until_done()
        assert (await stage.entry(answer["prompt_id"]))["prompt"][3]["comfy_usage_source"] == kept


@pytest.mark.rule("2-u", "12-d")
async def test_s2_account_tokens_are_shown_nowhere(stage: Stage) -> None:
    secrets = {"auth_token_comfy_org": "SECRET", "api_key_comfy_org": "SECRET"}
    told = await stage.run(OUT, extra_data=secrets)
    assert "SECRET" not in str(told.entry)
    await stage.submit(LONG, extra_data=secrets)
    await stage.listener.until("executing")
    await stage.submit(LONG, extra_data=secrets)
    queue = await stage.get("/queue")
    assert queue["queue_running"]
    assert queue["queue_pending"]
    assert "SECRET" not in str(queue)
    await stopped(stage)


@pytest.mark.rule("2-v", "2-w", "2-x", "2-z")
async def test_s2_jobs_wait_by_number_and_equal_ones_by_arrival(stage: Stage) -> None:
    """The reference puts equal numbers in the order of their random ids; arrival is as fixed, and fair."""
    first = await stage.submit(LONG)
    await stage.listener.until("executing")
    others = [await stage.submit(OUT, **more) for more in ({"number": 9}, {"number": 9}, {"number": 0.5}, {})]
    queue = await stage.get("/queue")
    assert [item[1] for item in queue["queue_running"]] == [first["prompt_id"]]
    waiting = [others[2], others[3], others[0], others[1]]
    assert [item[:2] for item in queue["queue_pending"]] == [[job["number"], job["prompt_id"]] for job in waiting]
    for number, prompt_id, prompt, extra, targets in queue["queue_pending"]:
        assert (type(number), type(prompt_id), prompt, targets) in ((int, str, OUT, ["o"]), (float, str, OUT, ["o"]))
        assert extra["client_id"] == "cid1"
    front = await stage.submit(OUT, front=True)
    assert front["number"] == -2
    await stage.listener.until_done()  # it is urgent, and does not wait for the one that runs
    await stage.server.post("/interrupt")
    for _ in range(5):
        await stage.listener.until_done()
    assert list(await stage.get("/history")) == [job["prompt_id"] for job in (front, first, *waiting)]


@pytest.mark.rule("2-y")
async def test_s2_outputs_are_listed_in_the_prompts_order(stage: Stage) -> None:
    shows = {name: ("Show", {"value": i, "style": "plain"}) for i, name in enumerate("zbya")}
    shows["y"] = ("Show", {"value": 1, "style": "shy"})
    told = await stage.run(api(**shows), partial_execution_targets=["a", "y", "b", "z"])
    assert told.entry["prompt"][4] == ["z", "b", "a"]


@pytest.mark.rule("2-z")
async def test_s2_one_job_runs_at_a_time(open_stage: Any) -> None:
    here: list[int] = []

    @node("Alone", is_output=True, per_node=True)
    def alone(value: int) -> None:
        here.append(value)
        time.sleep(0.01)
        assert here[-1] == value
        here.append(-value)

    stage: Stage = await open_stage(alone.definition)
    for value in (1, 2, 3):
        await stage.submit(api(a=("Alone", {"value": value})))
    for _ in range(3):
        await stage.listener.until_done()
    assert here == [1, -1, 2, -2, 3, -3]
