"""The commands as a person runs them, against the double; and against a real Grafana where one is named."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.grafana.alerting.contacts import Contact, Routing, usual
from dashboards.grafana.api import Remote
from dashboards.grafana.server import found
from dashboards.grafana.sync import compare, push
from dashboards.grafana.wanted import wanted
from tests.deploy.conftest import Steadyline
from tests.grafana.double import TOKEN, Double, running


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as made:
        yield made


@pytest.fixture
def access(double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options that name the double, its token, and contacts whose addresses are in files of the test's own."""
    for name in ("STEADYLINE_GRAFANA", "STEADYLINE_GRAFANA_TOKEN", "STEADYLINE_GRAFANA_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    lines = ['exercise = "steadyline-drill"', *(f'to.{severity} = "steadyline-real"' for severity in usual().to)]
    for name in ("real", "drill"):
        (tmp_path / name).write_text(f"https://example.org/hook/{name}-secret\n")
        drill = str(name == "drill").lower()
        lines.append(f'contacts.steadyline-{name} = {{ address_file = "{tmp_path / name}", exercise = {drill} }}')
    contacts = tmp_path / "contacts.toml"
    contacts.write_text("\n".join(lines))
    return ["--url", double.url, "--token-file", str(tmp_path / "token"), "--contacts", str(contacts)]


def test_diff_push_diff_pull(steadyline: Steadyline, double: Double, access: list[str], tmp_path: Path) -> None:
    before = steadyline("grafana", "diff", *access, "--json")
    assert before.exit_code == 1
    missing = [json.loads(line) for line in before.stdout.splitlines()]
    assert {one["what"] for one in missing} == {"missing"}
    assert double.writes() == []
    pushed = steadyline("grafana", "push", *access, "--json")
    assert pushed.exit_code == 0, pushed.stderr
    assert [json.loads(line) for line in pushed.stdout.splitlines()] == missing
    assert double.contacts["steadyline-real"]["settings"]["url"] == "https://example.org/hook/real-secret"
    after = steadyline("grafana", "diff", *access)
    assert (after.exit_code, after.stdout) == (0, "")
    pulled = steadyline("grafana", "pull", tmp_path / "kept", *access[:4])
    assert pulled.exit_code == 0
    names = pulled.stdout.split("\n")[:-1]
    assert all((tmp_path / "kept" / name).is_file() for name in names)
    assert "policies.json" in names
    said = before.stdout + before.stderr + pushed.stdout + pushed.stderr + pulled.stdout
    kept = "".join(path.read_text() for path in (tmp_path / "kept").rglob("*.json"))
    assert "secret" not in said + kept
    assert TOKEN not in said + kept


def test_two_contacts_with_one_address_are_refused_before_anything_is_written(
    steadyline: Steadyline, double: Double, access: list[str], tmp_path: Path
) -> None:
    (tmp_path / "drill").write_text((tmp_path / "real").read_text())
    result = steadyline("grafana", "push", *access)
    assert result.exit_code == 3
    assert "an exercise would ring for real" in result.stderr
    assert "secret" not in result.stderr
    assert double.asked == []


def test_what_is_missing_is_told(steadyline: Steadyline, double: Double, access: list[str], tmp_path: Path) -> None:
    url, token = access[:2], access[2:4]
    assert steadyline("grafana", "diff", *url, *access[4:]).exit_code == 2
    assert steadyline("grafana", "diff", "--url", "http://grafana.example.org", *token, *access[4:]).exit_code == 2
    assert steadyline("grafana", "diff", "--url", "grafana", *token, *access[4:]).exit_code == 2
    lost = steadyline("grafana", "push", *url, *token)
    assert lost.exit_code == 3
    assert "/run/secrets/grafana-contact-" in lost.stderr
    (tmp_path / "real").write_text("\n")
    empty = steadyline("grafana", "push", *access)
    assert empty.exit_code == 3
    assert "expected an address" in empty.stderr
    (tmp_path / "real").write_text("https://example.org/hook/real-secret")
    double.sources.clear()
    blind = steadyline("grafana", "push", *access)
    assert blind.exit_code == 3
    assert "is missing" in blind.stderr
    assert double.writes() == []


@pytest.mark.skipif(not os.environ.get("GRAFANA_URL"), reason="no GRAFANA_URL names a real Grafana (with GRAFANA_TOKEN)")
def test_a_real_grafana_takes_everything_and_gives_it_back() -> None:
    server = Remote(os.environ["GRAFANA_URL"], os.environ["GRAFANA_TOKEN"])
    contacts = {name: Contact(address_env="NOBODY", exercise=one.exercise) for name, one in usual().contacts.items()}
    contacts["steadyline-exercise"] = Contact(address_env="NOBODY_AT_ALL", exercise=True)
    routing = Routing(contacts=contacts, to=usual().to, exercise="steadyline-exercise")
    asked = wanted(routing, lambda contact: f"https://127.0.0.1:9/{contact.address_env}")
    push(server, asked)
    assert compare(asked, found(server)) == []
    assert push(server, asked) == []
