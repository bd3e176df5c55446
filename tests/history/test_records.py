"""The recorded history: every line an event, every fact told, in the order in which it was known."""

import json
from pathlib import Path

import pytest

import producers.history
from producers.history.story import Story, builtin_stories, find_story, load_story
from streams.agreements.load import load_builtin
from streams.events import AnyEvent, ChannelCheck
from streams.events.decode import Refused, decode, encode

_CHANNELS = (1, 2, 3, 4, 5, *range(10, 24), 25, 26, 29)
_LAUNCHES = (2, 3, 7, 8, 9, 10, 12, 13, 14, 16, 17, 18, 21, 22)
_INCIDENTS = range(1, 11)
FACTS = frozenset(
    f"{letter}{number:02}" for letter, numbers in (("H", _CHANNELS), ("L", _LAUNCHES), ("I", _INCIDENTS)) for number in numbers
)
FOLDER = Path(producers.history.__file__).parent
FIELDS = (
    *("specversion", "type", "id", "source"),
    *("time", "precision", "zone", "local", "received", "reported", "ingested"),
    *("exercise", "fact", "data"),
)
FILES = sorted(FOLDER.glob("*.jsonl"))


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return [load_story(find_story(name)) for name in builtin_stories()]


def test_there_are_forty_six_facts() -> None:
    assert len(FACTS) == 46


def test_every_fact_is_an_event_of_some_story(stories: list[Story]) -> None:
    assert {event.fact for story in stories for event in story.events} == FACTS


def test_a_story_lists_the_facts_of_its_events(stories: list[Story]) -> None:
    for story in stories:
        assert set(story.facts) == {event.fact for event in story.events}, story.name
        assert len(set(story.facts)) == len(story.facts), story.name


def test_every_event_file_has_its_story() -> None:
    assert {path.stem for path in FILES} == set(builtin_stories())


def test_every_story_expects_something(stories: list[Story]) -> None:
    for story in stories:
        assert story.must or story.must_not, story.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_line_is_an_event_in_canonical_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    for line in text.splitlines():
        event = decode(line)
        assert decode(encode(event)) == event
        record = json.loads(line, parse_constant=pytest.fail)
        assert line == json.dumps(record, ensure_ascii=False, separators=(",", ":")), "spaces or escapes"
        assert list(record) == sorted(record, key=FIELDS.index), event.id
        assert not _nothings(record), event.id


def _nothings(value: object) -> bool:
    """Whether a field is given that says nothing."""
    if isinstance(value, dict):
        return any(item is None or item in ("", [], {}) or _nothings(item) for item in value.values())
    return isinstance(value, list) and any(_nothings(item) for item in value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_times_are_printed_in_utc(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for name in ("time", "received", "reported", "ingested"):
            assert record.get(name, "Z").endswith("Z"), record["id"]


def test_ids_are_unique_in_a_story(stories: list[Story]) -> None:
    for story in stories:
        ids = [event.id for event in story.events]
        assert len(ids) == len(set(ids)), story.name


def test_a_fact_told_in_two_stories_is_told_the_same(stories: list[Story]) -> None:
    told: dict[str, AnyEvent] = {}
    for story in stories:
        for event in story.events:
            assert told.setdefault(event.id, event) == event, event.id


def test_every_event_names_where_it_was_read(stories: list[Story]) -> None:
    for story in stories:
        for event in story.events:
            assert event.source.startswith(("http://", "https://")), event.id


def test_every_event_says_when_the_log_knew_it(stories: list[Story]) -> None:
    for story in stories:
        for event in story.events:
            assert event.ingested is not None, event.id
            assert event.reported is None or event.reported <= event.ingested, event.id


def test_expectations_name_rules_that_there_are(stories: list[Story]) -> None:
    agreements = {agreement.id: agreement for agreement in load_builtin()}
    for story in stories:
        for expectation in (*story.must, *story.must_not):
            if expectation.agreement is not None:
                rules = {obligation.id for obligation in agreements[expectation.agreement].obligations}
                assert expectation.rule is None or expectation.rule in rules, (story.name, expectation.note)


def test_no_presumed_check_stands_in_the_record(stories: list[Story]) -> None:
    for story in stories:
        assert not [event.id for event in story.events if isinstance(event, ChannelCheck) and event.data.presumed], story.name


@pytest.mark.parametrize(
    ("story", "event", "days"),
    [
        ("us-china-2022", "i06-j11-rc135-nose", 8),
        ("us-china-2022", "i07-j16-rc135", 4),
        ("us-china-2022", "i10-j11-b52", 2),
        ("balloon-2023", "h16-balloon-call-declined", 3),
        ("balloon-2023", "h16-balloon-call-refusal-explained", 5),
        ("encounters", "i02-cowpens-500", 8),
        ("sc19-2007", "l02-sc19", 7),
        ("sc19-2007", "l02-prc-says-notified", 12),
    ],
)
def test_late_reports_are_late_by_as_many_days_as_the_sources_say(
    stories: list[Story], story: str, event: str, days: int
) -> None:
    told = {known.id: known for known in next(one for one in stories if one.name == story).events}[event]
    assert (told.known - told.occurred.latest).days in (days - 1, days)


def test_the_printed_gmt_of_the_pacific_launch_is_refused_where_it_is_wrong() -> None:
    record = (Path(__file__).parent / "misprint.jsonl").read_bytes()
    with pytest.raises(Refused, match="4:00:00 apart"):
        decode(record)
