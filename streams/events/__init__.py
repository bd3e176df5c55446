"""The events of the log: CloudEvents 1.0, one type for each thing that can happen.

``streams.events.decode`` is the only way in from bytes.
"""

from streams.events.areas import Area, Circle, NamedArea, Point, Polygon
from streams.events.channels import ChannelCheck, ChannelRequest, ChannelStatus, DialogueMeeting
from streams.events.envelope import Event
from streams.events.housekeeping import FeedHeartbeat, Retraction, Tick
from streams.events.incidents import Contact, IncidentReport, dyad
from streams.events.launches import LaunchNotice, LaunchObservation, Recipient, Window
from streams.events.regimes import BenchmarkReport, RegimeStatement
from streams.events.times import Interval

AnyEvent = (
    ChannelCheck
    | ChannelRequest
    | ChannelStatus
    | DialogueMeeting
    | LaunchNotice
    | LaunchObservation
    | IncidentReport
    | Contact
    | RegimeStatement
    | BenchmarkReport
    | FeedHeartbeat
    | Retraction
    | Tick
)

__all__ = [
    "AnyEvent",
    "Area",
    "BenchmarkReport",
    "ChannelCheck",
    "ChannelRequest",
    "ChannelStatus",
    "Circle",
    "Contact",
    "DialogueMeeting",
    "Event",
    "FeedHeartbeat",
    "IncidentReport",
    "Interval",
    "LaunchNotice",
    "LaunchObservation",
    "NamedArea",
    "Point",
    "Polygon",
    "Recipient",
    "RegimeStatement",
    "Retraction",
    "Tick",
    "Window",
    "dyad",
]
