"""The gateway with a certificate: whoever trusts its authority is served, and nobody reads a token on the way."""

from pathlib import Path

import httpx
import msgspec
import pytest
import trustme

from producers.delivery.answers import DeniedError
from producers.delivery.gateway import AddressError, address
from producers.delivery.gateway import Gateway as Client
from producers.gateway.serve import Gateway, Settings
from tests.certificates import issued
from tests.gateway.running import book, incident, running


def test_over_tls_events_are_taken_in_and_without_it_nothing_is(tmp_path: Path) -> None:
    certificate, key, trusting, _ = issued(tmp_path)
    with running(tmp_path, certificate=certificate, key=key) as gateway:
        url = f"https://{gateway.gateway.bind}"
        headers = {"Authorization": f"Bearer {gateway.secret}", "Content-Type": "application/cloudevents+json"}
        with httpx.Client(base_url=url, headers=headers, verify=trusting) as client:
            assert client.get("/healthz").status_code == 200
            assert client.post("/v1/events", json=incident("over-tls")).status_code == 202
        with httpx.Client(base_url=url, headers=headers) as stranger, pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
            stranger.post("/v1/events", json=incident("untrusted"))
        with pytest.raises(httpx.TransportError):
            gateway.post(incident("in-the-clear"))
        assert gateway.ids() == ["over-tls"]


def test_a_key_that_is_not_the_certificates_is_refused_before_anybody_is_served(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    authority.issue_cert("127.0.0.1").cert_chain_pems[0].write_to_path(str(certificate))
    authority.issue_cert("127.0.0.1").private_key_pem.write_to_path(str(key))
    for broken in (key, certificate):
        gateway = Gateway(
            Settings(
                to=str(tmp_path / "log.db"),
                tokens=tmp_path / "tokens.json",
                ledger=tmp_path / "ledger.db",
                bind="127.0.0.1:0",
                certificate=certificate,
                key=broken,
            ),
            book(),
        )
        with pytest.raises(OSError, match="expected a certificate and its key"):
            gateway.serve(pytest.fail)


def test_a_producer_believes_the_authority_that_it_is_told_of_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = issued(tmp_path)
    batch = [msgspec.json.encode(incident("believed"))]
    with running(tmp_path, certificate=made.certificate, key=made.key) as gateway:

        def handed() -> None:
            client = Client(address(f"https://{gateway.gateway.bind}"), gateway.secret)
            try:
                assert client.hand_over(batch) == {}
            finally:
                client.close()

        with pytest.raises(DeniedError, match="cannot prove who it is"):
            handed()
        monkeypatch.setenv("STEADYLINE_CA_FILE", str(tmp_path / "none"))
        with pytest.raises(AddressError, match="STEADYLINE_CA_FILE: expected a file that can be read"):
            handed()
        monkeypatch.setenv("STEADYLINE_CA_FILE", str(made.authority))
        handed()
        assert gateway.ids() == ["believed"]
