"""The postman of webhooks: each letter goes out until it arrives or is given up."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import ssl
import time
from collections import Counter
from email.utils import parsedate_to_datetime
from functools import cache

import aiohttp

from web.settings import Settings
from web.webhooks.address import CheckedResolver, refusal
from web.webhooks.outbox import Letter, WebhookOutbox
from web.webhooks.signing import signed_headers

logger = logging.getLogger(__name__)

TIMEOUT_S = 10.0
AT_ONCE, AT_ONCE_PER_HOST = 32, 4
"""So many calls may be under way; a host that does not answer cannot take all of them."""
RECOVERY_S = 10.0
"""How long to wait after the outbox's file could not be used."""
TOO_MANY = 429


class Postman:
    """Sends the letters of an outbox. They go out at the same time, but for those to a host that is busy already."""

    def __init__(self, outbox: WebhookOutbox, settings: Settings) -> None:
        self._outbox, self._settings = outbox, settings
        self._sending: dict[str, str] = {}  # letter id -> host
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """There is something new to send."""
        self._stirred.set()

    async def work(self) -> None:
        """Send what is due until cancelled. What was being sent then is sent again the next time."""
        resolver = CheckedResolver(trusted=self._settings.webhook_hosts is not None)
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True, limit=AT_ONCE)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as s:
            while True:
                try:
                    await self._send_all(s)
                except* sqlite3.Error as broken:
                    logger.error("webhooks wait for their file", exc_info=broken)
                self._sending.clear()
                await asyncio.sleep(RECOVERY_S)

    async def _send_all(self, session: aiohttp.ClientSession) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                self._stirred.clear()
                while len(self._sending) < AT_ONCE and (letter := await self._outbox.next(self._busy(), self._sending)):
                    self._sending[letter.id] = letter.host
                    group.create_task(self._send(session, letter), name=f"webhook {letter.id}")
                await self._rest()

    async def _rest(self) -> None:
        """Until a letter is due or something stirs."""
        at = await self._outbox.next_at(self._busy(), self._sending) if len(self._sending) < AT_ONCE else None
        try:
            async with asyncio.timeout(None if at is None else max(at - time.time(), 0)):
                await self._stirred.wait()
        except TimeoutError:
            return

    def _busy(self) -> list[str]:
        return [host for host, count in Counter(self._sending.values()).items() if count >= AT_ONCE_PER_HOST]

    async def _send(self, session: aiohttp.ClientSession, letter: Letter) -> None:
        """One try, and what follows from it."""
        try:
            await self._settle(letter, *await self._try(session, letter))
        finally:
            del self._sending[letter.id]
            self._stirred.set()

    async def _try(self, session: aiohttp.ClientSession, letter: Letter) -> tuple[int | None, str, float]:
        """The status, or None without an answer, what to log of it, and how long the receiver wants to be left alone.

        Settings may have changed since the job was submitted, so the URL is looked at again.
        """
        if why := refusal(self._settings, letter.url):
            return 403, why, 0.0
        headers = signed_headers(letter.id, int(time.time()), letter.body, letter.secret)
        headers |= {"Content-Type": "application/json", "User-Agent": "wireloom"}
        try:
            trusted = await asyncio.to_thread(certificates)
            async with session.post(
                letter.url, data=letter.body, headers=headers, allow_redirects=False, ssl=trusted
            ) as answer:
                return answer.status, f"it answered {answer.status}", _retry_after_s(answer.headers.get("Retry-After"))
        except TimeoutError:
            return None, f"no answer within {TIMEOUT_S:g} s", 0.0
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return None, f"{type(error).__name__}: {error}", 0.0
        except Exception as error:
            logger.exception("webhook %s could not be sent", letter.id)
            return None, type(error).__name__, 0.0

    async def _settle(self, letter: Letter, status: int | None, said: str, retry_after_s: float) -> None:
        """Note how a try went. URLs may hold secrets, so the log names hosts only."""
        if status is not None and 200 <= status < 300:
            await self._outbox.delivered(letter)
            logger.info("webhook %s for job %s arrived at %s", letter.id, letter.job_id, letter.host)
            return
        final = status is not None and status != TOO_MANY and status < 500
        pause = await self._outbox.failed(letter, final=final, not_before_s=retry_after_s)
        what = "given up" if pause is None else f"tried again in {pause:.1f} s"
        logger.warning("webhook %s for job %s to %s: %s; %s", letter.id, letter.job_id, letter.host, said, what)


@cache
def certificates() -> ssl.SSLContext:
    """Whom this system trusts, read when the first letter goes out: the server starts without (web/cli)."""
    return ssl.create_default_context()


def _retry_after_s(header: str | None) -> float:
    """Seconds from now; 0 if nothing sensible is said."""
    if not header:
        return 0.0
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except ValueError:
        return 0.0
