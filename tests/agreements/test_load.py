"""Agreement files are loaded whole, or refused with everything that is wrong with them."""

from pathlib import Path

import pytest

from streams.agreements.load import MAX_BYTES, AgreementError, load_builtin, load_directory, load_file, overlay
from streams.agreements.model import Prior
from streams.spans import Span

HEAD = """\
id = "pact"
title = "A pact"
standing = "treaty"
parties = ["US", "RUS"]
summary = "Two parties tell each other."
sources = ["https://example.org/pact"]
"""
FEED = """
[[feeds]]
id = "wire"
title = "A wire"
heartbeat = "1 h"
silent_after = "3 h"
"""
CHANNEL = """
[[channels]]
id = "phone"
title = "A phone"
parties = ["US", "RUS"]
kind = "line"
sources = ["https://example.org/pact"]
"""
DUTY = """
[[obligations]]
kind = "{kind}"
id = "{id}"
clause = "Art. 1"
sources = ["https://example.org/pact"]
"""


def duty(kind: str, rest: str, name: str = "duty") -> str:
    return DUTY.format(kind=kind, id=name) + rest + "\n"


PRIOR = duty("prior", 'lead = "24 h"')


def write(directory: Path, text: str, name: str = "pact") -> Path:
    path = directory / f"{name}.toml"
    path.write_text(text)
    return path


# What is wrong, the text, the text of the line at fault, the field, and what the message must say.
BROKEN: list[tuple[str, str, str, str, str]] = [
    ("a span", HEAD + PRIOR.replace("24 h", "24 hourz"), "hourz", "obligations[0].lead", "got '24 hourz'"),
    ("a span without quotes", HEAD + PRIOR.replace('"24 h"', "24"), "lead", "obligations[0].lead", "expected a span .* got 24"),
    ("a missing field", HEAD + duty("prior", ""), "[[obligations]]", "obligations[0].lead", "expected this field, got none"),
    ("a misspelt field", HEAD + PRIOR + 'wiat = "1 d"', "wiat =", "obligations[0].wiat", "did you mean `wait`"),
    ("an unknown field", HEAD + "colour = 3", "colour", "colour", "no such field; expected one of .*title"),
    ("a kind", HEAD + duty("priory", ""), "priory", "obligations[0].kind", "expected one of .*prior.*got 'priory'"),
    (
        "a severity",
        HEAD + PRIOR + 'short = "shout"',
        "shout",
        "obligations[0].short",
        "info, warn, page, critical, got 'shout'",
    ),
    ("a standing", HEAD.replace("treaty", "pinky"), "pinky", "standing", "expected one of .*norm.*got 'pinky'"),
    ("a party", HEAD.replace('"RUS"]', '"Russia"]'), "Russia", "parties[1]", "got 'Russia'"),
    ("a type", HEAD.replace('"A pact"', "7"), "title", "title", "expected `str`, got `int`"),
    ("no source", HEAD.replace('"https://example.org/pact"', ""), "sources", "sources", r"length >= 1, got \[\]"),
    ("a date", HEAD + 'epoch = { from = "soon" }', "soon", "epoch.from", "expected a date, got 'soon'"),
    ("an epoch", HEAD + "epoch = { from = 2020-01-01, until = 2019-01-01 }", "epoch", "epoch", "`until` after `from`"),
    (
        "a compass point",
        HEAD + PRIOR + 'scope.directions = { US = ["UP"] }',
        "UP",
        "obligations[0].scope.directions",
        "expected one of .*NE.* got 'UP'",
    ),
    (
        "a key that is no party",
        HEAD + PRIOR + '[obligations.scope.directions]\nrus = ["N"]',
        "scope.directions]",
        "obligations[0].scope.directions",
        "as key, got 'rus'",
    ),
    ("TOML", HEAD + "epoch = {", "epoch = {", "", "expected TOML"),
    ("a doubled key", HEAD + 'id = "again"', "again", "", "expected TOML, got: Cannot overwrite"),
    ("the file's name", HEAD.replace('"pact"', '"pakt"'), "pakt", "id", "'pact', got 'pakt'"),
    ("a doubled obligation", HEAD + PRIOR + duty("prior", 'lead = "2 d"'), 'id = "duty"', "obligations[1].id", "'duty' again"),
    ("a doubled channel", HEAD + CHANNEL + CHANNEL, 'id = "phone"', "channels[1].id", "got 'phone', the id of another channel"),
    ("a doubled feed", HEAD + FEED + FEED, 'id = "wire"', "feeds[1].id", "got 'wire', the id of another feed"),
    (
        "a channel nobody has",
        HEAD + duty("standing", 'channels = ["fax"]'),
        "fax",
        "obligations[0].channels[0]",
        "expected the id of a channel .* got 'fax'",
    ),
    ("a feed nobody has", HEAD + PRIOR + 'feed = "ticker"', "ticker", "obligations[0].feed", "id of a feed .* got 'ticker'"),
    ("a channel's feed", HEAD + CHANNEL + 'feed = "ticker"', "ticker", "channels[0].feed", "id of a feed .* got 'ticker'"),
    ("a channel's party", HEAD + CHANNEL.replace('"RUS"', '"PRC"'), '"PRC"', "channels[0].parties", "US.*got 'PRC'"),
    ("a recipient", HEAD + PRIOR + 'recipients = ["PRC"]', "recipients", "obligations[0].recipients", "got 'PRC'"),
    (
        "a dyad",
        HEAD + duty("response", 'trigger = "incident"\ndyads = [["US", "PRC"]]\nsteps = [{ severity = "warn" }]'),
        "dyads",
        "obligations[0].dyads[0]",
        "got 'PRC'",
    ),
    (
        "a conformance without its notices",
        HEAD + PRIOR + duty("conformance", 'notices = "other"', "as-told"),
        "notices",
        "obligations[1].notices",
        r"`prior` obligation of this agreement \(duty\), got 'other'",
    ),
    (
        "a balance of no notices",
        HEAD + duty("balance", 'notices = "other"\nmeasure = "withheld"\nquota = 2'),
        "notices",
        "obligations[0].notices",
        "it has none.*got 'other'",
    ),
    (
        "a balance without its quota",
        HEAD + PRIOR + duty("balance", 'notices = "duty"\nmeasure = "withheld"', "even"),
        "[[obligations]]",
        "obligations[1]",
        "expected `quota`",
    ),
    (
        "a recurrence rule",
        HEAD + CHANNEL + duty("cadence", 'channels = ["phone"]\ncalendar = { rules = ["FREQ=OFTEN"] }'),
        "OFTEN",
        "obligations[0].calendar.rules[0]",
        "expected a recurrence rule .* got 'FREQ=OFTEN'",
    ),
    (
        "a rule by which nothing is due",
        HEAD + CHANNEL + duty("cadence", 'channels = ["phone"]\ncalendar = { rules = ["FREQ=DAILY;UNTIL=19700101"] }'),
        "UNTIL",
        "obligations[0].calendar.rules",
        "got none in ten years",
    ),
    (
        "checks by the second",
        HEAD + CHANNEL + duty("cadence", 'channels = ["phone"]\ncalendar = { rules = ["FREQ=SECONDLY"] }'),
        "SECONDLY",
        "obligations[0].calendar.rules[0]",
        "whole minutes",
    ),
    (
        "a zone",
        HEAD
        + CHANNEL
        + duty("cadence", 'channels = ["phone"]\n[obligations.calendar]\nrules = ["FREQ=DAILY"]\nzone = "Asia/Soul"'),
        "Soul",
        "obligations[0].calendar.zone",
        "got 'Asia/Soul'",
    ),
    (
        "a country",
        HEAD + CHANNEL + duty("cadence", 'channels = ["phone"]\ncalendar = { rules = ["FREQ=DAILY"], holidays = "XX" }'),
        "XX",
        "obligations[0].calendar.holidays",
        "country code .* got 'XX'",
    ),
    (
        "an answer that counts twice",
        HEAD + CHANNEL + duty("cadence", 'channels = ["phone"]\ncalendar = { rules = ["FREQ=HOURLY"] }\ngrace = "2 h"'),
        "grace",
        "obligations[0].grace",
        "shorter than the 1:00:00 .* one answer would count for two",
    ),
    (
        "a cadence of two sorts",
        HEAD + CHANNEL + duty("cadence", 'channels = ["phone"]'),
        "[[obligations]]",
        "obligations[0]",
        "either `calendar` or `longest_gap`",
    ),
    (
        "steps out of order",
        HEAD
        + duty(
            "response",
            'trigger = "incident"\nsteps = [{ after = "2 h", severity = "warn" },\n{ after = "1 h", severity = "page" }]',
        ),
        '"1 h"',
        "obligations[0].steps[1].after",
        "longer than the step before's 2 h, got 1 h",
    ),
    (
        "epochs that overlap",
        HEAD + PRIOR + "epochs = [\n{ from = 2020-01-01 },\n{ from = 2010-01-01, until = 2021-01-01 },\n]",
        "2020-01-01 }",
        "obligations[0].epochs[0]",
        "do not overlap",
    ),
    (
        "a request over no channel",
        HEAD + duty("response", 'trigger = "request"\nsteps = [{ severity = "warn" }]'),
        "[[obligations]]",
        "obligations[0].channels",
        "expected the channels whose requests are meant",
    ),
    (
        "channels of an incident",
        HEAD + CHANNEL + duty("response", 'trigger = "incident"\nchannels = ["phone"]\nsteps = [{ severity = "warn" }]'),
        'channels = ["phone"]',
        "obligations[0].channels",
        "only with trigger",
    ),
    ("a regime without a name", HEAD + duty("standing", "regime = true"), "[[obligations]]", "obligations[0]", "`notice_type`"),
    (
        "an unverified field that is not there",
        HEAD + PRIOR + 'unverified = ["lead", "scope.range"]',
        "unverified",
        "obligations[0].unverified[1]",
        "got 'scope.range'",
    ),
    ("a longest lead", HEAD + PRIOR + 'longest_lead = "1 h"', "longest_lead", "obligations[0].longest_lead", "at least `lead`"),
    ("a feed", HEAD + FEED.replace("3 h", "30 min"), "silent_after", "feeds[0].silent_after", "at least one heartbeat"),
    ("a feed without a beat", HEAD + FEED.replace('"1 h"', '"0 s"'), "heartbeat", "feeds[0].heartbeat", "longer than nothing"),
    ("a table that is none", HEAD + "obligations = [3]", "obligations", "obligations[0]", "expected `object`, got `int`"),
    ("an obligation that is no list", HEAD + "obligations = 3", "obligations", "obligations", "expected `array`, got `int`"),
]


@pytest.mark.parametrize(("text", "at", "field", "message"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_is_wrong_is_named_with_file_line_and_field(tmp_path: Path, text: str, at: str, field: str, message: str) -> None:
    with pytest.raises(AgreementError, match=message) as refused:
        load_file(write(tmp_path, text))
    (problem,) = refused.value.problems
    assert (problem.file, problem.field) == ("pact.toml", field)
    rows = text.splitlines()
    # Of rows that are alike the last one is meant: a thing is doubled where it comes again.
    expected = max(number for number, row in enumerate(rows, start=1) if at in row)
    assert problem.line == expected
    assert str(refused.value).startswith(f"pact.toml:{expected}: " + (f"{field}: " if field else ""))


def test_the_message_reads_as_a_person_would_say_it(tmp_path: Path) -> None:
    with pytest.raises(AgreementError) as refused:
        load_file(write(tmp_path, HEAD + PRIOR.replace("24 h", "24 hourz")))
    assert str(refused.value) == (
        "pact.toml:13: obligations[0].lead: expected a span such as '24 h', '3 d' or '8 months', got '24 hourz'"
    )


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        HEAD.replace("treaty", "pinky").replace('"A pact"', "7")
        + FEED.replace('"1 h"', '"often"')
        + duty("prior", 'lead = "soon"\nwait = 6\ncolour = "red"', "first")
        + duty("standing", 'channels = ["fax"]', "second")
        + duty("response", 'trigger = "request"\nsteps = [{ severity = "warn" }]', "third"),
    )
    write(tmp_path, HEAD.replace("pact", "deal") + duty("standing", 'channels = ["telex", "wire"]'), "deal")
    write(tmp_path, "=", "empty")
    (tmp_path / "notes.txt").write_text("not an agreement")
    with pytest.raises(AgreementError) as refused:
        load_directory(tmp_path)
    found = [(problem.file, problem.field) for problem in refused.value.problems]
    assert found == [
        ("deal.toml", "obligations[0].channels[0]"),
        ("deal.toml", "obligations[0].channels[1]"),
        ("empty.toml", ""),
        ("pact.toml", "title"),
        ("pact.toml", "standing"),
        ("pact.toml", "feeds[0].heartbeat"),
        ("pact.toml", "obligations[0].lead"),
        ("pact.toml", "obligations[0].wait"),
        ("pact.toml", "obligations[0].colour"),
        ("pact.toml", "obligations[2].channels"),
    ]
    assert len(str(refused.value).splitlines()) == len(found)


def test_a_channel_of_a_broken_file_is_not_reported_as_missing(tmp_path: Path) -> None:
    write(tmp_path, HEAD.replace("treaty", "pinky") + CHANNEL)
    write(tmp_path, HEAD.replace("pact", "deal") + duty("standing", 'channels = ["phone"]'), "deal")
    with pytest.raises(AgreementError) as refused:
        load_directory(tmp_path)
    assert [problem.file for problem in refused.value.problems] == ["pact.toml"]


def test_a_file_that_is_too_big_is_refused_unread(tmp_path: Path) -> None:
    fits = HEAD + "#" * (MAX_BYTES - len(HEAD))
    assert load_file(write(tmp_path, fits)).id == "pact"
    with pytest.raises(AgreementError, match="expected at most 262144 bytes"):
        load_file(write(tmp_path, fits + "#"))


def test_a_file_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pact.toml"
    path.write_bytes(HEAD.encode() + b"# Z\xfcrich\n")
    with pytest.raises(AgreementError, match=r"pact\.toml:7: expected UTF-8, got byte 0xfc"):
        load_file(path)


def test_brackets_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AgreementError, match="nested too deeply"):
        load_file(write(tmp_path, "x = " + "[" * 100_000))


def test_a_file_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_file(tmp_path / "pact.toml")
    with pytest.raises(FileNotFoundError):
        load_directory(tmp_path / "nowhere")


def test_an_empty_directory_has_no_agreements(tmp_path: Path) -> None:
    assert load_directory(tmp_path) == ()


def test_a_file_may_name_channels_and_feeds_of_the_agreements_under_it(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + PRIOR + 'channels = ["nrrc-us-rus"]\nfeed = "nrrc-us-rus"')
    assert load_file(path).id == "pact"
    with pytest.raises(AgreementError, match="nrrc-us-rus"):
        load_file(path, base=())


def test_a_channel_of_the_agreements_under_it_cannot_be_taken(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + CHANNEL.replace('"phone"', '"us-china-dtl"'))
    with pytest.raises(AgreementError, match=r"pact\.toml:9: channels\[0\]\.id: .*another channel \(us-china-channels\)"):
        load_file(path)


def test_replacing_an_agreement_must_leave_the_channels_that_others_name(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD.replace("pact", "nrrc-1987"), "nrrc-1987")
    with pytest.raises(AgreementError, match=r"launch-1988\.toml: obligations\[0\]\.channels\[0\]: .*'nrrc-us-rus'"):
        load_file(path)


def test_an_overlay_replaces_agreements_of_the_same_id_and_adds_new_ones(tmp_path: Path) -> None:
    write(tmp_path, HEAD + PRIOR)
    write(tmp_path, HEAD.replace('"pact"', '"launch-1988"') + duty("prior", 'lead = "48 h"'), "launch-1988")
    others = load_directory(tmp_path)
    result = overlay(load_builtin(), others)
    assert [agreement.id for agreement in result] == sorted({*(a.id for a in load_builtin()), "pact"})
    (replaced,) = [agreement for agreement in result if agreement.id == "launch-1988"]
    (prior,) = replaced.obligations
    assert isinstance(prior, Prior)
    assert prior.lead == Span.parse("48 h")
    assert all(agreement in result for agreement in load_builtin() if agreement.id != "launch-1988")


def test_an_overlay_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    other = load_file(write(tmp_path, HEAD + CHANNEL))
    clash = load_file(write(tmp_path, HEAD.replace("pact", "deal") + CHANNEL, "deal"))
    with pytest.raises(AgreementError, match=r"pact\.toml: channels\[0\]\.id: .*another channel \(deal\)"):
        overlay((clash,), (other,))


def test_an_overlay_of_nothing_changes_nothing() -> None:
    assert overlay(load_builtin(), ()) == load_builtin()
