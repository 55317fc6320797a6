"""Where webhooks may lead."""

import socket
from typing import Any

import pytest

from web.cli import build_parser
from web.cli.serve import build_settings
from web.settings import Settings
from web.webhooks.address import CheckedResolver, refusal

ANYWHERE = Settings()
NAMED = Settings(webhook_hosts=frozenset({"hooks.example", "169.254.7.7"}))
NOWHERE = Settings(webhook_hosts=frozenset())


@pytest.mark.parametrize(
    "url",
    ["http://localhost:9/x", "https://hooks.example/a?b=c", "http://192.168.0.7/", "http://[fd00::1]:80/", "HTTP://a/"],
)
def test_a_server_on_loopback_calls_anyone(url: str) -> None:
    assert refusal(ANYWHERE, url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://hooks.example/", "must begin with http"),
        ("file:///etc/passwd", "must begin with http"),
        ("hooks.example", "must begin with http"),
        ("http://", "no host"),
        ("http://user:word@hooks.example/", "user name or password"),
        ("http://hooks.example@169.254.169.254/", "user name or password"),
        ("http://[::1", "malformed"),
        ("http://a:port/", "malformed"),
        ("http://a/\n", "printable"),
        ("http://h\u00e4/", "printable"),
        ("http://a/" + "x" * 2048, "at most"),
        ("http://169.254.169.254/latest/meta-data", "metadata"),
        ("http://[fe80::1]/", "link-local"),
        ("http://[fe80::1%25eth0]/", "link-local"),
        ("http://[::ffff:169.254.169.254]/", "link-local"),
        ("http://[::ffff:a9fe:a9fe]/", "link-local"),
        ("http://[fd00:ec2::254]/", "metadata"),
        ("http://100.100.100.200/", "metadata"),
        ("http://2852039166/", "unusual"),
        ("http://0xa9fea9fe/", "unusual"),
        ("http://0xa9.0xfe.0xa9.0xfe/", "unusual"),
        ("http://169.254.43518/", "unusual"),
        ("http://0251.0376.0251.0376/", "unusual"),
    ],
)
def test_some_urls_are_refused_in_any_case(url: str, why: str) -> None:
    assert why in (refusal(ANYWHERE, url) or "")


def test_named_hosts_are_the_only_ones_and_are_trusted() -> None:
    assert refusal(NAMED, "https://HOOKS.example:8443/x") is None
    assert refusal(NAMED, "http://169.254.7.7/") is None
    assert "do not name it" in (refusal(NAMED, "https://other.example/") or "")
    assert "do not name it" in (refusal(NAMED, "https://sub.hooks.example/") or "")
    assert "do not name it" in (refusal(NOWHERE, "http://127.0.0.1/") or "")


class TestNamesThatLeadElsewhere:
    """What is looked up is what is called, so a name that changes between check and call gains nothing."""

    @pytest.fixture(autouse=True)
    def names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def lookup(host: str, port: int, *_: Any) -> list[tuple[Any, ...]]:
            addresses = {"rebound.example": ["169.254.169.254"], "both.example": ["169.254.169.254", "192.0.2.1"]}[host]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", lookup)

    async def test_to_link_local_addresses_are_not_followed(self) -> None:
        resolver = CheckedResolver(trusted=False)
        with pytest.raises(OSError, match="no webhook may reach"):
            await resolver.resolve("rebound.example", 80)
        assert [found["host"] for found in await resolver.resolve("both.example", 80)] == ["192.0.2.1"]
        await resolver.close()

    async def test_are_the_operators_business_if_they_were_named(self) -> None:
        resolver = CheckedResolver(trusted=True)
        assert [found["host"] for found in await resolver.resolve("rebound.example", 80)] == ["169.254.169.254"]
        await resolver.close()


@pytest.mark.parametrize(
    ("flags", "hosts"),
    [
        ([], None),
        (["--webhook-host", "Hooks.example", "--webhook-host", "::1"], {"hooks.example", "::1"}),
        (["--host", "0.0.0.0"], set()),
        (["--host", "0.0.0.0", "--webhook-host", "hooks.example"], {"hooks.example"}),
    ],
)
def test_a_server_that_others_reach_calls_only_whom_its_operator_named(
    flags: list[str], hosts: set[str] | None
) -> None:
    assert build_settings(build_parser().parse_args(["serve", *flags])).webhook_hosts == hosts
