"""A policy file is read whole or refused with every reason at once, each with its line and field."""

from pathlib import Path

import pytest

from alerts.policies import PolicyError, example, example_text, load, read
from alerts.policy import Policy
from streams.spans import Span

BASE = """
exercise = ["drills"]
trouble = ["person:ann"]

[[receivers]]
id = "phone"
url_file = "secrets/phone"

[[receivers]]
id = "drills"
kind = "log"
exercise = true

[[people]]
id = "ann"
name = "Ann"
receivers = ["phone"]

[[rotas]]
id = "watch"
people = ["ann"]
start = 2026-01-05

[[routes]]
id = "all"
steps = [{ to = ["rota:watch"] }]
"""


def parsed(text: str) -> Policy:
    def none(name: str) -> str:
        raise FileNotFoundError(2, "No such file or directory", name)

    return read("policy.toml", text.encode(), none)


def test_the_example_is_sound_and_means_what_it_says() -> None:
    policy = example()
    assert [str(step.after) for step in policy.routes[0].steps] == ["0 s", "15 min", "1 h"]
    assert policy.routes[1].nags == ()
    assert policy.gather == Span(seconds=10)


def test_a_file_is_read_with_the_calendar_beside_it(tmp_path: Path) -> None:
    event = "BEGIN:VEVENT\nUID:1\nDTSTART:20260601T000000Z\nDTEND:20260602T000000Z\nSUMMARY:Ann\nEND:VEVENT\n"
    (tmp_path / "watch.ics").write_text(f"BEGIN:VCALENDAR\nVERSION:2.0\n{event}END:VCALENDAR\n")
    text = BASE.replace('people = ["ann"]\nstart = 2026-01-05', 'calendar = "watch.ics"')
    (tmp_path / "policy.toml").write_text(text)
    (rota,) = load(tmp_path / "policy.toml").rotas
    assert rota.calendar_text is not None
    assert "SUMMARY:Ann" in rota.calendar_text


CHANGES = [
    (
        'url_file = "secrets/phone"',
        'url = "mailto://me:secret@example.org"',
        7,
        "receivers[0].url",
        "no password in the policy",
    ),
    ('url_file = "secrets/phone"', "", 5, "receivers[0].url", "expected either `url` or"),
    ('kind = "log"', 'kind = "pigeon"', 11, "receivers[1].kind", "expected one of alertmanager, apprise, log"),
    ('kind = "log"', 'kind = "log"\nurl = "x:"', 12, "receivers[1].url", "a log has no address"),
    ('kind = "log"', 'kind = "log"\ninstead = ["phone"]', 12, "receivers[1].instead[0]", "no drill may reach a real one"),
    ('receivers = ["phone"]', 'receivers = ["drills"]', 17, "people[0].receivers[0]", "not for exercises only"),
    ('receivers = ["phone"]', 'receivers = ["fone"]', 17, "people[0].receivers[0]", "did you mean 'phone'?"),
    ('exercise = ["drills"]', 'exercise = ["phone"]', 2, "exercise[0]", "no drill may reach a real one, got 'phone'"),
    ('trouble = ["person:ann"]', 'trouble = ["receiver:drills"]', 3, "trouble[0]", "not for exercises only"),
    ('id = "drills"', 'id = "phone"', 10, "receivers[1].id", "unique among the receivers"),
    ('people = ["ann"]', 'people = ["eve"]', 21, "rotas[0].people[0]", "expected the id of one of the people"),
    ('people = ["ann"]', 'people = ["ann"]\nzone = "Mars"', 22, "rotas[0].zone", "expected an IANA time zone"),
    ('people = ["ann"]\nstart = 2026-01-05', 'calendar = "no.ics"', 21, "rotas[0].calendar", "No such file or directory"),
    ('id = "all"', 'id = "exercise"', 25, "routes[0].id", "that is the way of drills"),
    ('to = ["rota:watch"]', 'to = ["rota:wach"]', 26, "routes[0].steps[0].to[0]", "did you mean 'watch'?"),
    ('to = ["rota:watch"]', 'to = ["watch"]', 26, "routes[0].steps[0].to[0]", "expected"),
    ('id = "all"', 'id = "all"\nquiet = "night"', 26, "routes[0].quiet", "expected the id of one of the quiet"),
    ('id = "all"', 'id = "all"\nnags = ["1 s"]', 24, "routes[0]", "of a minute or more"),
    ('id = "all"', 'id = "all"\nack_for = 7', 26, "routes[0].ack_for", "expected a span such as '15 min'"),
    ('exercise = ["drills"]', 'exercise = ["drills"]\nlink = "https://x"', 3, "link", "expected {page}"),
    ('exercise = ["drills"]', 'exercise = ["drills"]\ngather = "2 min"', 1, "", "a minute at most"),
    ('exercise = ["drills"]', 'exercises = ["drills"]', 2, "exercises", "did you mean `exercise`?"),
    ("[[routes]]", "[[route]]", 24, "route", "did you mean `routes`?"),
]


@pytest.mark.parametrize(("old", "new", "line", "field", "message"), CHANGES, ids=[change[1][:40] for change in CHANGES])
def test_a_fault_is_told_with_its_line_and_field(old: str, new: str, line: int, field: str, message: str) -> None:
    parsed(BASE)
    assert BASE.count(old) == 1
    with pytest.raises(PolicyError) as refused:
        parsed(BASE.replace(old, new))
    problems = [(problem.line, problem.field) for problem in refused.value.problems]
    assert (line, field) in problems
    assert message in next(problem.message for problem in refused.value.problems if problem.field == field)


def test_all_faults_are_told_at_once() -> None:
    text = BASE.replace('["phone"]', '["fone"]').replace('["rota:watch"]', '["rota:wach"]').replace('["drills"]', '["x"]')
    with pytest.raises(PolicyError) as refused:
        parsed(text)
    assert len(refused.value.problems) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff", "expected UTF-8, got byte 0xff"),
        (b"a = ", "expected TOML"),
        (b"a = " + b"[" * 10_000, "expected TOML"),
        (b"#" * 1_048_577, "expected at most 1048576 bytes"),
        (b"", "receivers: expected one [[receivers]] at least"),
    ],
)
def test_what_is_no_policy_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        read("policy.toml", content, lambda name: "")
    assert message in str(refused.value)


def test_no_secret_stands_in_the_example() -> None:
    assert "password" not in example_text()
    assert all(receiver.url_file or "secret" not in (receiver.url or "") for receiver in example().receivers)
