"""The yardstick: the same three rules as one bare loop, with msgspec, dictionaries and one heap.

It knows this load alone: it validates nothing, explains nothing, takes nothing back and has no rules to read. So it says how
fast the machine is, in the only unit that every machine has.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from tests.benchmarks.events import Check, Contact, Launch, Notice, NoticeData, read
from tests.benchmarks.oracle import CONTACT_WITHIN, LONGEST_GAP, Found, Lapse

_LATEST = timedelta(seconds=30)
"""How late an event may come; judged no earlier, so that nothing has to be taken back."""
_KEPT = 8
"""How many notices of a party, and contacts of a pair, are looked through."""


def found(lines: Iterable[bytes]) -> Found:
    """The lapses in these lines as of the last one's arrival."""
    lapses: set[Lapse] = set()
    checked: dict[str, datetime] = {}
    told: defaultdict[str, list[NoticeData]] = defaultdict(list)
    spoke: defaultdict[str, list[datetime]] = defaultdict(list)
    # When to look, the rule, the channel or party or pair, the subject, the time of the launch or incident.
    heap: list[tuple[datetime, str, str, str, datetime]] = []

    def judge(rule: str, owner: str, subject: str, at: datetime) -> None:
        if rule == "notice":
            met = any(one.recipients[0].received < at and one.window.opens <= at <= one.window.closes for one in told[owner])
        else:
            met = any(at < contact <= at + CONTACT_WITHIN for contact in spoke[owner])
        if not met:
            lapses.add((rule, subject, at))

    now = datetime.min.replace(tzinfo=UTC)
    for line in lines:
        event: Any = read(line)  # told apart by its class below, as fast as that can be
        if event.ingested > now:
            now = event.ingested
            while heap and heap[0][0] < now:
                due, rule, owner, subject, at = heappop(heap)
                if rule == "check":
                    owed = checked[owner] + LONGEST_GAP
                    if owed < now:
                        lapses.add((rule, subject, owed))
                        owed = due + LONGEST_GAP
                    heappush(heap, (owed, rule, owner, subject, at))
                else:
                    judge(rule, owner, subject, at)
        kind = event.__class__
        if kind is Check:
            name, at = event.data.channel, event.time
            if (last := checked.get(name)) is None:
                checked[name] = at
                heappush(heap, (at + LONGEST_GAP, "check", name, name, at))
            elif at > last:
                checked[name] = at
        elif kind is Notice:
            notices = told[event.data.party]
            notices.append(event.data)
            del notices[:-_KEPT]
        elif kind is Launch:
            party, at = event.data.party, event.time
            heappush(heap, (at + _LATEST, "notice", party, f"{party}/{event.data.launch}/WATCH", at))
        else:
            pair, at = "-".join(sorted(event.data.parties)), event.time
            if kind is Contact:
                contacts = spoke[pair]
                contacts.append(at)
                del contacts[:-_KEPT]
            else:
                heappush(heap, (at + CONTACT_WITHIN + _LATEST, "contact", pair, f"{pair}/{event.data.incident}", at))
    for due, rule, owner, subject, at in heap:
        if rule != "check" and due - _LATEST < now:
            judge(rule, owner, subject, at)
    return frozenset(lapses)
