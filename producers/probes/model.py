"""What is probed, as data: one TOML file is one site from which channels are tried."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from streams.agreements.model import Spec
from streams.events.envelope import Key, Party
from streams.spans import Span

Host = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._:-]{0,251}[A-Za-z0-9:])?$(?!\n)|^::[0-9A-Fa-f:.]{0,40}$(?!\n)")]
"""A name (an international one in its ASCII form) or an address. Narrow, for it is written into requests."""
Port = Annotated[int, Meta(ge=1, le=65_535)]
StatusCode = Annotated[int, Meta(ge=100, le=699)] | Annotated[str, Meta(pattern=r"^[1-6]xx$(?!\n)")]
"""A status, or a class of them: ``2xx``."""
Words = Annotated[str, Meta(min_length=1, max_length=1_000)]
SUCCESS: tuple[StatusCode, ...] = ("2xx",)


class Trust(Spec, frozen=True, kw_only=True):
    """When a certificate is the right one.

    Attributes:
        ca: A PEM file of the authorities to trust, or of the one certificate itself; the system's where left out. Relative
            to the file that names it.
        pin: SHA-256 of the certificate as ``openssl x509 -fingerprint -sha256`` prints it; one of several must match.
        min_days: With fewer days of the certificate left the answer counts, and the evidence says so.
        server_name: The name in the certificate, where it is not the host.
    """

    ca: Annotated[str, Meta(min_length=1, max_length=1_000)] | None = None
    pin: Annotated[tuple[Annotated[str, Meta(max_length=120)], ...], Meta(max_length=10)] = ()
    min_days: Annotated[float, Meta(ge=0, le=10_000)] | None = None
    server_name: Host | None = None


class Target(Spec, frozen=True, kw_only=True, tag_field="kind"):
    """One probe, or one check of our own network.

    Attributes:
        id: Unique in the file; with the slot it makes the event's id.
        channel: The channel it tries; none for a check of our own network.
        feed: The feed that vouches for it; the file's where left out.
        party: At whose end of the channel it knocks; told in the evidence.
        source: The event's source; the file's where left out.
        every: How often, counted from 1970 UTC; where left out, the calendars the agreements have for the channel.
        late: How long after its slot it may begin; later than that the slot was missed, and is not made up.
        timeout: The time for the whole of it.
    """

    id: Key
    channel: Key | None = None
    feed: Key | None = None
    party: Party | None = None
    source: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    every: Span | None = None
    late: Span = Span(seconds=5)
    timeout: Span = Span(seconds=5)


class Tcp(Target, frozen=True, kw_only=True, tag="tcp"):
    """A connection is taken; with ``expect``, words come over it.

    Without ``expect`` a connection that is taken is all the answer there is.
    """

    host: Host
    port: Port
    send: Words | None = None
    expect: Words | None = None


class Tls(Tcp, frozen=True, kw_only=True, tag="tls"):
    """A TLS handshake with the right certificate; with ``expect``, words come over it."""

    tls: Trust = Trust()


class Http(Target, frozen=True, kw_only=True, tag="http"):
    """A page has the expected status, and words in its first 64 KiB.

    Attributes:
        redirects: How many are followed, each to a target on the allow list.
    """

    url: Annotated[str, Meta(min_length=1, max_length=2_000)]
    method: Literal["GET", "HEAD"] = "GET"
    status: Annotated[tuple[StatusCode, ...], Meta(min_length=1, max_length=50)] = SUCCESS
    body: Words | None = None
    redirects: Annotated[int, Meta(ge=0, le=5)] = 0
    tls: Trust | None = None


class Sip(Target, frozen=True, kw_only=True, tag="sip"):
    """OPTIONS is answered with the expected final status. Names are looked up as hosts: no SRV, no NAPTR.

    Attributes:
        user: Whom it asks for; the server itself where left out.
    """

    host: Host
    port: Port | None = None
    transport: Literal["udp", "tcp", "tls"] = "udp"
    user: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._+~-]{1,64}$(?!\n)")] | None = None
    status: Annotated[tuple[StatusCode, ...], Meta(min_length=1, max_length=50)] = SUCCESS
    tls: Trust | None = None


class Smtp(Target, frozen=True, kw_only=True, tag="smtp"):
    """A mail server greets with 220 and takes EHLO, in TLS where asked for. No mail is sent."""

    host: Host
    port: Port = 25
    security: Literal["none", "starttls", "tls"] = "none"
    tls: Trust | None = None


AnyTarget = Tcp | Tls | Http | Sip | Smtp


class Site(Spec, frozen=True, kw_only=True):
    """Where probes are made from.

    Attributes:
        site: Its name, in every event's id.
        feed: The feed that vouches for its probes. No other producer may vouch for the same one.
        source: The source of its events; ``steadyline:probes:SITE`` where left out.
        allow: Hosts and networks that may be tried. An address that is not public must lie in a network listed here.
        at_once: How many probes run at the same time.
        probes: The channels' probes.
        self_check: Targets of which one at least answers while our own network is well.
    """

    site: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$(?!\n)")]
    feed: Key | None = None
    source: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    allow: Annotated[tuple[Annotated[str, Meta(max_length=253)], ...], Meta(min_length=1, max_length=1_000)]
    at_once: Annotated[int, Meta(ge=1, le=1_000)] = 50
    probes: tuple[AnyTarget, ...] = ()
    self_check: tuple[AnyTarget, ...] = ()


def accepted(status: int, expected: tuple[StatusCode, ...]) -> bool:
    """Whether a status is one of those expected, or of a class of them."""
    return status in expected or f"{status // 100}xx" in expected


def host_of(target: AnyTarget) -> str:
    """The host a target names; empty where its URL has none that can be read."""
    if isinstance(target, Http):
        try:
            return urlsplit(target.url).hostname or ""
        except ValueError:
            return ""
    return target.host


def trust_of(target: AnyTarget) -> Trust | None:
    """What the target says about certificates; ``None`` where it says nothing."""
    return None if isinstance(target, Tcp) and not isinstance(target, Tls) else target.tls


def replaced(site: Site, probes: tuple[AnyTarget, ...], self_check: tuple[AnyTarget, ...]) -> Site:
    """The site with these targets."""
    return msgspec.structs.replace(site, probes=probes, self_check=self_check)


def kind_of(target: AnyTarget) -> str:
    """The kind's name in the file: ``tcp``, ``sip``."""
    return str(target.__struct_config__.tag)
