"""On or off."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QEasingCurve, QPoint, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QWidget

from gui.colors import mix
from gui.theme import theme

TRACK: Final = (30, 18)
GAP: Final = 8


@final
class Switch(QCheckBox):
    """A check box drawn as a switch, for what takes effect at once."""

    def __init__(self, text: str = "", checked: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setChecked(checked)
        self._place = 1.0 if checked else 0.0
        self._animation = QVariantAnimation(self)
        self._animation.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._animation.valueChanged.connect(self._move)
        self.toggled.connect(self._slide)

    def tie(self, action: QAction) -> None:
        """From now on the switch and an entry of a menu are one: each follows the other."""
        action.setCheckable(True)
        action.setChecked(self.isChecked())
        action.toggled.connect(self.setChecked)
        self.toggled.connect(action.setChecked)

    def _slide(self, checked: bool) -> None:
        end = 1.0 if checked else 0.0
        duration = theme().animation_ms(120) if self.isVisible() else 0
        self._animation.stop()
        if not duration:
            self._move(end)
            return
        self._animation.setDuration(duration)
        self._animation.setStartValue(self._place)
        self._animation.setEndValue(end)
        self._animation.start()

    def _move(self, place: float) -> None:
        self._place = place
        self.update()

    def sizeHint(self) -> QSize:
        width, height = (theme().px(side) for side in TRACK)
        if self.text():
            width += GAP + self.fontMetrics().horizontalAdvance(self.text()) + 2
        return QSize(width + 4, max(height + 4, theme().px(24), self.fontMetrics().height()))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, palette = theme(), theme().palette
        width, height = (look.px(side) for side in TRACK)
        track = QRectF(2, (self.height() - height) / 2, width, height)
        enabled = self.isEnabled()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = mix(palette.pressed, palette.accent_fill, self._place)
        edge = mix(palette.control, palette.accent_fill, self._place)
        painter.setBrush(look.brush(on if enabled else palette.line))
        painter.setPen(look.pen(edge if enabled else palette.line))
        painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), height / 2, height / 2)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(look.pen("accent", 1.5))
            painter.drawRoundedRect(track.adjusted(-1.25, -1.25, 1.25, 1.25), height / 2 + 1.25, height / 2 + 1.25)
        knob = height - 6.0
        left = track.left() + 3 + self._place * (width - height)
        resting = mix(palette.secondary, palette.on_accent, self._place)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.brush(resting if enabled else palette.disabled))
        painter.drawEllipse(QRectF(left, track.top() + 3, knob, knob))
        if self.text():
            painter.setPen(look.pen("text" if enabled else "disabled"))
            painter.setFont(self.font())
            room = self.rect().adjusted(width + 4 + GAP, 0, 0, 0)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextShowMnemonic, self.text())
