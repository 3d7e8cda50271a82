"""The curves wires run in, as cubic pieces of plain numbers: to draw, to look along, to measure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtGui import QPainterPath

Spot = tuple[float, float]
Cubic = tuple[Spot, Spot, Spot, Spot]
"""Begin, two handles, end."""

_REACH: Final = (28.0, 150.0)
STRAIGHT: Final = 64.0
"""A plain curve whose end lies so far to the right of its start, or further, stays in the box between the two."""
_LOOP: Final = 220.0
_TURN: Final = 72.0
_DIVE: Final = 0.62
_ROUND: Final = (24.0, 44.0)
_STEP: Final = 20.0
"""How far points of a sampled curve are apart, about."""
_MOST: Final = 160


def plain(start: Spot, end: Spot) -> list[Cubic]:
    """Out of an output to the right, into an input from the left, with nothing between."""
    reach = wire_reach(end[0] - start[0], end[1] - start[1])
    return [(start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end)]


def through(start: Spot, dots: Sequence[Spot], end: Spot) -> list[Cubic]:
    """Smoothly through dots: at each, parallel to the line between its neighbours; handles no longer than the way."""
    points = [start, *dots, end]
    pieces: list[Cubic] = []
    for index in range(len(points) - 1):
        here, there = points[index], points[index + 1]
        way = math.dist(here, there)
        level = min(max(abs(there[0] - here[0]) / 2, way / 3, 12.0), 120.0)
        first, last = index == 0, index == len(points) - 2
        leave = (level, 0.0) if first else _toward(points[index - 1], there, way / 3)
        arrive = (level, 0.0) if last else _toward(here, points[index + 2], way / 3)
        pieces.append(
            (here, (here[0] + leave[0], here[1] + leave[1]), (there[0] - arrive[0], there[1] - arrive[1]), there)
        )
    return pieces


def around_lane(start: Spot, end: Spot, left: float, right: float, lane: float) -> list[Cubic]:
    """To the right: into a lane above or below before `left`, level along it, and out of it after `right`."""
    out, into = (left - start[0]) * _DIVE, (end[0] - right) * _DIVE
    begin = start[0] + out + _round(lane - start[1])
    stop = end[0] - into - _round(lane - end[1])
    if begin > stop:
        begin = stop = (begin + stop) / 2
    return [
        (start, (start[0] + out, start[1]), (start[0] + out, lane), (begin, lane)),
        _level((begin, lane), stop),
        ((stop, lane), (end[0] - into, lane), (end[0] - into, end[1]), end),
    ]


def _round(height: float) -> float:
    """How far it takes to turn level, coming from so far above or below."""
    return min(max(abs(height) * _DIVE, _ROUND[0]), _ROUND[1])


def back_in_lane(start: Spot, end: Spot, lane: float) -> list[Cubic]:
    """To the left, as the eye goes from line to line: round the corner, back in the lane, round into the input."""
    # Two thirds make a half circle; it is flatter where it would reach too far.
    out, back = (min(_TURN, abs(lane - place[1]) * 2 / 3) for place in (start, end))
    return [
        (start, (start[0] + out, start[1]), (start[0] + out, lane), (start[0], lane)),
        _level((start[0], lane), end[0]),
        ((end[0], lane), (end[0] - back, lane), (end[0] - back, end[1]), end),
    ]


def wire_reach(dx: float, dy: float) -> float:
    """How far a wire's handles reach: half way forwards, in a loop of limited size backwards."""
    if dx >= 0:
        return min(max(dx / 2, _REACH[0], min(abs(dy) / 3, STRAIGHT)), max(_REACH[1], dx / 2.5))
    return min(max(_REACH[0], 36.0 - dx * 0.4 + abs(dy) * 0.1), _LOOP)


def to_path(curve: Iterable[Cubic]) -> QPainterPath:
    """The curve to be painted."""
    path = QPainterPath()
    draw(path, curve)
    return path


def draw(path: QPainterPath, curve: Iterable[Cubic]) -> None:
    """Draw the curve into a path, as a piece of its own."""
    for index, (begin, one, other, end) in enumerate(curve):
        if index == 0:
            path.moveTo(*begin)
        if one == begin and other == end:
            path.lineTo(*end)
        else:
            path.cubicTo(*one, *other, *end)


def covered(curve: Sequence[Cubic]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what the curve and its handles cover, within which it stays."""
    if len(curve) == 1:
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve[0]
        return (min(ax, bx, cx, dx), min(ay, by, cy, dy), max(ax, bx, cx, dx), max(ay, by, cy, dy))
    spots = [spot for piece in curve for spot in piece]
    across, down = [x for x, _ in spots], [y for _, y in spots]
    return (min(across), min(down), max(across), max(down))


def sampled(curve: Iterable[Cubic]) -> list[Spot]:
    """Points along the curve, near enough to each other that no block fits between."""
    found: list[Spot] = []
    for (x0, y0), (x1, y1), (x2, y2), (x3, y3) in curve:
        count = min(max(round((abs(x3 - x0) + abs(y3 - y0)) / _STEP), 4), _MOST)
        for index in range(count + 1):
            t = index / count
            s = 1.0 - t
            a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
            found.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return found


def _toward(begin: Spot, end: Spot, length: float) -> Spot:
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    whole = math.hypot(dx, dy)
    return (dx / whole * length, dy / whole * length) if whole else (0.0, 0.0)


def _level(begin: Spot, right: float) -> Cubic:
    end = (right, begin[1])
    return (begin, begin, end, end)
