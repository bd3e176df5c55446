"""What endangers, by the words: a row a phrase."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.warnings.kinds import TABLE, kind_of
from producers.warnings.reading import Kind

SAID: list[tuple[str, Kind | None]] = [
    ("HAZARDOUS OPERATIONS, ROCKET LAUNCHING 250014Z", "launch"),
    ("MISSILE FIRING EXERCISES", "launch"),
    ("BALLISTIC MISSILE LAUNCH", "launch"),
    ("LAUNCHING OF SATELLITE", "launch"),
    ("SPACE LAUNCH VEHICLE", "launch"),
    ("GUNNERY AND MISSILE FIRING", "launch"),
    ("IMPACT AREA OF BALLISTIC MISSILE", "launch"),
    ("AEROSPACE FLT ACT", "launch"),
    ("rocket launching", "launch"),
    ("ROCKET\nLAUNCHING", "launch"),
    ("ROCKET LAUNCHING AND SPACE DEBRIS", "launch"),
    ("SPACE DEBRIS AND ROCKET LAUNCHING", "launch"),
    ("ROCKET LAUNCHING, DEBRIS FALL AREA", "launch"),
    ("ROCKET LAUNCHING. STAGE IMPACT AREAS BOUND BY", "launch"),
    ("HAZARDOUS OPERATIONS, SPACE DEBRIS 120500Z", "debris"),
    ("FALL OF ROCKET STAGES", "debris"),
    ("ROCKET STAGE SPLASHDOWN", "debris"),
    ("SPLASHDOWN OF A SPACECRAFT", "debris"),
    ("RE-ENTRY OF SPACECRAFT", "debris"),
    ("FALLING DEBRIS", "debris"),
    ("FALLING DEBRIS FROM SATELLITE LAUNCH", "debris"),
    ("DEBRIS FROM THE ROCKET LAUNCH", "debris"),
    ("ROCKET DEBRIS", "debris"),
    ("ROCKET LAUNCH DEBRIS", "debris"),
    ("FALLING OF BALLISTIC MISSILE DEBRIS", "debris"),
    ("GUNNERY EXERCISES", "gunnery"),
    ("NAVAL GUN FIRING", "gunnery"),
    ("FIRING PRACTICE", "gunnery"),
    ("BOMBING EXERCISES", "gunnery"),
    ("LIVE FIRING WITHOUT MISSILES", "gunnery"),
    ("ROCKET DEPTH CHARGES", "gunnery"),
    ("PACIFIC MISSILE RANGE FACILITY. GUNNERY", "gunnery"),
    ("CABLE OPERATIONS", "other"),
    ("LIGHT BUOY UNLIT", "other"),
    ("DRILLING BY M/V EXAMPLE", "other"),
    ("FLOATING DEBRIS, CONTAINERS", "other"),
    ("ROCKET PARACHUTE FLARE SIGHTED", "other"),
    ("PILOT LAUNCH OUT OF SERVICE", "other"),
    ("WEATHER BALLOON", "other"),
    ("MILITARY EXERCISES", "other"),
    ("NAVAREA XI WARNINGS IN FORCE: ROCKET LAUNCHING", "other"),
    ("HAZARDOUS OPERATIONS", None),
    ("A TEMPORARY DANGER AREA ESTABLISHED", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "kind"), SAID, ids=[text for text, _ in SAID])
def test_the_words_say_what_endangers(text: str, kind: Kind | None) -> None:
    assert kind_of(text) == kind


def test_every_row_gives_its_reason_and_no_phrase_stands_twice() -> None:
    phrases = [phrase for row in TABLE for phrase in row.phrases.split("|")]
    assert sorted(phrases) == sorted(set(phrases))
    assert all(row.reason for row in TABLE)


@given(st.text(max_size=200))
def test_any_text_has_a_kind_or_none(text: str) -> None:
    assert kind_of(text) in ("launch", "debris", "gunnery", "other", None)
