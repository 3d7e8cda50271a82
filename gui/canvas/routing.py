"""Ways around blocks for wires that would run under them: straight where possible, else in a lane above or below.

Only what the plain curve crosses is looked at, so that the cost grows with the wire and not with the drawing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from gui.canvas.curves import STRAIGHT, Cubic, around_lane, back_in_lane, plain, sampled
from gui.canvas.ground import Box, Ground, Spot

Taken = Callable[[float, float, float], bool]
"""Whether a wire runs from the first to the second place at the third's height."""
APART: Final = 5.0
"""Nearer than this to a block a wire counts as running under it."""
LANE: Final = 20.0
"""Distance of a lane from the blocks it passes; long wires keep further away, so that they nest around short ones."""
BACK: Final = 48.0
"""A wire whose input lies further left of its output than this runs back in a lane."""
BESIDE: Final = 10.0
"""Distance of wires in lanes side by side."""
_BESIDE: Final = (0.0, -BESIDE, BESIDE, -2 * BESIDE, 2 * BESIDE)
_FURTHER: Final = 500.0
_TRIES: Final = 10
_TURN: Final = (24.0, 96.0)
_ROW_LANE: Final = (24.0, 28.0)


@final
@dataclass(frozen=True, slots=True)
class Route:
    """A lane: from the output to `left` at height `lane`, level to `right`, into the input; or `back` to the left."""

    lane: float
    left: float
    right: float
    back: bool = False

    def moved(self, dx: float, dy: float) -> Route:
        """The same way elsewhere."""
        return Route(self.lane + dy, self.left + dx, self.right + dx, self.back)

    def curve(self, start: Spot, end: Spot) -> list[Cubic]:
        """The wire's curve between these ports."""
        if self.back:
            return back_in_lane(start, end, self.lane)
        return around_lane(start, end, self.left, self.right, self.lane)


def find_route(
    start: Spot,
    end: Spot,
    ground: Ground,
    source: tuple[str, Box],
    target: tuple[str, Box],
    taken: Taken,
) -> Route | None:
    """A way for a wire from one block to another; None where the plain curve is best.

    Args:
        start: the output, in the scene.
        end: the input.
        ground: all blocks.
        source: id and box of the block it leaves.
        target: id and box of the block it enters.
        taken: whether another wire runs in the lane from left to right at that height.
    """
    if target[1][0] < source[1][2] - BACK:
        return _way_back(start, end, ground, (source[1], target[1]), taken)
    own = (source[0], target[0])
    if end[0] - start[0] >= STRAIGHT and ground.is_free(start, end, APART, own):
        return None
    crossed = ground.crossed(sampled(plain(start, end)), APART, own)
    if not crossed:
        return None
    boxes = list(crossed.values())
    left = max(start[0] + _TURN[0], min(start[0] + _TURN[1], min(box[0] for box in boxes) - 2 * APART))
    right = min(end[0] - _TURN[0], max(end[0] - _TURN[1], max(box[2] for box in boxes) + 2 * APART))
    if right <= left:
        return None
    gap = _gap(right - left)
    best: tuple[int, float, Route] | None = None
    for up in (True, False):
        lane = _free_lane(ground, left, right, boxes, gap, taken, up=up)
        if lane is not None:
            route = Route(lane, left, right)
            hits = len(ground.crossed(sampled(route.curve(start, end)), APART / 2, own))
            cost = abs(lane - start[1]) + abs(lane - end[1])
            if best is None or (hits, cost) < best[:2]:
                best = (hits, cost, route)
    return best[2] if best is not None and best[0] < len(crossed) else None


def _way_back(start: Spot, end: Spot, ground: Ground, boxes: tuple[Box, Box], taken: Taken) -> Route | None:
    """To the left: between the rows of the two blocks if there is a lane that is free, else above or below all."""
    left, right = end[0], start[0]
    between = _lane_between(*boxes)
    for step in _BESIDE if between is not None else ():
        lane = (between or 0.0) + step
        if not ground.along(left, right, lane, APART) and not taken(left, right, lane):
            return Route(lane, left, right, back=True)
    # What stands in the second line of its row is reached through the gap before the row, past the rest of the first.
    inner = _free_lane(ground, left, right, [boxes[0]], _ROW_LANE[0], taken, up=end[1] < start[1])
    if inner is not None and min(start[1], end[1]) < inner < max(start[1], end[1]):
        return Route(inner, left, right, back=True)
    gap = _gap(right - left)
    lanes = [_free_lane(ground, left, right, [*boxes], gap, taken, up=up) for up in (True, False)]
    found = [lane for lane in lanes if lane is not None]
    if not found:
        return None
    lane = min(found, key=lambda each: abs(each - start[1]) + abs(each - end[1]))
    return Route(lane, left, right, back=True)


def _lane_between(source: Box, target: Box) -> float | None:
    """The height between two rows, near the one it goes to: blocks differ in height and rows are aligned at the top."""
    least, most = _ROW_LANE
    if target[1] - source[3] >= least:
        return target[1] - min(most, (target[1] - source[3]) / 2)
    if source[1] - target[3] >= least:
        return target[3] + min(most, (source[1] - target[3]) / 2)
    return None


def _free_lane(
    ground: Ground, left: float, right: float, boxes: list[Box], gap: float, taken: Taken, *, up: bool
) -> float | None:
    """The nearest height above or below these boxes where neither block nor wire runs between left and right."""
    lane = min(box[1] for box in boxes) - gap if up else max(box[3] for box in boxes) + gap
    for _ in range(_TRIES):
        blocking = ground.along(left, right, lane, gap / 2)
        if blocking:
            lane = min(box[1] for box in blocking) - gap if up else max(box[3] for box in blocking) + gap
        elif taken(left, right, lane):
            lane += -BESIDE if up else BESIDE
        else:
            return lane
    return None


def _gap(span: float) -> float:
    return LANE + 8.0 * min(4, int(span / _FURTHER))
