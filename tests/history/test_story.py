"""Reading stories: what is wrong is named by file and field."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from producers.history.story import StoryError, When, builtin_stories, find_story, load_story

HEAD = """
title = "A test"
about = "For a test."
from = 2023-04-07T00:00:00Z
until = 2023-04-08T00:00:00Z
"""
CHECK = (
    '{"specversion":"1.0","type":"org.steadyline.channel.check.v1","id":"%s","source":"urn:test",'
    '"time":"2023-04-07T00:00:00Z","ingested":"%s","data":{"channel":"line"}}'
)
EARLY, LATE = CHECK % ("early", "2023-04-07T01:00:00Z"), CHECK % ("late", "2023-04-07T02:00:00Z")


class Write(Protocol):
    def __call__(self, contents: str = HEAD, events: str = "") -> Path: ...


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(contents: str = HEAD, events: str = "") -> Path:
        (tmp_path / "test.jsonl").write_text(events)
        path = tmp_path / "test.toml"
        path.write_text(contents)
        return path

    return write


def test_a_story_is_read_with_its_events(write: Write) -> None:
    path = write(
        HEAD
        + """
        facts = ["H11"]
        [[presumed]]
        channel = "line"
        from = 2023-04-01T00:00:00Z
        until = 2023-04-07T00:00:00Z
        note = "As always."
        [[must]]
        note = "Silence."
        onset = 2023-04-07
        deadline = 2023-04-07T00:30:00Z
        at_least = "page"
        """,
        f"{EARLY}\n\n{LATE}\n",
    )
    story = load_story(path)
    assert (story.name, story.title, story.facts) == ("test", "A test", ("H11",))
    assert (story.start, story.until) == (datetime(2023, 4, 7, tzinfo=UTC), datetime(2023, 4, 8, tzinfo=UTC))
    assert [event.id for event in story.events] == ["early", "late"]
    assert story.presumed[0].channel == "line"
    assert story.must[0].at_least == "page"
    assert str(story.must[0].onset) == "2023-04-07"


@pytest.mark.parametrize(
    ("contents", "events", "problem"),
    [
        ("title = 'open", "", r"test\.toml: Expected"),
        ("title = 'A test'", "", r"test\.toml: .*missing required field `(from|about|until)`"),
        (HEAD + "untill = 3", "", r"test\.toml: .*unknown field `untill`"),
        (HEAD.replace("04-08", "04-06"), "", r"test\.toml: expected `until` after `from`, got 2023-04-07"),
        (HEAD.replace("00:00:00Z", "00:00:00"), "", r"test\.toml: .*timezone.* - at `\$\.from`"),
        (HEAD + "[[must]]\nreason = 'declined'", "", r"test\.toml: .*`note` - at `\$\.must\[0\]`"),
        (HEAD + "[[must]]\nnote = 'x'\nreason = 'rude'", "", r"test\.toml: .*'rude' - at `\$\.must\[0\]\.reason`"),
        (HEAD + "[[must]]\nnote = 'x'\nonset = 'noon'", "", r"test\.toml: .*'noon' - at `\$\.must\[0\]\.onset`"),
        (HEAD + "[[must]]\nnote = 'x'\nonset = 2023-04-07T00:00:00", "", r"test\.toml: expected a date-time with its offset"),
        (HEAD + "[[must]]\nnote = 'x'\nzone = 'Mars/Base'", "", r"test\.toml: expected an IANA time zone"),
        (HEAD + "[[must_not]]\nnote = 'x'\ncount = 2", "", r"test\.toml: expected `count` in `must` only"),
        (HEAD, f"{EARLY}\n{{}}", r"test\.jsonl:2: .*`type`"),
        (HEAD, EARLY.replace('"line"', '""'), r"test\.jsonl:1: .*\$\.data\.channel"),
        (HEAD, f"{LATE}\n{EARLY}", r"test\.jsonl:2: early was known at 2023-04-07 01:00Z, before the line above"),
        (HEAD, CHECK % ("after", "2023-04-09T00:00:00Z"), r"test\.jsonl:1: after was known .*, outside the story"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_place(write: Write, contents: str, events: str, problem: str) -> None:
    with pytest.raises(StoryError, match=problem):
        load_story(write(contents, events))


def test_a_missing_event_file_is_named(write: Write) -> None:
    path = write()
    path.with_suffix(".jsonl").unlink()
    with pytest.raises(StoryError, match=r"test\.jsonl: No such file"):
        load_story(path)


def test_a_story_that_is_too_long_is_not_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(events=EARLY)
    monkeypatch.setattr("producers.history.story.MAX_BYTES", len(HEAD))
    with pytest.raises(StoryError, match=r"test\.jsonl: expected at most"):
        load_story(path)


def test_built_in_stories_are_found_by_name() -> None:
    assert len(builtin_stories()) >= 17
    for name in builtin_stories():
        assert find_story(name).name == f"{name}.toml"


def test_other_stories_are_found_by_path(write: Write) -> None:
    path = write()
    assert find_story(str(path)) == path


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "../story", "story", "steady.toml", "/etc/passwd", "../history/steady", "st*"]
)
def test_what_is_neither_a_story_nor_a_file_is_refused_with_the_names_there_are(name: str) -> None:
    with pytest.raises(StoryError, match=r"black-sea-2023.*got"):
        find_story(name)


DAY = When(date(2023, 4, 7))


@pytest.mark.parametrize(
    ("when", "moment", "zone", "fits"),
    [
        (DAY, datetime(2023, 4, 7, tzinfo=UTC), "UTC", True),
        (DAY, datetime(2023, 4, 8, tzinfo=UTC), "UTC", True),
        (DAY, datetime(2023, 4, 7, tzinfo=UTC) - timedelta(seconds=1), "UTC", False),
        (DAY, datetime(2023, 4, 8, 0, 0, 1, tzinfo=UTC), "UTC", False),
        (DAY, datetime(2023, 4, 6, 15, tzinfo=UTC), "Asia/Seoul", True),
        (DAY, datetime(2023, 4, 7, 15, 0, 1, tzinfo=UTC), "Asia/Seoul", False),
        (DAY, datetime(2023, 4, 6, 15, tzinfo=UTC), "UTC", False),
        (When(datetime(2023, 4, 7, tzinfo=UTC)), datetime(2023, 4, 7, tzinfo=UTC), "Asia/Seoul", True),
        (When(datetime(2023, 4, 7, tzinfo=UTC)), datetime(2023, 4, 7, 0, 0, 1, tzinfo=UTC), "UTC", False),
        (DAY, None, "UTC", False),
    ],
)
def test_a_date_is_the_whole_local_day_and_a_date_time_that_moment(
    when: When, moment: datetime | None, zone: str, fits: bool
) -> None:
    assert when.fits(moment, zone) is fits
