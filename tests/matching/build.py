"""Short ways to write down events for the tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from streams.agreements.model import Prior, Slack
from streams.events.launches import LaunchNotice, LaunchObservation, Notice, Observation, Recipient, Window
from streams.events.times import Precision
from streams.spans import Span

START = datetime(2022, 8, 4, 6, 0, tzinfo=UTC)


def at(moment: str | int) -> datetime:
    """A moment: ISO 8601, or minutes after START."""
    return START + timedelta(minutes=moment) if isinstance(moment, int) else datetime.fromisoformat(moment)


def seen(
    id_: str,
    moment: str | int,
    source: str = "https://a.example",
    *,
    precision: Precision = "minute",
    zone: str = "UTC",
    reported: str | int | None = None,
    party: str = "PRC",
    **data: Any,
) -> LaunchObservation:
    return LaunchObservation(
        specversion="1.0",
        id=id_,
        source=source,
        time=at(moment),
        precision=precision,
        zone=zone,
        reported=None if reported is None else at(reported),
        data=Observation(party=party, **data),
    )


def notice(
    id_: str,
    issued: str | int,
    window: tuple[str | int, str | int] | None = None,
    *further: tuple[str | int, str | int],
    key: str = "n-1",
    source: str = "https://n.example",
    to: str | dict[str, str | int | None] = "JPN",
    received_precision: Precision = "minute",
    precision: Precision = "minute",
    party: str = "PRC",
    **data: Any,
) -> LaunchNotice:
    told = {to: issued} if isinstance(to, str) else to
    return LaunchNotice(
        specversion="1.0",
        id=id_,
        source=source,
        time=at(issued),
        precision=precision,
        data=Notice(
            notice=key,
            party=party,
            recipients=tuple(
                Recipient(party=who, received=None if when is None else at(when), precision=received_precision)
                for who, when in told.items()
            ),
            window=None if window is None else Window(opens=at(window[0]), closes=at(window[1])),
            further_windows=tuple(Window(opens=at(opens), closes=at(closes)) for opens, closes in further),
            **data,
        ),
    )


def prior(**fields: Any) -> Prior:
    return Prior(id="rule", clause="notice ahead", sources=("test",), lead=Span(seconds=86_400), **fields)


def slack(hours: float = 48, km: float = 500) -> Slack:
    return Slack(before=Span(seconds=hours * 3_600), after=Span(seconds=hours * 3_600), km=km)
