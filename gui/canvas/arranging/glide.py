"""Blocks on their way to new places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

from PySide6.QtCore import QAbstractAnimation, QEasingCurve, QEvent, QObject, QPointF, QVariantAnimation
from PySide6.QtWidgets import QWidget

from gui.canvas.scene import CanvasScene
from gui.theme import theme

GLIDE_MS: Final = 180
GLIDING: Final = 300
"""More blocks than this do not glide: they would not do so at 60 frames a second."""


@final
class Glide(QObject):
    """One movement at a time. A press of a mouse button or a key, or an edit, ends it where it was going to."""

    def __init__(self, scene: CanvasScene, parent: QObject) -> None:
        super().__init__(parent)
        self._scene = scene
        self._ways: dict[str, tuple[QPointF, QPointF]] = {}
        self._watched: list[QWidget] = []
        self._animation = QVariantAnimation(self)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._animation.valueChanged.connect(self._show)
        self._animation.finished.connect(self.stop)
        scene.document.replaced.connect(self.stop)
        scene.document.changed.connect(self.stop)

    @property
    def running(self) -> bool:
        """Whether something moves."""
        return bool(self._ways)

    def show_way(self, before: Mapping[str, QPointF]) -> None:
        """Let blocks glide from where they were to where they are now; nothing happens where motion is unwanted."""
        self.stop()
        blocks = self._scene.blocks
        ways = {name: (place, blocks[name].pos()) for name, place in before.items() if blocks[name].pos() != place}
        views = [view for view in self._scene.views() if view.isVisible()]
        ms = theme().animation_ms(GLIDE_MS)
        if not ms or not ways or not views or len(ways) > GLIDING:
            return
        self._ways = ways
        self._watch([widget for view in views for widget in (view, view.viewport())])
        self._animation.setDuration(ms)
        self._animation.start()

    def stop(self) -> None:
        """Everything to where the document says."""
        ways, self._ways = self._ways, {}
        self._unwatch()
        if self._animation.state() == QAbstractAnimation.State.Running:
            self._animation.stop()
        names = [name for name in ways if name in self._scene.blocks]
        if names:
            self._scene.settle(names)
            self._scene.wires.reroute()

    # -- inside --

    def _show(self, part: object) -> None:
        if isinstance(part, float) and self._ways:
            blocks = self._scene.blocks
            self._scene.shift(
                {name: start + (end - start) * part for name, (start, end) in self._ways.items() if name in blocks}
            )

    def _watch(self, widgets: list[QWidget]) -> None:
        self._watched = widgets
        for widget in widgets:
            widget.installEventFilter(self)

    def _unwatch(self) -> None:
        watched, self._watched = self._watched, []
        for widget in watched:
            widget.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.MouseButtonPress, QEvent.Type.KeyPress}:
            self.stop()
        return False
