"""What the synthetic load's rules find, reckoned the plain way: all events in memory, no time passing, standard library only.

Three rules: signs of life of a channel no more than 90 s apart; before a launch a notice received whose window holds it;
contact of the two parties within two hours of an incident. A lapse is (rule, subject, onset).
"""

import hashlib
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

Lapse = tuple[str, str, datetime]
"""Rule, subject, onset (UTC)."""
Found = frozenset[Lapse]

LONGEST_GAP = timedelta(seconds=90)
CONTACT_WITHIN = timedelta(hours=2)


def expected(lines: Iterable[bytes]) -> Found:
    """The lapses in these lines as of the last one's arrival."""
    events: dict[str, dict[str, Any]] = {}
    for line in lines:
        event = json.loads(line)
        events[event["id"]] = event
    by_type: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    now = max(_moment(event["ingested"]) for event in events.values())
    for event in events.values():
        by_type[event["type"].removeprefix("org.steadyline.")].append(event)
    return frozenset(
        _checks(by_type["channel.check.v1"], now)
        | _launches(by_type["launch.observation.v1"], by_type["launch.notice.v1"])
        | _incidents(by_type["incident.report.v1"], by_type["contact.v1"], now)
    )


def _checks(checks: list[dict[str, Any]], now: datetime) -> set[Lapse]:
    signs: defaultdict[str, list[datetime]] = defaultdict(list)
    for check in checks:
        signs[check["data"]["channel"]].append(_moment(check["time"]))
    return {
        ("check", channel, before + LONGEST_GAP)
        for channel, times in signs.items()
        for before, after in pairwise([*sorted(times), now])
        if after - before > LONGEST_GAP
    }


def _launches(launches: list[dict[str, Any]], notices: list[dict[str, Any]]) -> set[Lapse]:
    told: defaultdict[str, list[tuple[datetime, datetime, datetime]]] = defaultdict(list)
    for notice in notices:
        data = notice["data"]
        window = data["window"]
        told[data["party"]].append(
            (_moment(data["recipients"][0]["received"]), _moment(window["opens"]), _moment(window["closes"]))
        )
    found: set[Lapse] = set()
    for launch in launches:
        party, at = launch["data"]["party"], _moment(launch["time"])
        if not any(received < at and opens <= at <= closes for received, opens, closes in told[party]):
            found.add(("notice", f"{party}/{launch['data']['launch']}/WATCH", at))
    return found


def _incidents(incidents: list[dict[str, Any]], contacts: list[dict[str, Any]], now: datetime) -> set[Lapse]:
    spoke: defaultdict[str, list[datetime]] = defaultdict(list)
    for contact in contacts:
        spoke["-".join(sorted(contact["data"]["parties"]))].append(_moment(contact["time"]))
    for times in spoke.values():
        times.sort()
    found: set[Lapse] = set()
    for incident in incidents:
        pair, at = "-".join(sorted(incident["data"]["parties"])), _moment(incident["time"])
        times = spoke[pair]
        place = bisect_right(times, at)
        answered = times[place] if place < len(times) else now
        if answered - at > CONTACT_WITHIN:
            found.add(("contact", f"{pair}/{incident['data']['incident']}", at))
    return found


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def digest(found: Iterable[Lapse]) -> str:
    """A short name for a set of lapses: the same for the same set."""
    lines = sorted(f"{rule} {subject} {onset.isoformat()}\n" for rule, subject, onset in found)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:12]
