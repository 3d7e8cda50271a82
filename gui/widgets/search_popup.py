"""A field and a list that float over the window: what is typed is searched, what is highlighted is taken."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

from PySide6.QtCore import QAbstractListModel, QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.screen_reader import say
from gui.theme import set_kind, set_role, theme
from gui.widgets.search_field import SearchField

_RIM: Final = 8
"""How far it stays from the edges of what it floats over."""


class SearchPopup(QFrame):
    """Enter or a click takes, Escape or a click elsewhere leaves. Subclasses list what is found, and are final.

    Attributes:
        field: where is typed.
        list: what is found.
        column: its parts, from above.
    """

    def __init__(self, placeholder: str, model: QAbstractListModel, row: QStyledItemDelegate, parent: QWidget) -> None:
        """Hidden.

        Args:
            placeholder: what the empty field says, and what the list is called.
            model: what is found.
            row: paints a line of the list.
            parent: what it floats over.
        """
        super().__init__(parent)
        set_kind(self, "toast")
        self._over = parent
        self.field = SearchField(placeholder, self)
        self.list = QListView(self)
        for child in (model, row):
            child.setParent(self.list)
        self.list.setAccessibleName(placeholder)
        self.list.setModel(model)
        self.list.setItemDelegate(row)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setUniformItemSizes(True)
        self.list.setStyleSheet("QListView { background: transparent; }")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(8, 8, 8, 8)
        self.column.setSpacing(6)
        self.column.addWidget(self.field)
        self.column.addWidget(self.list)
        self.field.searched.connect(self._search)
        self.field.searched.connect(self._tell_highlighted)
        self.field.moved.connect(self._step)
        self.field.moved.connect(self._tell_highlighted)
        self.field.returnPressed.connect(self._take)
        self.list.clicked.connect(self._take)
        self.field.installEventFilter(self)
        # A click on it leaves the focus in the field: else what lies below would take it, which closes this.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocusProxy(self.field)
        self.hide()

    @abstractmethod
    def leave(self) -> None:
        """Close without a choice."""

    @abstractmethod
    def _search(self, text: str) -> None:
        """List what is found by a text, the best of it highlighted."""

    @abstractmethod
    def _take(self) -> None:
        """Choose what is highlighted."""

    def _put_aside(self) -> None:
        """Close, as the focus went elsewhere."""
        self.leave()

    def _add_caption(self) -> QLabel:
        """Small text below the list, in several lines."""
        label = QLabel(self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        set_role(label, "caption")
        self.column.addWidget(label)
        return label

    def _appear(self, at: QPoint | None) -> None:
        """Show it with its upper left corner there, as far as there is room; unless told, at the top in the middle."""
        self.adjustSize()
        over = self._over
        wanted = at if at is not None else QPoint((over.width() - self.width()) // 2, theme().px(72))
        room = over.rect().adjusted(_RIM, _RIM, -_RIM, -_RIM)
        x = min(max(wanted.x(), room.left()), max(room.right() - self.width(), room.left()))
        y = min(max(wanted.y(), room.top()), max(room.bottom() - self.height(), room.top()))
        self.move(x, y)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def _step(self, way: int) -> None:
        model = self.list.model()
        if model.rowCount():
            row = (self.list.currentIndex().row() + way) % model.rowCount()
            self.list.setCurrentIndex(model.index(row, 0))

    def _tell_highlighted(self) -> None:
        """The focus stays in the field: a screen reader is told what Enter would take."""
        index, count = self.list.currentIndex(), self.list.model().rowCount()
        about = index.data(Qt.ItemDataRole.AccessibleDescriptionRole) or ""
        place = self.tr("{0} of {1}").format(index.row() + 1, count)
        parts = [index.data(), about, place] if index.isValid() else [self.tr("nothing found")]
        say(self, ", ".join(str(part) for part in parts if part))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.FocusOut and not self.isHidden():
            self._put_aside()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.leave()  # at once, whatever was typed
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        event.accept()  # nothing typed here is meant for what lies below


def paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> QRectF:
    """A line's ground, marked where it is the highlighted one; the room within."""
    rect: QRect = option.rect
    state: QStyle.StateFlag = option.state
    room = QRectF(rect).adjusted(4, 1, -4, -1)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if state & QStyle.StateFlag.State_Selected:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().brush("accent_soft"))
        painter.drawRoundedRect(room, 6, 6)
    return room
