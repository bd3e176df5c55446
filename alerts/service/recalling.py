"""An embedded desk as its file has it: for the desk that goes on from there, and for whoever looks at it or acts on it."""

from alerts.audit import read_record
from alerts.journal import ActionEntry
from alerts.policy import Policy
from alerts.service.store import Store, StoreError
from alerts.station import Station
from streams.layouts import LayoutError


def recalled(store: Store, policy: Policy, *, run: str | None = None) -> Station:
    """The desk as it was when it last wrote its state.

    Raises:
        StoreError: when another version wrote that, in a layout of its own.
    """
    station = Station(policy, run=run)
    try:
        station.recall(store.cells())
    except LayoutError as error:
        raise StoreError(f"{store.path}: {error}") from error
    return station


def caught_up(store: Store, policy: Policy) -> Station:
    """The desk with what was done since: what people did while no desk ran counts here already.

    Raises:
        StoreError: when another version wrote the state, in a layout of its own.
    """
    station = recalled(store, policy)
    for _, data in store.actions(store.taken()):
        action = read_record(data).action
        station.take(ActionEntry(at=action.at, action=action))
    return station
