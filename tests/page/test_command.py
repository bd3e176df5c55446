"""The command, as a person starts it."""

import json
import signal
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from deploy.cli import app


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-"], 2, "standard input can be read once only"),
        (["us-china-2022", "--log", "x.db"], 2, "expected --log only with --live"),
        (["us-china-2022", "--policy", "p.toml"], 2, "expected --policy only with --live"),
        (["--live", "--bootstrap", "127.0.0.1:9", "--log", "x.db"], 2, "expected --bootstrap only with --live"),
        (["--run", "drill"], 2, "expected --run only with --bootstrap"),
        (["--certificate", "c.pem"], 2, "expected --certificate and --key together"),
        (["--bind", "nowhere"], 2, "expected HOST:PORT"),
        (["nothing.toml"], 3, "nothing.toml"),
        (["us-china-2022", "--rules", "none.toml"], 3, "none.toml"),
    ],
)
def test_bad_use_is_said(arguments: list[str], code: int, says: str) -> None:
    result = CliRunner().invoke(app, ["watch", *arguments])
    assert (result.exit_code, says in result.stderr) == (code, True), result.stderr


def test_it_prints_a_link_another_once_it_is_used_and_ends_when_asked() -> None:
    command = [sys.executable, "-c", "from deploy.cli import main; main()", "watch", "us-china-2022", "--json"]
    command += ["--bind", "127.0.0.1:0", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())["link"]
        with httpx.Client() as client:
            client.get(first)
            me = client.get(first.split("/enter/")[0] + "/api/me").json()
        assert (me["opens"], me["live"], me["member"]["role"]) == ("us-china-2022", None, "admin")
        second = json.loads(process.stdout.readline())["link"]
        assert second != first
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
