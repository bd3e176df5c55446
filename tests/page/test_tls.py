"""The watch page with a certificate: its link and its cookie are for TLS alone."""

from pathlib import Path

import httpx
import pytest

from tests.certificates import issued
from tests.page.serving import served


def test_over_tls_one_signs_in_and_without_it_nobody_does(tmp_path: Path) -> None:
    certificate, key, trusting, _ = issued(tmp_path)
    with served(certificate=certificate, key=key) as page:
        assert page.link().startswith("https://")
        with httpx.Client(base_url=f"https://{page.bind}", verify=trusting) as client:
            entered = client.get(page.link())
            assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(entered.headers["set-cookie"].split("; "))
            assert client.get("/api/me").status_code == 200
            assert "max-age" in client.get("/").headers["strict-transport-security"]
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
            httpx.get(f"https://{page.bind}/healthz")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://{page.bind}/healthz")
