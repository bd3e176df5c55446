"""A worker whose time of day leaps: by as many seconds as stand in the file that ``TEST_LEAP`` names."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streams.live import clock, logs
from streams.live.settings import from_environment
from streams.live.worker import create_app

_LEAP = Path(os.environ["TEST_LEAP"])


def time_of_day() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(_LEAP.read_text()))


clock.utc = time_of_day  # type: ignore[attr-defined]  # the clock imports it
settings = from_environment(os.environ)
app = create_app(settings, logs=logs.configure(form="json", run=settings.run))
