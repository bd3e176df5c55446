"""A synthetic load for trials of speed: channels checked every minute, launches with and without notice, incidents.

Two hundred channels, twenty parties and the pairs of those parties make a block. A larger load is more blocks, a smaller one
a block in which less happens, so that the mix of events stays the same. The rules of one block are those of the agreement
``synthetic-load``.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import combinations, count

BLOCK_CHANNELS = 200
"""Channels of one block."""
RECIPIENT = "WATCH"
"""The party that every notice is given to."""

_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_BLOCK_PARTIES = 20
_MINUTE = 60_000
_HOUR = 60 * _MINUTE

_LATE = 0.01
_TWICE = 0.005
_MISSING = 0.002
_NOTIFIED = 0.9
_INCIDENTS_A_MINUTE = 0.2
_LAUNCH_EVERY = 3
"""Minutes between two launches of a block: each of its twenty parties launches once an hour."""
_ANSWERED = 0.85

_AHEAD = 40
"""Minutes from the planning of a launch to the beginning of its slot: no notice comes longer before it."""
# A party has a slot every hour. The windows stay within the slots, so that a launch lies in its own window or in none.

_ENVELOPE = '{{"specversion":"1.0","type":"org.steadyline.{}.v1","source":"urn:steadyline:synthetic","id":"'
_CHECK = _ENVELOPE.format("channel.check")
_NOTICE = _ENVELOPE.format("launch.notice")
_LAUNCH = _ENVELOPE.format("launch.observation")
_INCIDENT = _ENVELOPE.format("incident.report")
_CONTACT = _ENVELOPE.format("contact")

_Line = tuple[int, int, str]


def channel_names(channels: int) -> list[str]:
    """The ids of the channels of a load: ``load-000``, ``load-001``, ..."""
    return [f"load-{number:03}" for number in range(channels)]


def party_blocks(channels: int) -> list[list[str]]:
    """The parties of a load of so many channels, ``S01``, ``S02``, ..., block by block; incidents happen within a block."""
    return [
        [f"S{block * _BLOCK_PARTIES + number:02}" for number in range(1, _BLOCK_PARTIES + 1)]
        for block in range(-(-channels // BLOCK_CHANNELS))
    ]


def generate(events: int, seed: int, channels: int = BLOCK_CHANNELS) -> Iterator[bytes]:
    """Synthetic events as lines of CloudEvents JSON, each with its newline, in the order in which the log took them in.

    From 2026-01-01 00:00 UTC on, every channel is checked every minute. In a block of 200 channels each of 20 parties
    launches once an hour, and every fifth minute one of their pairs has an incident. Of the checks 0.2 % are missing,
    of the launches 10 % have no notice, of the incidents 15 % no contact within two hours. Of all events 1 % arrive late by
    up to 30 s and the others within a second; 0.5 % of the lines come again, up to 20 s after the first time.

    Equal arguments give equal bytes, and fewer events are the beginning of more.

    Args:
        events: How many lines.
        seed: Seed of all that is random.
        channels: How many channels are checked.

    Raises:
        ValueError: for a negative number of events, or no channel.
    """
    if events < 0 or channels < 1:
        raise ValueError(f"expected no negative number of events and at least one channel, got {events} and {channels}")
    return _lines(events, _Load(seed, channels))


def _lines(events: int, load: "_Load") -> Iterator[bytes]:
    left = events
    for minute in count():
        lines = load.minute(minute)
        for _, _, line in lines[:left]:
            yield line.encode()
        left -= len(lines)
        if left <= 0:
            return


class _Load:
    """The load, minute by minute. Times are milliseconds since its beginning."""

    def __init__(self, seed: int, channels: int) -> None:
        # Of all its methods, only random() is promised to give the same numbers in every version of Python.
        self._random = random.Random(seed).random  # noqa: S311 - not a secret
        self._channels = [(name, number * _MINUTE // channels) for number, name in enumerate(channel_names(channels))]
        self._parties = party_blocks(channels)
        # The pairs take turns, so that the contact of one incident never answers another.
        self._pairs = [sorted(combinations(block, 2), key=lambda _: self._random()) for block in self._parties]
        self._share = channels / (len(self._parties) * BLOCK_CHANNELS)
        self._incidents = 0
        self._later: list[_Line] = []
        self._written = 0

    def minute(self, minute: int) -> list[_Line]:
        """All lines that come in this minute, in order."""
        for parties, pairs in zip(self._parties, self._pairs, strict=True):
            if minute % _LAUNCH_EVERY == 0 and self._random() < self._share:
                self._launch(parties[minute // _LAUNCH_EVERY % len(parties)], minute)
            if self._random() < self._share * _INCIDENTS_A_MINUTE:
                self._incident(pairs[self._incidents % len(pairs)], minute)
        lines = self._checks(minute)
        later, end = self._later, (minute + 1) * _MINUTE
        while later and later[0][0] < end:
            lines.append(heappop(later))
        lines.sort()
        return lines

    def _checks(self, minute: int) -> list[_Line]:
        """The checks of one minute that also arrive in it; the others are kept for later."""
        rand, later, written = self._random, self._later, self._written
        lines: list[_Line] = []
        start, clock, next_clock = minute * _MINUTE, _clock(minute), _clock(minute + 1)
        for name, phase in self._channels:
            chance = rand()
            if chance < _LATE:
                wait = 1_000 + int(rand() * 29_000)
            elif chance < _LATE + _MISSING:
                continue
            else:
                wait = 50 + int(rand() * 950)
            came = phase + wait
            if came < _MINUTE:
                known = f"{clock}{came // 1_000:02}.{came % 1_000:03}Z"
            else:
                known = f"{next_clock}{came // 1_000 - 60:02}.{came % 1_000:03}Z"
            line = (
                f'{_CHECK}{name}-{minute}","time":"{clock}{phase // 1_000:02}.{phase % 1_000:03}Z","ingested":"{known}",'
                f'"data":{{"channel":"{name}","outcome":"answered","latency_ms":{40 + wait % 400}}}}}\n'
            )
            written += 1
            if came < _MINUTE:
                lines.append((start + came, written, line))
            else:
                heappush(later, (start + came, written, line))
            if chance > 1.0 - _TWICE:
                written += 1
                heappush(later, (start + came + 100 + int(rand() * 19_900), written, line))
        self._written = written
        return lines

    def _launch(self, party: str, minute: int) -> None:
        """Plan the launch of a party in the slot that begins 40 minutes from now, with its notice or without."""
        rand = self._random
        at = (minute + _AHEAD + 5) * _MINUTE + int(rand() * 10 * _MINUTE)
        place = int(party[1:])
        lat, lon = -50.0 + place * 37 % 100, -160.0 + place * 53 % 320
        to_lat, to_lon = lat + 4.0, lon + rand() * 8.0 - 4.0
        if rand() < _NOTIFIED:
            told = at - (10 + int(rand() * 30)) * _MINUTE
            opens, closes = at - _MINUTE - int(rand() * 3 * _MINUTE), at + _MINUTE + int(rand() * 3 * _MINUTE)
            south, north, west, east = to_lat - 0.5, to_lat + 0.5, to_lon - 0.5, to_lon + 0.5
            self._tell(
                f"{_NOTICE}{party}-{minute}-notice",
                told,
                f'{{"notice":"{party}-{minute}","party":"{party}",'
                f'"recipients":[{{"party":"{RECIPIENT}","received":"{_stamp(told)}"}}],"class":"srbm","range_km":500,'
                f'"window":{{"opens":"{_stamp(opens)}","closes":"{_stamp(closes)}"}},'
                f'"impact_areas":[{{"shape":"polygon","points":[[{south:.4f},{west:.4f}],[{south:.4f},{east:.4f}],'
                f"[{north:.4f},{east:.4f}],[{north:.4f},{west:.4f}]]}}]}}",
            )
        self._tell(
            f"{_LAUNCH}{party}-{minute}-launch",
            at,
            f'{{"party":"{party}","launch":"{party}-{minute}","class":"srbm","range_km":{440 + int(rand() * 50)},'
            f'"site":{{"lat":{lat:.4f},"lon":{lon:.4f}}},'
            f'"impact":{{"lat":{to_lat - 0.4 + rand() * 0.8:.4f},"lon":{to_lon - 0.4 + rand() * 0.8:.4f}}}}}',
        )

    def _incident(self, pair: tuple[str, str], minute: int) -> None:
        """Plan an incident in this minute, with a contact after it or without."""
        rand = self._random
        number = self._incidents = self._incidents + 1
        at = minute * _MINUTE + int(rand() * _MINUTE)
        parties = f'"parties":["{pair[0]}","{pair[1]}"]'
        self._tell(
            f"{_INCIDENT}incident-{number}",
            at,
            f'{{"incident":"incident-{number}",{parties},"gravity":"high","domain":"sea",'
            f'"closest_m":{20 + int(rand() * 400)}}}',
        )
        if rand() < _ANSWERED:
            self._tell(
                f"{_CONTACT}contact-{number}",
                at + _MINUTE + int(rand() * (2 * _HOUR - _MINUTE)),
                f'{{{parties},"level":"duty"}}',
            )

    def _tell(self, head: str, at: int, data: str) -> None:
        """Plan one line, and perhaps its repetition."""
        rand = self._random
        came = at + (1_000 + int(rand() * 29_000) if rand() < _LATE else 50 + int(rand() * 950))
        line = f'{head}","time":"{_stamp(at)}","ingested":"{_stamp(came)}","data":{data}}}\n'
        self._written += 1
        heappush(self._later, (came, self._written, line))
        if rand() < _TWICE:
            self._written += 1
            heappush(self._later, (came + 100 + int(rand() * 19_900), self._written, line))


def _stamp(moment: int) -> str:
    minute, rest = divmod(moment, _MINUTE)
    return f"{_clock(minute)}{rest // 1_000:02}.{rest % 1_000:03}Z"


def _clock(minute: int) -> str:
    """The time up to the minute as it begins a timestamp."""
    return (_BEGINNING + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:")
