"""History in a real database, as the pipeline writes it: the story's log, one watch, the writer's rows.

The stories name no coordinates and time no line checks, so a scene is laid beside them that does: the maps and the durations
have something to show. It goes the same way.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dashboards.influx.schema import LIVE, Row
from producers.history.story import find_story, load_story
from streams.events.decode import encode
from tests.influx.told import rows
from tests.live.running import planned

STORIES = ("balloon-2023", "dprk-satellites", "hawaii-2018", "korea-2022", "pacific-icbm-2024", "us-china-2022")
"""Each is a run of its own name."""
WATCHED = "belgrade-1999"
"""Is written as what happens live: the rules look at nothing else."""
SCENE = "scene"
SCENE_START, SCENE_END = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)


def _event(kind: str, name: str, time: str, data: dict[str, Any]) -> bytes:
    source = "https://example.org/scene"
    told = {"specversion": "1.0", "type": f"org.steadyline.{kind}.v1", "id": name, "source": source, "time": time, "data": data}
    return json.dumps(told).encode()


def _scene() -> list[bytes]:
    area = {"shape": "circle", "lat": 20.0, "lon": 125.0, "radius_km": 60.0}
    window = {"opens": "2026-03-02T08:00:00Z", "closes": "2026-03-02T14:00:00Z"}
    notice = {
        "notice": "hydropac-1",
        "party": "PRC",
        "recipients": [{"party": "US", "received": "2026-03-02T01:00:00Z"}],
        "impact_areas": [area],
        "window": window,
        "class": "icbm",
    }
    launch = {"party": "PRC", "class": "icbm", "launch": "test-1", "site": {"lat": 19.6, "lon": 110.9}, "range_km": 12_000}
    call = {"channel": "us-china-dtl", "request": "call-1", "party": "US"}
    return [
        _event("launch.notice", "notice-1", "2026-03-02T01:00:00Z", notice),
        _event("channel.request", "call-1", "2026-03-02T02:00:00Z", call),
        _event("channel.request", "call-1-answered", "2026-03-02T02:07:00Z", call | {"outcome": "answered"}),
        _event(
            "contact",
            "talk-1",
            "2026-03-02T02:08:00Z",
            {"parties": ["PRC", "US"], "channel": "us-china-dtl", "level": "minister"},
        ),
        _event(
            "channel.check",
            "check-1",
            "2026-03-02T03:00:00Z",
            {"channel": "us-china-dtl", "outcome": "answered", "latency_ms": 420},
        ),
        _event(
            "incident.report",
            "near-1",
            "2026-03-02T04:00:00Z",
            {
                "incident": "near-1",
                "parties": ["PRC", "US"],
                "domain": "air",
                "gravity": "high",
                "place": {"lat": 18.0, "lon": 112.0},
            },
        ),
        _event("launch.observation", "seen-1", "2026-03-02T09:00:00Z", launch),
    ]


def rows_of(lines: Sequence[bytes], run: str) -> list[tuple[Row, int]]:
    """What the writer makes of a log."""
    return [(row, time) for row, time in rows(planned(lines, run, 1), run, 1)]


def lines_of(story: str) -> list[bytes]:
    """A story's log."""
    return [encode(event) for event in load_story(find_story(story)).events]


def everything() -> list[tuple[Row, int]]:
    """All of it."""
    written = [row for story in STORIES for row in rows_of(lines_of(story), story)]
    return [*written, *rows_of(_scene(), SCENE), *rows_of(lines_of(WATCHED), LIVE)]
