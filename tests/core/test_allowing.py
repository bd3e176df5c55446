"""A probe goes where the file allows it, and nowhere else, whatever names resolve to."""

import asyncio
from ipaddress import ip_address
from pathlib import Path

import pytest

from producers.probes.making import make
from producers.probes.model import Tcp
from producers.probes.network import Ways
from streams.allowing import AllowList, allowed
from streams.spans import Span
from tests.probes.conftest import lookup
from tests.probes.servers import silence, stream_server

REFUSED = (
    ("127.0.0.1", "loopback"),
    ("127.8.8.8", "loopback"),
    ("::1", "loopback"),
    ("169.254.169.254", "link-local"),
    ("fe80::1", "link-local"),
    ("fd00:ec2::254", "private"),
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("192.168.1.1", "private"),
    ("fc00::1", "private"),
    ("100.64.0.1", "not public"),
    ("100.100.100.200", "metadata"),
    ("168.63.129.16", "metadata"),
    ("192.0.0.192", "metadata"),
    ("0.0.0.0", "unspecified"),
    ("::", "unspecified"),
    ("224.0.0.1", "multicast"),
    ("255.255.255.255", "private"),
    ("240.0.0.1", "private"),
    ("::ffff:127.0.0.1", "loopback"),
    ("::ffff:169.254.169.254", "link-local"),
    ("64:ff9b::7f00:1", "loopback"),
    ("64:ff9b::a9fe:a9fe", "link-local"),
    ("2002:7f00:1::", "loopback"),
    ("2002:a00:1::1", "private"),
)


@pytest.mark.parametrize(("address", "kind"), REFUSED)
def test_an_address_that_is_not_public_is_refused_unless_it_is_listed(address: str, kind: str) -> None:
    refusal = AllowList.of(["hotline.test"]).refusal(ip_address(address))
    assert refusal is not None
    assert kind in refusal
    assert AllowList.of(["hotline.test", address]).refusal(ip_address(address)) is None


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_of_a_listed_name_may_be_tried(address: str) -> None:
    assert AllowList.of(["hotline.test"]).refusal(ip_address(address)) is None


@pytest.mark.parametrize(
    ("entries", "host", "listed"),
    [
        (["hotline.test"], "hotline.test", True),
        (["hotline.test"], "HOTLINE.TEST.", True),
        (["hotline.test"], "x.hotline.test", False),
        (["hotline.test"], "8.8.8.8", False),
        (["198.51.100.0/24"], "198.51.100.7", True),
        (["198.51.100.0/24"], "::ffff:198.51.100.7", True),
        (["198.51.100.0/24"], "198.51.101.7", False),
        (["2001:db8::/32"], "2001:db8::1", True),
        (["2001:db8::/32"], "[2001:db8::1]", True),
        (["0.0.0.0/0"], "hotline.test", False),
    ],
)
def test_a_host_must_be_listed(entries: list[str], host: str, listed: bool) -> None:
    assert AllowList.of(entries).lists(host) is listed


@pytest.mark.parametrize("entry", ["", "10.0.0.1/8", "10.0.0.300", "a b", "*.test", "http://x", "x/24", "a..b", "-" * 64])
def test_what_is_neither_name_nor_network_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="expected a"):
        allowed(entry)


def test_what_is_connected_to_is_what_was_checked() -> None:
    """A name that resolves to loopback behind the list's back is not tried, although a server waits there."""
    called: list[str] = []

    async def run() -> list[str]:
        outcomes: list[str] = []
        async with stream_server(silence) as port:
            target = Tcp(id="t", host="hotline", port=port, timeout=Span(seconds=15))
            for addresses, allow in (
                (["127.0.0.1"], ["hotline"]),
                (["::ffff:127.0.0.1", "10.1.1.1"], ["hotline"]),
                (["127.0.0.1"], ["hotline", "127.0.0.0/8"]),
                (["10.1.1.1", "127.0.0.1"], ["hotline", "127.0.0.0/8"]),
                (["127.0.0.1"], ["127.0.0.0/8"]),
            ):
                look = lookup(hotline=addresses)

                async def counted(host: str, where: int, look: object = look) -> list[str]:
                    called.append(host)
                    return await look(host, where)  # type: ignore[operator, no-any-return]

                result = await make(target, Ways(AllowList.of(allow), counted), Path())
                outcomes.append(result.outcome)
        return outcomes

    assert asyncio.run(asyncio.wait_for(run(), 20)) == ["not-made", "not-made", "answered", "answered", "not-made"]
    # A name that is not listed is not even looked up; and no name is looked up twice.
    assert len(called) == 4


def test_the_first_address_that_takes_the_connection_is_taken() -> None:
    async def run() -> tuple[str, str]:
        async with stream_server(silence) as port:
            target = Tcp(id="t", host="hotline", port=port, timeout=Span(seconds=15))
            ways = Ways(AllowList.of(["hotline", "127.0.0.0/8"]), lookup(hotline=["127.0.0.2", "127.0.0.1"]))
            result = await make(target, ways, Path())
            return result.outcome, result.evidence

    outcome, evidence = asyncio.run(asyncio.wait_for(run(), 20))
    assert outcome == "answered"
    assert "connected to 127.0.0.1" in evidence
