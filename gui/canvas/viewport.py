"""How the canvas's view is set up, where the pointer is on it, what of it is painted again, and how from afar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QGraphicsView

from gui.canvas.camera import Camera
from gui.canvas.geometry import FAR

_HINTS: Final = (
    QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing | QPainter.RenderHint.SmoothPixmapTransform
)


def set_up(view: QGraphicsView) -> None:
    """Without frame, scroll bars or anchors of its own: the camera moves it."""
    view.setFrameShape(QFrame.Shape.NoFrame)
    view.setRenderHints(_HINTS)
    view.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
    view.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
    view.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
    view.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    # The view's own rectangle is wide; the scene's stays tight, as Qt's index divides that one.
    view.setSceneRect(QRectF(-2 * FAR, -2 * FAR, 4 * FAR, 4 * FAR))
    view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    view.setAcceptDrops(True)
    view.setMouseTracking(True)
    # The ground covers all of it: without this Qt would fill it first.
    view.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)


def pointer_place(view: QGraphicsView, camera: Camera) -> QPointF | None:
    """Where the pointer is in the scene, if it is over the viewport."""
    place = view.viewport().mapFromGlobal(view.cursor().pos())
    inside = view.viewport().rect().contains(place) and view.viewport().underMouse()
    return camera.to_scene(QPointF(place)) if inside else None


def repaint(view: QGraphicsView, camera: Camera, area: QRectF) -> None:
    """Paint a part of the scene again."""
    start, end = camera.to_view(area.topLeft()), camera.to_view(area.bottomRight())
    shown = QRectF(start, end).toAlignedRect().adjusted(-2, -2, 2, 2)
    view.viewport().update(shown.intersected(QRect(QPoint(), view.viewport().size())))


def paint_without_items(
    view: QGraphicsView, camera: Camera, exposed: QRectF, draw: Callable[[QPainter, QRectF], object]
) -> None:
    """Paint an exposed part of the viewport by a function that takes the painter and the part in scene coordinates."""
    area = QRectF(camera.to_scene(exposed.topLeft()), camera.to_scene(exposed.bottomRight()))
    painter = QPainter(view.viewport())
    painter.setRenderHints(_HINTS)
    painter.setWorldTransform(view.viewportTransform())
    draw(painter, area)
    painter.end()
