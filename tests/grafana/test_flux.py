"""No name and no choice can become part of a query: asked of the real database."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from influxdb_client.rest import ApiException

from dashboards.grafana.flux import chosen, equals, named, quoted, read
from dashboards.influx.schema import StandingRow
from tests.grafana.asking import EVERYTHING, Base, interpolated
from tests.grafana.handmade import CALL, NOW, START

HOSTILE = [
    '"',
    '") |> yield() //',
    "\\",
    '\\") or true //',
    "${1 + 1}",
    "$",
    "a\nb",
    "/",
    "x/ or true) //",
    ".*",
    "(?i)US",
    "Ü\u202e\x00\x7f",
    "'; drop",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_quoted_text_is_that_text_and_nothing_else(handmade: Base, text: str) -> None:
    if "\x00" in text:
        # The database takes no such character in any text, quoted or not.
        text = text.replace("\x00", "")
    query = f'import "array"\narray.from(rows: [{{text: {quoted(text)}}}])'
    assert _texts(handmade.ask(query)) == [text]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1), min_size=1))
def test_any_text_survives_the_way_into_a_query_and_back(handmade: Base, texts: list[str]) -> None:
    rows = ", ".join(f"{{n: {number}, text: {quoted(text)}}}" for number, text in enumerate(texts))
    found = handmade.ask(f'import "array"\narray.from(rows: [{rows}])')
    assert _texts(sorted(found, key=lambda row: row["n"])) == texts


def _texts(rows: list[dict[str, Any]]) -> list[str]:
    """The texts as they were asked for: an answer is a table whose lines end in two characters, also within a text."""
    return [row["text"].replace("\r\n", "\n") for row in rows]


@pytest.mark.parametrize("text", [text for text in HOSTILE if text != EVERYTHING])
def test_a_hostile_choice_finds_nothing_and_breaks_out_of_nothing(handmade: Base, text: str) -> None:
    query = read(StandingRow, ("stand",), chosen("name", "channel"), buckets=handmade.buckets) + " |> group() |> count()"
    asked = interpolated(query, START, NOW, {"run": "live", "channel": text})
    try:
        assert handmade.ask(asked) == []
    except ApiException as refused:
        # What is not printed ends a regular expression: the query is refused as a whole, and nothing of it runs.
        if text.isprintable() or b"compilation failed" not in refused.body:
            raise


def test_a_choice_is_that_value_whole(handmade: Base) -> None:
    query = read(StandingRow, ("stand",), chosen("name", "channel"), buckets=handmade.buckets) + " |> group() |> count()"
    for value, count in {CALL: 240, CALL[:-1]: 0, "us.china.dtl": 0, "": 0}.items():
        found = handmade.ask(interpolated(query, START, NOW, {"run": "live", "channel": value}))
        assert [row["_value"] for row in found] == ([count] if count else [])


def test_only_fields_that_are_written_can_be_asked_for(handmade: Base) -> None:
    with pytest.raises(ValueError, match="expected a field of standing"):
        read(StandingRow, ("stant",), buckets=handmade.buckets)
    with pytest.raises(ValueError, match="plain name"):
        named('run"] or true')
    assert equals("kind", "a", "b") == '(r.kind == "a" or r.kind == "b")'
