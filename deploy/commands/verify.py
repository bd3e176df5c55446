"""``steadyline verify``: whether what workers wrote is what the log says."""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.text import Text

from deploy.commands.options import Json, Rules, Until, examples
from deploy.commands.topics import Bootstrap, Run
from deploy.consoles import complain, emit, err, out, safe, words
from deploy.exits import FINE, LAPSED, bad_input, bad_use
from deploy.replaying.inputs import UnknownNameError, opened
from deploy.replaying.session import rules_or_leave
from deploy.showing.progress import bar
from deploy.showing.table import line_of
from producers.history.story import StoryError
from streams.events.times import spoken
from streams.log.recording import NoRecordingError
from streams.log.sqlite import LogError
from streams.topics import LAPSES, in_run

if TYPE_CHECKING:
    from deploy.kafka.verify import Difference, Verdict

EXAMPLES = examples(
    "steadyline verify --run us-china-2022-20260301T120000Z --bootstrap 127.0.0.1:9092",
    "steadyline verify --run us-china-2022-20260301T120000Z --bootstrap 127.0.0.1:9092 --against us-china-2022",
    "steadyline verify --bootstrap 127.0.0.1:9092 --json",
    "Exit codes: 0 the same, 1 something differs or workers are behind, 2 bad use, 3 the broker does not answer or the input "
    "is bad.",
)


def verify(
    bootstrap: Bootstrap,
    run: Run = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="STORY|FILE", help="Compare with the embedded replay of what was sent as well."),
    ] = None,
    rules: Rules = None,
    until: Until = None,
    as_json: Json = False,
    progress: Annotated[bool, typer.Option("--progress/--no-progress", help="A bar on standard error, on a terminal.")] = True,
) -> None:
    """Judge the log on Kafka anew, and compare byte for byte with the lapses and dead letters that workers wrote.

    Without --run it is the live log; --until says where the replay of --against ends. Judged is up to the last tick that came
    in all topics. What workers are not done with yet is told as behind. Rules that changed since then make differences too.
    """
    agreements = rules_or_leave(rules)
    try:
        in_run(LAPSES, run)
    except ValueError as error:
        bad_use(str(error))
    # The client takes longer to import than all other commands together take to run.
    from deploy.kafka.verify import NoRunError
    from deploy.kafka.verify import verify as verified
    from streams.log.admin import BrokerError, hushed
    from streams.log.kafka import KafkaLogError

    try:
        story = None if against is None else opened(against, agreements)
        today = None if story is None or story.story is not None else datetime.now(UTC)
        with hushed(), ExitStack() as stack:
            move = stack.enter_context(bar(err(), None)) if progress and err().is_terminal else None
            verdict = verified(bootstrap, run, agreements, story=story, until=until, today=today, progress=move)
    except (UnknownNameError, NoRunError) as error:
        bad_use(str(error))
    except (NoRecordingError, StoryError, LogError, BrokerError, KafkaLogError) as error:
        bad_input(str(error))
    if as_json:
        for difference in verdict.differences:
            emit(msgspec.json.encode(difference.row()))
        emit(msgspec.json.encode({"summary": verdict.summary()}))
    else:
        for difference in verdict.differences:
            out().print(_line(difference), soft_wrap=True)
        for sentence in _told(verdict):
            out().print(words(sentence), soft_wrap=True)
    _warn(verdict)
    raise typer.Exit(FINE if verdict.same else LAPSED)


def _line(difference: "Difference") -> Text:
    """One difference on one line."""
    against = " by the story" if difference.by == "story" else ""
    head = Text(f"{difference.what}{against}: ", "bold red" if difference.what != "behind" else "yellow")
    lapse = difference.expected or difference.found
    if difference.of == "dead-letter" or difference.what == "unreadable":
        topic, partition, offset = difference.key
        what = "record" if difference.what == "unreadable" else "dead letter of"
        return Text.assemble(head, f"{what} {safe(str(topic))}, partition {partition}, offset {offset}")
    _, name, revision = difference.key
    told = Text.assemble(head, f"{safe(str(name))} revision {revision}")
    if difference.partition is not None:
        told.append(f", partition {difference.partition}")
    if difference.fields:
        told.append(f", in {', '.join(difference.fields)}")
    return told if lapse is None else Text.assemble(told, ": ", line_of(lapse))


def _told(verdict: "Verdict") -> list[str]:
    """The verdict in words."""
    name = "The live log" if verdict.run is None else f"Run {verdict.run}"
    moments = [now for now in verdict.now.values() if now is not None]
    until = f", judged until {spoken(min(moments))}" if moments else ""
    told = [f"{name}: {verdict.events:,} events in {_many(verdict.partitions, 'partition')}{until}."]
    repeated = f" ({verdict.repeated:,} of them written more than once)" if verdict.repeated else ""
    told.append(f"{_many(verdict.written, 'revision')} written{repeated}, {verdict.expected:,} by the log.")
    if verdict.letters or verdict.letters_expected:
        told.append(f"{_many(verdict.letters, 'dead letter')} written, {verdict.letters_expected:,} by the log.")
    if verdict.story is not None:
        told.append(f"{_many(verdict.story, 'revision')} by the story.")
    if verdict.same:
        told.append("The same, byte for byte.")
    return told


def _warn(verdict: "Verdict") -> None:
    """Say on standard error what keeps the verdict from being the last word."""
    hidden = verdict.counts.total() - len(verdict.differences)
    if hidden:
        complain(f"{hidden:,} more differences are only counted")
    behind = sum(count for (what, _), count in verdict.counts.items() if what == "behind")
    if behind:
        group = "a worker" if verdict.run is None else f"a worker of run {verdict.run}"
        complain(f"behind: {behind:,} are not written yet; let {group} catch up, and verify again")
    if verdict.waiting:
        numbers = ", ".join(map(str, verdict.waiting))
        complain(f"in partition {numbers} events wait for a tick after them: they are judged by nobody yet")
    if verdict.shortened:
        complain(f"{verdict.shortened:,} records of the input topics were deleted: what rests on them cannot be verified")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
