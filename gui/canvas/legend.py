"""The legend of the ports, at the lower left of the canvas."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from gui.canvas.block_paint import paint_port
from gui.colors import PORT_KINDS
from gui.icons import icon
from gui.theme import set_kind, theme

DOT: Final = 5.0
GAP: Final = 6


@final
class PortLegend(QFrame):
    """Says what the dots mean, by shape and colour. `hide_wanted` when its cross is pressed."""

    hide_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("portLegend")
        set_kind(self, "card")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 4, 2)
        row.setSpacing(14)
        names = {"value": self.tr("values"), "target": self.tr("targets"), "scalar": self.tr("a loss")}
        for kind in PORT_KINDS:
            row.addWidget(_Entry(kind, names[kind], self))
        close = QToolButton(self)
        close.setIcon(icon("close", "secondary"))
        close.setToolTip(self.tr("Hide the legend"))
        close.setAccessibleName(self.tr("Hide the legend"))
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        set_kind(close, "small")
        close.clicked.connect(self.hide_wanted)
        row.addWidget(close)
        self.setAccessibleName(self.tr("Round ports carry values, diamonds targets, squares a loss"))


@final
class _Entry(QWidget):
    """A dot and its name."""

    def __init__(self, kind: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._kind, self._name = kind, name
        self._picture = QPixmap()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(theme().font("caption"))
        width = theme().px(2 * DOT) + GAP + metrics.horizontalAdvance(self._name) + 2
        return QSize(width, theme().px(24))

    def _restyle(self) -> None:
        self._picture = QPixmap()
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatio()
        if self._picture.size() != self.size() * ratio:
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            self._draw(QPainter(self._picture))
        # It lies over the canvas, which paints it anew with every step of a drag.
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        painter.end()

    def _draw(self, painter: QPainter) -> None:
        look, size = theme(), theme().px(2 * DOT) / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.brush(f"port_{self._kind}"))
        paint_port(painter, self._kind, QPointF(size + 0.5, self.height() / 2), size)
        painter.setPen(look.pen("secondary"))
        painter.setFont(look.font("caption"))
        room = self.rect().adjusted(round(2 * size) + GAP, 0, 0, 0)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self._name)
        painter.end()
