"""How a problem is drawn in the list: its icon, the message, and the way out below it."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from engine.problem import Problem
from gui.icons import icon
from gui.theme import theme

PROBLEM_ROLE: Final = Qt.ItemDataRole.UserRole
ICONS: Final = {"error": ("error", "error_text"), "warning": ("warning", "warning_text"), "info": ("info", "secondary")}
_PADDING: Final = (10, 7)
_WRAPPED: Final = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
_ENDLESS: Final = 100_000


@final
class ProblemDelegate(QStyledItemDelegate):
    """Rows as high as their text needs in the width there is."""

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        width = self._view.viewport().width()
        rows = self._rows(index, QRect(0, 0, width, _ENDLESS))
        return QSize(width, rows[-1][0].bottom() + 1 + _PADDING[1])

    def _rows(self, index: QModelIndex | QPersistentModelIndex, room: QRect) -> list[tuple[QRect, str, QFont, str]]:
        """Where each text stands: rectangle, text, font, colour."""
        problem: Problem = index.data(PROBLEM_ROLE)
        left = room.left() + _PADDING[0] + theme().px(16) + 10
        area = QRect(left, room.top() + _PADDING[1], room.right() - left - _PADDING[0], _ENDLESS)
        texts = [(problem.message, theme().font("text"), "text")]
        if problem.hint:
            texts.append((problem.hint, theme().font("caption"), "secondary"))
        rows = []
        for text, font, color in texts:
            height = QFontMetrics(font).boundingRect(area, _WRAPPED, text).height()
            rows.append((QRect(area.left(), area.top(), area.width(), height), text, font, color))
            area.setTop(area.top() + height + 2)
        return rows

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        panel = QStyle.PrimitiveElement.PE_PanelItemViewItem
        self._view.style().drawPrimitive(panel, option, painter, self._view)
        room: QRect = option.rect
        problem: Problem = index.data(PROBLEM_ROLE)
        side = theme().px(16)
        mark = QRect(room.left() + _PADDING[0], room.top() + _PADDING[1] + 1, side, side)
        icon(*ICONS[problem.severity]).paint(painter, mark)
        for rect, text, font, color in self._rows(index, room):
            painter.setFont(font)
            painter.setPen(theme().pen(color))
            painter.drawText(rect, _WRAPPED, text)
