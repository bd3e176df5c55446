"""Pages in words, for people: subject and body. Whatever comes from outside is made harmless first.

An exercise says so at both ends of both, so that no device shows a part of it that does not.
"""

import unicodedata
from datetime import datetime

from alerts.policy import Policy
from alerts.sendings import Kind, Sending
from streams.events.times import spoken
from streams.lapses import Lapse, Reason
from streams.spans import in_words

EXERCISE = "EXERCISE"
MAX_SUBJECT = 200
"""Characters of a subject."""
_EVIDENCE = 12
"""So many events, claims and steps of the reckoning are named for each lapse."""
_DETAILED = 10
"""So many lapses are told in full; the others by a line each."""
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_LABELS: dict[Kind, str] = {
    "alarm": "LAPSED",
    "unknown": "CANNOT TELL",
    "escalation": "NOT ACKNOWLEDGED",
    "nag": "STILL NOT ACKNOWLEDGED",
    "reminder": "STILL STANDS",
    "update": "UPDATE",
    "late": "LAPSED, AND OVER",
    "all-clear": "ALL CLEAR",
    "withdrawn": "WITHDRAWN",
    "undelivered": "NOT DELIVERED",
}
_TO_DO: dict[Kind, str] = {
    "alarm": "Acknowledge it, then find out why: {ack}",
    "unknown": "Nothing is known to be wrong. Find out why nothing is heard: {ack}",
    "escalation": "It is yours now. Acknowledge it: {ack}",
    "nag": "Acknowledge it: {ack}",
    "reminder": "See whether there is news. Where no event will ever end it: steadyline alerts resolve {page} --reason ...",
    "update": "Nothing, unless it changes what you do.",
    "late": "Nothing: it is over. Find out why it became known late.",
    "all-clear": "Nothing: it is over.",
    "withdrawn": "Nothing. If you acted on it, take that back: the report was disproved or withdrawn.",
    "undelivered": "See why the receiver takes nothing, or why nobody has the watch: {ack}",
}
_REASONS: dict[Reason, str] = {
    "no-notice": "nobody was told of the launch",
    "short-notice": "the notice came later than owed",
    "early-notice": "the notice came earlier than it may",
    "after-launch": "the notice came after the launch",
    "wrong-channel": "the notice came by another channel than agreed",
    "outside-window": "the launch was outside its window",
    "outside-area": "the launch was outside its area",
    "class-differs": "the launch was of another class than notified",
    "incomplete-notice": "the notice does not say all that it must",
    "near-border": "it was nearer to the border than agreed",
    "missed-check": "the check was not answered",
    "too-long-apart": "there was no contact for longer than agreed",
    "no-contact": "there was no contact after the incident",
    "unanswered": "the call was not answered",
    "acknowledged-not-answered": "the call was acknowledged, and not answered",
    "declined": "the call was declined",
    "suspended": "it was suspended",
    "cancelled": "it was cancelled",
    "renounced": "it was renounced",
    "expired": "it expired",
    "out-of-step": "the two sides do not keep pace",
    "over-quota": "the quota was exceeded",
    "not-reached": "the measure was not reached",
    "feed-silent": "the feed that would say so is silent",
}


def subject(sending: Sending, policy: Policy | None = None) -> str:  # noqa: ARG001 - as ``body``, so that callers need not care
    """One line: how loud, what kind of word, about what."""
    about = _title(sending)
    head = f"[{sending.severity.upper()}] {_label(sending)}: "
    room = MAX_SUBJECT - len(head) - 2 * (len(EXERCISE) + 2) - len(sending.page) - 2
    line = f"{head}{about if len(about) <= room else about[: room - 1] + '…'} ({sending.page})"
    return f"{EXERCISE}: {line} {EXERCISE}" if _drill(sending) else line


def body(sending: Sending, policy: Policy | None = None) -> str:
    """The whole text: what, since when, due when, which clause, on what evidence, what to do, where to look."""
    lines = [f"{_label(sending)}: {_title(sending)}", ""]
    if sending.because:
        lines += [f"Why now: {harmless(sending.because)}", ""]
    for number, lapse in enumerate(sending.lapses, start=1):
        numbered = len(sending.lapses) > 1
        lines += _detailed(lapse, number if numbered else None) if number <= _DETAILED else [f"{number}. {_about(lapse)}"]
    if sending.more:
        lines += [f"... and {sending.more} more.", ""]
    ack = f"steadyline alerts ack {sending.page}"
    lines += [f"What to do: {_TO_DO[sending.kind].format(ack=ack, page=sending.page)}"]
    if policy is not None and policy.link:
        lines.append(f"Look: {harmless(policy.link.replace('{page}', sending.page))}")
    lines.append(f"Page {sending.page}, word {sending.number}, {spoken(sending.at)}, key {sending.key}")
    if _drill(sending):
        run = f" (run {harmless(sending.run)})" if sending.run else ""
        frame = f"*** {EXERCISE} {EXERCISE} {EXERCISE}{run} ***"
        lines = [frame, "", *lines, "", frame]
    return "\n".join(lines) + "\n"


def harmless(text: str) -> str:
    """The text on one line, with every character spelled out that is not seen, or ends a line, or turns the writing round."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{ord(char):04x}" if unicodedata.category(char) in _UNSEEN else char for char in text)


def _drill(sending: Sending) -> bool:
    return sending.exercise or sending.run is not None or any(lapse.exercise for lapse in sending.lapses)


def _label(sending: Sending) -> str:
    blind = sending.lapses and all(lapse.state == "unknown" for lapse in sending.lapses)
    label = _LABELS[sending.kind]
    return f"{_LABELS['unknown']}, {label}" if blind and sending.kind in ("escalation", "nag", "reminder") else label


def _title(sending: Sending) -> str:
    if not sending.lapses:
        return harmless(sending.because)
    first, others = sending.lapses[0], len(sending.lapses) - 1 + sending.more
    return _about(first) + (f" and {others} more" if others else "")


def _about(lapse: Lapse) -> str:
    what = harmless(f"{lapse.subject}: ") + _REASONS[lapse.reason]
    parties = "" if not lapse.parties else f" [{harmless(', '.join(lapse.parties))}]"
    return f"{what}{parties}"


def _detailed(lapse: Lapse, number: int | None) -> list[str]:
    mark = "" if number is None else f"{number}. "
    marked = [word for on, word in ((lapse.proposed, "proposed agreement"), (lapse.unverified, "numbers unverified")) if on]
    marks = f" ({', '.join(marked)})" if marked else ""
    lines = [
        f"{mark}{_about(lapse)}",
        f"   state     {_state(lapse)}",
        f"   severity  {lapse.severity}",
        f"   since     {spoken(lapse.onset)}",
        f"   due       {spoken(lapse.deadline)}{_after(lapse.onset, lapse.deadline)}",
        f"   rule      {harmless(lapse.agreement)}/{harmless(lapse.rule)}{marks}",
        f"   clause    {harmless(lapse.clause)}",
    ]
    lines += [f"   source    {harmless(source)}" for source in lapse.sources[:2]]
    lines += [f"   reckoning {harmless(step)}" for step in lapse.arithmetic[:_EVIDENCE]]
    lines += [f"   claim     {harmless(claim)}" for claim in lapse.claims[:_EVIDENCE]]
    events = [harmless(event) for event in lapse.events[:_EVIDENCE]]
    if events:
        rest = len(lapse.events) - len(events)
        lines.append(f"   evidence  {', '.join(events)}{f' and {rest} more' if rest else ''}")
    if lapse.state == "withdrawn" and lapse.because:
        lines.append(f"   withdrawn by {harmless(lapse.because)}")
    return [*lines, f"   lapse     {lapse.id}, revision {lapse.revision}", ""]


def _state(lapse: Lapse) -> str:
    if lapse.resolved is not None:
        return f"over since {spoken(lapse.resolved)}, after {in_words(lapse.resolved - lapse.onset)}"
    if lapse.state == "unknown":
        return "UNKNOWN: nobody can say whether it lapsed"
    return {"open": "OPEN: not met", "resolved": "over", "withdrawn": "withdrawn"}[lapse.state]


def _after(onset: datetime, deadline: datetime) -> str:
    return f", {in_words(deadline - onset)} after it" if deadline > onset else ""
