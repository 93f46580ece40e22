"""The cheapest assignment of rows to columns (the Hungarian method by shortest augmenting paths, Kuhn 1955)."""

from collections.abc import Sequence
from math import inf


def cheapest(costs: Sequence[Sequence[float]]) -> list[int]:
    """For each row the column it gets, all different, with the least total cost; no more rows than columns."""
    rows, columns = len(costs), len(costs[0]) if costs else 0
    if rows > columns:
        raise ValueError("no more rows than columns")
    price_row, price_column = [0.0] * rows, [0.0] * columns
    owner = [-1] * columns
    for row in range(rows):
        _augment(costs, row, owner, price_row, price_column)
    found = [-1] * rows
    for column, row in enumerate(owner):
        if row >= 0:
            found[row] = column
    return found


def _augment(
    costs: Sequence[Sequence[float]], start: int, owner: list[int], price_row: list[float], price_column: list[float]
) -> None:
    """Give one more row its column, moving others along the shortest path of reduced costs."""
    columns = len(owner)
    distance, before = [inf] * columns, [-1] * columns
    reached: list[int] = []
    open_columns = set(range(columns))
    row, last, walked = start, -1, 0.0
    while True:
        for column in open_columns:
            reduced = walked + costs[row][column] - price_row[row] - price_column[column]
            if reduced < distance[column]:
                distance[column], before[column] = reduced, last
        last = min(open_columns, key=lambda column: (distance[column], column))
        walked = distance[last]
        open_columns.remove(last)
        if owner[last] < 0:
            break
        reached.append(last)
        row = owner[last]
    price_row[start] += walked
    for column in reached:
        price_row[owner[column]] += walked - distance[column]
        price_column[column] -= walked - distance[column]
    while last >= 0:
        owner[last] = owner[before[last]] if before[last] >= 0 else start
        last = before[last]
