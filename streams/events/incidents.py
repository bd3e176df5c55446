"""Incidents between two parties, and the contacts that ought to follow them."""

from typing import Annotated, Literal

from msgspec import Meta

from streams.events.areas import Point
from streams.events.envelope import Data, Event, Key, Party, Text

Pair = Annotated[tuple[Party, ...], Meta(min_length=2, max_length=2, description="the two parties of the dyad")]
Gravity = Literal["low", "elevated", "high", "critical"]
Level = Literal["leader", "minister", "adviser", "chief", "theater", "envoy", "working", "duty", "bridge", "unknown"]


def dyad(first: Party, second: Party) -> str:
    """The name of a pair of parties, the same whichever comes first: ``PRC-US``."""
    return f"{first}-{second}" if first <= second else f"{second}-{first}"


class Incident(Data, frozen=True, kw_only=True):
    """An incident as one source reports it; claims with the same ``incident`` are one incident.

    Attributes:
        gravity: How dangerous it was; agreements say from which gravity they ask for contact.
        closest_m: Closest approach in metres, as this source says.
    """

    incident: Key
    parties: Pair
    gravity: Gravity
    domain: Literal["air", "sea", "land", "space", "cyber", "ai", "bio", "nuclear"]
    place: Point | None = None
    closest_m: Annotated[float, Meta(ge=0)] | None = None
    platforms: tuple[Annotated[str, Meta(max_length=200)], ...] = ()
    text: Text | None = None

    def __post_init__(self) -> None:
        if self.parties[0] == self.parties[1]:
            raise ValueError(f"expected two different parties, got {self.parties[0]} twice")


class Exchange(Data, frozen=True, kw_only=True):
    """The two parties spoke.

    Attributes:
        channel: The channel it went over, where it is a registered one; contact ends that channel's lapse.
        public: A public statement or demand; it is heard, and never counts as contact.
        alternate: Over somebody else's line (a third party, ship to ship): ends the contact timer, not a channel's outage.
    """

    parties: Pair
    channel: Key | None = None
    level: Level = "unknown"
    public: bool = False
    alternate: bool = False
    text: Text | None = None

    def __post_init__(self) -> None:
        if self.parties[0] == self.parties[1]:
            raise ValueError(f"expected two different parties, got {self.parties[0]} twice")


class IncidentReport(Event, frozen=True, kw_only=True, tag="org.steadyline.incident.report.v1"):
    """An incident was reported; ``time`` is the incident, ``reported`` when it became known."""

    data: Incident


class Contact(Event, frozen=True, kw_only=True, tag="org.steadyline.contact.v1"):
    """Two parties were in contact."""

    data: Exchange
