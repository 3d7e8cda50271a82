"""A line of the search for a block: icon, name, category, description, and a pin to click."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from gui.canvas.fuzzy import Offer
from gui.canvas.group_offers import GroupOffer
from gui.icons import paint_icon
from gui.theme import theme
from gui.widgets.labels import plain_tooltip
from gui.widgets.search_popup import paint_ground

OFFER: Final = Qt.ItemDataRole.UserRole
"""The `Offer` or `GroupOffer` that is listed."""
MARK: Final = OFFER + 1
"""`pin` for a pinned block, `recent` for one used lately, "" for others."""
_INSET: Final = 62
"""What stands around the description: rims, icon, and the gaps between them."""
Index = QModelIndex | QPersistentModelIndex


def is_told_in_full(text: str, width: int) -> bool:
    """Whether the line below a name holds all of a text, in a list that is so wide."""
    return QFontMetrics(theme().font("caption")).horizontalAdvance(text) <= width - theme().px(_INSET)


def pin_zone(row: QRect) -> QRectF:
    """Where a click pins the block of a row, or lets it go."""
    side = theme().px(24)
    return QRectF(row.right() - side - 8, row.top(), side + 8, side)


@final
class OfferRow(QStyledItemDelegate):
    """Paints an offer in two lines. The pin is shown where it is set, and where it can be: at the row pointed at."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, theme().px(42))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        offer = index.data(OFFER)
        if not isinstance(offer, Offer | GroupOffer):
            return
        look = theme()
        painter.save()
        room = paint_ground(painter, option)
        size = look.px(16)
        icon = QRectF(room.left() + 8, room.top() + look.px(5), size, size)
        paint_icon(painter, offer.icon, icon, offer.tint)
        left = icon.right() + 10
        right = pin_zone(option.rect).left()
        top = QRectF(left, room.top() + look.px(3), right - left, look.px(19))
        category, caption = self.tr(offer.category), QFontMetrics(look.font("caption"))
        beside = round(top.width() - caption.horizontalAdvance(category) - 12)
        title = QFontMetrics(look.font("strong")).elidedText(offer.title, Qt.TextElideMode.ElideRight, beside)
        painter.setFont(look.font("strong"))
        painter.setPen(look.pen("text"))
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter, title)
        painter.setFont(look.font("caption"))
        painter.setPen(look.pen("secondary"))
        painter.drawText(top, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, category)
        below = QRectF(left, top.bottom(), room.right() - left - 8, look.px(16))
        text = caption.elidedText(offer.doc, Qt.TextElideMode.ElideRight, round(below.width()))
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, text)
        self._paint_mark(painter, option, index.data(MARK))
        painter.restore()

    def _paint_mark(self, painter: QPainter, option: QStyleOptionViewItem, mark: str) -> None:
        state: QStyle.StateFlag = option.state
        if mark != "pin" and state & QStyle.StateFlag.State_MouseOver:
            mark = "unpinned"
        if mark:
            size = theme().px(14)
            place = QRectF(0, 0, size, size)
            place.moveCenter(pin_zone(option.rect).center() - QPointF(2, 0))
            color = {"pin": "accent", "unpinned": "text"}.get(mark, "secondary")
            paint_icon(painter, "recent" if mark == "recent" else "pin", place, color)

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """What a click on the pin does, and elsewhere the description in full."""
        rect: QRect = option.rect
        if event.type() == QEvent.Type.ToolTip and index.isValid() and pin_zone(rect).contains(QPointF(event.pos())):
            pinned = index.data(MARK) == "pin"
            text = self.tr("Let it go from the top of the list") if pinned else self.tr("Pin on top of the list")
            QToolTip.showText(event.globalPos(), plain_tooltip(text), view)
            return True
        return super().helpEvent(event, view, option, index)
