"""From the text of a probes file to a site, or to everything that is wrong with it: file, line, field, expected and got."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from producers.probes import trust
from producers.probes.model import AnyTarget, Http, Site, Smtp, Target, host_of, replaced, trust_of
from producers.probes.timetable import timetable_of
from streams.agreements.check import Fault
from streams.agreements.documents import UnparsedError, parsed
from streams.agreements.locate import line_at, lines_of
from streams.agreements.model import Channel
from streams.agreements.problems import Place, Problem, field_named
from streams.agreements.read import read_table
from streams.allowing import AllowList, allowed
from streams.rulebook import RuleBook

MAX_BYTES = 1_048_576
"""The longest file that is read, in bytes."""
LONGEST_TIMEOUT = 60.0
"""Seconds that a probe may take."""
SHORTEST_EVERY = 1.0
_SPANS = "'5 s' or '1 min'"
_LISTS = ("probes", "self_check")


class ProbesError(ValueError):
    """A probes file that cannot be used; ``problems`` has every reason at once, one line of the message each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Read(NamedTuple):
    """A probes file that is sound.

    Attributes:
        base: The directory to which the files that it names are relative.
        notes: What is in order and yet worth a word.
    """

    site: Site
    base: Path
    notes: tuple[str, ...]


def load(path: Path, book: RuleBook) -> Read:
    """Read a probes file.

    Args:
        path: The file.
        book: The agreements whose channels, calendars and feeds it names.

    Raises:
        ProbesError: with every problem found, each with file, line and field.
        OSError: when the file cannot be read.
    """
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    return read(path.name, content, path.parent, book)


def read(name: str, content: bytes, base: Path, book: RuleBook) -> Read:
    """The same from the file's bytes.

    Raises:
        ProbesError: with every problem found, each with file, line and field.
    """
    try:
        text, raw = parsed(name, content, MAX_BYTES)
    except UnparsedError as error:
        raise ProbesError([error.problem]) from None
    faults: list[Fault] = []
    site = _site(raw, base, book, faults)
    if faults or site is None:
        lines = lines_of(text)
        found = [Problem(name, line_at(lines, fault.place), field_named(fault.place), fault.message) for fault in faults]
        raise ProbesError(sorted(found, key=lambda problem: problem.line or 0))
    return Read(site, base, tuple(_notes(site, book)))


def feed_of(target: Target, site: Site) -> str | None:
    """The feed that vouches for a probe; ``None`` where none does."""
    return target.feed or site.feed


def _site(raw: Mapping[str, Any], base: Path, book: RuleBook, faults: list[Fault]) -> Site | None:
    """Read table by table, so that one that is wrong does not hide what is wrong with the next."""
    lists = {key: raw[key] for key in _LISTS if isinstance(raw.get(key), list)}
    site = read_table({key: value for key, value in raw.items() if key not in lists}, Site, (), faults, _SPANS)
    allow = _allow(raw.get("allow"), faults)
    seen: set[str] = set()
    found: dict[str, list[AnyTarget]] = {key: [] for key in _LISTS}
    for key, tables in lists.items():
        for number, table in enumerate(tables):
            place: Place = (key, number)
            # One with another fault still takes its id.
            name = str(table.get("id")) if isinstance(table, dict) and "id" in table else None
            if name in seen:
                faults.append(Fault((*place, "id"), f"expected an id that is unique in the file, got {name!r} again"))
            if name is not None:
                seen.add(name)
            target = read_table(table, AnyTarget, place, faults, _SPANS)
            if target is None:
                continue
            found[key].append(target)
            more = _probe_faults(target, book) if key == "probes" else _own_faults(target)
            found_here = (*_target_faults(target, allow, base), *more)
            faults.extend(Fault((*place, *fault.place), fault.message) for fault in found_here)
    if not lists.get("probes"):
        faults.append(Fault(("probes",), "expected one [[probes]] at least, got none"))
    if not isinstance(site, Site):
        return None
    if site.feed is not None:
        faults.extend(_feed_faults(site.feed, book))
    return replaced(site, tuple(found["probes"]), tuple(found["self_check"]))


def _allow(entries: object, faults: list[Fault]) -> AllowList | None:
    """The allow list, where it can be read: ``None`` asks no target to be on it."""
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        return None
    sound = True
    for number, entry in enumerate(entries):
        try:
            allowed(entry)
        except ValueError as error:
            faults.append(Fault(("allow", number), str(error)))
            sound = False
    return AllowList.of(entries) if sound else None


def _target_faults(target: AnyTarget, allow: AllowList | None, base: Path) -> Iterator[Fault]:
    """What holds for probes and for checks of our own network alike."""
    if target.timeout.months or not 0 < target.timeout.seconds <= LONGEST_TIMEOUT:
        yield Fault(("timeout",), f"expected more than nothing and at most {LONGEST_TIMEOUT:g} s, got {target.timeout}")
    host, field = host_of(target), "host"
    if isinstance(target, Http):
        field = "url"
        yield from _url_faults(target.url)
    if host and allow is not None and not allow.lists(host):
        yield Fault((field,), f"expected a host on the allow list (`allow`), got {host!r}")
    if isinstance(target, Http | Smtp) and trust_of(target) is not None and not _is_secure(target):
        yield Fault(("tls",), "expected none, for nothing is encrypted here")
    yield from _trust_faults(target, base)


def _is_secure(target: Http | Smtp) -> bool:
    return target.url.lower().startswith("https:") if isinstance(target, Http) else target.security != "none"


def _url_faults(url: str) -> Iterator[Fault]:
    import httpx

    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        yield Fault(("url",), f"expected an http or https address: {error}")
        return
    if found.scheme not in ("http", "https") or not found.host or not url.isascii():
        yield Fault(("url",), "expected http://HOST/... or https://HOST/..., in ASCII")
    if found.userinfo:
        yield Fault(("url",), "expected no user and no password in the address: it is shown and logged")


def _trust_faults(target: AnyTarget, base: Path) -> Iterator[Fault]:
    asked = trust_of(target)
    if asked is None:
        return
    for number, pin in enumerate(asked.pin):
        try:
            trust.fingerprint(pin)
        except ValueError as error:
            yield Fault(("tls", "pin", number), str(error))
    try:
        trust.context(asked, base)
    except ssl.SSLError as error:
        yield Fault(("tls", "ca"), f"expected certificates in PEM: {error.reason or error}")
    except OSError as error:
        yield Fault(("tls", "ca"), f"expected a file that can be read, {asked.ca}: {error.strerror or error}")


def _probe_faults(target: AnyTarget, book: RuleBook) -> Iterator[Fault]:
    channel = None if target.channel is None else book.channels.get(target.channel)
    if target.channel is None:
        yield Fault(("channel",), "expected the channel that this probe tries, got none")
    elif channel is None:
        near = get_close_matches(target.channel, book.channels, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        yield Fault(("channel",), f"expected a channel of the agreements, got {target.channel!r}{hint}")
    else:
        yield from _channel_faults(target, channel, book)
    if target.late.months or target.late.seconds <= 0:
        yield Fault(("late",), f"expected more than nothing, got {target.late}")
    every = target.every
    if every is not None:
        if every.months or every.seconds < SHORTEST_EVERY or every.seconds % 1:
            yield Fault(("every",), f"expected whole seconds, one at least, and no months, got {every}")
        elif target.timeout.seconds >= every.seconds:
            yield Fault(("timeout",), f"expected less than `every` ({every}), got {target.timeout}")
    if target.feed is not None:
        yield from _feed_faults(target.feed, book)


def _channel_faults(target: AnyTarget, channel: Channel, book: RuleBook) -> Iterator[Fault]:
    if target.party is not None and target.party not in channel.parties:
        yield Fault(("party",), f"expected a party of {channel.id} ({', '.join(channel.parties)}), got {target.party!r}")
    if target.every is None and timetable_of(target, book) is None:
        yield Fault(("every",), f"expected how often, for no agreement has a calendar for {channel.id}")


def _own_faults(target: AnyTarget) -> Iterator[Fault]:
    for field in ("channel", "feed", "party", "every"):
        if getattr(target, field) is not None:
            yield Fault((field,), "expected none: this looks at our own network, and makes no events")


def _feed_faults(feed: str, book: RuleBook) -> Iterator[Fault]:
    if feed not in book.feeds:
        yield Fault(("feed",), f"expected a feed of the agreements, got {feed!r}")


def _notes(site: Site, book: RuleBook) -> Iterator[str]:
    if not site.self_check:
        yield "no [[self_check]]: when our own network is down, every channel will be called down"
    for target in site.probes:
        feed, channel = feed_of(target, site), book.channels[target.channel or ""]
        asked = {rule.obligation.feed for rule in book.cadences if channel.id in rule.obligation.channels} | {channel.feed}
        if feed is None:
            yield f"{target.id}: no feed vouches for it, so that missed slots are not told from missed answers"
        elif feed not in asked:
            named = ", ".join(sorted(each for each in asked if each is not None)) or "no feed"
            yield f"{target.id}: {channel.id} is judged on the word of {named}, not of {feed}"
