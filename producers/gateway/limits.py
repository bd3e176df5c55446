"""The bounds of one request."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a request may be.

    Attributes:
        batch_bytes: Bytes of a batch.
        batch_events: Events of a batch.
        idle_seconds: Seconds that the next piece of a body is waited for.
        body_seconds: Seconds within which a body that is no stream must have come.
        linger_seconds: Seconds after which the lines of a stream are written, though more might come.
        opening_seconds: Seconds within which the headers of a request must have come.
        at_once: Requests that are served at the same time.
        at_once_of_one: Those of one token.
        connections: Connections that may be open.
    """

    batch_bytes: int = 8_388_608
    batch_events: int = 10_000
    idle_seconds: float = 30.0
    body_seconds: float = 60.0
    linger_seconds: float = 0.3
    opening_seconds: float = 10.0
    at_once: int = 64
    at_once_of_one: int = 16
    connections: int = 512
