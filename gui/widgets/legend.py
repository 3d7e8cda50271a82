"""What lines and colours mean."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAccessible, QFontMetrics, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui.colormaps import Rgb
from gui.plot_style import curve_pen
from gui.screen_reader import tell_as
from gui.theme import set_role, theme

SAMPLE_WIDTH = 20
GAP = 6


@final
class LegendEntry(QAbstractButton):
    """A piece of line, a name and a value. A click shows or hides the curve: `toggled`."""

    def __init__(
        self, name: str, color: str, dashed: bool = False, value: str = "", parent: QWidget | None = None
    ) -> None:
        """Shows an entry.

        Args:
            name: of the curve.
            color: a field of the palette or `#rrggbb`.
            dashed: as the curve is drawn.
            value: the present value, already short; drawn in mono.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self._color, self._dashed, self._value = color, dashed, value
        self._letters, self._value_shown = 0, True
        tell_as(self, QAccessible.Role.CheckBox, about=lambda: self._value)
        self.setText(name)
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        set_role(self, "caption")

    @property
    def value(self) -> str:
        """The present value."""
        return self._value

    def set_name(self, name: str) -> None:
        """Another name."""
        if name != self.text():
            self.setText(name)
            self.updateGeometry()

    def set_value(self, value: str) -> None:
        """Another present value."""
        if value != self._value:
            wider = max(len(value), self._letters) != max(len(self._value), self._letters)
            self._value = value
            if wider:
                self.updateGeometry()
            self.update()

    def show_value(self, shown: bool) -> None:
        """Show the value, or, where there is little room, the name alone."""
        if shown != self._value_shown:
            self._value_shown = shown
            self.updateGeometry()
            self.update()

    def reserve(self, letters: int) -> None:
        """Keep room for a value of so many letters: what stands beside it does not move with every number."""
        if letters != self._letters:
            self._letters = letters
            self.updateGeometry()

    def set_color(self, color: str) -> None:
        """Another colour."""
        self._color = color
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.width_with(value=self._value_shown), theme().px(24))

    def width_with(self, *, value: bool) -> int:
        """How wide it is in pixels, with its value or without."""
        width = theme().px(SAMPLE_WIDTH) + GAP + self.fontMetrics().horizontalAdvance(self.text()) + 4
        if value and (self._value or self._letters):
            mono = QFontMetrics(theme().font("mono_caption"))
            width += GAP + mono.horizontalAdvance(self._value.ljust(self._letters, "0"))
        return width

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown = self.isChecked()
        middle = self.height() / 2
        sample = look.px(SAMPLE_WIDTH)
        painter.setPen(curve_pen(self._color if shown else "disabled", dashed=self._dashed))
        painter.drawLine(QRectF(2, middle, sample - 2, 0).topLeft(), QRectF(2, middle, sample - 2, 0).topRight())
        font = self.font()
        font.setStrikeOut(not shown)  # a curve that is hidden is told by more than grey
        painter.setFont(font)
        painter.setPen(look.pen("text" if shown else "disabled"))
        left = sample + GAP
        width = self.fontMetrics().horizontalAdvance(self.text()) + 2
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRectF(left, 0, width, self.height()), align, self.text())
        if self._value and self._value_shown:
            painter.setFont(look.font("mono_caption"))
            painter.setPen(look.pen("secondary" if shown else "disabled"))
            painter.drawText(QRectF(left + width + GAP - 2, 0, 400, self.height()), align, self._value)
        if self.hasFocus():
            painter.setPen(look.pen("accent"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 2.5, -0.5, -2.5), 4, 4)


@final
class ScaleBar(QWidget):
    """A colour scale with its ends: `gradient flow ▭▭▭ 1e-8 … 1e2`."""

    def __init__(
        self, title: str, table: Rgb, low: str, high: str, parent: QWidget | None = None, *, length: int = 112
    ) -> None:
        super().__init__(parent)
        self._title, self._length = title, length
        self._ends = low, high
        self._shown: tuple[bytes, str, str] | None = None
        self._image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_scale(table, low, high)

    def set_scale(self, table: Rgb, low: str, high: str) -> None:
        """Shows another lookup table (shape `(256, 3)`) and other ends."""
        if self._shown == (table.tobytes(), low, high):
            return
        self._shown = table.tobytes(), low, high
        self._ends = low, high
        self._image = QImage(table.tobytes(), len(table), 1, 3 * len(table), QImage.Format.Format_RGB888).copy()
        self.setAccessibleName(f"{self._title}: {low} … {high}")
        self.updateGeometry()
        self.update()

    def _widths(self) -> tuple[int, int, int, int]:
        title = QFontMetrics(theme().font("caption")).horizontalAdvance(self._title)
        mono = QFontMetrics(theme().font("mono_caption"))
        low, high = (mono.horizontalAdvance(end) for end in self._ends)
        return title, low, theme().px(self._length), high

    def sizeHint(self) -> QSize:
        return QSize(sum(self._widths()) + 3 * 8, theme().px(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        title, low, bar, high = self._widths()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        align = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(look.pen("secondary"))
        painter.setFont(look.font("caption"))
        painter.drawText(QRectF(0, 0, title + 2, self.height()), align, self._title)
        painter.setFont(look.font("mono_caption"))
        left = title + 8.0
        painter.drawText(QRectF(left, 0, low + 2, self.height()), align, self._ends[0])
        left += low + 8
        height = look.px(10)
        strip = QRectF(left, (self.height() - height) // 2, bar, height)
        painter.drawImage(strip, self._image)
        painter.setPen(look.pen("border"))
        painter.drawRect(strip.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setPen(look.pen("secondary"))
        painter.drawText(QRectF(left + bar + 8, 0, high + 2, self.height()), align, self._ends[1])
