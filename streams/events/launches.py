"""Launches: what was announced and what was seen."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from streams.events.areas import Area, Kilometres, Point
from streams.events.envelope import Data, Event, Key, Party, Text
from streams.events.times import Interval, Moment, Precision, bounded, interval, zone_named

LaunchClass = Literal[
    "icbm", "slbm", "irbm", "mrbm", "srbm", "ballistic", "slv", "asat", "hypersonic", "cruise", "sounding", "unknown"
]


class Window(Data, frozen=True, kw_only=True):
    """When the launch may happen: from ``opens`` to ``closes``, UTC.

    Raises:
        ValueError: when it closes before it opens, or in a year that cannot be reckoned with.
    """

    opens: Moment
    closes: Moment

    def __post_init__(self) -> None:
        bounded(self.opens, self.closes)
        if self.closes < self.opens:
            raise ValueError(
                f"expected a window that closes after it opens, got {self.opens.isoformat()} to {self.closes.isoformat()}"
            )


def _by_time(window: Window) -> tuple[datetime, datetime]:
    return window.opens, window.closes


class Recipient(Data, frozen=True, kw_only=True):
    """One party that was told, and when it had the notice.

    Without ``received`` it is known only that it was told ahead, not when: the lead stays unknown.

    Raises:
        ValueError: when that was in a year that cannot be reckoned with, or its zone does not exist.
    """

    party: Party
    received: Moment | None = None
    precision: Precision = "minute"
    zone: Annotated[str, Meta(max_length=64)] = "UTC"

    def __post_init__(self) -> None:
        bounded(self.received)
        zone_named(self.zone)

    @property
    def receipt(self) -> Interval | None:
        """The instants at which it can have been received, UTC; ``None`` where nobody says."""
        return None if self.received is None else interval(self.received, self.precision, self.zone)


class Notice(Data, frozen=True, kw_only=True):
    """A notice of a launch to come; a higher ``revision`` of the same ``notice`` replaces the lower.

    Attributes:
        notice: The series' own number, the same over its revisions.
        status: ``planned``, ``amended`` (replaces the window or areas) or ``cancelled``.
        party: Who will launch.
        recipients: Who was told, each with its own receipt.
        via: The channel it was sent by (a channel's id, or ``navarea-xi``, ``notam``).
        agreements: The agreements it was given under, where the source says so.
        launch_class: JSON ``class``.
        range_km: Planned range in kilometres; ``apogee_km`` likewise.
        window: Planned time of the launch; where there are several, the first.
        further_windows: The others: reserve days, the later days of a daily window. A launch in any of them keeps the notice.
        lead_hours: The lead as the source states it, in hours, when it gives no receipt.
        launches: How many launches the notice covers; 0 means any number (a danger area).
        voluntary: Given although nothing asked for it.
        unread: The parts of a broadcast text that were not understood: what they say may change what is told here.

    Raises:
        ValueError: when a further window opens before the first: lead is counted to the first.
    """

    notice: Key
    party: Party
    recipients: Annotated[tuple[Recipient, ...], Meta(min_length=1, max_length=200)]
    revision: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    status: Literal["planned", "amended", "cancelled"] = "planned"
    via: Key | None = None
    agreements: tuple[Key, ...] = ()
    launch_class: LaunchClass | None = field(default=None, name="class")
    range_km: Kilometres | None = None
    apogee_km: Kilometres | None = None
    window: Window | None = None
    further_windows: Annotated[tuple[Window, ...], Meta(max_length=400)] = ()
    launch_area: Area | None = None
    impact_areas: Annotated[tuple[Area, ...], Meta(max_length=50)] = ()
    lead_hours: float | None = None
    launches: Annotated[int, Meta(ge=0, le=1_000)] = 1
    voluntary: bool = False
    text: Text | None = None
    unread: Annotated[tuple[Annotated[str, Meta(max_length=2_000)], ...], Meta(max_length=50)] = ()

    def __post_init__(self) -> None:
        if self.further_windows and self.window is not None:
            early = min(window.opens for window in self.further_windows)
            if early < self.window.opens:
                raise ValueError(
                    f"expected further_windows that open no earlier than window, at {self.window.opens.isoformat()},"
                    f" got one that opens {early.isoformat()}"
                )

    @property
    def windows(self) -> tuple[Window, ...]:
        """Every window, in order of time, each once: the first is the one that the lead is counted to."""
        if not self.further_windows:
            return () if self.window is None else (self.window,)
        given = {*self.further_windows, *(() if self.window is None else (self.window,))}
        return tuple(sorted(given, key=_by_time))


class Observation(Data, frozen=True, kw_only=True):
    """A launch as one source saw it. Several sources are several claims about one launch.

    Attributes:
        launch: A name that sources share; claims with the same name are the same launch.
        count: How many missiles this claim counts (a salvo reported as one number).
        azimuth_deg: Direction of flight, degrees clockwise from north.
        notified: What the source says about notice having been given, where it says anything.
        combat: Fired in combat; agreements may exempt it.
        site_to_border_km: Distance of the site from the border that the agreement names.
    """

    party: Party
    launch: Key | None = None
    launch_class: LaunchClass = field(default="unknown", name="class")
    range_km: Kilometres | None = None
    apogee_km: Kilometres | None = None
    site: Point | None = None
    impact: Point | None = None
    azimuth_deg: Annotated[float, Meta(ge=0, lt=360)] | None = None
    count: Annotated[int, Meta(ge=1, le=1_000)] = 1
    outcome: Literal["success", "failure", "unknown"] = "unknown"
    notified: bool | None = None
    combat: bool = False
    site_to_border_km: Kilometres | None = None
    impact_to_border_km: Kilometres | None = None
    text: Text | None = None


class LaunchNotice(Event, frozen=True, kw_only=True, tag="org.steadyline.launch.notice.v1"):
    """A launch was announced, amended or cancelled; ``time`` is when the notice was issued."""

    data: Notice


class LaunchObservation(Event, frozen=True, kw_only=True, tag="org.steadyline.launch.observation.v1"):
    """A launch was seen; ``time`` is the launch."""

    data: Observation
