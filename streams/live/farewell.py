"""A process that was told to end does so, be it that the broker never answers again."""

import logging
import os
import threading

log = logging.getLogger(__name__)

FAREWELL = 30.0
"""Seconds after which it ends in any case. What it had not written down is done again."""
CUT_SHORT = 75
"""The exit code then: the next start may fare better."""


class Farewell:
    """The time that an app is given to end in good order."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def begin(self) -> None:
        """It was told to end: from now on it has so long."""
        self._timer = threading.Timer(FAREWELL, _cut_short)
        self._timer.daemon = True
        self._timer.start()

    def over(self) -> None:
        """All has ended in good order."""
        if self._timer is not None:
            self._timer.cancel()


def _cut_short() -> None:
    log.critical("did not end within %g s, for the broker does not answer; what is not written down is done again", FAREWELL)
    logging.shutdown()
    os._exit(CUT_SHORT)
