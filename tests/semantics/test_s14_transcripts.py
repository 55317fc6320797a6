"""Section 14: the recorded transcripts, message by message. Each difference that is meant has a name and a reason."""

import json
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import tiny
from tests.semantics.stage import EXTRA, Stage

RECORDED = json.loads((Path(tiny.__file__).parent / "examples.json").read_text())
RUNS, REFUSALS = RECORDED["run_cases"], RECORDED["validation_cases"]
FLAGS = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}

LEFT_OUT = {
    "create_time": "The newer servers add it to extra_data.",
    "hint": "Problems say what to mend, which the record does not.",
}
REPLACED = {
    "number": (0, "The recording server had had jobs before."),
    "timestamp": ("<ms>", "Times differ."),
    "traceback": ("<lines>", "Files and lines differ, and a link is found to be dead without an exception."),
    "current_outputs": ("<ids>", "The record lists what the server's cache held, here it is what the job has."),
}
"""By key what is compared otherwise, and why."""


async def introduced(stage: Stage) -> None:
    """Say what this client can, as the recorded one did."""
    await stage.listener.socket.send_json(FLAGS)
    assert (await stage.listener.hear())["type"] == "feature_flags"


def comparable(value: Any, prompt_id: str = "") -> Any:
    """Without what is meant to differ."""
    if isinstance(value, dict):
        fixed = {key: instead for key, (instead, _) in REPLACED.items()}
        return {
            comparable(key, prompt_id): fixed.get(key, comparable(each, prompt_id))
            for key, each in value.items()
            if key not in LEFT_OUT
        }
    if isinstance(value, list):
        return [comparable(each, prompt_id) for each in value]
    return "<prompt_id>" if prompt_id and value == prompt_id else value


def texts(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages that are JSON."""
    return [message for message in messages if message.keys() == {"type", "data"}]


def previews(messages: Iterable[dict[str, Any]], prompt_id: str = "<prompt_id>") -> list[tuple[Any, str]]:
    """The metadata and the first bytes of the pictures among heard or recorded messages.

    Apart from the texts, because here a picture is a message of its own, that a node tells before or after its
    progress. Text frames are not compared: nodes here tell no text while they run.
    """
    found = []
    for message in messages:
        if message.get("binary_event") == 4:
            found.append((json.loads(message["metadata"]), message["image_starts_with"]))
        elif "binary" in message:
            frame = message["binary"]
            end = 8 + int.from_bytes(frame[4:8], "big")
            assert frame[:4] == b"\0\0\0\4"
            found.append((comparable(json.loads(frame[8:end]), prompt_id), frame[end : end + 3].hex()))
    return found


def of_nodes(messages: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """By node what its messages say of it alone, for jobs whose branches may overlap in more than one way."""
    told: dict[str, list[Any]] = {}
    for message in messages:
        data = message["data"]
        states = data["nodes"] if message["type"] == "progress_state" else {str(data.get("node")): data}
        for node_id, state in states.items():
            if (message["type"], state) not in told.setdefault(node_id, []):
                told[node_id].append((message["type"], state))
    return told


def entry_of(history: dict[str, Any], prompt_id: str) -> dict[str, Any]:
    """A history entry whose number is left out."""
    entry = comparable(history, prompt_id)["<prompt_id>"]
    entry["prompt"][0] = 0
    return dict(entry)


@pytest.mark.rule("14-a")
@pytest.mark.parametrize("name", sorted(RUNS))
async def test_s14_a_recorded_run(stage: Stage, name: str) -> None:
    case = RUNS[name]
    await introduced(stage)
    if name == "ok_cached":
        await stage.run(RUNS["ok"]["prompt"], extra_data=EXTRA)
    told = await stage.run(case["prompt"], extra_data=EXTRA)
    assert comparable(told.answer, told.id) == comparable(case["response"])
    heard, recorded = comparable(texts(told.heard), told.id), comparable(texts(case["messages"]))
    if name == "async":  # the record's second async node happened to end later than its first
        assert heard[:8] == recorded[:8]
        assert sorted(message["type"] for message in heard) == sorted(message["type"] for message in recorded)
        assert of_nodes(heard[8:]) == of_nodes(recorded[8:])
    else:
        assert heard == recorded
    assert previews(told.heard, told.id) == previews(case["messages"])
    assert entry_of({told.id: told.entry}, told.id) == entry_of(case["history"], "<prompt_id>")


def by_input(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(errors, key=lambda error: str(error["extra_info"].get("input_name")))


# What the newer servers tell, and the recorded one did not.
NEWER = {
    "noclass": {
        "type": "missing_node_type",
        "message": "Node 'ID #1' has no class_type. The workflow may be corrupted or a custom node is missing.",
        "details": "Node ID '#1'",
        "extra_info": {"node_id": "1", "class_type": None, "node_title": None},
    },
    "unknown": {
        "type": "missing_node_type",
        "message": "Node 'Nope' not found. The custom node may not be installed.",
        "details": "Node ID '#1'",
        "extra_info": {"node_id": "1", "class_type": "Nope", "node_title": "Nope"},
    },
    "cycle": {
        "type": "dependency_cycle",
        "message": "Dependency cycle detected",
        "details": "1 (TInt) -> 1 (TInt)",
        "extra_info": {"node_id": "1", "cycle_nodes": ["1"]},
    },
    "combo2": {
        "type": "value_not_in_list",
        "message": "Value not in list",
        "details": "c2: 'zzz' not in ['p', 'q']",
        "extra_info": {"input_name": "c2", "input_config": ["COMBO", {"options": ["p", "q"]}], "received_value": "zzz"},
    },
}


def expected(name: str) -> tuple[int, dict[str, Any]]:
    """The recorded status and answer, or the newer servers' where they say more."""
    case = REFUSALS[name]
    answer = comparable(case["response"])
    if name in ("noclass", "unknown"):
        return 400, {"error": NEWER[name], "node_errors": {}}
    if name in ("cycle", "combo2"):
        node = {"errors": [NEWER[name]], "dependent_outputs": ["3"], "class_type": "TInt"}
        return 400, {"error": comparable(REFUSALS["range"]["response"]["error"]), "node_errors": {"1": node}}
    return case["status"], answer


@pytest.mark.rule("14-b")
@pytest.mark.parametrize("name", sorted(REFUSALS))
async def test_s14_a_recorded_refusal(stage: Stage, name: str) -> None:
    status, recorded = expected(name)
    answer = comparable(await stage.post({"prompt": REFUSALS[name]["prompt"]}, status))
    if "prompt_id" in answer:
        answer["prompt_id"] = "<prompt_id>"
    for node_errors in (answer["node_errors"], recorded["node_errors"]):
        for found in node_errors.values():
            found["errors"] = by_input(found["errors"])
    assert answer == recorded


@pytest.mark.rule("14-c")
async def test_s14_the_recorded_greeting(stage: Stage) -> None:
    async with stage.server.ws_connect("/ws?clientId=cid1") as socket:
        greeting = await socket.receive_json(timeout=5)
        await socket.send_json(FLAGS)
        flags = await socket.receive_json(timeout=5)
    recorded_greeting, recorded_flags = RECORDED["connect"]
    assert greeting == recorded_greeting
    assert flags["data"].items() >= recorded_flags["data"].items()


@pytest.mark.rule("14-d")
async def test_s14_the_recorded_interrupt(stage: Stage) -> None:
    case = RECORDED["interrupt_case"]
    (_, _, first, _, _), (number, _, second, _, _) = (
        case["queue_while_running"][key][0] for key in ("queue_running", "queue_pending")
    )
    running = await stage.submit(first, extra_data={}, front=True)
    heard = [await stage.listener.hear()]
    while heard[-1]["type"] != "executing":
        heard.append(await stage.listener.hear())
    waiting = await stage.submit(second, extra_data={}, number=number)
    assert [comparable(a, a["prompt_id"]) for a in (running, waiting)] == comparable(case["responses"])
    assert waiting["number"] == number
    queue = await stage.get("/queue")
    for key, job in (("queue_running", running), ("queue_pending", waiting)):
        (told,), (recorded,) = queue[key], case["queue_while_running"][key]
        assert comparable(told, job["prompt_id"])[1:] == recorded[1:]
    await stage.server.post("/queue", json={"delete": [waiting["prompt_id"]]})
    await stage.server.post("/interrupt")
    heard += await stage.listener.until_done()
    assert comparable(heard, running["prompt_id"]) == comparable(case["messages"])
    entry = await stage.entry(running["prompt_id"])
    assert entry_of({running["prompt_id"]: entry}, running["prompt_id"]) == entry_of(case["history"], "<prompt_id>")


@pytest.mark.rule("14-e")
@pytest.mark.parametrize("name", ["TInt", "TList", "TLazy"])
async def test_s14_a_recorded_description(stage: Stage, name: str) -> None:
    """An input without options is shown with empty ones, whether or not its declaration says so."""
    (told,) = (await stage.get(f"/object_info/{name}")).values()
    recorded = deepcopy(RECORDED["object_info"][name])
    for section in ("required", "optional"):
        for config in recorded["input"].get(section, {}).values():
            config.extend([{}] * (2 - len(config)))
    assert {key: told[key] for key in recorded} == recorded
