"""Dots that wires run through: put there, found, taken away. Each is one edit of the document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, QPointF

from engine import edits
from engine.graph import Project, Touched
from gui.canvas.geometry import snapped
from gui.canvas.scene import CanvasScene
from gui.canvas.stage import Stage
from gui.canvas.wire_item import Ends, WireItem

CATCH: Final = 10.0
"""How far from its centre a dot is caught, in pixels on the screen."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Dots", text)


def dot_near(scene: CanvasScene, item: WireItem, at: QPointF) -> int | None:
    """The dot of a wire at a place of the scene."""
    reach = CATCH / min(scene.look.scale, 1.0)
    away = [math.dist(dot, (at.x(), at.y())) for dot in item.dots]
    nearest = min(range(len(away)), key=away.__getitem__, default=None)
    return nearest if nearest is not None and away[nearest] <= reach else None


def add_dot(stage: Stage, item: WireItem, at: QPointF) -> None:
    """Lead a wire through a place, and select the dot there."""
    corners, here = item.corners, (at.x(), at.y())
    along = _along(corners, here)
    index = sum(1 for dot in item.dots if _along(corners, dot) <= along)
    spot = (snapped(at.x()), snapped(at.y()))
    wire = item.wire
    project, touched = edits.bend(stage.document.project, wire, (*wire.via[:index], spot, *wire.via[index:]))
    stage.document.edit(_tr("Bend the wire from {0} to {1}").format(wire.from_node, wire.to_node), project, touched)
    stage.selection.set(())
    stage.scene.choose_dots({(wire.ends, index)})


def toggle_dot(stage: Stage, item: WireItem, at: QPointF) -> None:
    """Take away the dot at a place of a wire, or put one there."""
    index = dot_near(stage.scene, item, at)
    if index is None:
        add_dot(stage, item, at)
    else:
        remove_dots(stage, {(item.wire.ends, index)})


def remove_dots(stage: Stage, dots: Iterable[tuple[Ends, int]]) -> None:
    """Take dots away; their wires stay."""
    dots = frozenset(dots)
    project, touched = without_dots(stage.document.project, dots)
    if touched:
        text = _tr("Remove a dot") if len(dots) == 1 else _tr("Remove {0} dots").format(len(dots))
        stage.scene.choose_dots(())
        stage.document.edit(text, project, touched)


def without_dots(project: Project, dots: Iterable[tuple[Ends, int]]) -> tuple[Project, Touched]:
    """The project without these dots, and the ids that touches."""
    gone: dict[Ends, set[int]] = {}
    for ends, index in dots:
        gone.setdefault(ends, set()).add(index)
    touched: Touched = edits.NOTHING
    for ends, indices in gone.items():
        wire = project.graph.wire(ends)
        left = [dot for index, dot in enumerate(wire.via) if index not in indices]
        project, more = edits.bend(project, wire, left)
        touched |= more
    return project, touched


def _along(corners: Sequence[tuple[float, float]], spot: tuple[float, float]) -> int:
    """Which corner of the curve is nearest."""
    return min(range(len(corners)), key=lambda index: math.dist(corners[index], spot), default=0)
