"""The proof that every lapse reaches a person finds each kind of hole, to the second, and errs on the side of holes."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from alerts.coverage import Hole, Proof, prove
from alerts.policies import example
from alerts.policy import Override, Policy, Route, Step
from streams.actions import Match
from streams.agreements.load import load_builtin
from streams.severity import Severity
from tests.desk.build import DAY, HOUR, POLICY, T0, policy

AGREEMENTS = load_builtin()
WATCH = (Step(to=("rota:duty",)),)


def proved(rules: Policy, **more: object) -> Proof:
    return prove(rules, AGREEMENTS, T0, **more)  # type: ignore[arg-type]


def holes(*routes: Route, **more: object) -> tuple[Hole, ...]:
    return proved(policy(routes=routes, **more)).holes


def test_the_example_reaches_a_person_with_every_severity_of_every_rule_for_90_days_and_for_ten_years() -> None:
    for length in (90 * DAY, 3_650 * DAY):
        proof = prove(example(), AGREEMENTS, T0, length)
        assert proof.holes == ()
    rules = {(agreement.id, rule.id) for agreement in AGREEMENTS for rule in agreement.obligations}
    feeds = sum(len(agreement.feeds) for agreement in AGREEMENTS)
    assert proof.rules == len(rules) + feeds


def test_a_severity_that_no_route_takes_is_a_hole() -> None:
    (hole,) = holes(Route(id="loud", match=Match(severities=("page", "critical", "info")), steps=WATCH))
    assert (hole.why, hole.severities) == ("no route is sure to take it", (Severity.WARN,))


def test_a_route_that_leads_to_no_person_is_a_hole_always() -> None:
    (hole,) = holes(Route(id="bell", steps=(Step(to=("receiver:siren",)),)))
    assert (hole.why, hole.start, hole.routes) == ("no step ever leads to a person", None, ("bell",))


def test_a_gap_in_a_rota_is_a_hole_from_its_first_second_to_its_last() -> None:
    rota = msgspec.structs.replace(POLICY.rotas[0], start=date(2026, 6, 8))
    stand_in = Override(person="bob", start=T0 + DAY, end=T0 + 2 * DAY)
    gaps = holes(Route(id="all", steps=WATCH), rotas=(msgspec.structs.replace(rota, overrides=(stand_in,)),))
    assert [(hole.start, hole.end) for hole in gaps] == [
        (T0, T0 + DAY),
        (T0 + 2 * DAY, datetime(2026, 6, 8, 9, tzinfo=UTC)),
    ]


def test_a_gap_that_a_later_step_fills_is_no_hole_but_worth_a_word() -> None:
    rota = msgspec.structs.replace(POLICY.rotas[0], start=date(2026, 6, 8))
    steps = (*WATCH, Step(after=example().routes[0].steps[1].after, to=("person:chief",)))
    proof = proved(policy(routes=(Route(id="all", steps=steps),), rotas=(rota,)))
    assert proof.holes == ()
    assert any("the first step reaches nobody from 2026-06-01 12:00Z to 2026-06-08 09:00Z" in note for note in proof.notes)


def test_a_route_that_may_take_a_lapse_or_not_must_lead_to_a_person_and_so_must_the_next() -> None:
    bell = Route(id="bell", match=Match(subjects=("PRC/*",)), steps=(Step(to=("receiver:siren",)),))
    everything = Route(id="all", steps=WATCH)
    (hole,) = holes(bell, everything)
    assert hole.routes == ("bell",)
    assert "us-china-channels/military-dialogues-open" not in hole.rules
    assert "customary-prelaunch/pacific" in hole.rules
    maybe = Route(id="some", match=Match(subjects=("PRC/*",)), steps=WATCH)
    (hole,) = holes(maybe)
    assert hole.why == "no route is sure to take it"


def test_a_route_that_goes_on_fills_what_the_next_leaves_open() -> None:
    bell = Route(id="bell", steps=(Step(to=("receiver:siren",)),))
    everybody = Route(id="all", steps=WATCH, go_on=True)
    assert holes(everybody, bell) == ()


def test_a_name_that_no_agreement_has_is_a_hole_for_what_it_was_meant_for_goes_another_way() -> None:
    wrong = Route(id="typing", match=Match(agreements=("hcoc-2020",), rules=("hcoc-2002/launchnotice",)), steps=WATCH)
    assert [hole.why for hole in holes(wrong, Route(id="all", steps=WATCH))] == [
        "route typing: no agreement has the id 'hcoc-2020'",
        "route typing: no agreement has the rule 'hcoc-2002/launchnotice'",
    ]


def test_what_is_less_loud_may_reach_nobody_where_that_is_said() -> None:
    loud = policy(routes=(Route(id="loud", match=Match(severities=("page", "critical")), steps=WATCH),))
    assert len(proved(loud).holes) == 1
    assert proved(loud, least=Severity.PAGE).holes == ()


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"exercise": ()}, "drills and replays are told to nobody"),
        ({"trouble": ()}, "nobody is told when a receiver takes nothing"),
    ],
)
def test_what_is_in_order_and_yet_worth_a_word_is_a_note(change: dict[str, object], note: str) -> None:
    proof = proved(policy(routes=(Route(id="all", steps=WATCH),), **change))
    assert proof.holes == ()
    assert any(note in remark for remark in proof.notes)


def test_the_proof_and_the_desk_agree_on_who_has_the_watch() -> None:
    rota = msgspec.structs.replace(POLICY.rotas[0], zone="America/New_York", days=1, start=date(2026, 5, 1))
    proof = prove(policy(routes=(Route(id="all", steps=WATCH),), rotas=(rota,)), AGREEMENTS, T0, 400 * DAY + HOUR)
    assert proof.holes == ()
