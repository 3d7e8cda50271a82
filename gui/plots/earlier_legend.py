"""The earlier runs above a plot: number and name of each. A click hides or shows it, its menu renames or removes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QEnterEvent, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QMenu, QSizePolicy, QWidget

from gui.plots.corner_legend import CornerLegend
from gui.plots.earlier_curves import chip_size, paint_chip
from gui.theme import set_role, theme
from gui.widgets.labels import plain_tooltip
from gui.widgets.legend import LegendEntry
from gui.widgets.wrap_row import WrapRow

HEIGHT: Final = 24
GAP: Final = 5
WIDEST: Final = 190
"""A longer name ends in … and shows whole on hover."""
LEAST, ROOMY = 190, 300
"""Height of the panel from which on there is a legend above the plot, and from which on it may have three lines."""
LONGEST_NAME: Final = 80
NAMES: Final = 2
"""So many names are worth more than the present run's values."""
VALUE_LETTERS: Final = 7
"""Of the present run's values, `0.01234`: the layout rests while they change."""


@final
class RunEntry(QAbstractButton):
    """One run. Checked: its curves are drawn.

    Signals:
        pointed(bool): the mouse or the keyboard came to it, or left.
        rename_wanted(), removed(), cleared(): chosen from its menu or by key.
    """

    pointed = Signal(bool)
    rename_wanted = Signal()
    removed = Signal()
    cleared = Signal()

    def __init__(self, number: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("earlierRun")
        self.number = number
        self._brief = False
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        set_role(self, "caption")

    def tell(self, name: str, about: str, shown: bool) -> None:
        """What it is called, what there is to be said of it, and whether it is drawn."""
        self.setChecked(shown)
        if name != self.text():
            self.setText(name)
            self.updateGeometry()
        self.setToolTip(plain_tooltip(f"{name}\n{about}"))
        self.setAccessibleName(self.tr("Earlier run {0}: {1}").format(self.number, name))
        self.setAccessibleDescription(about)

    def set_brief(self, brief: bool) -> None:
        """Show its number alone."""
        if brief != self._brief:
            self._brief = brief
            self.updateGeometry()
            self.update()

    def width_as(self, *, brief: bool) -> int:
        """How wide it is in pixels, as its number alone or with its name."""
        if brief:
            return max(self._chip_width() + 2, theme().px(HEIGHT))
        name = self.fontMetrics().horizontalAdvance(self.text()) + 2
        return self._chip_width() + GAP + min(name, theme().px(WIDEST)) + 4

    def _chip_width(self) -> int:
        return round(chip_size(self.number)[0]) + 4

    def sizeHint(self) -> QSize:
        return QSize(self.width_as(brief=self._brief), theme().px(HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(HEIGHT), theme().px(HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        look, shown = theme(), self.isChecked()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width, height = chip_size(self.number)
        paint_chip(painter, QRectF(2, (self.height() - height) / 2, width, height), self.number, shown=shown)
        if not self._brief:
            left = round(width) + 4 + GAP
            room = QRectF(left, 0, self.width() - left, self.height())
            painter.setFont(self.font())
            painter.setPen(look.pen("text" if shown else "secondary"))
            text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        if not shown:
            middle = self.height() / 2
            painter.setPen(look.pen("secondary"))
            painter.drawLine(QRectF(1, middle, width + 2, 0).topLeft(), QRectF(1, middle, width + 2, 0).topRight())
        if self.hasFocus():
            painter.setPen(look.pen("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.pointed.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit(False)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.pointed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.pointed.emit(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2:
            self.rename_wanted.emit()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setObjectName("earlierRunMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Hide") if self.isChecked() else self.tr("Show")).triggered.connect(self.click)
        menu.addAction(self.tr("Rename…")).triggered.connect(self.rename_wanted)
        menu.addAction(self.tr("Remove")).triggered.connect(self.removed)
        menu.addSeparator()
        menu.addAction(self.tr("Clear earlier runs")).triggered.connect(self.cleared)
        menu.popup(event.globalPos())


@final
class NameField(QLineEdit):
    """A field over an entry. Enter and leaving take the name, Escape does not; an empty one is that of before."""

    taken = Signal(str)

    def __init__(self, entry: RunEntry, name: str, room: QWidget) -> None:
        """Opens over an entry, in a widget that the entry lies in."""
        super().__init__(room)
        self.setObjectName("earlierRunName")
        self.setAccessibleName(self.tr("Name of the run"))
        self.setPlaceholderText(self.tr("as before"))
        self.setMaxLength(LONGEST_NAME)
        self.setText(name)
        set_role(self, "caption")
        size = QSize(
            min(max(entry.width(), theme().px(150)), room.width()), max(entry.height(), self.sizeHint().height())
        )
        at = entry.mapTo(room, QPoint(0, (entry.height() - size.height()) // 2))
        self.setGeometry(QRect(QPoint(max(0, min(at.x(), room.width() - size.width())), max(0, at.y())), size))
        self.editingFinished.connect(self._take)
        self.show()
        self.selectAll()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _take(self) -> None:
        if not self.isHidden():
            self.hide()
            self.taken.emit(" ".join(self.text().split()))
            self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.deleteLater()
        else:
            super().keyPressEvent(event)


@final
class EarlierLegend(QWidget):
    """The present run's entries and those of earlier runs; where there is no room, the oldest show their numbers alone.

    The present run's entries are lent by the legend in the plot's corner, where they would hide the ends of curves.
    They stay there while there are no earlier runs, or too little room for two legends.
    """

    def __init__(self, corner: CornerLegend, own: Sequence[LegendEntry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("earlierRuns")
        self.setAccessibleName(self.tr("Legend of the runs"))
        self._corner, self._own = corner, tuple(own)
        self._row = WrapRow(4)
        self.setLayout(self._row)
        self.entries: list[RunEntry] = []
        self._room = 0
        theme().changed.connect(self._arrange)
        self.hide()

    def set_entries(self, entries: list[RunEntry]) -> None:
        """Show these, which are its children; all others go."""
        for entry in self.entries:
            self._row.removeWidget(entry)
            if entry not in entries:
                entry.hide()
                entry.deleteLater()
        self.entries = entries
        for entry in entries:
            self._row.addWidget(entry)
            entry.show()
        self._arrange()

    def set_room(self, height: int) -> None:
        """The panel is so high."""
        if height != self._room:
            self._room = height
            self._arrange()

    def _arrange(self) -> None:
        """Stand above the plot, or leave it to the corner."""
        above = bool(self.entries) and self._room >= theme().px(LEAST)
        if above != self._corner.isHidden():
            if above:
                for entry in self.entries:
                    self._row.removeWidget(entry)
                for widget in (*self._own, *self.entries):
                    self._row.addWidget(widget)
            else:
                for widget in self._own:
                    self._row.removeWidget(widget)
                self._corner.take(self._own)
            for widget in self._own:
                widget.reserve(VALUE_LETTERS if above else 0)
            self._corner.setVisible(not above)
        for widget in self._own:
            set_role(widget, "caption")  # another parent may have brought another font
        self.setVisible(above)
        self.fit()

    def fit(self) -> None:
        """Leave out what finds no room: names of the oldest runs, then values of the present one, then all names."""
        if self.isHidden():
            for widget in self._own:
                widget.show_value(True)
            return
        lines = 2 if self._room < theme().px(ROOMY) else 3
        count = len(self.entries)
        few = max(0, count - NAMES) + 1
        steps = (range(few), range(few, count + 1))
        ways = [(values, brief) for part in steps for values in (True, False) for brief in part]
        fitting = (way for way in ways if self._count_lines(*way) <= lines)
        values, brief = next(fitting, ways[-1])
        for widget in self._own:
            widget.show_value(values)
        for index, entry in enumerate(self.entries):
            entry.set_brief(index < brief)

    def _count_lines(self, values: bool, brief: int) -> int:
        widths = [widget.width_with(value=values) for widget in self._own if not widget.isHidden()]
        widths += [entry.width_as(brief=index < brief) for index, entry in enumerate(self.entries)]
        lines, at = 1, 0
        for wide in widths:
            if at and at + wide > self.width():
                lines, at = lines + 1, 0
            at += wide + self._row.spacing()
        return lines

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # something in it has become wider
            self.fit()
        return super().event(event)

    def settle(self) -> None:
        """Lay out now: a picture is taken."""
        self.fit()
        self._row.activate()

    def rename(self, entry: RunEntry, name: str) -> NameField:
        """Open a field over an entry."""
        return NameField(entry, name, self.parentWidget() or self)
