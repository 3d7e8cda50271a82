"""Where the card with a wire's value stands: as near to the middle of its wire as it can without hiding anything.

Every place that comes into question is judged at once, as arrays, as this is asked at each step of the cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

Floats = NDArray[np.float64]
GAP: Final = 12.0
"""Between the card and its wire, in scene units: room for the arrow."""
ROOM: Final = 8.0
"""Between the card and a block, whose ports stick out that far."""
_PARTS: Final = np.array([0.5, 0.44, 0.56, 0.38, 0.62, 0.3, 0.7, 0.22, 0.78])
_SLIDES: Final = np.array([0.0, -0.25, 0.25, -0.5, 0.5, -0.8, 0.8])
_AWAY: Final = np.concatenate([np.arange(GAP, 60.0, 8.0), np.arange(60.0, 140.0, 16.0), np.arange(140.0, 340.0, 24.0)])
_SIDES: Final = ((0.0, -1.0), (0.0, 1.0), (-1.0, 0.0), (1.0, 0.0))
_OFF_MIDDLE: Final = 90.0
"""What a whole wire's length off its middle costs, in units of distance."""
_CENTRED: Final = 0.35
"""What it costs that the middle of a card is far from its wire, beside its nearest point: it stands straight above."""
_OVER_WIRE: Final = 220.0
_OVER_LABEL: Final = 14.0
_OUTSIDE: Final = 400.0
_AROUND: Final = np.array([-6.0, -6.0, 6.0, 6.0])
_HIDES: Final = 1e5
_ALONG: Final = np.linspace(0.0, 1.0, 9)
_AT_ONCE: Final = 200


@final
@dataclass(frozen=True, slots=True)
class Ground:
    """What is there already.

    Attributes:
        blocks, cards: must not be covered.
        leaders: points along the lines from cards to their wires, shape `(points, 2)`; neither.
        labels: had better not be covered, such as the shapes at wires.
        wires: points along all wires, shape `(points, 2)`; the same.
        seen: the part of the scene that is seen; empty where that does not matter.
    """

    blocks: Sequence[QRectF]
    cards: Sequence[QRectF]
    leaders: Floats
    labels: Sequence[QRectF]
    wires: Floats
    seen: QRectF


@final
@dataclass(frozen=True, slots=True)
class Place:
    """Where a card stands, and the line to its wire.

    Attributes:
        box: of the card.
        near, anchor: ends of the leader: at the rim of the card, and on the wire.
    """

    box: QRectF
    near: QPointF
    anchor: QPointF

    @property
    def leader(self) -> Floats:
        """Points along the leader."""
        return points_along([(self.near.x(), self.near.y()), (self.anchor.x(), self.anchor.y())], 4.0)


def find_place(path: QPainterPath, wide: float, high: float, ground: Ground) -> Place:
    """The best place for a card of that size at a wire."""
    left, top, anchors, cost = _wishes(path, wide, high)
    boxes = np.stack([left, top, left + wide, top + high], axis=1)
    blocks = _rects(ground.blocks, ROOM)
    cost = cost + _HIDES * ((_overlap(boxes, blocks) + _overlap(boxes, _rects(ground.cards, 4.0))) > 0.0)
    cost += _overlap(boxes, np.concatenate([blocks, _rects(ground.cards, 4.0)]))
    cost += _HIDES * (_inside(anchors, _rects(ground.cards, 4.0)) | _holds(boxes, ground.leaders))
    cost += _OVER_LABEL * (_overlap(boxes, _rects(ground.labels, 0.0)) > 0.0)
    if not ground.seen.isEmpty():
        seen = _rects([ground.seen], 0.0)
        cost += _OUTSIDE * (_overlap(boxes, seen) < 0.99 * wide * high)
    best = _best(boxes, anchors, cost, ground)
    box, anchor = boxes[best], anchors[best]
    near = np.clip(anchor, box[:2], box[2:])
    return Place(QRectF(box[0], box[1], wide, high), QPointF(*near), QPointF(*anchor))


def _best(boxes: Floats, anchors: Floats, cost: Floats, ground: Ground) -> int:
    """The cheapest place, what lies over wires counted only for those that may come to be the cheapest."""
    order, solid = np.argsort(cost, kind="stable"), _rects([*ground.blocks, *ground.cards], 0.0)
    best, least = int(order[0]), np.inf
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        if cost[some[0]] >= least:
            break
        whole = cost[some] + _OVER_WIRE * _holds(boxes[some] + _AROUND, ground.wires)
        for at in np.argsort(whole, kind="stable"):
            if whole[at] >= least:
                break
            if not _crosses(boxes[some[at]], anchors[some[at]], solid):
                best, least = int(some[at]), float(whole[at])
                break
    return best


def points_along(corners: Sequence[tuple[float, float]], every: float = 8.0) -> Floats:
    """Points along a line of corners, so many units apart at most; shape `(points, 2)`."""
    line = np.asarray(corners, dtype=float).reshape(-1, 2)
    if len(line) < 2:
        return line
    lengths = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    at = np.linspace(0.0, along[-1], max(2, int(along[-1] / every) + 1))
    return np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], axis=1)


def _wishes(path: QPainterPath, wide: float, high: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Left and top of every box that comes into question, the point of the wire it hangs at, and what it costs."""
    made: list[tuple[Floats, Floats, Floats, Floats]] = []
    slide, away = (grid.ravel() for grid in np.meshgrid(_SLIDES, _AWAY))
    for part in _PARTS:
        anchor = path.pointAtPercent(float(part))
        for across, down in _SIDES:
            along_x, along_y = abs(down) * slide * wide, abs(across) * slide * high
            x = anchor.x() + across * (wide / 2 + away) + along_x
            y = anchor.y() + down * (high / 2 + away) + along_y
            off_x, off_y = np.abs(x - anchor.x()), np.abs(y - anchor.y())
            cost = np.hypot(np.clip(off_x - wide / 2, 0.0, None), np.clip(off_y - high / 2, 0.0, None))
            cost = cost + _CENTRED * np.hypot(off_x, off_y) + _OFF_MIDDLE * abs(part - 0.5)
            made.append((x - wide / 2, y - high / 2, np.tile([anchor.x(), anchor.y()], (len(x), 1)), cost))
    left, top, anchors, costs = (np.concatenate(list(parts)) for parts in zip(*made, strict=True))
    return left, top, anchors, costs


def _rects(areas: Sequence[QRectF], room: float) -> Floats:
    """Left, top, right, bottom of each, with room around."""
    found = [(a.left() - room, a.top() - room, a.right() + room, a.bottom() + room) for a in areas]
    return np.array(found, dtype=float).reshape(-1, 4)


def _overlap(boxes: Floats, others: Floats) -> Floats:
    """The area of each box that others cover."""
    one, other = boxes[:, None, :], others[None, :, :]
    wide = np.minimum(one[..., 2], other[..., 2]) - np.maximum(one[..., 0], other[..., 0])
    high = np.minimum(one[..., 3], other[..., 3]) - np.maximum(one[..., 1], other[..., 1])
    found: Floats = (np.clip(wide, 0.0, None) * np.clip(high, 0.0, None)).sum(axis=1)
    return found


def _holds(boxes: Floats, points: Floats) -> NDArray[Any]:
    """Whether a point lies in each box."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    points = points[((points >= low) & (points <= high)).all(axis=1)]
    x, y = points[:, 0][None, :], points[:, 1][None, :]
    inside = (x > boxes[:, :1]) & (x < boxes[:, 2:3]) & (y > boxes[:, 1:2]) & (y < boxes[:, 3:4])
    found: NDArray[Any] = np.any(inside, axis=1)
    return found


def _inside(points: Floats, areas: Floats) -> NDArray[Any]:
    """Whether each point lies in any of the areas."""
    x, y = points[:, :1], points[:, 1:]
    inside = (x > areas[:, 0]) & (x < areas[:, 2]) & (y > areas[:, 1]) & (y < areas[:, 3])
    found: NDArray[Any] = np.any(inside, axis=1)
    return found


def _crosses(box: Floats, anchor: Floats, blocks: Floats) -> bool:
    """Whether the line from a box to its wire runs over a block."""
    near = np.clip(anchor, box[:2], box[2:])
    points = near + _ALONG[:, None] * (anchor - near)
    return bool(_holds(blocks, points).any()) if len(blocks) else False
