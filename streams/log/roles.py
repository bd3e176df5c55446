"""What each part of Steadyline does on a broker, and so what it must be allowed: nothing else. For brokers with ACLs."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from streams.topics import ACTIONS, DEAD_LETTERS, DESK, INPUTS, LAPSES, STATES, catalogue, in_run

Role = Literal["topics", "gateway", "worker", "desk", "writer", "page", "reader"]
ROLES: tuple[Role, ...] = get_args(Role)
Deed = Literal["CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "READ", "WRITE"]
"""Kafka's name of an operation."""
_ALL = tuple(topic.name for topic in catalogue())
_OF: dict[Role, dict[Deed, tuple[str, ...]]] = {
    # Whoever runs ``steadyline topics`` and replays onto the broker.
    "topics": {"CREATE": _ALL, "DESCRIBE": _ALL, "DESCRIBE_CONFIGS": _ALL, "WRITE": INPUTS},
    "gateway": {
        "DESCRIBE": (*INPUTS, DEAD_LETTERS),
        "DESCRIBE_CONFIGS": (*INPUTS, DEAD_LETTERS),
        "WRITE": (*INPUTS, DEAD_LETTERS),
    },
    "worker": {
        "DESCRIBE": _ALL,
        "DESCRIBE_CONFIGS": _ALL,
        "READ": INPUTS,
        # It keeps the clock: ticks stand among the events.
        "WRITE": (*INPUTS, LAPSES, STATES, DEAD_LETTERS),
    },
    "desk": {"DESCRIBE_CONFIGS": (LAPSES, ACTIONS, DESK), "READ": (LAPSES, ACTIONS, DESK), "WRITE": (ACTIONS, DESK)},
    "writer": {"READ": (*INPUTS, LAPSES, STATES, DEAD_LETTERS), "WRITE": (DEAD_LETTERS,)},
    "page": {"READ": (*INPUTS, LAPSES, STATES)},
    # ``verify``, ``record``, ``audit verify``, and looking at dead letters.
    "reader": {"READ": (*INPUTS, LAPSES, ACTIONS, DEAD_LETTERS)},
}
_APPS: dict[Role, str] = {"worker": "steadyline", "desk": "steadyline-desk"}


class Grant(NamedTuple):
    """One thing that may be done to one thing."""

    kind: Literal["topic", "group"]
    name: str
    deed: Deed


def grants(role: Role, run: str | None = None) -> tuple[Grant, ...]:
    """All that a role must be allowed, on the live topics or on those of a run.

    Raises:
        ValueError: when no run is called so.
    """
    return tuple(_grants(role, run))


def _grants(role: Role, run: str | None) -> Iterator[Grant]:
    for deed, names in _OF[role].items():
        for name in names:
            yield Grant("topic", in_run(name, run), deed)
    tail = "" if run is None else f"-run-{run}"
    if role in _APPS:
        app = f"{_APPS[role]}{tail}"
        # Faust makes the state's changelog, writes it and reads it back.
        for deed in ("CREATE", "DESCRIBE", "READ", "WRITE"):
            yield Grant("topic", f"{app}-state-changelog", deed)
        yield Grant("group", app, "READ")
    elif role == "writer":
        yield Grant("group", f"steadyline{tail}-influx", "READ")
    elif role == "reader":
        # How far the workers say they are.
        yield Grant("group", f"steadyline{tail}", "DESCRIBE")
