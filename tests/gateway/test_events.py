"""What is taken in, what is refused and what is kept of it, asked of a gateway that runs."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from producers.gateway.buckets import Rates
from producers.gateway.tokens import change
from streams.agreements.load import load_builtin
from streams.events.decode import Refused, decode
from streams.watch import Watch
from tests.gateway.running import BATCH, CHANNEL, FEED, MINE, STREAM, Running, event, incident, running, tag

AHEAD = (datetime.now(UTC) + timedelta(days=30)).isoformat()


def test_an_event_is_in_the_log_when_it_is_said_to_be(gateway: Running) -> None:
    answer = gateway.post(incident("one"))
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert "one" in gateway.ids()


def test_the_log_has_what_was_sent_and_the_gateways_own_stamp(gateway: Running) -> None:
    before = datetime.now(UTC)
    sent = incident("stamped", ingested="2001-01-01T00:00:00Z", traceparent="00-1")
    assert gateway.post(sent).status_code == 202
    (record,) = [each for each in gateway.records() if each.id == "stamped"]
    kept = msgspec.json.decode(record.data)
    assert before <= datetime.fromisoformat(kept.pop("ingested")) <= datetime.now(UTC)
    assert record.data.count(b"ingested") == 1
    assert kept == {name: value for name, value in sent.items() if name != "ingested"}
    assert decode(record.data).id == "stamped"


def test_a_repeated_event_is_a_duplicate_however_it_is_spelled(gateway: Running) -> None:
    sent = incident("again")
    for spelled in (
        msgspec.json.encode(sent),
        msgspec.json.format(msgspec.json.encode(dict(reversed(sent.items()))), indent=3),
        msgspec.json.encode(sent | {"ingested": "2020-01-01T00:00:00Z"}),
        msgspec.json.encode(sent).replace(b'"again"', b'"ag\\u0061in"'),
    ):
        answer = gateway.post(spelled).json()
    # It is of a time that no watch judges any more.
    assert [one["id"] for one in answer.pop("unjudged")] == ["again"]
    assert answer == {"accepted": 0, "duplicates": 1, "refused": [], "refused_total": 0, "unjudged_total": 1}
    assert gateway.ids().count("again") == 1


def test_an_id_with_other_content_is_a_conflict_and_kept_as_a_dead_letter(gateway: Running) -> None:
    assert gateway.post(incident("taken")).status_code == 202
    answer = gateway.post(incident("taken", subject="other"))
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert gateway.ids().count("taken") == 1
    assert any(b'"taken"' in letter.data and b"other" in letter.data for letter in gateway.dead_letters())


def test_of_a_batch_the_good_go_in_and_the_bad_are_told_and_kept(gateway: Running) -> None:
    sent = [
        incident("mix-0"),
        incident("mix-1", type="nonsense"),
        incident("mix-2", source="urn:somebody:else"),
        3,
        incident("mix-0"),
        incident("mix-5", data={"gravity": "awful"}),
        incident("mix-6"),
    ]
    answer = gateway.post(sent, BATCH)
    told = answer.json()
    assert (answer.status_code, told["accepted"], told["duplicates"], told["refused_total"]) == (202, 2, 1, 4)
    assert [(one["index"], one.get("id"), one["status"], one.get("field")) for one in told["refused"]] == [
        (1, "mix-1", 422, "$.type"),
        (2, "mix-2", 403, "$.source"),
        (3, None, 422, None),
        (5, "mix-5", 422, "$.data.gravity"),
    ]
    assert {"mix-0", "mix-6"} <= set(gateway.ids())
    assert not {"mix-1", "mix-2", "mix-5"} & set(gateway.ids())
    kept = {letter.data for letter in gateway.dead_letters()}
    assert {msgspec.json.encode(sent[index]) for index in (1, 2, 3, 5)} <= kept


def test_a_batch_of_nothing_but_bad_events_is_422_and_kept(gateway: Running) -> None:
    answer = gateway.post([{"bad": 1}, {"bad": 2}], BATCH)
    assert (answer.status_code, answer.json()["refused_total"]) == (422, 2)
    assert {b'{"bad":1}', b'{"bad":2}'} <= {letter.data for letter in gateway.dead_letters()}


def test_a_stream_of_lines_goes_in_whatever_its_length_and_ends(gateway: Running) -> None:
    lines = [msgspec.json.encode(incident(f"line-{number}")) for number in range(1_203)]
    body = b"\r\n".join([*lines[:700], b"", b"nonsense", b"x" * 300_000, *lines[700:]])
    told = gateway.post(body, STREAM).json()
    assert (told["accepted"], told["refused_total"]) == (1_203, 2)
    assert [one["index"] for one in told["refused"]] == [700, 701]
    assert [name for name in gateway.ids() if name.startswith("line-")] == [f"line-{number}" for number in range(1_203)]


def test_the_lines_of_a_slow_stream_are_written_before_its_end(gateway: Running) -> None:
    seen = threading.Event()

    def lines() -> Any:
        yield msgspec.json.encode(incident("slow-1")) + b"\n"
        for _ in range(200):
            if "slow-1" in gateway.ids():
                seen.set()
                break
            threading.Event().wait(0.05)
        yield msgspec.json.encode(incident("slow-2"))

    answer = gateway.client.post("/v1/events", content=lines(), headers={"Content-Type": STREAM})
    assert answer.json()["accepted"] == 2
    assert seen.is_set()


def test_the_binary_mode_is_understood(gateway: Running) -> None:
    sent = incident("binary")
    headers = {f"ce-{name}": value for name, value in sent.items() if name != "data"}
    assert gateway.post(sent["data"], "application/json; charset=utf-8", **headers).status_code == 202
    assert gateway.post(sent).json()["duplicates"] == 1


CHECK = event("channel.check", "", {"channel": CHANNEL})
PERMITS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"types": (tag("contact"),)}, incident("no-type"), "$.type"),
    ({}, event("tick", "no-tick", {}), "$.type"),
    ({"sources": ("urn:other", "urn:test:m")}, incident("no-source"), "$.source"),
    ({"parties": ("PRC",)}, incident("no-party"), "$.data.parties"),
    ({"parties": ("US",)}, event("launch.observation", "no-launch", {"party": "PRC"}), "$.data.party"),
    ({"channels": ("nrrc-us-rus",)}, CHECK | {"id": "no-channel"}, "$.data.channel"),
    ({"feeds": ("hcoc",)}, event("feed.heartbeat", "no-feed", {"feed": FEED}), "$.data.feed"),
    ({}, event("contact", "no-way", {"parties": ["PRC", "US"], "channel": "nrrc-us-rus"}), "$.data.channel"),
    (
        {"parties": ("US",)},
        event("benchmark.report", "no-measure", {"agreement": "x", "measure": "m", "value": 1}),
        "$.data.party",
    ),
    ({}, event("retraction", "no-retraction", {"retracts": "what-nobody-sent"}), "$.data.retracts"),
]


@pytest.mark.parametrize(("limited", "sent", "field"), PERMITS, ids=[sent["id"] for _, sent, _ in PERMITS])
def test_a_token_may_say_only_what_it_is_for(
    gateway: Running, limited: dict[str, Any], sent: dict[str, Any], field: str
) -> None:
    answer = gateway.post(sent, **gateway.token(**limited))
    assert (answer.status_code, answer.json()["refused"][0]["field"]) == (403, field)
    assert sent["id"] not in gateway.ids()
    assert any(sent["id"].encode() in letter.data for letter in gateway.dead_letters())


ALLOWED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"sources": ("urn:test:*",)}, incident("prefix")),
    ({"parties": ("*",)}, event("launch.observation", "any-party", {"party": "DPRK"})),
    ({"channels": ("*",)}, event("channel.check", "any-channel", {"channel": "jdec"})),
    ({}, event("feed.heartbeat", "own-feed", {"feed": FEED})),
]


@pytest.mark.parametrize(("limited", "sent"), ALLOWED, ids=[sent["id"] for _, sent in ALLOWED])
def test_what_a_token_is_for_it_may_say(gateway: Running, limited: dict[str, Any], sent: dict[str, Any]) -> None:
    assert gateway.post(sent, **gateway.token(**limited)).status_code == 202


def test_a_source_takes_back_its_own_events_and_nobody_elses(gateway: Running) -> None:
    other = gateway.token(sources=("urn:test:other",))
    assert gateway.post(incident("mine-to-take")).status_code == 202
    back = event("retraction", "r-other", {"retracts": "mine-to-take"}, source="urn:test:other")
    assert gateway.post(back, **other).status_code == 403
    # An event of one's own under the same id does not make the other's one's own: a retraction takes back both.
    assert gateway.post(incident("mine-to-take", source="urn:test:other"), **other).status_code == 202
    assert gateway.post(back | {"id": "r-other-2"}, **other).status_code == 403
    assert gateway.post(incident("mine-alone")).status_code == 202
    assert gateway.post(event("retraction", "r-mine", {"retracts": "mine-alone"})).status_code == 202


def test_what_very_many_sources_call_alike_is_taken_back_by_none_of_them_and_in_no_time(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        wide = gateway.token(sources=("urn:wide:*",))
        shared = [incident("shared", source=f"urn:wide:{number}") for number in range(5_000)]
        assert gateway.post(shared, BATCH, **wide).json()["accepted"] == 5_000
        backs = [event("retraction", f"b-{one}", {"retracts": "shared"}, source="urn:wide:x") for one in range(2_000)]
        began = time.process_time()
        answer = gateway.post(backs, BATCH, **wide)
        # Each looked through all of the sources: that took 10 s.
        assert time.process_time() - began < 4
        assert {one["status"] for one in answer.json()["refused"]} == {403}
        every = gateway.token(sources=("urn:wide:*",), retracts_any=True)
        assert gateway.post(backs[0], **every).status_code == 202


def test_nothing_but_a_declaration_may_lie_in_the_future(gateway: Running) -> None:
    for sent in (incident("ahead", time=AHEAD), event("feed.heartbeat", "beat-ahead", {"feed": FEED}, time=AHEAD)):
        assert gateway.post(sent).status_code == 422
    status = event("channel.status", "status-ahead", {"channels": [CHANNEL], "party": "US", "status": "suspended"}, time=AHEAD)
    assert gateway.post(status | {"ingested": "2000-01-01T00:00:00Z"}).status_code == 202
    (record,) = [each for each in gateway.records() if each.id == "status-ahead"]
    assert decode(record.data).ingested is None


BAD_TOKENS = ["", "Bearer", "Bearer sl_wrong", "Basic sl_wrong", "Bearer \xe9", "Bearer " + "x" * 5_000]


@pytest.mark.parametrize("value", BAD_TOKENS, ids=range(len(BAD_TOKENS)))
def test_without_a_valid_token_nobody_is_let_in(gateway: Running, value: str) -> None:
    answer = gateway.post(incident("nobody"), Authorization=value.encode("latin-1"))  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="steadyline"')
    assert "nobody" not in gateway.ids()


def revoke(gateway: Running, name: str) -> None:
    change(
        gateway.folder / "tokens.json",
        lambda kept: msgspec.structs.replace(
            kept,
            tokens=tuple(
                msgspec.structs.replace(each, revoked=datetime.now(UTC)) if each.name == name else each for each in kept.tokens
            ),
        ),
    )


def test_an_expired_and_a_revoked_token_are_worth_nothing_at_once(gateway: Running) -> None:
    past = gateway.token(expires=datetime.now(UTC) - timedelta(seconds=1))
    assert gateway.post(incident("late"), **past).status_code == 401
    mine = gateway.token(name="to-be-revoked")
    assert gateway.post(incident("in-time"), **mine).status_code == 202
    revoke(gateway, "to-be-revoked")
    assert gateway.post(incident("too-late"), **mine).status_code == 401


@pytest.mark.parametrize("ending", ["revoked", "expired"])
def test_a_stream_ends_where_its_token_does(gateway: Running, ending: str) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=1) if ending == "expired" else None
    mine = gateway.token(name=f"stream-{ending}", **({} if expires is None else {"expires": expires}))

    def lines() -> Any:
        yield msgspec.json.encode(incident(f"{ending}-before")) + b"\n"
        while f"{ending}-before" not in gateway.ids():
            threading.Event().wait(0.05)
        if expires is None:
            revoke(gateway, f"stream-{ending}")
        while expires is not None and datetime.now(UTC) < expires:
            threading.Event().wait(0.05)
        yield msgspec.json.encode(incident(f"{ending}-after")) + b"\n"

    answer = gateway.client.post("/v1/events", content=lines(), headers={"Content-Type": STREAM, **mine})
    assert (answer.status_code, answer.json()["accepted"]) == (401, 1)
    assert f"{ending}-after" not in gateway.ids()


def test_where_the_tokens_can_be_read_by_others_nobody_is_let_in(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        (tmp_path / "tokens.json").write_bytes((tmp_path / "tokens.json").read_bytes() + b" ")
        (tmp_path / "tokens.json").chmod(0o644)
        assert gateway.post(incident("open")).status_code == 503
        (tmp_path / "tokens.json").chmod(0o600)
        assert gateway.post(incident("open")).status_code == 202


def test_who_sends_too_much_waits(tmp_path: Path) -> None:
    with running(tmp_path, rates=Rates(events=0.5, events_at_once=3)) as gateway:
        assert gateway.post([incident(f"r-{number}") for number in range(3)], BATCH).status_code == 202
        answer = gateway.post(incident("r-3"))
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 2
        other = gateway.token(name="another", sources=("urn:o",))
        assert gateway.post(incident("o", source="urn:o"), **other).status_code == 202
    with running(tmp_path, rates=Rates(bytes=1.0, bytes_at_once=500)) as gateway:
        assert gateway.post(incident("b-1", subject="x" * 400)).status_code == 202
        assert gateway.post(incident("b-2")).status_code == 429


def test_a_token_may_have_a_rate_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path, rates=Rates(events=0.5, events_at_once=1, bytes=1.0, bytes_at_once=500)) as gateway:
        quick = gateway.token(name="quick", sources=("urn:q",), events_per_second=1_000)
        batch = [incident(f"q-{number}", source="urn:q") for number in range(100)]
        assert gateway.post(batch, BATCH, **quick).json()["accepted"] == 100
        slow = gateway.token(name="slow", sources=("urn:s",), events_per_second=0.1)
        answers = [gateway.post(incident(f"s-{number}", source="urn:s"), **slow) for number in range(2)]
        assert [answer.status_code for answer in answers] == [202, 429]
        assert 5 <= int(answers[1].headers["retry-after"]) <= 10
        assert gateway.post(incident("usual")).status_code == 202
        assert gateway.post(incident("usual-2")).status_code == 429


def test_who_sends_what_the_watch_will_not_judge_is_told_and_it_is_taken_in(gateway: Running) -> None:
    now = datetime.now(UTC)
    old, recent = (now - timedelta(days=days) for days in (800, 100))
    everything = gateway.token(name="everything", channels=("*",))
    sent = [
        incident("judged", time=recent.isoformat()),
        incident("too-old", time=old.isoformat()),
        event("channel.check", "unknown", {"channel": "no-such-line"}, time=recent.isoformat()),
        {"bad": 1},
    ]
    told = gateway.post(sent, BATCH, **everything).json()
    assert (told["accepted"], told["refused_total"], told["unjudged_total"]) == (3, 1, 2)
    assert [(one["index"], one["id"]) for one in told["unjudged"]] == [(1, "too-old"), (2, "unknown")]
    assert "too late to amend anything" in told["unjudged"][0]["reason"]
    assert "no agreement knows the channel 'no-such-line'" in told["unjudged"][1]["reason"]
    assert {"judged", "too-old", "unknown"} <= set(gateway.ids())
    watch = Watch(load_builtin())
    watch.advance(now)
    for record in gateway.records():
        if record.id in ("too-old", "unknown"):
            with pytest.raises(Refused):
                watch.receive(decode(record.data))


def test_many_who_send_the_same_at_once_have_it_in_the_log_once(gateway: Running) -> None:
    batch = [incident(f"crowd-{number}") for number in range(20)]
    with ThreadPoolExecutor(8) as crowd:
        told = [answer.json() for answer in crowd.map(lambda _: gateway.post(batch, BATCH), range(8))]
    assert sum(each["accepted"] for each in told) == 20
    assert sum(each["duplicates"] for each in told) == 7 * 20
    assert sum(name.startswith("crowd-") for name in gateway.ids()) == 20


def test_what_was_taken_in_is_known_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        assert gateway.post(incident("before")).status_code == 202
    with running(tmp_path) as gateway:
        assert gateway.post(incident("before")).json()["duplicates"] == 1
        assert gateway.post(incident("before", subject="x")).status_code == 409
    (tmp_path / "ledger.db").unlink()
    with running(tmp_path) as gateway:
        # Without the ledger it is appended again, and the log has it once all the same.
        assert gateway.post(incident("before")).json()["accepted"] == 1
        assert gateway.ids() == ["before"]


def test_an_id_that_only_the_log_remembers_belongs_to_its_event_all_the_same(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        assert gateway.post(incident("lasting")).status_code == 202
    for file in tmp_path.glob("ledger.db*"):
        file.unlink()
    with running(tmp_path) as gateway:
        other = incident("lasting", data={"gravity": "high"})
        for _ in range(2):
            answer = gateway.post([incident("fresh"), other], BATCH).json()
            assert answer["accepted"] + answer["duplicates"] == 1
            assert [(one["index"], one["field"], one["status"]) for one in answer["refused"]] == [(1, "$.id", 409)]
        assert gateway.post(incident("lasting")).status_code == 202
        assert gateway.ids() == ["lasting", "fresh"]
        assert {letter.data for letter in gateway.dead_letters()} == {msgspec.json.encode(other)}


def test_the_document_describes_the_answers_and_the_events(gateway: Running) -> None:
    document = gateway.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/events",
        "/ping/{address}",
        "/ping/{address}/{told}",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    post = document["paths"]["/v1/events"]["post"]
    assert {"202", "401", "403", "409", "413", "415", "422", "429", "503"} <= set(post["responses"])
    schema = {"$ref": "#/components/schemas/Event", "components": document["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(incident("x"))
    assert not validator.is_valid(incident("x", data={"gravity": "awful"}))
    assert b"cdn" not in gateway.client.get("/openapi.json").content.lower()
    receipt = {"$ref": "#/components/schemas/Receipt", "components": document["components"]}
    jsonschema.Draft202012Validator(receipt).validate(gateway.post([incident("doc"), 1], BATCH).json())


def test_silent_sources_show_in_the_metrics(gateway: Running) -> None:
    gateway.token(name="silent-one", created=datetime.now(UTC) - timedelta(hours=1), sources=(MINE,))
    gateway.post(incident("heard"), **gateway.token(name="loud-one"))
    lines = dict(line.rsplit(" ", 1) for line in gateway.client.get("/metrics").text.splitlines() if line[0] != "#")
    assert 3_600 <= float(lines['steadyline_gateway_last_event_seconds{source="silent-one"}']) < 3_700
    assert 0 <= float(lines['steadyline_gateway_last_event_seconds{source="loud-one"}']) < 60
    assert float(lines['steadyline_gateway_events_total{outcome="accepted",source="loud-one"}']) == 1
