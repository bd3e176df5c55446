"""How fast a replay runs: as fast as it can, or so much history for each second of waiting.

The clock and the sleep are handed in, so that nothing that runs at a pace needs to be waited for in a test.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Protocol

from streams.spans import Span

FRAME = 0.1
"""Seconds between two looks at a paced replay: deadlines fall due one by one, not all at the next event."""

_FACTOR = re.compile(r"(\d+(?:\.\d+)?)x")


def parse_speed(text: str) -> float | None:
    """Seconds of history for each second of waiting: ``60x``, ``1d/s``, ``2 h/s``; ``None`` for ``max``.

    Raises:
        ValueError: when the text is none of these, or stands still.
    """
    text = text.strip()
    if text == "max":
        return None
    speed = 0.0
    if match := _FACTOR.fullmatch(text):
        speed = float(match[1])
    elif text.endswith("/s"):
        try:
            span = Span.parse(text.removesuffix("/s"))
        except ValueError:
            span = Span()
        # A month has no fixed number of seconds.
        speed = 0.0 if span.months else span.seconds
    if speed <= 0:
        raise ValueError(f"expected max, a factor such as 60x, or a span a second such as 1d/s; got {text!r}")
    return speed


class Pacing(Protocol):
    """Says at which moments of history to look what fell due."""

    def moments(self, until: datetime) -> Iterator[datetime]:
        """The moments on the way; ``until`` is the last."""
        ...


class Pace:
    """Lets ``speed`` seconds of history pass in each second of the given clock.

    Args:
        speed: Seconds of history a second, above 0.
        clock: Reads a clock that never goes back, in seconds.
        sleep: Waits so many seconds.
    """

    def __init__(self, speed: float, *, clock: Callable[[], float], sleep: Callable[[float], object]) -> None:
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._began: float | None = None
        self._origin: datetime | None = None

    def moments(self, until: datetime) -> Iterator[datetime]:
        """Wait until it is ``until``, and name the moments on the way at which to look what fell due; ``until`` is the last."""
        if self._began is None or self._origin is None:
            # History begins with the first thing that is known; nothing is waited for before it.
            self._began, self._origin = self._clock(), until
        while True:
            left = (until - self._origin).total_seconds() / self._speed - (self._clock() - self._began)
            if left <= 0:
                break
            self._sleep(min(left, FRAME))
            passed = self._origin + timedelta(seconds=(self._clock() - self._began) * self._speed)
            if passed < until:
                yield passed
        yield until
