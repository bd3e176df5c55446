"""Which hosts may be called: neither a probe nor a page may be a way to make this machine knock at doors that nobody meant.

``AllowList.lists`` says whether a name or an address was meant at all. What a name resolves to must be a public address, or lie
in a listed network: loopback, private and link-local ones, and the addresses at which clouds keep their secrets, are refused
otherwise.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import NamedTuple

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "192.0.0.192", "100.100.100.200")))
"""Cloud metadata services outside of link-local and private space, and one that looks public."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AllowList(NamedTuple):
    """Names in lower case, and networks."""

    names: frozenset[str]
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, entries: Iterable[str]) -> "AllowList":
        """Read the entries.

        Raises:
            ValueError: for the first that is neither a name, an address nor a network.
        """
        names, networks = set(), []
        for entry in entries:
            found = allowed(entry)
            if isinstance(found, str):
                names.add(found)
            else:
                networks.append(found)
        return cls(frozenset(names), tuple(networks))

    def lists(self, host: str) -> bool:
        """Whether a host may be tried at all, as it is written."""
        address = literal(host)
        if address is None:
            return _name(host) in self.names
        return any(self._within(each) for each in _meanings(address))

    def refusal(self, address: Address) -> str | None:
        """Why an address that a listed host resolves to is not to be tried; ``None`` where it may be."""
        if self._within(address):
            return None
        for each in _meanings(address):
            if not self._within(each) and (kind := _special(each)):
                return f"{address} is {kind}, and in no network that is allowed"
        return None

    def _within(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


def allowed(entry: str) -> str | Network:
    """One entry of the list: a name in lower case, or a network.

    Raises:
        ValueError: when it is neither.
    """
    text = entry.strip()
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        if "/" in text or literal(text) is not None:
            raise ValueError(f"expected a network such as 192.0.2.0/24, got {entry!r}: {error}") from None
    labels = _name(text).split(".")
    plain = all(label and len(label) <= 63 and label.isascii() and label.replace("-", "").isalnum() for label in labels)
    if not plain or len(text) > 253 or labels[-1].isdigit():
        raise ValueError(f"expected a host's name, an address or a network, got {entry!r}")
    return ".".join(labels)


def repeatable(address: str, query: str | bytes) -> str:
    """A refused address as it may be repeated: a user, a password or a query in it is a secret by now."""
    return "one with more in it" if "@" in address or query else repr(address)


def literal(host: str) -> Address | None:
    """The address that a host is written as; ``None`` for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _name(host: str) -> str:
    return host.lower().removesuffix(".")


def _meanings(address: Address) -> Iterator[Address]:
    """The address, or those it carries within it: it is they that are reached."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
            return
        if address in _NAT64:
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
            return
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo
    yield address


def _special(address: Address) -> str | None:
    """What keeps an address from being a public one."""
    if address in _METADATA:
        return "a cloud's metadata address"
    for kind, holds in (
        ("loopback", address.is_loopback),
        ("link-local", address.is_link_local),
        ("multicast", address.is_multicast),
        ("unspecified", address.is_unspecified),
        ("private", address.is_private),
        ("reserved", address.is_reserved),
    ):
        if holds:
            return kind
    return None if address.is_global else "not public"
