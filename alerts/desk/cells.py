"""What a desk must remember to go on after a restart, cell by cell, in the manner of ``streams.memory``.

A cell is small enough to be written whenever it changes: the head of a page, one lapse on it, the comings and goings of one
subject, one sending whose outcome is awaited. All cells of one moment together are a state.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from alerts.desk.holding import Quieted
from alerts.desk.rotas import Handed
from alerts.desk.state import Head, Item, Page
from alerts.desk.trouble import Trouble
from alerts.policy import Policy

if TYPE_CHECKING:
    from alerts.desk.desk import Desk

Name = tuple[str, ...]
"""A cell's kind, and what it is about."""

_encode = msgspec.msgpack.Encoder(order="sorted").encode


class _Own(msgspec.Struct, frozen=True):
    """What belongs to no page."""

    now: datetime
    handed: dict[str, Handed]
    silences: list[Quieted]
    troubles: int
    policy: bytes


class Written:
    """Knows which cells were written as what."""

    def __init__(self, policy: Policy) -> None:
        self._policy = hashlib.sha256(msgspec.json.encode(policy, enc_hook=str)).digest()
        self._own = b""
        self._heads: dict[str, list[str]] = {}
        """The lapses of each page that was written."""
        self._actions: set[str] = set()

    def changes(self, desk: "Desk", touched: Iterable[str]) -> dict[Name, bytes | None]:
        """The cells that changed since the last call; ``touched`` are the pages that may have."""
        found: dict[Name, bytes | None] = {}
        for name in touched:
            page = desk.books.get(name)
            if page is None:
                found["page", name] = None
                found.update({("item", name, lapse): None for lapse in self._heads.pop(name, ())})
                continue
            found["page", name] = _encode(page.head)
            for lapse in sorted(page.touched):
                found["item", name, lapse] = _encode(page.items[lapse])
            page.touched.clear()
            self._heads[name] = list(page.items)
        found.update({("flap", key): cell for key, cell in desk.paging.flaps.changes()})
        found.update({("sent", key): cell for key, cell in desk.awaiting.changes()})
        for about in sorted(desk.troubles.touched):
            trouble = desk.troubles.known.get(about)
            found["trouble", about] = None if trouble is None else _encode(trouble)
        desk.troubles.touched.clear()
        found.update({("action", gone): None for gone in sorted(self._actions - desk.actions.keys())})
        found.update({("action", new): _encode(desk.actions[new]) for new in sorted(desk.actions.keys() - self._actions)})
        self._actions = set(desk.actions)
        own = _encode(
            _Own(desk.now, desk.saying.handed, list(desk.paging.holding.said.values()), desk.troubles.count, self._policy)
        )
        if own != self._own:
            found["desk",] = self._own = own
        return found

    def recall(self, desk: "Desk", cells: Mapping[Name, bytes]) -> tuple[datetime, dict[str, int], bool]:
        """Put the cells back; returns the desk's time, the actions it knows, and whether it had the same policy."""
        found: dict[str, dict[Name, bytes]] = {}
        for name, cell in sorted(cells.items()):
            found.setdefault(name[0], {})[name[1:]] = cell
        for (page,), cell in found.get("page", {}).items():
            desk.books[page] = Page(msgspec.msgpack.decode(cell, type=Head))
        for (page, lapse), cell in found.get("item", {}).items():
            desk.books[page].items[lapse] = msgspec.msgpack.decode(cell, type=Item)
        self._heads = {name: list(page.items) for name, page in desk.books.items()}
        desk.paging.flaps.recall({name[0]: cell for name, cell in found.get("flap", {}).items()})
        desk.awaiting.recall({name[0]: cell for name, cell in found.get("sent", {}).items()})
        for (about,), cell in found.get("trouble", {}).items():
            desk.troubles.known[about] = msgspec.msgpack.decode(cell, type=Trouble)
        actions = {name[0]: msgspec.msgpack.decode(cell, type=int) for name, cell in found.get("action", {}).items()}
        self._actions = set(actions)
        self._own = found.get("desk", {}).get((), b"")
        if not self._own:
            return desk.now, {}, False
        own = msgspec.msgpack.decode(self._own, type=_Own)
        desk.troubles.count = own.troubles
        desk.saying.handed.update(own.handed)
        desk.paging.holding.said.update({silence.name: silence for silence in own.silences})
        same = own.policy == self._policy
        return own.now, dict(sorted(actions.items(), key=lambda action: action[1])), same
