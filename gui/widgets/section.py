"""A titled part of a panel that can be folded away."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from gui.icons import paint_icon
from gui.screen_reader import tell_as
from gui.theme import set_role, theme


@final
class _Header(QAbstractButton):
    """The title in small capitals and a chevron, all of it clickable."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        tell_as(self, QAccessible.Role.Button, folds=True)
        self.setText(title)
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_role(self, "section")

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text().upper()) + theme().px(14) + 10, theme().px(28))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = "text" if self.underMouse() or self.hasFocus() else "secondary"
        painter.setPen(look.pen(color))
        painter.setFont(self.font())
        side = look.px(14)
        room = self.rect().adjusted(0, 0, -side - 4, 0)
        title = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)
        arrow = QRectF(self.width() - side - 1, (self.height() - side) / 2, side, side)
        paint_icon(painter, "chevron-down" if self.isChecked() else "chevron-right", arrow, color)
        if self.hasFocus():
            painter.setPen(look.pen("accent", 1.5))
            painter.drawRoundedRect(arrow.adjusted(-3, -3, 0, 3), 4, 4)


@final
class Section(QWidget):
    """A title that folds its body. Fill `body`, a vertical layout.

    Signals:
        toggled(bool): the user or `set_expanded` opened or folded it.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, expanded: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._header = _Header(title, self)
        self._content = QWidget(self)
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(0, 2, 0, 8)
        self.body.setSpacing(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        layout.addWidget(self._content)
        self._header.toggled.connect(self._fold)
        self.set_expanded(expanded)

    @property
    def header(self) -> QAbstractButton:
        """The clickable title."""
        return self._header

    @property
    def expanded(self) -> bool:
        """Whether the body is seen."""
        return self._header.isChecked()

    def set_expanded(self, expanded: bool) -> None:
        """Opens or folds the body."""
        self._header.setChecked(expanded)

    def _fold(self, expanded: bool) -> None:
        self._content.setVisible(expanded)
        self.toggled.emit(expanded)
