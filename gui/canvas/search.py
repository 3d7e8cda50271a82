"""The search for a block: a field and a list at the pointer. Enter takes, Escape leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
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
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from engine.block import Block, registry
from gui.canvas import habits
from gui.canvas.fuzzy import Offer, offers
from gui.icons import block_icon_name, paint_icon
from gui.theme import set_tone, theme
from gui.widgets.search_popup import SearchPopup, paint_ground

WIDTH: Final = 340
ROWS: Final = 7
_OFFER: Final = Qt.ItemDataRole.UserRole
_MARK: Final = _OFFER + 1
Index = QModelIndex | QPersistentModelIndex
Taken = Callable[[str, Mapping[str, Any]], object]
"""Is called with the kind of block that was chosen, and with parameters to set."""


@final
class _Offers(QAbstractListModel):
    """What was found, best first."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.offers: Sequence[Offer] = ()
        self._pinned: list[str] = []
        self._recent: list[str] = []

    def show(self, offers: Sequence[Offer]) -> None:
        """List these."""
        self.beginResetModel()
        self.offers = offers
        self._pinned, self._recent = habits.pinned(), habits.recent()
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.offers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        offer = self.offers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return offer.title
        if role in (Qt.ItemDataRole.AccessibleDescriptionRole, Qt.ItemDataRole.ToolTipRole):
            return offer.block.doc
        if role == _MARK:
            kind = offer.block.kind
            return "pin" if kind in self._pinned else "recent" if kind in self._recent else ""
        return offer if role == _OFFER else None


@final
class _Row(QStyledItemDelegate):
    """Icon, name, category at the right, and one line of description."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, theme().px(42))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        offer = index.data(_OFFER)
        if not isinstance(offer, Offer):
            return
        block = offer.block
        painter.save()
        look, room = theme(), paint_ground(painter, option)
        size = look.px(16)
        icon = QRectF(room.left() + 8, room.top() + look.px(5), size, size)
        paint_icon(painter, block_icon_name(block.icon, block.category), icon, block.category)
        left = icon.right() + 10
        top = QRectF(left, room.top() + look.px(3), room.right() - left - 8, look.px(19))
        painter.setFont(look.font("strong"))
        painter.setPen(look.pen("text"))
        category = self.tr(block.category)
        beside = top.width() - QFontMetrics(look.font("caption")).horizontalAdvance(category) - 12
        room_for_name = round(beside - (look.px(14) if index.data(_MARK) else 0))
        title = QFontMetrics(look.font("strong")).elidedText(offer.title, Qt.TextElideMode.ElideRight, room_for_name)
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter, title)
        painter.setFont(look.font("caption"))
        painter.setPen(look.pen("secondary"))
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, category)
        if index.data(_MARK):
            place = QRectF(top.right() - (top.width() - beside) - look.px(8), top.top() + look.px(3), size, size)
            small = place.adjusted(1, 1, -1, -1)
            paint_icon(painter, index.data(_MARK), small, "accent" if index.data(_MARK) == "pin" else "secondary")
        below = QRectF(left, top.bottom(), top.width(), look.px(16))
        text = QFontMetrics(look.font("caption")).elidedText(
            block.doc, Qt.TextElideMode.ElideRight, round(below.width())
        )
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


def _is_pin_key(event: QEvent) -> bool:
    keys = Qt.KeyboardModifier.ControlModifier
    return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_D and event.modifiers() == keys


@final
class BlockSearch(SearchPopup):
    """Floats over the canvas while a block is looked for; hides itself when left.

    Signals:
        closed(): it is gone, with or without a choice.
    """

    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        model = _Offers(parent)
        super().__init__(QCoreApplication.translate("BlockSearch", "Search blocks"), model, _Row(), parent)
        self._model = model
        self.setObjectName("blockSearch")
        self._taken: Taken | None = None
        self._offer: list[Block] = []
        self._hidden = 0
        self.field.setObjectName("blockSearchField")
        self.list.setObjectName("blockSearchList")
        self._help, self._foot = self._add_caption(), self._add_caption()
        self._help.setObjectName("blockSearchHelp")
        set_tone(self._foot, "secondary")
        self._foot.setObjectName("blockSearchFoot")
        self.list.selectionModel().currentChanged.connect(self._tell)

    def shown(self) -> list[str]:
        """The titles now listed, best first: `Dense`, `Activation – tanh`."""
        return [offer.title for offer in self._model.offers]

    def open(self, at: QPoint, taken: Taken, accepts: Callable[[Block], bool] | None = None) -> None:
        """Open near a place of the parent.

        Args:
            at: where the pointer is.
            taken: called with what was chosen.
            accepts: which blocks are offered; all unless told.
        """
        self._taken = taken
        self._offer = [block for block in registry().values() if accepts is None or accepts(block)]
        self._hidden = len(registry()) - len(self._offer)
        self.field.clear()
        self._search("")
        row = theme().px(42)
        self.list.setFixedHeight(row * min(max(len(self._offer), 1), ROWS) + 2)
        self.setFixedWidth(theme().px(WIDTH))
        self._help.setFixedHeight(3 * self._help.fontMetrics().lineSpacing())
        self._appear(at)

    def leave(self) -> None:
        """Close without a choice."""
        if not self.isHidden():
            self._taken = None
            self.hide()
            self.closed.emit()

    def _search(self, text: str) -> None:
        found = offers(text, self._offer) if text else habits.by_habit(offers(text, self._offer))
        self._model.show(found)
        self.list.setCurrentIndex(self._model.index(0))
        if not found:
            foot = self.tr("No block of that name. Try another word.")
        elif self._hidden and not text:
            foot = self.tr("Left out, as they do not fit here: {0}").format(self._hidden)
        else:
            foot = self.tr("Ctrl+D pins the block on top of the list.") if not text else ""
        self._tell()
        self._foot.setText(foot)
        self._foot.setVisible(bool(foot))

    def _take(self) -> None:
        index, taken = self.list.currentIndex(), self._taken
        if not index.isValid():
            return
        offer = self._model.offers[index.row()]
        habits.note_used(offer.block.kind)
        self.leave()
        if taken is not None:
            taken(offer.block.kind, offer.params)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.KeyPress and _is_pin_key(event):
            self._toggle_pin()
            return True
        return super().eventFilter(watched, event)

    def _toggle_pin(self) -> None:
        """Pin the highlighted block, so that it comes first, or let it go."""
        row = self.list.currentIndex().row()
        if 0 <= row < len(self._model.offers):
            offer = self._model.offers[row]
            habits.toggle_pin(offer.block.kind)
            self._search(self.field.text().strip())
            self.list.setCurrentIndex(self._model.index(self._model.offers.index(offer)))

    def _tell(self) -> None:
        """What the highlighted block does, in full, and what can be set."""
        row = self.list.currentIndex().row()
        if not 0 <= row < len(self._model.offers):
            self._help.setText("")
            return
        block = self._model.offers[row].block
        names = ", ".join(name for name, param in block.params.items() if not param.advanced)
        metrics, room = self._help.fontMetrics(), self._help.width() or theme().px(WIDTH) - 16
        line = metrics.elidedText(names, Qt.TextElideMode.ElideRight, room)
        self._help.setText("\n".join(part for part in (block.doc, line) if part))
