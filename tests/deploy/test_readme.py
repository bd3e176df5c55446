"""What the README says is so."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from deploy.cli import app
from streams.events import ChannelRequest
from streams.events.decode import decode
from tests.deploy.conftest import Steadyline

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first block of code in this language."""
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_commands_it_names_are_there() -> None:
    named = set(re.findall(r"steadyline ([a-z][a-z-]+)", README))
    assert named <= set(get_command(app).commands), named  # type: ignore[attr-defined]
    assert set(re.findall(r"\| `steadyline ([a-z-]+)", README)) == set(get_command(app).commands)  # type: ignore[attr-defined]


def test_the_agreement_it_shows_is_sound(steadyline: Steadyline, tmp_path: Path) -> None:
    path = tmp_path / "within-the-hour.toml"
    path.write_text(block("toml"))
    assert steadyline("agreements", "check", path).exit_code == 0
    assert steadyline("diff", "us-china-2022", "--rules", path).exit_code == 1


def test_the_event_it_shows_decodes() -> None:
    assert isinstance(decode(block("json").replace("\n", "")), ChannelRequest)


def test_the_reckoning_it_shows_is_the_reckoning(steadyline: Steadyline) -> None:
    told = " ".join(steadyline("replay", "us-china-2022", "--explain").stdout.split())
    shown = README.split("--explain\n...\n")[1].split("\n...\n")[0]
    for line in shown.splitlines():
        assert " ".join(line.split()) in told


def test_the_picture_it_shows_is_what_is_printed(steadyline: Steadyline, tmp_path: Path) -> None:
    picture = tmp_path / "now.svg"
    steadyline("replay", "us-china-2022", "--svg", picture)
    shown = ROOT / "docs" / "us-china-2022.svg"
    assert shown.read_text() == picture.read_text(), "draw it afresh: make picture"


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_what_it_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()
