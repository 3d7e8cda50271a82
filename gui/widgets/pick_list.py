"""Type a few letters, choose one of what is listed: a field and a list that float over the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, final

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.search_field import SearchField

ROW: Final = 30
_PICK: Final = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


@final
@dataclass(frozen=True, slots=True)
class Pick:
    """One line of the list.

    Attributes:
        title: what is searched by.
        detail: said behind it, quietly.
        note: said at the right, in the font of numbers and keys.
        data: what it stands for.
        enabled: whether it can be chosen now.
        checked: marked where it has no icon.
    """

    title: str
    detail: str = ""
    note: str = ""
    data: object = None
    icon: QIcon = field(default_factory=QIcon)
    enabled: bool = True
    checked: bool = False


@final
class _Model(QAbstractListModel):
    """What is found, best first."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.picks: Sequence[Pick] = ()

    def show(self, picks: Sequence[Pick]) -> None:
        """List these."""
        self.beginResetModel()
        self.picks = picks
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.picks)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        pick = self.picks[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return pick.title
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return f"{pick.detail} {pick.note}".strip()
        return pick if role == _PICK else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        able = self.picks[index.row()].enabled
        return Qt.ItemFlag.ItemIsSelectable | (Qt.ItemFlag.ItemIsEnabled if able else Qt.ItemFlag.NoItemFlags)


@final
class _Row(QStyledItemDelegate):
    """Icon or check mark, title, detail behind it, note at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, theme().px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        pick = index.data(_PICK)
        if not isinstance(pick, Pick):
            return
        look, room = theme(), QRectF(option.rect).adjusted(4, 1, -4, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.brush("accent_soft"))
            painter.drawRoundedRect(room, 6, 6)
        side = look.px(16)
        mark = QRectF(room.left() + 8, room.center().y() - side / 2, side, side)
        if not pick.icon.isNull():
            pick.icon.paint(painter, mark.toRect())
        elif pick.checked:
            painter.setPen(look.pen("accent"))
            painter.drawText(mark, Qt.AlignmentFlag.AlignCenter, "✓")
        self._write(
            painter, pick, QRectF(mark.right() + 10, room.top(), room.right() - mark.right() - 20, room.height())
        )
        painter.restore()

    def _write(self, painter: QPainter, pick: Pick, room: QRectF) -> None:
        look, gap = theme(), theme().px(10)
        note_font, title_font, detail_font = look.font("mono_caption"), look.font(), look.font("caption")
        centred, right = Qt.AlignmentFlag.AlignVCenter, Qt.TextElideMode.ElideRight
        note_width = QFontMetrics(note_font).horizontalAdvance(pick.note)
        painter.setFont(note_font)
        painter.setPen(look.pen("secondary"))
        painter.drawText(QRectF(room.right() - note_width, room.top(), note_width, room.height()), centred, pick.note)
        space = room.width() - note_width - gap
        metrics = QFontMetrics(title_font)
        title = metrics.elidedText(pick.title, right, int(space))
        width = metrics.horizontalAdvance(title)
        painter.setFont(title_font)
        painter.setPen(look.pen("text" if pick.enabled else "disabled"))
        painter.drawText(QRectF(room.left(), room.top(), width + 1, room.height()), centred, title)
        rest = space - width - gap
        if rest > look.px(24):
            detail = QFontMetrics(detail_font).elidedText(pick.detail, right, int(rest))
            painter.setFont(detail_font)
            painter.setPen(look.pen("secondary" if pick.enabled else "disabled"))
            painter.drawText(QRectF(room.left() + width + gap, room.top(), rest, room.height()), centred, detail)


@final
class PickList(QFrame):
    """Enter or a click chooses, Escape or a click elsewhere leaves; the focus goes back where it was.

    Args:
        placeholder: what the empty field says.
        nothing: what is said when nothing is found.
        parent: what it floats over.

    Signals:
        chosen(Pick): one that is enabled was chosen; the list is gone by then.
    """

    chosen = Signal(object)

    def __init__(self, placeholder: str, nothing: str, parent: QWidget) -> None:
        super().__init__(parent)
        set_kind(self, "toast")
        self._over = parent
        self._find: Callable[[str], Sequence[Pick]] = lambda _: ()
        self._before: QWidget | None = None
        self.field = SearchField(placeholder, self)
        self._model = _Model(self)
        self.list = QListView(self)
        self.list.setAccessibleName(placeholder)
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setUniformItemSizes(True)
        self.list.setStyleSheet("QListView { background: transparent; }")
        self._foot = QLabel(nothing, self)
        self._foot.setWordWrap(True)
        set_role(self._foot, "caption")
        set_tone(self._foot, "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        for widget in (self.field, self.list, self._foot):
            column.addWidget(widget)
        self.field.searched.connect(self._search)
        self.field.moved.connect(self._step)
        self.field.returnPressed.connect(self._take)
        self.list.clicked.connect(self._take)
        self.field.installEventFilter(self)
        self.hide()

    def shown(self) -> list[str]:
        """The titles now listed, best first."""
        return [pick.title for pick in self._model.picks]

    def open(self, find: Callable[[str], Sequence[Pick]], width: int, rows: int, at: QPoint | None = None) -> None:
        """Open, the field empty.

        Args:
            find: what is listed for a text, best first.
            width: in pixels at 100 %.
            rows: how many are seen at once, at most.
            at: upper left corner; unless told, at the top in the middle.
        """
        self._before = QApplication.focusWidget()
        self._find = find
        self.field.clear()
        self._search("")
        over = self._over
        self.setFixedWidth(min(theme().px(width), over.width() - 32))
        rows = min(rows, max(len(self._model.picks), 1))
        self.list.setFixedHeight(min(theme().px(ROW) * rows, over.height() // 2) + 2)
        self.adjustSize()
        wanted = at if at is not None else QPoint((over.width() - self.width()) // 2, theme().px(72))
        x = min(max(wanted.x(), 8), max(over.width() - self.width() - 8, 8))
        y = min(max(wanted.y(), 8), max(over.height() - self.height() - 8, 8))
        self.move(x, y)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        """Close without a choice."""
        if self.isHidden():
            return
        self.hide()
        self._find = lambda _: ()
        self._model.show(())
        before, self._before = self._before, None
        if before is not None and before.isVisible():
            before.setFocus(Qt.FocusReason.PopupFocusReason)

    def _search(self, text: str) -> None:
        found = self._find(text)
        self._model.show(found)
        self.list.setCurrentIndex(self._model.index(0))
        self._foot.setVisible(not found)

    def _step(self, way: int) -> None:
        count = self._model.rowCount()
        if count:
            self.list.setCurrentIndex(self._model.index((self.list.currentIndex().row() + way) % count))

    def _take(self) -> None:
        index = self.list.currentIndex()
        if not index.isValid():
            return
        pick = self._model.picks[index.row()]
        if pick.enabled:
            self.leave()
            self.chosen.emit(pick)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.FocusOut and not self.isHidden():
            self._before = None  # the focus is where the person put it
            self.leave()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        event.accept()  # nothing typed here is meant for what lies below
