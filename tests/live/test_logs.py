"""The worker's log: one line an entry, whatever stands in it."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from streams.live.logs import LONGEST, Again, Format, about, clean, config, configure, safe

HOSTILE = "east\n2026-01-01T00:00:00Z [info] all is well\x1b[2J\r\u202eretsacnep\u2028\x00\x9b"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """What was set up before."""
    root, handlers, level = logging.getLogger(), list(logging.getLogger().handlers), logging.getLogger().level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.NOTSET)


def written(form: Format = "json", **settings: Any) -> io.StringIO:
    stream = io.StringIO()
    configure(form=form, stream=stream, **settings)
    return stream


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_own_entries_and_those_of_libraries_have_one_form() -> None:
    stream = written(run="taiwan-2022")
    with about(partition=3):
        structlog.stdlib.get_logger("streams.live.x").info("state read back", offset=7)
        logging.getLogger("faust.app").warning("slow: %s", "x")
    own, theirs = entries(stream)
    assert own.pop("timestamp").endswith("Z")
    assert theirs.pop("timestamp").endswith("Z")
    assert own == {
        "event": "state read back",
        "level": "info",
        "logger": "streams.live.x",
        "offset": 7,
        "partition": 3,
        "run": "taiwan-2022",
    }
    assert theirs == {"event": "slow: x", "level": "warning", "logger": "faust.app", "partition": 3, "run": "taiwan-2022"}


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("by", ["structlog", "logging", "exception", "nested", "key"])
def test_hostile_text_neither_begins_a_line_nor_moves_the_cursor(form: Format, by: str) -> None:
    stream = written(form)
    log = structlog.stdlib.get_logger("streams.live.x")
    match by:
        case "structlog":
            log.warning("not read", why=HOSTILE)
        case "logging":
            logging.getLogger("aiokafka").warning("not read: %s", HOSTILE)
        case "exception":
            try:
                raise ValueError(HOSTILE)
            except ValueError:
                log.exception("not read")
        case "nested":
            log.warning("not read", why={"a": [HOSTILE, HOSTILE.encode(), ValueError(HOSTILE)]})
        case "key":
            log.warning("not read", **{HOSTILE: 1})
    text = stream.getvalue()
    assert not set("\x1b\r\x00\x9b\u202e\u2028") & set(text)
    lines = text.splitlines()
    if form == "json" or by != "exception":
        assert len(lines) == 1
    # What follows the first line is a traceback, and says so.
    assert all(line.startswith("  | ") for line in lines[1:])
    if form == "json":
        assert not any(
            char in value for value in entries(stream)[0].values() if isinstance(value, str) for char in "\x1b\r\x00"
        )


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ({"password": "f00d"}, {"password": "***"}),
        ({"sasl_plain_password": "f00d", "Api_Key": "f00d"}, {"sasl_plain_password": "***", "Api_Key": "***"}),
        ({"ping_url": "https://h/f00d"}, {"ping_url": "***"}),
        ({"token": None}, {"token": None}),
        ({"url": "https://user:f00d@host/x"}, {"url": "https://***@host/x"}),
        ({"event": "kafka://u:f00d@h:9092 and amqp://f00d@h"}, {"event": "kafka://***@h:9092 and amqp://***@h"}),
        ({"event": "GET /x?token=f00d&a=1"}, {"event": "GET /x?token=***&a=1"}),
        ({"event": "{'password': 'f00d'}"}, {"event": "{'password': ***}"}),
        ({"event": "Authorization: Bearer f00d"}, {"event": "Authorization: ***"}),
        ({"settings": {"broker": "b", "password": "f00d"}}, {"settings": {"broker": "b", "password": "***"}}),
        ({"exception": "E: https://u:f00d@h/\nline"}, {"exception": "E: https://***@h/\nline"}),
        ({"compass": "north", "passed": 3, "partitions": [1, 2]}, {"compass": "north", "passed": 3, "partitions": [1, 2]}),
        ({"source": "mail: a@b.example"}, {"source": "mail: a@b.example"}),
    ],
)
def test_secrets_are_masked_and_other_words_are_not(entry: dict[str, Any], kept: dict[str, Any]) -> None:
    assert clean(None, "", entry) == kept


@given(
    st.recursive(
        st.text() | st.binary() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_is_logged_becomes_one_printable_line(value: Any) -> None:
    line = structlog.processors.JSONRenderer(default=repr)(None, "", clean(None, "", {"event": "x", "value": value}))
    assert isinstance(line, str)
    assert line.isprintable()
    json.loads(line)


def test_long_values_are_cut() -> None:
    kept = clean(None, "", {"value": "x" * (LONGEST + 5)})["value"]
    assert kept.endswith("x... (5 more)")
    assert len(kept) < LONGEST + 20


def test_what_is_seen_stays() -> None:
    assert safe("Москва 北京 é — ok") == "Москва 北京 é — ok"
    assert safe("a\tb\x7f\U000e0001\ud800") == "a\\x09b\\x7f\\U000e0001\\ud800"


@pytest.mark.parametrize(
    ("settings", "said"), [({"level": "loud"}, "expected a log level"), ({"form": "xml"}, "expected a log format")]
)
def test_what_cannot_be_meant_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config(**settings)


def test_a_terminal_gets_words_and_all_else_json() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    configure(stream=stream)
    structlog.stdlib.get_logger("streams.x").info("hello")
    assert "hello" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    other = io.StringIO()
    configure(stream=other)
    logging.getLogger("streams.x").info("hello")
    assert entries(other)[0]["event"] == "hello"


FAUST = """
import logging, sys
import faust
from streams.live.logs import configure
wanted = configure(form="json", level="info")
app = faust.App("x", broker="kafka://127.0.0.1:1", logging_config=wanted, worker_redirect_stdouts=False)
worker = faust.Worker(app, loglevel=sys.argv[1], quiet=True)
worker._setup_logging()
import aiokafka.consumer.fetcher, faust.transport.drivers.aiokafka, mode.services, asyncio
loud = [
    name for name in logging.root.manager.loggerDict
    if name.partition(".")[0] in ("faust", "mode", "aiokafka", "asyncio", "aiohttp", "kafka")
    and logging.getLogger(name).isEnabledFor(logging.INFO)
]
assert not loud, loud
assert not logging.getLogger("streams.live.lanes").isEnabledFor(logging.DEBUG)
worker.log.info("not heard")
worker.log.warning("heard %s", "too")
logging.getLogger("streams.live.lanes").info("lane opened")
"""


@pytest.mark.parametrize("level", ["warn", "info", "debug"])
def test_faust_leaves_it_as_it_is_and_stays_quiet(level: str) -> None:
    done = subprocess.run([sys.executable, "-c", FAUST, level], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(entry["logger"], entry["event"]) for entry in told] == [
        ("faust.worker", "[^Worker]: heard too"),
        ("streams.live.lanes", "lane opened"),
    ]


def test_what_a_library_says_over_and_over_is_heard_now_and_then_with_its_count() -> None:
    now = 0.0
    again = Again(lambda: now)

    def heard(name: str, message: str, *args: object) -> str | None:
        record = logging.LogRecord(name, logging.ERROR, "", 1, message, args, None)
        return record.getMessage() if again.filter(record) else None

    assert heard("aiokafka", "Unable connect to node with id %s", 1) == "Unable connect to node with id 1"
    for number in range(50):
        assert heard("aiokafka", "Unable connect to node with id %s", number) is None
    assert heard("aiokafka", "something else") == "something else"
    now = 12.0
    assert heard("aiokafka", "Unable connect to node with id %s", 2) == (
        "Unable connect to node with id 2 (and 50 times more in 12 s)"
    )
    assert heard("aiokafka", "Unable connect to node with id %s", 2) is None
    for _ in range(3):
        assert heard("streams.live.worker", "our own are all heard") is not None
