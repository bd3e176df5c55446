"""What must hold for any history: order, duplicates, ticks and silence."""

from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.agreements.model import Agreement
from streams.events import AnyEvent
from streams.lapses import encode_lapse
from streams.watch import Watch
from tests.core.histories import HOURS, histories
from tests.core.world import END, FED, START, WORLD, at, event, final

Rules = tuple[Agreement, ...]
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def in_one_step(events: list[AnyEvent], rules: Rules = WORLD) -> Watch:
    """A watch that is given everything before any time passes."""
    watch = Watch(rules)
    for one in events:
        watch.receive(one)
    watch.advance(END)
    return watch


@MANY
@given(st.sampled_from([WORLD, FED]), histories(), st.randoms(use_true_random=False), st.lists(HOURS, max_size=8))
def test_any_arrival_order_gives_the_same_final_lapses(
    rules: Rules, events: list[AnyEvent], random: Random, ticks: list[float]
) -> None:
    expected = final(in_one_step(sorted(events, key=lambda one: (one.time, one.id)), rules))
    shuffled = list(events)
    random.shuffle(shuffled)
    watch = Watch(rules)
    moments = sorted(ticks)
    every = max(1, len(shuffled) // (len(moments) + 1))
    for number, one in enumerate(shuffled):
        if number % every == 0 and moments:
            watch.advance(at(moments.pop(0)))
        watch.receive(one)
    watch.advance(END)
    assert final(watch) == expected


@MANY
@given(histories(), st.randoms(use_true_random=False))
def test_duplicates_change_nothing(events: list[AnyEvent], random: Random) -> None:
    watch = Watch(WORLD)
    watch.advance(START)
    once = list(events)
    random.shuffle(once)
    seen: list[AnyEvent] = []
    for one in once:
        watch.advance(one.known)
        watch.receive(one)
        seen.append(one)
        again = random.choice(seen)
        before = [encode_lapse(lapse) for lapse in watch.lapses()]
        assert watch.receive(again) == []
        assert [encode_lapse(lapse) for lapse in watch.lapses()] == before


@MANY
@given(histories(), st.lists(HOURS, max_size=20))
def test_the_same_log_gives_the_same_bytes(events: list[AnyEvent], ticks: list[float]) -> None:
    def run() -> list[bytes]:
        watch, moments, out = Watch(WORLD), sorted(ticks), []
        for number, one in enumerate(events):
            if number < len(moments):
                out += watch.advance(at(moments[number]))
            out += watch.receive(one)
        return [encode_lapse(lapse) for lapse in [*out, *watch.advance(END)]]

    assert run() == run()


@MANY
@given(st.sampled_from([WORLD, FED]), histories(), st.lists(HOURS, min_size=1, max_size=30))
def test_advancing_in_one_step_equals_advancing_in_many(rules: Rules, events: list[AnyEvent], ticks: list[float]) -> None:
    one, many = Watch(rules), Watch(rules)
    for watch in (one, many):
        watch.advance(START)
        for each in events:
            watch.receive(each)
    stepwise = [lapse for moment in sorted(ticks) for lapse in many.advance(at(moment))]
    assert stepwise + many.advance(END) == one.advance(END)


@MANY
@given(histories(), HOURS)
def test_an_event_from_the_future_moves_nothing_until_its_time(events: list[AnyEvent], hours: float) -> None:
    watch = Watch(WORLD)
    for one in sorted(events, key=lambda one: (one.time, one.id)):
        watch.advance(one.known)
        watch.receive(one)
    now, before = watch.now, watch.lapses()
    ahead = event("channel.status", "ahead", 24 * 30 + hours, {"channels": ["phone"], "party": "BB", "status": "suspended"})
    assert watch.receive(ahead) == []
    assert (watch.now, watch.lapses()) == (now, before)


@MANY
@given(histories(), HOURS)
def test_a_silent_feed_yields_unknown_and_never_a_lapse_or_a_resolve(events: list[AnyEvent], hours: float) -> None:
    """From ``hours`` on nothing of the feed's comes any more: no heartbeat, and none of the checks it carries."""
    silent_from = at(hours)
    carried = ("org.steadyline.channel.check.v1", "org.steadyline.feed.heartbeat.v1")
    others = ("east", "west")
    kept = [
        one
        for one in events
        if not (type(one).__struct_config__.tag in carried and one.time >= silent_from)
        and not (
            type(one).__struct_config__.tag == "org.steadyline.contact.v1" and getattr(one.data, "channel", None) in others
        )
        and type(one).__struct_config__.tag not in ("org.steadyline.retraction.v1", "org.steadyline.channel.status.v1")
    ]
    watch = Watch(WORLD)
    changes = []
    for one in sorted(kept, key=lambda one: (one.time, one.id)):
        changes += watch.advance(one.known)
        changes += watch.receive(one)
    changes += watch.advance(END)
    for lapse in changes:
        if lapse.rule != "checks" or lapse.at < silent_from:
            continue
        assert lapse.change != "resolved", lapse
        # A check that was reported unanswered before the silence is evidence of its own when its grace is over.
        assert lapse.change not in ("opened", "reopened") or lapse.events, lapse
    for lapse in watch.lapses():
        if lapse.rule == "checks" and lapse.state == "open":
            # What was lapsed before the silence becomes unknown at the first slot that the feed does not vouch for.
            assert silent_from + timedelta(hours=17) > END, lapse


def test_of_two_reports_that_claim_to_be_the_same_one_the_first_counts() -> None:
    """Also while both wait for their time, where neither can be put before the other by what it says."""
    first = event("contact", "same", 5.0, {"parties": ["AA", "BB"], "channel": "phone"})
    second = event("contact", "same", 5.0, {"parties": ["AA", "BB"]})
    for one, other in ((first, second), (second, first)):
        watch = Watch(WORLD)
        watch.advance(START)
        watch.receive(one)
        watch.receive(other)
        watch.advance(END)
        heard = watch.docket.channels.records["phone"].signs
        assert bool(heard) == (one is first)
