"""Policies for running desks: who is told by a webhook, at once."""

from collections.abc import Sequence

from alerts.policy import Officer, Policy, Receiver, Route, Step
from streams.spans import Span


def policy(
    url: str, *, drill: str | None = None, gather: float = 0.0, again: Sequence[float] = (), **changed: object
) -> Policy:
    """Ann is told by a webhook at once, and again after so many seconds each; drills go to a hook of their own."""
    receivers = [Receiver(id="hook", url=url), Receiver(id="log", kind="log")]
    if drill is not None:
        receivers.append(Receiver(id="drill", url=drill, exercise=True))
    steps = tuple(Step(after=Span(seconds=after), to=("person:ann",)) for after in (0.0, *again))
    fields: dict[str, object] = {
        "receivers": tuple(receivers),
        "people": (Officer(id="ann", name="Ann", receivers=("hook",)),),
        "routes": (Route(id="all", steps=steps),),
        "gather": Span(seconds=gather),
        "exercise": ("drill",) if drill is not None else (),
        "trouble": ("receiver:log",),
    }
    return Policy(**(fields | changed))  # type: ignore[arg-type]
