"""Lines of recordings for the tests of the command: a small history under the built-in agreements."""

import json
from typing import Any

CHANNEL = "us-china-dtl"
"""A channel of a built-in agreement, on which an unanswered request is a lapse."""


def record(kind: str, name: str, time: str, data: dict[str, Any], **more: Any) -> str:
    """One event as a line of JSON."""
    return json.dumps(
        {
            "specversion": "1.0",
            "type": f"org.steadyline.{kind}.v1",
            "id": name,
            "source": "urn:test",
            "time": time,
            "data": data,
            **more,
        }
    )


def request(name: str, time: str, outcome: str = "placed", **more: Any) -> str:
    """A request for a call, or what became of it."""
    data = {"channel": CHANNEL, "request": "call-1", "party": "US", "outcome": outcome}
    text = more.pop("text", None)
    return record("channel.request", name, time, data | ({} if text is None else {"text": text}), **more)


def tick(time: str) -> str:
    """A reading of the clock."""
    return record("tick", f"tick-{time}", time, {})


def meeting(name: str, time: str) -> str:
    """An event that by itself is no lapse and no proof against one."""
    return record("benchmark.report", name, time, {"agreement": "us-china-channels", "measure": "unasked", "value": 1})


DECLINED = [
    request("placed", "2023-02-04T19:00:00Z"),
    request("declined", "2023-02-04T20:00:00Z", "declined", reported="2023-02-07T20:00:00Z"),
]
"""A call that was asked for and declined: one lapse."""
QUIET = [meeting("quiet-1", "2023-01-01T00:00:00Z"), meeting("quiet-2", "2023-01-02T00:00:00Z")]
"""Nothing lapses."""
