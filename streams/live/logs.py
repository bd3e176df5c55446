"""The worker's log: one line an entry, JSON or for people, its own entries and those of Faust and Kafka's client alike.

What stands in events is hostile, and some of it is logged: nothing in an entry can begin a line of its own or move a
terminal's cursor. What looks like a secret is masked.
"""

import logging
import logging.config
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Literal, TextIO

import structlog

Format = Literal["json", "console"]
LEVELS = ("debug", "info", "warning", "error", "critical")
NOISY = ("faust", "mode", "aiokafka", "kafka", "aiohttp", "asyncio", "urllib3", "concurrent")
"""Loggers that are heard from a warning upwards. Faust may leave the root logger at DEBUG: each needs a level of its own."""
OWN = ("streams", "producers", "alerts", "dashboards", "deploy")
MASK = "***"
AGAIN = 10.0
"""Seconds for which a library's entry is not repeated."""
LONGEST = 2_000
"""Characters of one value that are kept."""

_CHANGING = re.compile(r"[0-9]+")
_MOST_SAID = 1_000
_DEEPEST = 5
_SECRET = re.compile(
    r"(^|_)pass$|passw(or)?d|passphrase|secret|token|authorization|cookie|credential|api_?key|private_?key|ping_?url",
    re.IGNORECASE,
)
_USER_IN_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/@]*@", re.IGNORECASE)
_SECRET_IN_TEXT = re.compile(
    r"""(?P<name>(?:pass(?:word|wd|phrase)|secret|token|api_?key|authorization)["']?\s*[=:]\s*)(?:(?:bearer|basic)\s+)?"""
    r"""(?:"[^"]*"|'[^']*'|[^\s&,;"')}\]]+)""",
    re.IGNORECASE,
)
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


def configure(
    *,
    form: Format | None = None,
    level: str = "info",
    run: str | None = None,
    stream: TextIO | None = None,
) -> dict[str, Any]:
    """Set up logging for this process; returns what to give to Faust, which would otherwise set up its own over it.

    ``App(logging_config=configure(...))``, and ``worker_redirect_stdouts=False``.

    Args:
        form: ``console`` or ``json``; unset, the former on a terminal and the latter elsewhere.
        level: From where on the worker's own entries are kept, one of ``LEVELS``.
        run: The replay or drill that each entry names.
        stream: Where it goes, standard error unless told.

    Raises:
        ValueError: for another form or level.
    """
    wanted = config(form=form, level=level, run=run, stream=stream)
    logging.config.dictConfig(wanted)
    structlog.configure(
        processors=[*_first(run), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return wanted


def config(
    *, form: Format | None = None, level: str = "info", run: str | None = None, stream: TextIO | None = None
) -> dict[str, Any]:
    """The same as a dictionary for ``logging.config.dictConfig``.

    Raises:
        ValueError: for another form or level.
    """
    if level not in LEVELS:
        raise ValueError(f"expected a log level, one of {', '.join(LEVELS)}, got {level!r}")
    if form not in (None, "json", "console"):
        raise ValueError(f"expected a log format, json or console, got {form!r}")
    out = stream or sys.stderr
    if form is None:
        form = "console" if out.isatty() else "json"
    own = level.upper()
    quiet = own if logging.getLevelName(own) > logging.WARNING else "WARNING"
    last = (
        [structlog.processors.JSONRenderer(default=repr)]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0, pad_level=False
            )
        ]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "steadyline": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _first(run),
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.StackInfoRenderer(),
                    structlog.processors.format_exc_info,
                    clean if form == "json" else _indented,
                    *last,
                ],
            }
        },
        "filters": {"again": {"()": Again}},
        "handlers": {
            # Faust sets the level of the first handler of all to its own.
            "faust": {"class": "logging.NullHandler"},
            "steadyline": {"class": "logging.StreamHandler", "stream": out, "formatter": "steadyline", "filters": ["again"]},
        },
        "loggers": {
            **{name: {"level": quiet} for name in NOISY},
            **{name: {"level": own} for name in OWN},
            # The watchdog's questions; it says itself what came of them.
            "kafka": {"level": "CRITICAL"},
        },
        "root": {"level": quiet, "handlers": ["faust", "steadyline"]},
    }


class Again(logging.Filter):
    """Lets an entry of a library through once in a while, with how often it came.

    That a broker is away is said sixty times a second.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing was said yet; ``clock`` gives monotonic seconds."""
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the entry is to be heard."""
        if record.name.partition(".")[0] in OWN:
            return True
        # Numbers and addresses change from one to the next, and it is the same all the same.
        key = (record.name, _CHANGING.sub("#", str(record.msg))[:200])
        now = self._clock()
        since, count = self._said.get(key, (float("-inf"), 0))
        if now - since < AGAIN:
            self._said[key] = (since, count + 1)
            return False
        if len(self._said) >= _MOST_SAID:
            self._said.clear()
        self._said[key] = (now, 0)
        if count:
            record.msg = f"{record.getMessage()} (and {count} times more in {now - since:.0f} s)"
            record.args = ()
        return True


def about(**bound: object) -> AbstractContextManager[None]:
    """Name something in every entry of this task within, such as ``partition=3``."""
    return structlog.contextvars.bound_contextvars(**bound)


def clean(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Spell out what is not seen, mask what looks secret, and cut what is too long."""
    return {
        safe(key): _lines(value) if key in ("exception", "stack") else MASK if _is_secret(key, value) else _cleaned(value, 0)
        for key, value in entry.items()
    }


def safe(text: str) -> str:
    r"""The text with every character that is not seen spelled out: ``\x1b``, ``\u202e``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


def _first(run: str | None) -> list[Any]:
    """What every entry gets, whoever makes it."""

    def in_run(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if run is not None:
            entry.setdefault("run", run)
        return entry

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        in_run,
    ]


def _indented(logger: object, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Clean, and let no line of a traceback pass for an entry."""
    entry = clean(logger, method, entry)
    for key in ("exception", "stack"):
        if key in entry:
            entry[key] = "\n".join(f"  | {line}" for line in entry[key].split("\n"))
    return entry


def _lines(value: object) -> str:
    """A traceback: its own line ends stay."""
    return "\n".join(_text(line) for line in str(value).split("\n"))


def _is_secret(key: str, value: object) -> bool:
    return value is not None and not isinstance(value, bool) and _SECRET.search(key) is not None


def _cleaned(value: object, depth: int) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return _text(value)
        case datetime():
            return value.isoformat()
        case Mapping() if depth < _DEEPEST:
            return {
                _text(str(key)): MASK if _is_secret(str(key), each) else _cleaned(each, depth + 1)
                for key, each in value.items()
            }
        case Sequence() if depth < _DEEPEST and not isinstance(value, bytes | bytearray | memoryview):
            return [_cleaned(each, depth + 1) for each in value]
        case _:
            return _text(repr(value))


def _text(text: str) -> str:
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}... ({len(text) - LONGEST} more)"
    if "@" in text:
        text = _USER_IN_URL.sub(rf"\g<scheme>{MASK}@", text)
    if "=" in text or ":" in text:
        text = _SECRET_IN_TEXT.sub(rf"\g<name>{MASK}", text)
    return safe(text)


def _spelled(char: str) -> str:
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
