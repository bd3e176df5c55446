"""Whether a token may say what an event says. Pure.

An event may be said where its type, its source, every party that it names as acting, every channel and its feed are the
token's. Whom a notice was sent to is part of what it tells and is not asked about.
"""

from collections.abc import Mapping

from producers.gateway.tokens import ANY, Names, Token
from streams.events import (
    AnyEvent,
    BenchmarkReport,
    ChannelCheck,
    ChannelRequest,
    ChannelStatus,
    Contact,
    DialogueMeeting,
    FeedHeartbeat,
    IncidentReport,
    LaunchNotice,
    LaunchObservation,
    RegimeStatement,
    Retraction,
    Tick,
)

Regimes = Mapping[str, tuple[str, ...]]
"""The parties of each agreement, by its id."""


def denied(event: AnyEvent, token: Token, regimes: Regimes) -> tuple[str, str] | None:
    """Why a token may not say this: the field and the reason; ``None`` where it may.

    What a retraction takes back is not judged here: whose that is, only the ledger knows.
    """
    kind = str(event.__struct_config__.tag)
    if type(event) is Tick:
        return "$.type", "the time is told by the clock alone: no source may send ticks"
    if kind not in token.types:
        return "$.type", f"the token may not send {kind}"
    if not token.owns(event.source):
        return "$.source", f"the source {event.source[:200]!r} is none of the token's own"
    for field, wanted, allowed in _asked(event, token, regimes):
        for name in wanted:
            if name not in allowed and ANY not in allowed:
                return field, f"the token may not speak about {name}"
    return None


def _asked(event: AnyEvent, token: Token, regimes: Regimes) -> list[tuple[str, tuple[str, ...], Names]]:
    """The field, what it names, and what the token may name there."""
    parties, channels = token.parties, token.channels
    match event:
        case LaunchNotice() | LaunchObservation() | RegimeStatement():
            return [("$.data.party", (event.data.party,), parties)]
        case ChannelCheck():
            return [("$.data.channel", (event.data.channel,), channels)]
        case ChannelRequest():
            return [("$.data.party", (event.data.party,), parties), ("$.data.channel", (event.data.channel,), channels)]
        case ChannelStatus():
            return [("$.data.party", (event.data.party,), parties), ("$.data.channels", event.data.channels, channels)]
        case DialogueMeeting():
            return [("$.data.parties", event.data.parties, parties), ("$.data.channel", (event.data.channel,), channels)]
        case IncidentReport():
            return [("$.data.parties", event.data.parties, parties)]
        case Contact():
            over = () if event.data.channel is None else (event.data.channel,)
            return [("$.data.parties", event.data.parties, parties), ("$.data.channel", over, channels)]
        case BenchmarkReport():
            # A measure of nobody's own is all the parties' of its agreement; of one that nobody knows, everybody's.
            about = regimes.get(event.data.agreement, (ANY,)) if event.data.party is None else (event.data.party,)
            return [("$.data.party", about, parties)]
        case FeedHeartbeat():
            return [("$.data.feed", (event.data.feed,), token.feeds)]
        case Retraction() | Tick():
            return []
