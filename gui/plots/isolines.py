"""Lines of equal height over a grid, by marching squares with linear interpolation along the edges of the cells.

A cell whose opposite corners lie above and the others below is cut by the mean of its corners. Cells with a corner that
is not finite have no lines.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The edges of a cell: 0 below, 1 right, 2 above, 3 left. Its corners count 1 (lower left), 2 (lower right),
# 4 (upper right), 8 (upper left) where they are above the level.
_CUTS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),),
    2: ((0, 1),),
    3: ((3, 1),),
    4: ((1, 2),),
    6: ((0, 2),),
    7: ((3, 2),),
    8: ((2, 3),),
    9: ((2, 0),),
    11: ((2, 1),),
    12: ((1, 3),),
    13: ((1, 0),),
    14: ((0, 3),),
}
_SADDLES: dict[tuple[int, bool], tuple[tuple[int, int], ...]] = {
    (5, True): ((0, 1), (2, 3)),
    (5, False): ((3, 0), (1, 2)),
    (10, True): ((3, 0), (1, 2)),
    (10, False): ((0, 1), (2, 3)),
}


def isolines(xs: Floats, ys: Floats, values: Floats, level: float) -> list[Floats]:
    """The lines of one height, each as points `(k, 2)` in order; a closed one ends where it began.

    Args:
        xs: ascending places of the columns `(columns,)`.
        ys: ascending places of the rows `(rows,)`.
        values: heights `(rows, columns)`.
        level: the height.
    """
    above = values > level
    finite = np.isfinite(values)
    whole = finite[:-1, :-1] & finite[:-1, 1:] & finite[1:, 1:] & finite[1:, :-1]
    case = above[:-1, :-1] + 2 * above[:-1, 1:] + 4 * above[1:, 1:] + 8 * above[1:, :-1]
    case = np.where(whole, case, 0)
    links: defaultdict[int, list[int]] = defaultdict(list)
    columns = len(xs)
    for row, column in np.argwhere((case > 0) & (case < 15)).tolist():
        kind = int(case[row, column])
        cuts = _CUTS.get(kind)
        if cuts is None:
            middle = float(values[row : row + 2, column : column + 2].mean())
            cuts = _SADDLES[kind, middle > level]
        # An edge is known by its lower or left end: even numbers lie along x, odd ones along y.
        here = row * columns + column
        edges = (2 * here, 2 * (here + 1) + 1, 2 * (here + columns), 2 * here + 1)
        for first, second in cuts:
            links[edges[first]].append(edges[second])
            links[edges[second]].append(edges[first])
    return [_points(xs, ys, values, level, chain) for chain in _chains(links)]


def _chains(links: defaultdict[int, list[int]]) -> list[list[int]]:
    """Edges one after another: open lines from their ends first, what is left is closed."""
    used: set[int] = set()
    found = []
    for start in sorted(links, key=lambda edge: len(links[edge])):
        if start in used:
            continue
        chain = [start]
        used.add(start)
        while True:
            following = next((edge for edge in links[chain[-1]] if edge not in used), None)
            if following is None:
                break
            used.add(following)
            chain.append(following)
        if len(chain) > 2 and start in links[chain[-1]]:
            chain.append(start)
        found.append(chain)
    return found


def _points(xs: Floats, ys: Floats, values: Floats, level: float, chain: list[int]) -> Floats:
    edges = np.array(chain)
    upright = edges % 2 == 1
    row, column = np.divmod(edges // 2, len(xs))
    to_row, to_column = row + upright, column + ~upright
    low, high = values[row, column], values[to_row, to_column]
    part = (level - low) / (high - low)
    x = xs[column] + part * (xs[to_column] - xs[column])
    y = ys[row] + part * (ys[to_row] - ys[row])
    return np.stack([x, y], axis=1)


def interpolate(xs: Floats, ys: Floats, values: Floats, x: Floats, y: Floats) -> Floats:
    """Heights between the places of an even grid, linear in each direction: `(len(y), len(x))`.

    NaN where one of the four neighbours is not finite; what lies beyond the grid gets the height at its border.
    """
    values = np.where(np.isfinite(values), values, np.nan)  # infinite times zero is a warning
    left, dx = _cells(xs, x)
    below, dy = _cells(ys, y)
    lower = values[np.ix_(below, left)] * (1 - dx) + values[np.ix_(below, left + 1)] * dx
    upper = values[np.ix_(below + 1, left)] * (1 - dx) + values[np.ix_(below + 1, left + 1)] * dx
    return np.asarray(lower * (1 - dy[:, None]) + upper * dy[:, None])


def _cells(ticks: Floats, at: Floats) -> tuple[NDArray[np.int64], Floats]:
    place = np.clip((at - ticks[0]) / (ticks[-1] - ticks[0]), 0.0, 1.0) * (len(ticks) - 1)
    cell = np.minimum(place.astype(np.int64), len(ticks) - 2)
    return cell, place - cell
