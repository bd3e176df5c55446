"""A small file that would unfold without end is refused at once, with its reason, whoever reads it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import toml
from streams.toml import MOST_PARTS
from tests.deploy.conftest import Steadyline


def reader(*arguments: str) -> Callable[[Steadyline, Path], tuple[int, str]]:
    def read(steadyline: Steadyline, path: Path) -> tuple[int, str]:
        said = steadyline(*(path if word == "FILE" else word for word in arguments))
        assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
        return said.exit_code, said.output

    return read


READERS = {  # whoever reads TOML from outside
    "agreement": reader("agreements", "check", "FILE"),
    "story": reader("replay", "FILE"),
    "policy": reader("alerts", "check", "FILE"),
    "probes": reader("probe", "check", "FILE"),
    "notice": reader("notices", "send", "FILE", "--dry-run"),
    "contacts": reader("grafana", "check", "--contacts", "FILE"),
}
BOMBS = {
    "a key of many parts": ".".join("a" * 120_000) + " = 1",
    "a table of many parts": "[" + " . ".join("a" * 60_000) + "]",
    "quoted parts": '"a".' * 60_000 + "a = 1",
    "an inline key of many parts": "x = {" + ".".join("a" * 120_000) + " = 1}",
    "brackets": "x = " + "[" * 250_000,
    "tables in tables": "x = " + "{a = " * 40_000 + "1" + "}" * 40_000,
    "a number of many digits": "x = " + "9" * 250_000,
    "faults without end": "".join(f"k{number} = 1\n" for number in range(12_000)),
    "tables without end": "[[obligations]]\n" * 16_000,
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_toml_that_unfolds_is_refused_at_once(steadyline: Steadyline, tmp_path: Path, bomb: str, name: str) -> None:
    path = tmp_path / "bomb.toml"
    path.write_text(BOMBS[bomb])
    path.with_suffix(".jsonl").write_text("")
    began = time.monotonic()
    code, output = READERS[name](steadyline, path)
    assert time.monotonic() - began < 10
    assert (code, "bomb.toml" in output) == (3, True), output[:300]
    assert "Traceback" not in output


NAMES = st.lists(st.from_regex(r"\A(?:[A-Za-z0-9_-]{1,4}|\"[^\"\\\n]{0,4}\"|'[^'\n]{0,4}')\Z"), min_size=1, max_size=40)


@given(NAMES)
def test_a_key_is_refused_by_its_parts_and_not_by_its_letters(parts: list[str]) -> None:
    refused = False
    try:
        toml.loads(" . ".join(parts) + " = 1")
    except ValueError as error:
        refused = "parts (at line 1" in str(error)
    assert refused == (len(parts) > MOST_PARTS)


def test_dots_in_texts_and_numbers_are_no_keys() -> None:
    text = " ".join(["See www.example.org/a.b.c, art. 3."] * 40)
    assert toml.loads(f'text = "{text}"')["text"] == text
    assert len(toml.loads(f"list = [{', '.join(['1.5'] * 100)}]")["list"]) == 100
