"""What the image is made of is locked: all of it, within the project's bounds, by hashes, and with no word of where from."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BOUNDS = {
    "requirements.lock": PROJECT["project"]["dependencies"],
    "build.lock": PROJECT["build-system"]["requires"],
}
HERE = [{"python_version": minor, "python_full_version": f"{minor}.0"} for minor in ("3.11", "3.12", "3.13")]


def locked(name: str) -> dict[str, list[Requirement]]:
    """The pins by the name of what is pinned; each has hashes, or this fails."""
    text = (ROOT / "deploy" / name).read_text().replace("\\\n", " ")
    found: dict[str, list[Requirement]] = {}
    for line in (line for line in text.splitlines() if not line.startswith("#")):
        pin, *hashes = re.split(r"\s+--hash=", line.rstrip())
        assert hashes, line
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip()) for each in hashes), line
        requirement = Requirement(pin)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def version(pins: list[Requirement], environment: dict[str, str]) -> str:
    """What is installed there: the one pin whose marker says so."""
    (pin,) = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)]
    return str(pin.specifier).removeprefix("==")


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("environment", HERE, ids=lambda value: value["python_version"])
def test_each_bound_is_kept(name: str, environment: dict[str, str]) -> None:
    pins = locked(name)
    for bound in map(Requirement, BOUNDS[name]):
        found = version(pins[canonicalize_name(bound.name)], environment)
        assert bound.specifier.contains(found), f"{bound}: locked is {found}; make lock"


def test_whatever_is_needed_is_locked() -> None:
    pins, left = locked("requirements.lock"), [("steadyline", "")]
    seen: set[tuple[str, str]] = set()
    while left:
        name, extra = left.pop()
        for needed in map(Requirement, distribution(name).requires or ()):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                assert canonicalize_name(needed.name) in pins, f"{name} needs {needed}; make lock"
                wanted = {(canonicalize_name(needed.name), each) for each in ("", *needed.extras)} - seen
                seen |= wanted
                left += wanted
    assert ("kafka-python", "crc32c") in seen
    assert len(seen) > 40


@pytest.mark.parametrize("name", BOUNDS)
def test_no_lock_says_where_from(name: str) -> None:
    text = (ROOT / "deploy" / name).read_text()
    assert not re.search(r"://|--(?:extra-)?index|--find-links| @ ", text)


def test_the_image_takes_nothing_else() -> None:
    installs = re.findall(r"pip (?:install|wheel)(.*?)(?=\\\n|\n|&&)", (ROOT / "deploy" / "Dockerfile").read_text())
    assert len(installs) == 4
    for options in installs:
        assert "--require-hashes -r deploy/" in options or "--no-deps" in options, options
