"""How much somebody may send in a time: token buckets, in the sense of network traffic. Pure: time is an argument."""


class Bucket:
    """Fills by ``rate`` a second up to ``size``; what is sent is taken out of it."""

    def __init__(self, rate: float, size: float) -> None:
        self.rate = rate
        self.size = size
        self._left = size
        self._at: float | None = None

    def wait(self, amount: float, now: float) -> float:
        """Seconds until ``amount`` (at most ``size``) could be taken; 0 where it can be. Takes nothing."""
        self._fill(now)
        return max(0.0, (min(amount, self.size) - self._left) / self.rate)

    def take(self, amount: float, now: float) -> None:
        """Take ``amount`` out, into debt where that is more than there is."""
        self._fill(now)
        self._left -= amount

    def _fill(self, now: float) -> None:
        if self._at is not None:
            self._left = min(self.size, self._left + max(0.0, now - self._at) * self.rate)
        self._at = now
