"""Where a webhook may lead. A URL is looked at when it is given, an address each time before it is called."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from web.settings import Settings

LONGEST_URL = 2048
NEVER = tuple(
    ipaddress.ip_network(network)
    for network in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32")
)
"""Link-local addresses, and those at which clouds tell a machine its keys."""
LOOKUPS_AT_ONCE = 4


def refusal(settings: Settings, url: str) -> str | None:
    """Why a webhook may not lead to ``url``; None if it may."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"the URL is malformed: {error}"
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable():
        return f"a URL is at most {LONGEST_URL} printable ASCII characters"
    if parts.scheme not in ("http", "https"):
        return f"the URL must begin with http:// or https://, not {parts.scheme or 'without a scheme'!r}"
    if not host:
        return "the URL names no host"
    if "@" in parts.netloc:
        return "the URL must not carry a user name or password: what comes is signed with the secret"
    return _refused_host(settings, host)


def _refused_host(settings: Settings, host: str) -> str | None:
    if settings.webhook_hosts is not None:
        if host in {name.lower() for name in settings.webhook_hosts}:
            return None
        return f"this server sends no webhooks to {host}: its --webhook-host flags do not name it"
    if _is_number(host) and not _is_address(host):
        return f"{host} is an unusual way to write an address"
    if is_never(host):
        return f"webhooks to link-local and metadata addresses such as {host} are refused"
    return None


def is_never(host: str) -> bool:
    """Whether this is an address that no webhook may reach. A name is none: what it leads to is looked at later."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in NEVER)


class CheckedResolver(AbstractResolver):
    """Looks names up, and leaves out the addresses that no webhook may reach.

    What it returns is what is connected to, so a name cannot lead elsewhere after the check (DNS rebinding). It has
    threads of its own: a name server that does not answer keeps only webhooks waiting. Hosts that were named by the
    operator are ``trusted``, wherever they lead.
    """

    def __init__(self, *, trusted: bool) -> None:
        self._trusted = trusted
        self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="webhook names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        )
        results = [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in found
            if self._trusted or not is_never(str(address[0]))
        ]
        if not results:
            raise OSError(f"{host} leads to an address that no webhook may reach")
        return results

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _is_number(host: str) -> bool:
    """Whether the system might read it as an address: ``0xa9fea9fe``, ``2852039166``, ``169.254.43518``."""
    last = host.rstrip(".").rpartition(".")[2]
    return last.isdigit() or last.startswith("0x")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
