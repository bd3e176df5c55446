"""Notices that the worker stood still: a stopped machine, a program put to sleep.

Kafka has given its partitions to another worker by then, and nothing stops this one from writing when it wakes up: its
records would end up among those of the new owner. So before it writes it feels its pulse. The pulse beats in a thread of its
own: a long reckoning delays the worker's loop, and is no sleep.
"""

import threading
import time


class SleptError(Exception):
    """The worker stood still for longer than its session, and must not write any more."""


class Pulse:
    """A thread that notes each beat, and the longest pause between two."""

    def __init__(self, limit: float) -> None:
        """Begin to beat.

        Args:
            limit: How long a pause may be, in seconds.
        """
        self.limit = limit
        self._felt = time.monotonic()
        self._longest = 0.0
        self._ended = threading.Event()
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    def end(self) -> None:
        """Stop beating."""
        self._ended.set()

    def reset(self) -> None:
        """Forget what was: the partitions have been handed out anew."""
        self._felt, self._longest = time.monotonic(), 0.0

    def feel(self) -> None:
        """Make sure that the worker was awake all the time.

        Raises:
            SleptError: when it was not for longer than the limit.
        """
        slept = max(self._longest, time.monotonic() - self._felt)
        if slept > self.limit:
            raise SleptError(
                f"stood still for {slept:.0f} s, longer than its partitions are kept for it ({self.limit:g} s):"
                " another worker may own them by now; start again"
            )

    def _beat(self) -> None:
        while not self._ended.wait(self.limit / 20):
            now = time.monotonic()
            self._longest = max(self._longest, now - self._felt)
            self._felt = now
