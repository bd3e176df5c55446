"""The desk with a certificate: who acts believes one authority and no other, and says so where it is not that one's."""

from pathlib import Path

import httpx
import pytest
import trustme

from tests.alerts.receivers import webhook
from tests.alerts.service.test_command import person, prepared, running, steadyline
from tests.certificates import issued


def test_over_tls_an_officer_asks_the_desk_and_without_it_nobody_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = issued(tmp_path)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "stranger.pem"))
    monkeypatch.setenv("STEADYLINE_CERTIFICATE_FILE", str(made.certificate))
    monkeypatch.setenv("STEADYLINE_KEY_FILE", str(made.key))
    with webhook() as hook:
        prepared(tmp_path, hook)
        token = person(tmp_path, "ann", "officer")
        with running(tmp_path) as url:
            assert url.startswith("https://127.0.0.1:")
            asked = ("alerts", "handover", "--to", url)
            monkeypatch.setenv("STEADYLINE_CA_FILE", str(made.authority))
            answered = steadyline(*asked, token=token)
            assert answered.exit_code == 0, answered.output
            for other in (str(tmp_path / "stranger.pem"), ""):
                monkeypatch.setenv("STEADYLINE_CA_FILE", other)
                refused = steadyline(*asked, token=token)
                assert refused.exit_code == 3
                assert "the desk does not answer" in refused.output
            monkeypatch.setenv("STEADYLINE_CA_FILE", str(made.key))
            assert "STEADYLINE_CA_FILE: expected certificates (PEM)" in " ".join(steadyline(*asked, token=token).output.split())
            with pytest.raises(httpx.TransportError):
                httpx.get(url.replace("https", "http") + "/healthz", trust_env=False)


@pytest.mark.parametrize(
    ("certificate", "key", "why"),
    [
        ("certificate.pem", None, "expected --certificate and --key together"),
        ("certificate.pem", "none.pem", "none.pem: no such file"),
        ("key.pem", "key.pem", "expected a certificate and its key (PEM, without a password)"),
    ],
)
def test_what_is_no_certificate_and_its_key_stops_every_service_at_once(
    certificate: str, key: str | None, why: str, tmp_path: Path
) -> None:
    issued(tmp_path)
    (tmp_path / "policy.toml").write_text("")
    given = ["--certificate", tmp_path / certificate, *([] if key is None else ["--key", tmp_path / key])]
    for command in (
        ("alerts", "run", tmp_path / "policy.toml", "--log", tmp_path / "log.db"),
        ("gateway", "run", "--to", tmp_path / "log.db"),
        ("watch", "--live", "--log", tmp_path / "log.db"),
    ):
        ended = steadyline(*command, *given)
        assert ended.exit_code == 2, ended.output
        assert why in " ".join(ended.output.split())
