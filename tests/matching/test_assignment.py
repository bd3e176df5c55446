import itertools
from random import Random
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.matching.assignment import Cost, assign

Edges = list[dict[int, Cost]]


@st.composite
def problems(draw: st.DrawFn) -> tuple[Edges, list[int]]:
    width = draw(st.integers(1, 4))
    cost: st.SearchStrategy[Cost]
    cost = st.integers(0, 6) if draw(st.booleans()) else st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(0, 3))
    row: st.SearchStrategy[dict[int, Cost]] = st.dictionaries(st.integers(0, width - 1), cost, max_size=width)
    edges: Edges = draw(st.lists(row, max_size=5))
    return edges, draw(st.lists(st.integers(0, 3), min_size=width, max_size=width))


def worth(edges: Edges, columns: tuple[int | None, ...] | list[int | None]) -> tuple[int, ...]:
    """Left out, then the parts of the cost added up."""
    used = [edges[row][column] for row, column in enumerate(columns) if column is not None]
    parts = [cost if isinstance(cost, tuple) else (cost,) for cost in used]
    return (columns.count(None), *map(sum, zip(*parts, strict=True)))


def fits(columns: tuple[int | None, ...] | list[int | None], capacities: list[int]) -> bool:
    return all(not room or columns.count(column) <= room for column, room in enumerate(capacities))


@given(problems())
def test_no_assignment_is_better(problem: tuple[Edges, list[int]]) -> None:
    edges, capacities = problem
    found = assign(edges, capacities)
    assert fits(found, capacities)
    assert all(column is None or column in edges[row] for row, column in enumerate(found))
    everything = itertools.product(*[[None, *row] for row in edges])
    assert worth(edges, found) == min(worth(edges, columns) for columns in everything if fits(columns, capacities))


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_what_it_costs(problem: tuple[Edges, list[int]], random: Random) -> None:
    edges, capacities = problem
    other = list(edges)
    random.shuffle(other)
    assert worth(edges, assign(edges, capacities)) == worth(other, assign(other, capacities))


def test_cardinality_comes_before_cost() -> None:
    assert assign([{0: 0, 1: 100}, {0: 50}], [1, 1]) == [1, 0]


def test_parts_of_a_cost_are_added_one_by_one() -> None:
    # (0, 9) + (1, 0) is less than (1, 0) + (1, 0), though 9 is a lot.
    assert assign([{0: (0, 9), 1: (1, 0)}, {0: (1, 0), 1: (1, 0)}], [1, 1]) == [0, 1]


def test_capacities() -> None:
    assert assign([{0: 1}] * 3, [2]).count(None) == 1
    assert assign([{0: 1}] * 3, [0]) == [0, 0, 0]
    assert assign([], [1]) == []
    assert assign([{}], []) == [None]


@pytest.mark.parametrize("edges", [[{0: -1}], [{0: (1, -1)}], [{0: (1,)}, {0: (1, 2)}], [{1: 0}], [{-1: 0}]])
def test_nonsense_is_refused(edges: Edges) -> None:
    with pytest.raises(ValueError, match="expected"):
        assign(edges, [1])


@pytest.mark.parametrize("kind", ["products", "equal", "close"])
def test_two_hundred_by_two_hundred(kind: str) -> None:
    size = 200

    def cost(row: int, column: int) -> int:
        return {"products": (row + 1) * (column + 1), "equal": 1, "close": abs(7 * row - 7 * column + 50)}[kind]

    edges: Edges = [{column: cost(row, column) for column in range(size)} for row in range(size)]
    start = process_time()
    found = assign(edges, [1] * size)
    assert sorted(column for column in found if column is not None) == list(range(size))
    if kind == "products":
        assert found == list(reversed(range(size)))
    assert process_time() - start < 10
