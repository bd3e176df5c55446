"""The scorecard: how the channels and the launch regimes fared over a stretch of time. Pure: no I/O, no clock."""

from streams.scorecard.card import first_heard, scorecard
from streams.scorecard.scores import (
    Calls,
    ChannelScore,
    DyadScore,
    Extreme,
    Hours,
    Outage,
    Reciprocity,
    RegimeScore,
    Resumption,
    Scorecard,
    Step,
    SwitchOff,
)

__all__ = [
    "Calls",
    "ChannelScore",
    "DyadScore",
    "Extreme",
    "Hours",
    "Outage",
    "Reciprocity",
    "RegimeScore",
    "Resumption",
    "Scorecard",
    "Step",
    "SwitchOff",
    "first_heard",
    "scorecard",
]
