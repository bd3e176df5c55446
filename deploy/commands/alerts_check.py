"""``steadyline alerts check``: does every lapse reach a person at every moment of the days to come?"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from alerts.coverage import Hole, Proof, prove
from alerts.delivery.addresses import address_of
from alerts.delivery.ports import ReceiverError
from alerts.policies import PolicyError, example_text, load
from alerts.policies import example as example_policy
from alerts.policy import Policy
from deploy.commands.options import Json, Rules, examples, moment
from deploy.consoles import emit, note, out, words
from deploy.exits import BAD_INPUT, FINE, LAPSED, bad_input
from deploy.replaying.session import rules_or_leave
from streams.events.times import spoken
from streams.severity import Severity

EXAMPLES = examples(
    "steadyline alerts check policy.toml",
    "steadyline alerts check policy.toml --days 365 --rules my-agreements/ --json",
    "Exit codes: 0 every lapse reaches a person, 1 there are holes, 2 bad use, 3 the policy is faulty or cannot be read.",
)
EXAMPLE_EXAMPLES = examples("steadyline alerts example", "steadyline alerts example --json")
_NAMED = 5
"""So many rules are named with a hole; the others are counted."""

PolicyFile = Annotated[Path, typer.Argument(metavar="POLICY", help="The policy (TOML).", show_default=False)]
PolicyOption = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", help="The policy (TOML).  [default: the example that comes along]"),
]


def check(
    file: PolicyFile,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=3_660, help="For so many days to come.")] = 90,
    start: Annotated[
        datetime | None,
        typer.Option("--from", metavar="TIME", parser=moment, help="From then on: 2026-01-31T08:00Z.  [default: now]"),
    ] = None,
    least: Annotated[Severity, typer.Option("--least", help="What is less loud may reach nobody.")] = Severity.INFO,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Prove that every lapse the agreements can raise reaches a person at every moment, or name the holes.

    First the file itself: every fault with its line and field. Then each rule with each severity it could have is led along
    every route it may take, through every watch of every rota; handovers, overrides and calendars included.
    """
    try:
        policy = load(file)
    except PolicyError as error:
        _show_faults(error, as_json=as_json)
    except OSError as error:
        bad_input(f"{file}: {error.strerror or error}")
    proof = prove(policy, rules_or_leave(rules), start or datetime.now(UTC), timedelta(days=days), least)
    proof = msgspec.structs.replace(proof, notes=(*proof.notes, *_addresses(policy, file.parent)))
    if as_json:
        for hole in proof.holes:
            emit(msgspec.json.encode({"hole": hole}))
        for remark in proof.notes:
            emit(msgspec.json.encode({"note": remark}))
        summary = {"holes": len(proof.holes), "rules": proof.rules, "kinds": proof.kinds, "from": proof.start, "to": proof.end}
        emit(msgspec.json.encode({"summary": summary}))
    else:
        _show(proof, policy)
    raise typer.Exit(LAPSED if proof.holes else FINE)


def example(as_json: Json = False) -> None:
    """Print a policy to begin one's own with."""
    if as_json:
        emit(msgspec.json.encode(example_policy(), enc_hook=str))
    else:
        typer.echo(example_text(), nl=False)


def policy_or_leave(file: Path | None) -> Policy:
    """The policy of a file, or the example; leaves with 3 where the file cannot be used."""
    try:
        return example_policy() if file is None else load(file)
    except PolicyError as error:
        bad_input(str(error))
    except OSError as error:
        bad_input(f"{file}: {error.strerror or error}")


def _addresses(policy: Policy, base: Path) -> Iterator[str]:
    """Addresses that cannot be read here; where the desk runs they may stand."""
    for receiver in policy.receivers:
        try:
            if receiver.kind != "log":
                address_of(receiver, base)
        except ReceiverError as error:
            yield f"{error}; nothing reaches it on this machine"


def _show_faults(error: PolicyError, *, as_json: bool) -> None:
    for problem in error.problems:
        if as_json:
            emit(msgspec.json.encode({**problem._asdict(), "ok": False}))
        else:
            out().print(words(str(problem)), soft_wrap=True)
    raise typer.Exit(BAD_INPUT)


def _show(proof: Proof, policy: Policy) -> None:
    console = out()
    for hole in proof.holes:
        console.print(words(f"HOLE {_in_words(hole)}", "bold red"), soft_wrap=True)
    span = f"from {spoken(proof.start)} to {spoken(proof.end)}"
    looked = f"{proof.rules} rules, {proof.kinds} kinds of lapse, {len(policy.routes)} routes, {span}"
    if proof.holes:
        console.print(words(f"{len(proof.holes)} holes; looked at {looked}."), soft_wrap=True)
    else:
        console.print(words(f"Every lapse reaches a person at every moment: {looked}."), soft_wrap=True)
    for remark in proof.notes:
        note(remark)


def _in_words(hole: Hole) -> str:
    when = f" from {spoken(hole.start)} to {spoken(hole.end)}" if hole.start and hole.end else ""
    by = f" ({' or '.join(f'route {route}' for route in hole.routes)})" if hole.routes else ""
    return f"{hole.why}{by}{when}{_which(hole.severities, hole.rules)}"


def _which(severities: Sequence[Severity], rules: Sequence[str]) -> str:
    if not rules:
        return ""
    named = ", ".join(rules[:_NAMED])
    more = f" and {len(rules) - _NAMED} more" if len(rules) > _NAMED else ""
    return f": {', '.join(severities)} of {named}{more}"
