"""Pages in words: what, since when, due when, which clause, on what evidence, what to do; hostile text is made harmless."""

import re
import unicodedata
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.sendings import Kind, Sending
from alerts.wording import MAX_SUBJECT, body, harmless, subject
from streams.lapses import Lapse, Reason
from streams.severity import Severity
from tests.desk.build import HOUR, T0, lapse, policy

LINKED = policy(link="https://watch.example.org/pages/{page}")


def sending(*lapses: Lapse, kind: Kind = "alarm", **more: object) -> Sending:
    fields = {
        "key": "k" * 24,
        "page": "0123456789abcdef",
        "number": 3,
        "kind": kind,
        "receiver": "ann-phone",
        "at": T0,
        "severity": Severity.PAGE,
        "lapses": lapses,
    }
    return Sending(**(fields | more))  # type: ignore[arg-type]


def test_a_page_says_all_that_somebody_needs_who_was_just_woken() -> None:
    one = lapse(
        deadline=T0 + HOUR,
        events=("call-7",),
        arithmetic=("due 12:00Z, grace 30 min: by 12:30Z",),
        claims=("urn:a says it rang, urn:b that it did not",),
        unverified=("grace",),
        proposed=True,
    )
    said = body(sending(one, because="it is back"), LINKED)
    for words in (
        "LAPSED: east: the check was not answered [AA, BB]",
        "Why now: it is back",
        "since     2026-06-01 12:00Z",
        "due       2026-06-01 13:00Z, 1 h after it",
        "rule      small-world/checks (proposed agreement, numbers unverified)",
        "clause    A check a day",
        "source    urn:test",
        "reckoning due 12:00Z, grace 30 min: by 12:30Z",
        "claim     urn:a says it rang, urn:b that it did not",
        "evidence  call-7",
        "What to do: Acknowledge it, then find out why: steadyline alerts ack 0123456789abcdef",
        "Look: https://watch.example.org/pages/0123456789abcdef",
        "word 3, 2026-06-01 12:00Z, key kkkk",
    ):
        assert words in said
    assert subject(sending(one)) == "[PAGE] LAPSED: east: the check was not answered [AA, BB] (0123456789abcdef)"


def test_unknown_is_never_called_lapsed() -> None:
    blind = lapse(change="unknown", reason="feed-silent")
    for kind in ("unknown", "escalation", "nag", "reminder"):
        said = subject(sending(blind, kind=kind)) + body(sending(blind, kind=kind))
        assert "CANNOT TELL" in said
        assert "LAPSED" not in said
        assert "UNKNOWN: nobody can say whether it lapsed" in said


def test_a_withdrawal_names_the_report_that_disproved_it() -> None:
    said = body(sending(lapse(revision=2, change="withdrawn", because="retraction-1"), kind="withdrawn"))
    assert "withdrawn by retraction-1" in said
    assert "If you acted on it, take that back" in said


def test_what_is_over_says_since_when_and_after_how_long() -> None:
    assert "over since 2026-06-01 13:00Z, after 1 h" in body(sending(lapse(change="resolved"), kind="all-clear"))


@pytest.mark.parametrize("more", [{"exercise": True}, {"run": "replay-1"}])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_drill_says_so_at_both_ends_of_both(kind: Kind, more: dict[str, object]) -> None:
    drill = sending(lapse("x" * 300), kind=kind, **more)
    assert subject(drill).startswith("EXERCISE: ")
    assert subject(drill).endswith(" EXERCISE")
    lines = body(drill).splitlines()
    assert lines[0] == lines[-1]
    assert "EXERCISE EXERCISE EXERCISE" in lines[0]


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_real_page_never_says_exercise(kind: Kind) -> None:
    real = sending(lapse(), kind=kind)
    assert "EXERCISE" not in subject(real) + body(real)


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_has_words(reason: Reason) -> None:
    assert re.search(r"east: [a-z][a-z ,]+ \[", subject(sending(lapse(reason=reason))))


def test_many_lapses_are_told_in_full_then_by_a_line_then_by_number() -> None:
    said = body(sending(*(lapse(f"line-{number:02}") for number in range(50)), more=950))
    assert said.count("clause    ") == 10
    assert "\n1. line-00: the check was not answered" in said
    assert "\n50. line-49: the check was not answered" in said
    assert "... and 950 more." in said
    assert subject(sending(lapse(), lapse("west"), more=3)).count("and 4 more") == 1


HOSTILE = "\r\nBcc: all@example.org\x1b[2J\u202eevil\u2028\x00"


def test_hostile_text_neither_ends_a_line_nor_moves_a_cursor_nor_turns_the_writing_round() -> None:
    one = lapse(
        f"line{HOSTILE}", clause=HOSTILE, arithmetic=(HOSTILE,), claims=(HOSTILE,), events=(HOSTILE,), sources=(HOSTILE,)
    )
    whole = sending(one, because=HOSTILE, run=HOSTILE)
    assert "\n" not in subject(whole)
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Zl") for char in body(whole).replace("\n", ""))
    assert not any(line.startswith("Bcc:") for line in body(whole).splitlines())


@given(st.text(max_size=400), st.text(max_size=400))
def test_whatever_the_text_the_subject_is_one_short_line_of_seen_characters(about: str, because: str) -> None:
    said = subject(sending(lapse(about or "x"), because=because, exercise=True))
    assert len(said) <= MAX_SUBJECT
    assert said == harmless(said)


def test_words_about_the_desks_own_trouble_need_no_lapse() -> None:
    trouble = msgspec.structs.replace(sending(kind="undelivered"), because="receiver:siren: took nothing")
    assert subject(trouble) == "[PAGE] NOT DELIVERED: receiver:siren: took nothing (0123456789abcdef)"
