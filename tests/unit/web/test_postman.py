"""Letters are delivered in the end: over errors, restarts and dead hosts, and never more often than was set."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme

from tests.support.receiver import Receiver
from web.settings import Settings
from web.webhooks.outbox import Backoff, Letter, OutboxFull, WebhookOutbox
from web.webhooks.postman import Postman, certificates

QUICK = Backoff(tries=4, first_s=0.01, factor=1.5)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as started:
        yield started


@contextlib.asynccontextmanager
async def at_work(outbox: WebhookOutbox, settings: Settings | None = None) -> AsyncIterator[Postman]:
    postman = Postman(outbox, settings or Settings())
    task = asyncio.create_task(postman.work())
    yield postman
    task.cancel()
    await asyncio.wait([task])
    await outbox.close()


def letter(url: str, number: int = 1, host: str = "here") -> Letter:
    return Letter(f"msg_{number}", f"job{number}", host, url, "hush", b'{"n": 1}')


async def fate(outbox: WebhookOutbox, number: int = 1) -> tuple[bool, int] | None:
    """What became of a letter, once that is sure."""
    for _ in range(500):
        if await outbox.next_at((), ()) is None:
            return await outbox.fate(f"job{number}")
        await asyncio.sleep(0.01)
    raise AssertionError("the letter still waits")


@pytest.mark.parametrize("known", [True, False])
async def test_by_tls_only_to_whom_the_system_trusts(
    known: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also in a server, which starts without the system's certificates."""
    authority, stranger, tls = trustme.CA(), trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    (authority if known else stranger).cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    certificates.cache_clear()
    outbox = WebhookOutbox(backoff=QUICK)
    async with Receiver(tls) as receiver:
        await outbox.put(letter(receiver.url), 0)
        async with at_work(outbox):
            assert await fate(outbox) == ((True, 1) if known else (False, 4))
        assert len(receiver.heard) == known
    certificates.cache_clear()


async def tried(outbox: WebhookOutbox, tries: int) -> bool:
    """Whether it is noted soon that a letter went out so often."""
    for _ in range(500):
        found = await outbox.fate("job1")
        if found and found[1] == tries:
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("answers", "delivered", "tries"),
    [
        ([204], True, 1),
        ([500, 503, 200], True, 3),
        ([429, 200], True, 2),
        ([500, 500, 500, 500], False, 4),
        ([410], False, 1),
        ([404], False, 1),
        ([302], False, 1),
    ],
)
async def test_what_is_tried_again(receiver: Receiver, answers: list[int], delivered: bool, tries: int) -> None:
    receiver.answers = list(answers)
    outbox = WebhookOutbox(backoff=QUICK)
    await outbox.put(letter(receiver.url), 0)
    async with at_work(outbox):
        assert await fate(outbox) == (delivered, tries)
    assert len(receiver.heard) == tries
    assert {call.headers["webhook-id"] for call in receiver.heard} == {"msg_1"}


async def test_a_host_that_is_not_there_is_tried_again(unused_tcp_port: int) -> None:
    outbox = WebhookOutbox(backoff=QUICK)
    await outbox.put(letter(f"http://127.0.0.1:{unused_tcp_port}/"), 0)
    async with at_work(outbox):
        assert await fate(outbox) == (False, 4)


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_receiver_may_say_when_it_wants_to_be_asked_again(receiver: Receiver, as_date: bool) -> None:
    at = datetime.now(UTC) + timedelta(seconds=2)
    receiver.answers = [503, 200]
    receiver.retry_after = format_datetime(at, usegmt=True) if as_date else "1"
    outbox = WebhookOutbox(backoff=QUICK)
    await outbox.put(letter(receiver.url), 0)
    async with at_work(outbox):
        assert await fate(outbox) == (True, 2)
    first, second = (call.at for call in receiver.heard)
    assert second - first > 0.9


async def test_a_host_that_never_answers_does_not_keep_others_waiting(receiver: Receiver) -> None:
    async with Receiver() as deaf:
        deaf.silent = True
        outbox = WebhookOutbox(backoff=QUICK)
        for number in range(50):
            await outbox.put(letter(deaf.url, number, "deaf"), 0)
        await outbox.put(letter(receiver.url, 99), 0)
        async with at_work(outbox):
            await asyncio.wait_for(receiver.called.wait(), 5)
            assert len(deaf.heard) <= 4


async def test_letters_outlive_the_process(receiver: Receiver, tmp_path: Path) -> None:
    receiver.answers = [500, 200]
    first = WebhookOutbox(tmp_path / "webhooks.sqlite", Backoff(first_s=0.3, jitter=0))
    await first.put(letter(receiver.url), 0)
    async with at_work(first):
        assert await tried(first, 1)
    second = WebhookOutbox(tmp_path / "webhooks.sqlite")
    async with at_work(second):
        assert await fate(second) == (True, 2)


async def test_what_was_said_and_the_secret_are_not_kept(receiver: Receiver, tmp_path: Path) -> None:
    outbox = WebhookOutbox(tmp_path / "webhooks.sqlite")
    await outbox.put(letter(receiver.url), 0)
    async with at_work(outbox):
        await fate(outbox)
    content = (tmp_path / "webhooks.sqlite").read_bytes()
    assert b"msg_1" in content
    assert b"hush" not in content


async def test_settings_that_forbid_a_url_meanwhile_hold_back_its_letter(receiver: Receiver) -> None:
    outbox = WebhookOutbox(backoff=QUICK)
    await outbox.put(letter(receiver.url), 0)
    async with at_work(outbox, Settings(webhook_hosts=frozenset())):
        assert await fate(outbox) == (False, 1)
    assert receiver.heard == []


async def test_a_letter_is_kept_once() -> None:
    outbox = WebhookOutbox(backoff=QUICK)
    await outbox.put(letter("http://127.0.0.1:9/"), 0)
    found = await outbox.next((), ())
    assert found
    await outbox.delivered(found)
    await outbox.put(letter("http://127.0.0.1:9/"), 0)
    assert await outbox.fate("job1") == (True, 1)
    await outbox.close()


async def test_the_outbox_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.webhooks.outbox.WAITING_MESSAGES", 2)
    outbox = WebhookOutbox()
    for number in range(2):
        await outbox.put(letter("http://127.0.0.1:9/", number), 0)
    with pytest.raises(OutboxFull):
        await outbox.put(letter("http://127.0.0.1:9/", 2), 0)
    await outbox.close()


def test_the_default_takes_eight_tries_in_about_an_hour() -> None:
    backoff = Backoff(jitter=0)
    pauses = [backoff.pause_s(tries) for tries in range(1, 9)]
    assert pauses[-1] is None
    assert 3000 < sum(pause for pause in pauses if pause) < 4000
