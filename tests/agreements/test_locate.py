"""Every field of a document is found on its line, however the document is written."""

import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from streams.agreements.locate import line_at, lines_of
from streams.agreements.problems import Place

TRICKY = '''\
title = """two
lines, [[not.a.header]] and an escaped \\""" quote"""  # line 1

# a comment with = and [
literal = \'\'\'
'quoted' = 3\'\'\'
"a key" . 'with.dots' = 1 # line 7
times = [ 1988-05-31, 07:32:00, # line 8
  "]", { deep = [ 1,
    2 ] },
]
[ table . "sub table" ] # line 12
x = { y = { z = 1 }, w.v = "}" }
[[list]] # line 14
[[list.inner]]
a = 1
[[list.inner]]
a = 2
[list.inner.child]
b = 3
[[list]]
[list.single]
inner.a = """"quotes at the ends""""
last = true'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("title",), 1),
        (("literal",), 5),
        (("a key", "with.dots"), 7),
        (("times",), 8),
        (("times", 1), 8),
        (("times", 2), 9),
        (("times", 3, "deep", 0), 9),
        (("times", 3, "deep", 1), 10),
        (("table", "sub table"), 12),
        (("table", "sub table", "x", "y", "z"), 13),
        (("table", "sub table", "x", "w", "v"), 13),
        (("list", 0), 14),
        (("list", 0, "inner", 0, "a"), 16),
        (("list", 0, "inner", 1), 17),
        (("list", 0, "inner", 1, "a"), 18),
        (("list", 0, "inner", 1, "child", "b"), 20),
        (("list", 1), 21),
        (("list", 1, "single", "inner", "a"), 23),
        (("list", 1, "single", "last"), 24),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_field_is_found_on_its_line(place: Place, line: int, newline: str) -> None:
    assert lines_of(TRICKY.replace("\n", newline))[place] == line


def test_a_field_that_is_not_there_is_found_at_the_table_it_belongs_to() -> None:
    lines = lines_of(TRICKY)
    assert line_at(lines, ("list", 0, "inner", 1, "missing")) == 17
    assert line_at(lines, ("missing",)) == 1
    assert line_at(lines, ()) == 1


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*place, number))


TEXTS = {
    file.name: file.read_text() for file in resources.files("streams.agreements").iterdir() if file.name.endswith(".toml")
} | {"tricky.toml": TRICKY}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_the_scanner_sees_the_same_fields_as_the_parser(name: str) -> None:
    text = TEXTS[name]
    rows = text.split("\n")
    lines = lines_of(text)
    assert set(lines) == set(places(tomllib.loads(text)))
    for place, line in lines.items():
        if isinstance(place[-1], str):
            assert place[-1] in rows[line - 1]


def test_an_empty_document_has_no_fields() -> None:
    assert lines_of("\n# nothing\n") == {}
