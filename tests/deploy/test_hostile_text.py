"""Text from input can neither move the cursor, nor dress itself up, nor pass for the program's own words."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.consoles import safe, words
from tests.deploy.conftest import Steadyline
from tests.deploy.records import DECLINED, request

HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold red]\u202egnp.exe\u202c\r[/]\x9b31m\u2028[link=http://x]click[/link]\ttab\x00"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\r\tc\x00", "a\\x0ab\\x0d\\x09c\\x00"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eabc", "\\u202eabc"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028end", "line\\u2028end"),
        ("\U000e0041", "\\U000e0041"),
        ("Führung 北京 «so»", "Führung 北京 «so»"),
    ],
)
def test_what_is_not_seen_is_spelled_out(text: str, seen: str) -> None:
    assert safe(text) == seen


@given(st.text())
def test_no_text_keeps_a_character_that_is_not_seen(text: str) -> None:
    shown = safe(text)
    assert shown.isprintable() or all(char.isspace() for char in shown if not char.isprintable())
    assert "\x1b" not in shown
    assert words(text).plain == shown


@pytest.mark.parametrize("arguments", [(), ("--explain",), ("--all",)])
def test_the_text_of_an_event_stays_text(
    steadyline: Steadyline, recording: Callable[..., Path], arguments: tuple[str, ...]
) -> None:
    declined = request(
        "declined", "2023-02-04T20:00:00Z", "declined", text=HOSTILE, announcement=None, reported="2023-02-07T20:00:00Z"
    ).replace(', "announcement": null', "")
    line = declined.replace('"urn:test"', json.dumps("urn:" + HOSTILE))
    result = steadyline("replay", recording(DECLINED[0], line), *arguments)
    assert result.exit_code == 1, result.output
    for char in HOSTILE:
        assert char.isprintable() or char not in result.stdout
    if arguments == ("--explain",):
        assert "[bold red]" in "".join(result.stdout.split("\n")), "markup is shown, not obeyed"
        assert "\\x1b[2J" in result.stdout


def test_json_carries_the_text_as_it_was(steadyline: Steadyline, recording: Callable[..., Path]) -> None:
    line = DECLINED[1].replace('"urn:test"', json.dumps("urn:" + HOSTILE))
    result = steadyline("replay", recording(DECLINED[0], line), "--json", "--explain")
    assert "\x1b" not in result.stdout
    lapse = json.loads(result.stdout.splitlines()[0])
    assert {event["source"] for event in lapse["evidence"]} == {"urn:test", "urn:" + HOSTILE}


def test_dead_letters_and_messages_are_made_visible(steadyline: Steadyline, recording: Callable[..., Path]) -> None:
    path = recording(DECLINED[0], f"{HOSTILE}", json.dumps({"type": HOSTILE}), name="r\x1b[2J.jsonl")
    result = steadyline("replay", path)
    assert result.exit_code == 3
    shown = result.output + steadyline("dead-letters", "list").output + steadyline("dead-letters", "show", 1).output
    for char in "\x1b\x07\x00\x9b\u202e":
        assert char not in shown
    assert "\\x1b[2J" in shown


def test_a_name_on_the_command_line_is_made_visible(steadyline: Steadyline) -> None:
    result = steadyline("replay", "us\x1b[2J[bold]")
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    assert "us\\x1b[2J[bold]" in result.output
