"""Type a few letters, choose one of what is listed: a field and a list that float over the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QIcon, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui.theme import set_tone, theme
from gui.widgets.search_popup import SearchPopup, paint_ground

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
        # After a click Qt asks once more, though what was chosen may have emptied the list.
        able = index.row() < len(self.picks) and self.picks[index.row()].enabled
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
        painter.save()
        look, room = theme(), paint_ground(painter, option)
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
class PickList(SearchPopup):
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
        model = _Model(parent)
        super().__init__(placeholder, model, _Row(), parent)
        self._model = model
        self._find: Callable[[str], Sequence[Pick]] = lambda _: ()
        self._before: QWidget | None = None
        self._foot = self._add_caption()
        self._foot.setText(nothing)
        set_tone(self._foot, "secondary")

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
        self._appear(at)

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

    def _take(self) -> None:
        index = self.list.currentIndex()
        if not index.isValid():
            return
        pick = self._model.picks[index.row()]
        if pick.enabled:
            self.leave()
            self.chosen.emit(pick)

    def _put_aside(self) -> None:
        self._before = None  # the focus is where the person put it
        self.leave()
