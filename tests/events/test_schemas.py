"""The JSON Schemas say what the decoder takes."""

import json

import jsonschema
import pytest
from hypothesis import given

from streams.events import AnyEvent, ChannelCheck
from streams.events.decode import encode
from streams.events.schemas import event_type, event_types, schema, short_name
from tests.events.strategies import data, events
from tests.events.test_decode import REFUSED

VALIDATOR = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())
# What a schema has no words for: relations between fields, zones, geometry, and what stands around one record.
UNSAYABLE = {
    "time without zone",
    "ingested without zone",
    "naive window",
    "a day for a time",
    "30 February",
    "no such zone",
    "no such zone of a receipt",
    "zone that is a path",
    "ingested before it happened",
    "inverted window",
    "a further window before the first",
    "self-crossing polygon",
    "a polygon without area",
    "an incident with oneself",
    "4 h clash of times",
    "local time in words",
}


@pytest.mark.parametrize("name", [None, *event_types()])
def test_every_schema_is_a_schema(name: str | None) -> None:
    document = schema(None if name is None else event_type(name))
    jsonschema.Draft202012Validator.check_schema(document)
    assert json.loads(json.dumps(document)) == document


@given(events())
def test_every_event_is_valid_by_the_schema(event: AnyEvent) -> None:
    record = json.loads(encode(event))
    VALIDATOR.validate(record)
    jsonschema.Draft202012Validator(schema(type(event))).validate(record)


@pytest.mark.parametrize(
    ("record", "name"),
    [pytest.param(case.values[0], case.id, id=case.id) for case in REFUSED if isinstance(case.values[0], dict)],
)
def test_what_the_decoder_refuses_is_invalid_where_a_schema_can_say_so(record: object, name: str) -> None:
    assert VALIDATOR.is_valid(json.loads(json.dumps(record))) == (name in UNSAYABLE)


def test_a_type_is_found_by_any_of_its_names() -> None:
    for name in ("org.steadyline.channel.check.v1", "channel.check", "ChannelCheck"):
        assert event_type(name) is ChannelCheck
    with pytest.raises(LookupError, match=r"channel\.chek.*channel\.check"):
        event_type("channel.chek")


def test_every_type_has_a_short_name_and_a_strategy() -> None:
    assert len({short_name(kind) for kind in event_types()}) == len(event_types())
    assert set(event_types().values()) == set(data)
