"""What parties declare about whole regimes, and what they report against benchmarks."""

from typing import Annotated, Literal

from msgspec import Meta

from streams.events.envelope import Data, Event, Key, Party, Text


class Statement(Data, frozen=True, kw_only=True):
    """A party's declaration about its duties under agreements, per type of notice.

    Attributes:
        agreements: Ids of the agreements meant.
        notice_types: The types of notice meant (``launch``, ``data``, ...); none named means all of them.
        status: ``suspended``, ``renounced``, ``expired`` end the duty from ``time`` on; ``in-force`` restores it.
    """

    party: Party
    agreements: Annotated[tuple[Key, ...], Meta(min_length=1, max_length=50)]
    status: Literal["in-force", "suspended", "renounced", "expired"]
    notice_types: tuple[Key, ...] = ()
    announcement: Key | None = None
    text: Text | None = None


class Measure(Data, frozen=True, kw_only=True):
    """The value of a pre-negotiated measure on the day of ``time``."""

    agreement: Key
    measure: Key
    value: float
    party: Party | None = None
    unit: Annotated[str, Meta(max_length=40)] | None = None
    text: Text | None = None


class RegimeStatement(Event, frozen=True, kw_only=True, tag="org.steadyline.regime.statement.v1"):
    """A party suspended, renounced or restored a regime."""

    data: Statement


class BenchmarkReport(Event, frozen=True, kw_only=True, tag="org.steadyline.benchmark.report.v1"):
    """A measure was reported."""

    data: Measure
