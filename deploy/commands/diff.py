"""``steadyline diff``: what another set of rules changes in the judgement of the same history."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from deploy.commands.options import Json, Until, What
from deploy.commands.options import Rules as RulesOption
from deploy.consoles import emit, out, words
from deploy.exits import BAD_INPUT, FINE, LAPSED, bad_use
from deploy.replaying.session import run
from deploy.showing.table import SEVERITY_STYLES, in_order, lapse_table, rule_of, state_of
from streams.events.times import spoken
from streams.lapses import Lapse
from streams.log.recording import named

_JUDGED = ("deadline", "resolved", "state", "severity", "reason", "clause", "parties")
"""What makes two judgements of one lapse differ; the ways to them (arithmetic, evidence) may differ freely."""


@dataclass(frozen=True)
class Difference:
    """One lapse on which two sets of rules do not agree; ``before`` or ``after`` is missing where one finds none."""

    before: Lapse | None
    after: Lapse | None

    @property
    def change(self) -> Literal["added", "removed", "changed"]:
        """What the other rules do to it."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def lapse(self) -> Lapse:
        """The lapse, as the other rules see it where they do."""
        lapse = self.after or self.before
        assert lapse is not None
        return lapse

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields in which the two judgements differ."""
        if self.before is None or self.after is None:
            return ()
        return tuple(name for name in _JUDGED if getattr(self.before, name) != getattr(self.after, name))


def differences(before: list[Lapse], after: list[Lapse]) -> Iterator[Difference]:
    """Where two judgements of one history differ, by onset; a withdrawn lapse is none."""
    left, right = _standing(before), _standing(after)
    for key in sorted({**left, **right}, key=lambda key: ((left.get(key) or right[key]).onset, key)):
        difference = Difference(left.get(key), right.get(key))
        if difference.change != "changed" or difference.fields:
            yield difference


def _standing(lapses: list[Lapse]) -> dict[tuple[bool, str], Lapse]:
    return {(lapse.exercise, lapse.id): lapse for lapse in lapses if lapse.state != "withdrawn"}


def diff(what: What, rules: RulesOption = None, as_json: Json = False, until: Until = None) -> None:
    """Show what lapses, and what no longer does, when the same history is judged by other rules.

    Exits with 0 where nothing differs, with 1 where something does.
    """
    if rules is None:
        bad_use("diff needs --rules FILE: the agreements to compare with the built-in ones")
    if what == "-":
        bad_use("diff reads its input twice: give it a file instead of standard input")
    first = run(what, until=until)
    second = run(what, rules, until=until, progress=False)
    found = list(differences(first.result.lapses, second.result.lapses))
    if as_json:
        for difference in found:
            emit(
                msgspec.json.encode(
                    {
                        "change": difference.change,
                        "id": difference.lapse.id,
                        "fields": difference.fields,
                        "before": difference.before,
                        "after": difference.after,
                    }
                )
            )
        tally = {name: sum(each.change == name for each in found) for name in ("added", "removed", "changed")}
        emit(msgspec.json.encode({"summary": {"recording": first.given.name, "rules": named(rules), **tally}}))
    else:
        _show(found)
    first.warn()
    raise typer.Exit(BAD_INPUT if first.faulty else LAPSED if found else FINE)


def _show(found: list[Difference]) -> None:
    console = out()
    for change, heading in (("added", "only under the other rules"), ("removed", "no longer under the other rules")):
        lapses = in_order(each.lapse for each in found if each.change == change)
        if lapses:
            console.print(lapse_table(lapses, None, f"{len(lapses)} {heading}"))
    changed = [each for each in found if each.change == "changed"]
    if changed:
        table = Table(title=f"{len(changed)} judged otherwise", title_justify="left", title_style="bold", box=None)
        for heading in ("rule", "subject", "onset (UTC)", "before", "after"):
            table.add_column(heading, overflow="fold")
        for each in changed:
            assert each.before is not None
            table.add_row(
                rule_of(each.lapse),
                words(each.lapse.subject),
                spoken(each.lapse.onset),
                _judgement(each.before, each.fields),
                _judgement(each.lapse, each.fields),
            )
        console.print(table)
    if not found:
        console.print("nothing differs")


def _judgement(lapse: Lapse, fields: tuple[str, ...]) -> Text:
    text = Text()
    for name in fields:
        if text:
            text.append(", ")
        value = getattr(lapse, name)
        if name == "state":
            text.append_text(state_of(lapse))
        elif name == "severity":
            text.append(lapse.severity.value, SEVERITY_STYLES[lapse.severity.value])
        elif name in ("deadline", "resolved"):
            text.append(f"{name} {'-' if value is None else spoken(value)}")
        else:
            text.append_text(words(f"{name} {', '.join(value) if isinstance(value, tuple) else value}"))
    return text
