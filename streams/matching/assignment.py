"""Who goes with whom: assignment of greatest cardinality, and of those the least cost.

Successive shortest augmenting paths with potentials (R. Jonker and A. Volgenant, A shortest augmenting path algorithm for
dense and sparse linear assignment problems, Computing 38, 1987), for columns that take several rows.
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

Cost = int | tuple[int, ...]


def assign(edges: Sequence[Mapping[int, Cost]], capacities: Sequence[int]) -> list[int | None]:
    """Assign rows to columns: as many rows as possible, at the least total cost.

    Equal inputs give equal answers; among assignments that cost the same, the order of rows and columns decides. Callers
    put them in an order of their own, and never of arrival.

    Args:
        edges: Per row the columns it may go to, with their costs: all integers, or all tuples of one length, which add up
            part by part and compare lexicographically. No part is negative.
        capacities: Per column how many rows it takes; 0 means any number.

    Returns:
        Per row its column, or ``None``.

    Raises:
        ValueError: for a negative cost, tuples of different lengths, or a column that does not exist.
    """
    rows = _whole(edges, len(capacities))
    return _by_first_choice(rows, capacities) or _by_shortest_paths(rows, capacities)


def _whole(edges: Sequence[Mapping[int, Cost]], width: int) -> list[list[tuple[int, int]]]:
    """Per row (column, cost), by column, with tuples packed into integers that add and compare as the tuples do."""
    parts = [cost if isinstance(cost, tuple) else (cost,) for row in edges for cost in row.values()]
    if not parts:
        return [[] for _ in edges]
    if len({len(part) for part in parts}) > 1:
        raise ValueError("expected costs of one length")
    if any(min(part) < 0 for part in parts):
        raise ValueError("expected costs that are not negative")
    if any(not 0 <= column < width for row in edges for column in row):
        raise ValueError(f"expected columns from 0 to {width - 1}")
    # A sum of as many costs as there are rows must not carry into the part before it.
    bases = [len(edges) * max(column) + 1 for column in zip(*parts, strict=True)]
    result = []
    for row in edges:
        packed = []
        for column in sorted(row):
            cost = row[column]
            if isinstance(cost, tuple):
                whole = 0
                for part, base in zip(cost, bases, strict=True):
                    whole = whole * base + part
                cost = whole
            packed.append((column, cost))
        result.append(packed)
    return result


def _by_first_choice(rows: list[list[tuple[int, int]]], capacities: Sequence[int]) -> list[int | None] | None:
    """Every row in its cheapest column, where all of them fit: nothing can be better."""
    left = list(capacities)
    result: list[int | None] = []
    for row in rows:
        if not row:
            result.append(None)
            continue
        column = min(row, key=_by_cost)[0]
        if left[column] == 1:
            # -1 and not 0, which means any number.
            left[column] = -1
        elif left[column] > 1:
            left[column] -= 1
        elif left[column] < 0:
            return None
        result.append(column)
    return result


def _by_cost(edge: tuple[int, int]) -> tuple[int, int]:
    return edge[1], edge[0]


def _by_shortest_paths(rows: list[list[tuple[int, int]]], capacities: Sequence[int]) -> list[int | None]:
    nobody = len(capacities)
    # Leaving a row out costs more than any assignment of all rows can: so as few as possible are left out.
    left_out = len(rows) * max((cost for row in rows for _, cost in row), default=0) + 1
    choices = [[*row, (nobody, left_out)] for row in rows]
    room = [capacity or len(rows) for capacity in capacities] + [len(rows)]
    holders: list[dict[int, None]] = [{} for _ in room]
    column_of = [-1] * len(rows)
    row_price, column_price = [0] * len(rows), [0] * len(room)
    unreached = (len(rows) + 2) * (left_out + 1)

    for start in range(len(rows)):
        distance = [unreached] * len(room)
        via = [-1] * len(room)
        heap: list[tuple[int, int]] = []
        full: list[tuple[int, int]] = []
        tree = [(start, 0)]
        fresh = [(start, 0)]
        while True:
            for row, so_far in fresh:
                offset = so_far - row_price[row]
                for column, cost in choices[row]:
                    length = offset + cost - column_price[column]
                    if length < distance[column]:
                        distance[column], via[column] = length, row
                        heappush(heap, (length, column))
            length, column = heappop(heap)
            while length > distance[column]:
                length, column = heappop(heap)
            if len(holders[column]) < room[column]:
                break
            full.append((column, length))
            fresh = [(row, length) for row in holders[column]]
            tree += fresh
        for row, so_far in tree:
            row_price[row] += length - so_far
        for filled, so_far in full:
            column_price[filled] -= length - so_far
        while True:
            row = via[column]
            before = column_of[row]
            column_of[row] = column
            holders[column][row] = None
            if before < 0:
                break
            del holders[before][row]
            column = before
    return [None if column == nobody else column for column in column_of]
