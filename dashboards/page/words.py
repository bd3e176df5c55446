"""What a lapse is, in one line for a person who has two seconds."""

from streams.agreements.model import Agreement
from streams.lapses import Lapse
from streams.rulebook import RuleBook

_CHANNEL = {
    "suspended": "switched off by {owes}",
    "cancelled": "cancelled by {owes}",
    "renounced": "renounced by {owes}",
    "expired": "expired",
    "missed-check": "a check was not answered",
    "too-long-apart": "no sign of life for longer than agreed",
    "unanswered": "a call was asked for and not answered",
    "acknowledged-not-answered": "a call was acknowledged and not answered",
    "declined": "{owes} declined a call",
    "feed-silent": "nobody can say: its feed is silent",
}
_LAUNCH = {
    "no-notice": "{other} was not told",
    "short-notice": "{other} was told too late",
    "early-notice": "{other} was told too early to count",
    "after-launch": "{other} was told only after it",
    "wrong-channel": "{other} was told by another channel than agreed",
    "outside-window": "outside the window that was notified",
    "outside-area": "outside the area that was notified",
    "class-differs": "not of the class that was notified",
    "incomplete-notice": "its notice does not say what it must",
    "near-border": "too near the border",
    "feed-silent": "nobody can say whether {other} was told: the feed is silent",
}
_REGIME = {
    "suspended": "suspended by {owes}",
    "renounced": "renounced by {owes}",
    "expired": "expired for {owes}",
    "out-of-step": "the two sides are out of step",
    "over-quota": "more launches without notice than allowed",
    "not-reached": "not reached by its date",
    "feed-silent": "nobody can say: the feed is silent",
}


def headline(lapse: Lapse, book: RuleBook, agreements: dict[str, Agreement]) -> tuple[str, str]:
    """What it is about, and what is wrong with it: ``("Defense Telephone Link", "PRC declined a call")``."""
    owes = lapse.parties[0] if lapse.parties else "a party"
    other = lapse.parties[1] if len(lapse.parties) > 1 else "the other side"
    name, _, rest = lapse.subject.partition("/")
    if name in book.channels:
        about, said = book.channels[name].title, _CHANNEL
    elif lapse.reason == "no-contact":
        return f"Incident {rest}", f"no contact between {' and '.join(lapse.parties)}"
    elif lapse.obligation in ("prior", "conformance"):
        about, said = f"{owes} launch {rest.partition('/')[0] or name}", _LAUNCH
    elif name == "feed" and rest in book.feeds:
        about, said = book.feeds[rest].title, _REGIME
    else:
        agreement = agreements.get(lapse.agreement)
        about, said = (agreement.title if agreement is not None else lapse.agreement), _REGIME
    return about, said.get(lapse.reason, lapse.reason.replace("-", " ")).format(owes=owes, other=other)
