"""Whom alerts reach: contact points, each with its address in a file of its own, and which severity of which dyad goes where.

A contact is of exercises or it is real, never both; a routing that mixes them cannot be made. Addresses may be secrets: what is
written to files names the file that Grafana itself reads, and only what is pushed over its API holds them.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Literal

import msgspec

Kind = Literal["webhook", "email", "pagerduty", "slack"]
Real = Literal["info", "warn", "page", "critical", "blind"]
_ADDRESS: Mapping[Kind, str] = {"webhook": "url", "email": "addresses", "pagerduty": "integrationKey", "slack": "url"}
"""Which setting of Grafana's holds the address."""
_TEXTS: Mapping[Kind, Mapping[str, str]] = {
    "webhook": {"title": "title", "message": "message"},
    "email": {"subject": "title", "message": "message"},
    "pagerduty": {"summary": "title"},
    "slack": {"title": "title", "text": "message"},
}
_NAME = re.compile(r"steadyline-[a-z0-9-]{1,29}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_REAL: tuple[Real, ...] = ("info", "warn", "page", "critical", "blind")


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One contact point.

    Attributes:
        kind: What Grafana sends with.
        address_file: The file with its address: a URL, mail addresses with commas, an integration key.
        address_env: The variable of the environment that holds it, where no file does.
        exercise: It takes drills and replays and nothing else.
    """

    kind: Kind = "webhook"
    address_file: str | None = None
    address_env: str | None = None
    exercise: bool = False

    def __post_init__(self) -> None:
        if (self.address_file is None) == (self.address_env is None):
            raise ValueError("expected either `address_file` or `address_env`")
        if self.address_file is not None and not PurePosixPath(self.address_file).is_absolute():
            raise ValueError(f"expected the whole path of a file in `address_file`, got {self.address_file!r}")
        if self.address_env is not None and not _VARIABLE.fullmatch(self.address_env):
            raise ValueError(f"expected the name of a variable in `address_env`, got {self.address_env!r}")

    @property
    def place(self) -> str:
        """Where its address is."""
        return self.address_file or f"${self.address_env}"


class DyadRoute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alerts between two parties that go to contacts of their own, by severity; the others go where all go."""

    dyad: str
    to: dict[Real, str]


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which contact has what.

    Attributes:
        contacts: Every contact point by its name.
        to: The contact of each severity, and of the watch itself (``blind``).
        exercise: The contact of drills and replays.
        dyads: What goes elsewhere for a pair of parties.
    """

    contacts: dict[str, Contact]
    to: dict[Real, str]
    exercise: str
    dyads: tuple[DyadRoute, ...] = ()

    def __post_init__(self) -> None:
        for severity in _REAL:
            if severity not in self.to:
                raise ValueError(f"expected a contact for {severity} in `to`")
        for place, name in self.used():
            if name not in self.contacts:
                raise ValueError(f"{place}: expected one of the contacts ({', '.join(self.contacts)}), got {name!r}")
            if self.contacts[name].exercise:
                raise ValueError(f"{place}: {name} is for exercises; a real alert must not go there")
        drill = self.contacts.get(self.exercise)
        if drill is None or not drill.exercise:
            raise ValueError(f"expected a contact with `exercise = true` in `exercise`: {self.exercise!r} would ring for real")
        if drill.place in {one.place for one in self.contacts.values() if not one.exercise}:
            raise ValueError(f"{self.exercise}: {drill.place} is also a real contact's: a drill would ring there")
        for name in self.contacts:
            if not _NAME.fullmatch(name):
                raise ValueError(f"expected a name that begins with steadyline-, of letters, digits and -, got {name!r}")

    def used(self) -> list[tuple[str, str]]:
        """Each place that names a real contact, and the name."""
        dyads = [(f"dyads, {route.dyad}, {severity}", name) for route in self.dyads for severity, name in route.to.items()]
        return [*((f"to, {severity}", name) for severity, name in self.to.items()), *dyads]


def usual() -> Routing:
    """Three real contacts and one for exercises; their addresses are Compose's secrets."""

    def contact(name: str, *, exercise: bool = False) -> Contact:
        return Contact(address_file=f"/run/secrets/grafana-contact-{name}", exercise=exercise)

    return Routing(
        contacts={
            "steadyline-page": contact("page"),
            "steadyline-watch": contact("watch"),
            "steadyline-blind": contact("blind"),
            "steadyline-exercise": contact("exercise", exercise=True),
        },
        to={
            "info": "steadyline-watch",
            "warn": "steadyline-watch",
            "page": "steadyline-page",
            "critical": "steadyline-page",
            "blind": "steadyline-blind",
        },
        exercise="steadyline-exercise",
    )


Address = Callable[[Contact], str]
"""How the address is written: its own words, or the file that Grafana reads."""


def by_file(contact: Contact) -> str:
    """Grafana reads the file, or its own environment, itself when it starts."""
    if contact.address_file is None:
        return f"$__env{{{contact.address_env}}}"
    return f"$__file{{{contact.address_file}}}"


def contact_point(name: str, contact: Contact, address: Address) -> dict[str, object]:
    """The contact point as the provisioning API takes it; its uid is its name."""
    texts = {setting: f'{{{{ template "steadyline.{text}" . }}}}' for setting, text in _TEXTS[contact.kind].items()}
    return {
        "uid": name,
        "name": name,
        "type": contact.kind,
        "settings": {_ADDRESS[contact.kind]: address(contact), **texts},
        "disableResolveMessage": False,
    }


def secret_settings() -> frozenset[str]:
    """The settings that hold addresses: not to be shown and not to be kept."""
    return frozenset(_ADDRESS.values())
