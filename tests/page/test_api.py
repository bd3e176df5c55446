"""What the page answers to whoever asks, with and without leave."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dashboards.page.ports import Member
from dashboards.page.serve import Page
from dashboards.page.sessions import Sessions
from tests.page.serving import ADMIN, OFFICER, VIEWER, append, client, served, suspended

US_CHINA = "/api/recordings/us-china-2022"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with served() as page:
        yield page


def test_nothing_is_told_to_whoever_is_not_signed_in(page: Page) -> None:
    with client(page, signed_in=False) as anybody:
        paths = ["/api/me", US_CHINA, f"{US_CHINA}/floor?at=2023-01-01T00:00:00Z", "/api/live/stream", "/api/live/lapses/x"]
        assert {path: anybody.get(path).status_code for path in paths} == dict.fromkeys(paths, 401)
        assert anybody.post("/api/live/deeds", json={"deed": {"do": "ack", "target": "0" * 16}}).status_code == 401


def test_a_link_signs_in_once(page: Page) -> None:
    link = page.link()
    with client(page, signed_in=False) as first, client(page, signed_in=False) as second:
        entered = first.get(link)
        assert entered.headers["location"] == "/"
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/;" in cookie
        assert first.get("/api/me").json()["member"] == {"id": "ada", "name": "Ada", "role": "admin"}
        assert second.get(link).headers["location"] == "/#/sign-in/used"
        assert second.get("/api/me").status_code == 401


def test_signing_out_ends_the_session_and_takes_the_form_token(page: Page) -> None:
    with client(page) as somebody:
        form = somebody.get("/api/me").json()["form"]
        assert somebody.post("/api/sign-out").status_code == 403
        cookie = somebody.headers.get("cookie") or "; ".join(f"{name}={value}" for name, value in somebody.cookies.items())
        assert somebody.post("/api/sign-out", headers={"X-Steadyline-Form": form}).status_code == 200
        assert httpx.get(f"http://{page.bind}/api/me", headers={"Cookie": cookie}).status_code == 401


@pytest.mark.parametrize("other", ['a={"x":1}', "a b=1", "x=\xe9", "a=x y", "novalue", "=v", 'a="x', "a@b:c=1"])
def test_no_cookie_of_another_page_on_this_host_keeps_anybody_out(page: Page, other: str) -> None:
    with client(page) as somebody:
        ((name, value),) = somebody.cookies.items()
        for cookies in (f"{other}; {name}={value}", f"{name}={value}; {other}"):
            answer = httpx.get(f"http://{page.bind}/api/me", headers={b"Cookie": cookies.encode("latin-1")})
            assert answer.status_code == 200
        # Nor makes anybody of whom they are: where there are two sessions it is neither.
        twice = f"{name}={value}; {name}=another"
        assert httpx.get(f"http://{page.bind}/api/me", headers={"Cookie": twice}).status_code == 401


def test_names_that_were_thought_up_set_no_other_free() -> None:
    sessions = Sessions(lambda: datetime.now(UTC))
    for _ in range(5):
        assert sessions.must_wait("ole") == 0
    for number in range(5_100):
        assert sessions.must_wait(f"nobody-{number}") == 0
    assert sessions.must_wait("ole") > 20


def test_a_stream_ends_with_its_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.page.api._ASKED", 0.1)
    with served(log=tmp_path / "log.db") as page, client(page) as reader, client(page, signed_in=False) as other:
        other.cookies.update(reader.cookies)
        with reader.stream("GET", "/api/live/stream") as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("retry")
            form = other.get("/api/me").json()["form"]
            assert other.post("/api/sign-out", headers={"X-Steadyline-Form": form}).status_code == 200
            # It ends by itself; otherwise this would never end.
            assert sum(1 for _ in lines) < 100


def test_every_answer_is_held_to_this_page(page: Page) -> None:
    with client(page) as somebody:
        for path in ("/", "/assets/main.js", "/api/me", "/nowhere"):
            headers = somebody.get(path).headers
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "server" not in headers
        assert somebody.get("/api/me").headers["cache-control"] == "no-store"


def test_a_page_elsewhere_that_points_its_name_here_is_not_served(page: Page) -> None:
    answer = httpx.get(f"http://{page.bind}/", headers={"Host": "evil.example"})
    assert answer.status_code == 421


@pytest.mark.parametrize("path", ["/assets/../api.py", "/assets/%2e%2e/api.py", "/assets/nothing.js", "/assets//etc/passwd"])
def test_nothing_but_the_pages_own_files_is_served(page: Page, path: str) -> None:
    with client(page) as somebody:
        assert somebody.get(path).status_code == 404


def test_an_asset_is_sent_once(page: Page) -> None:
    with client(page) as somebody:
        first = somebody.get("/assets/floor.js")
        again = somebody.get("/assets/floor.js", headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_the_first_paint_is_small(page: Page) -> None:
    # What a browser fetches to draw the floor: everything but what is drawn later, as it goes over the line.
    with client(page) as somebody:
        names = [path.name for path in (Path("dashboards/page/static")).iterdir() if path.suffix in (".js", ".css", ".svg")]
        sizes = []
        for path in ["/", *(f"/assets/{name}" for name in names)]:
            with somebody.stream("GET", path) as answer:
                sizes.append(sum(len(chunk) for chunk in answer.iter_raw()))
        assert sum(sizes) < 100_000


def test_a_moment_of_a_recording_is_told_as_it_was_known_then_and_now(page: Page) -> None:
    with client(page) as somebody:
        asked = {"at": "2022-12-25T00:00:00Z"}
        then = somebody.get(f"{US_CHINA}/floor", params=asked).json()
        now = somebody.get(f"{US_CHINA}/floor", params=asked | {"known": "now"}).json()
        subject = "PRC-US/rc135-2022-12-21"
        assert subject not in {row["subject"] for row in then["lapses"].values()}
        lapse = next(key for key, row in now["lapses"].items() if row["subject"] == subject)
        assert somebody.get(f"{US_CHINA}/lapses/{lapse}", params=asked).status_code == 404
        told = somebody.get(f"{US_CHINA}/lapses/{lapse}", params=asked | {"known": "now"}).json()["why"]
        assert told["claims"] or told["events"]
        assert {event["id"] for event in told["events"]} >= {"i06-rc135-2022-12"} or told["events"]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/recordings/nothing", 404, "no recording is called 'nothing'"),
        (f"{US_CHINA}?rules=mine", 404, "no set of rules is called 'mine'"),
        (f"{US_CHINA}/floor", 400, ""),
        (f"{US_CHINA}/floor?at=yesterday", 400, ""),
        (f"{US_CHINA}/floor?at=2023-01-01T00:00:00", 422, "expected a moment with its zone"),
        ("/api/live/time-line", 404, "nothing live"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(page: Page, path: str, status: int, says: str) -> None:
    with client(page) as somebody:
        answer = somebody.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert says in answer.json()["detail"]


def test_the_api_describes_itself(page: Page) -> None:
    with client(page) as somebody:
        paths = somebody.get("/api/openapi.json").json()["paths"]
        assert {"/api/me", "/api/live/stream", "/api/live/deeds", "/api/recordings/{name}/floor"} <= set(paths)


@pytest.mark.parametrize(
    ("member", "deed", "status"),
    [
        (VIEWER, {"do": "ack", "target": "0" * 16}, 403),
        (OFFICER, {"do": "ack", "target": "0" * 16}, 409),
        (OFFICER, {"do": "hand-over", "rota": "watch", "to": "ada"}, 409),
        (ADMIN, {"do": "hand-over", "rota": "watch", "to": "ada"}, 409),
        (ADMIN, {"do": "shout", "target": "0" * 16}, 400),
    ],
)
def test_who_may_do_what(member: Member, deed: dict[str, str], status: int) -> None:
    # Without a desk, whoever may is told that there is none (409); whoever may not is told that.
    with served(owner=member) as page, client(page) as somebody:
        form = {"X-Steadyline-Form": somebody.get("/api/me").json()["form"]}
        assert somebody.post("/api/live/deeds", json={"deed": deed}, headers=form).status_code == status
        assert somebody.post("/api/live/deeds", json={"deed": deed}).status_code in (400, 403)


def test_a_session_outlives_a_restart_and_ends_with_its_day(tmp_path: Path) -> None:
    kept = tmp_path / "page" / "sessions.json"
    with served(sessions=kept) as page, client(page) as somebody:
        port, cookie = page.bind.port, "; ".join(f"{name}={value}" for name, value in somebody.cookies.items())
        form = somebody.get("/api/me").json()["form"]
    assert kept.stat().st_mode & 0o077 == 0
    assert cookie.partition("=")[2] not in kept.read_text()
    with served(sessions=kept, port=port) as page:
        answer = httpx.get(f"http://{page.bind}/api/me", headers={"Cookie": cookie})
        assert answer.status_code == 200
        assert answer.json()["form"] == form
        page.sessions.now = lambda: datetime.now(UTC) + timedelta(hours=25)
        assert httpx.get(f"http://{page.bind}/api/me", headers={"Cookie": cookie}).status_code == 401


def test_the_stream_tells_the_floor_then_what_changed_and_goes_on_where_it_was_left(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    append(log, suspended("off-1", "us-china-theater", "2024-01-01T00:00:00Z"))
    with served(log=log) as page, client(page) as somebody:
        kinds, last = [], ""
        with somebody.stream("GET", "/api/live/stream") as stream:
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    kinds.append(line.removeprefix("event: "))
                if line.startswith("id: "):
                    last = line.removeprefix("id: ")
                if line.startswith("data: ") and "us-china-theater" in line and kinds[-1] in ("floor", "patch"):
                    break
        append(log, suspended("off-2", "us-china-mmca", "2024-01-02T00:00:00Z"))
        with somebody.stream("GET", "/api/live/stream", headers={"Last-Event-ID": last}) as stream:
            for line in stream.iter_lines():
                assert line != "event: floor", "only what came since is told"
                if line.startswith("data: ") and "us-china-mmca" in line:
                    assert "us-china-theater/" not in line
                    break
        with somebody.stream("GET", "/api/live/stream", headers={"Last-Event-ID": "another-run.7"}) as stream:
            assert next(line for line in stream.iter_lines() if line.startswith("event: ")) == "event: floor"
