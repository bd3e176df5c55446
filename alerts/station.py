"""The desk with what is still to be delivered: a function of the journal, and so the same after every restart. Pure.

A sending is pending from the entry that made it to the entry with its outcome. So whatever dies in between, the journal says
what is still to be said.
"""

from collections.abc import Iterator, Mapping

import msgspec

from alerts.desk import Desk, RefusedError
from alerts.journal import AnyEntry, LapseEntry, OutcomeEntry
from alerts.policy import Policy
from alerts.sendings import PASSING, Outcome, Sending
from streams.lapses import Lapse
from streams.layouts import LAYOUT_CELL, refuse_other

LAYOUT = 1
"""The layout of the state: one more whenever one version cannot read, or would misread, what the version before wrote."""
_SEPARATOR = "\x1f"
_encode = msgspec.msgpack.Encoder().encode
_sending = msgspec.msgpack.Decoder(Sending).decode


class Station:
    """A desk and its sendings.

    Attributes:
        desk: The desk.
        pending: Sendings without an outcome, by their keys, in their order.
        firing: What an Alertmanager was last told, by receiver and page: it must be told again and again.
        fired: What it was told first of that, by which it knows the page.
        refused: How many actions of the journal made no sense when their turn came.
    """

    def __init__(self, policy: Policy, *, run: str | None = None) -> None:
        """Nothing was taken in yet.

        Args:
            policy: Whom to tell what.
            run: The replay or drill that is served.
        """
        self.desk = Desk(policy, run=run)
        self.pending: dict[str, Sending] = {}
        self.firing: dict[tuple[str, str], Sending] = {}
        self.fired: dict[tuple[str, str], Sending] = {}
        self.refused = 0
        self._repeated = frozenset(receiver.id for receiver in policy.receivers if receiver.kind == "alertmanager")
        self._seen: dict[str, int] = {}
        self._changed: dict[str, bytes | None] = {}
        self._laid = False
        """Whether the state says which layout it has."""

    def knows(self, lapse: Lapse) -> bool:
        """Whether this revision, or a later one, was taken in."""
        return self._seen.get(_name(lapse), 0) >= lapse.revision

    def take(self, entry: AnyEntry) -> list[Sending]:
        """Take in one entry of the journal; what is to be delivered for it."""
        if isinstance(entry, LapseEntry):
            if self.knows(entry.lapse):
                return []
            name = _name(entry.lapse)
            self._seen[name] = entry.lapse.revision
            self._changed[f"seen{_SEPARATOR}{name}"] = str(entry.lapse.revision).encode()
        try:
            sendings = self.desk.take(entry)
        except RefusedError:
            # It made sense when it was asked for; something came before it.
            self.refused += 1
            sendings = []
        for sending in sendings:
            self.pending[sending.key] = sending
            self._changed[f"pending{_SEPARATOR}{sending.key}"] = _encode(sending)
        if isinstance(entry, OutcomeEntry):
            self._settle(entry.outcome)
        return sendings

    def changes(self) -> dict[str, bytes | None]:
        """The cells that changed since the last call, by name; ``None`` for one that is gone."""
        changed, self._changed = self._changed, {}
        changed |= {f"desk{_SEPARATOR}{_SEPARATOR.join(name)}": cell for name, cell in self.desk.changes().items()}
        if changed and not self._laid:
            self._laid, changed[LAYOUT_CELL] = True, str(LAYOUT).encode()
        return changed

    def recall(self, cells: Mapping[str, bytes]) -> None:
        """Go on from the state that ``cells`` hold. Nothing may have been taken in yet.

        Raises:
            LayoutError: when another version wrote the cells, in a layout of its own; nothing is recalled.
        """
        refuse_other(cells, LAYOUT)
        self._laid = bool(cells)
        desk = dict(_of(cells, "desk"))
        if desk:
            self.desk.recall({tuple(name.split(_SEPARATOR)): cell for name, cell in desk.items()})
        pending = sorted(
            (_sending(cell) for _, cell in _of(cells, "pending")), key=lambda each: (each.at, each.number, each.key)
        )
        self.pending = {sending.key: sending for sending in pending}
        for kind, known in (("firing", self.firing), ("fired", self.fired)):
            for name, cell in _of(cells, kind):
                receiver, page = name.split(_SEPARATOR)
                known[receiver, page] = _sending(cell)
        self._seen = {name: int(cell) for name, cell in _of(cells, "seen")}

    def _settle(self, outcome: Outcome) -> None:
        sending = self.pending.get(outcome.key)
        # What a stand-in took is done; and so is what its own receiver will not be offered again.
        if sending is None or not (outcome.delivered or (outcome.final and outcome.receiver == sending.receiver)):
            return
        del self.pending[outcome.key]
        self._changed[f"pending{_SEPARATOR}{outcome.key}"] = None
        if not outcome.delivered or sending.kind in PASSING:
            return
        if sending.clears and not sending.ends:
            # What else was told goes on firing, as loud as what stands of it.
            fires = self.firing.get((sending.receiver, sending.page))
            if fires is not None and outcome.receiver == sending.receiver:
                self._fire(sending.receiver, sending.page, msgspec.structs.replace(fires, stands=sending.stands))
        elif sending.ends:
            # Whoever took it: what was to be told that it is over must not fire on, be it that a stand-in heard of it.
            for receiver in {outcome.receiver, sending.receiver}:
                self._fire(receiver, sending.page, None)
        elif outcome.receiver in self._repeated:
            self._fire(outcome.receiver, sending.page, sending)

    def _fire(self, receiver: str, page: str, sending: Sending | None) -> None:
        place = f"{_SEPARATOR}{receiver}{_SEPARATOR}{page}"
        if sending is not None:
            if (receiver, page) not in self.firing:
                self.fired[receiver, page] = sending
                self._changed[f"fired{place}"] = _encode(sending)
            self.firing[receiver, page] = sending
            self._changed[f"firing{place}"] = _encode(sending)
        elif self.firing.pop((receiver, page), None) is not None:
            self._changed[f"firing{place}"] = None
            if self.fired.pop((receiver, page), None) is not None:
                self._changed[f"fired{place}"] = None


def _name(lapse: Lapse) -> str:
    return _SEPARATOR.join((lapse.run or "", "drill" if lapse.exercise else "", lapse.id))


def _of(cells: Mapping[str, bytes], kind: str) -> Iterator[tuple[str, bytes]]:
    start = kind + _SEPARATOR
    return ((name.removeprefix(start), cell) for name, cell in cells.items() if name.startswith(start))
