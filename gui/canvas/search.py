"""The search for a block: a field and a list at the pointer. Enter takes, Escape leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QEvent,
    QModelIndex,
    QObject,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from engine.block import Block, registry
from gui.canvas import habits
from gui.canvas.fuzzy import Offer, offers
from gui.canvas.group_offers import GroupOffer, matching
from gui.canvas.search_row import MARK, OFFER, Index, OfferRow, is_told_in_full, pin_zone
from gui.canvas.synonyms import elsewhere
from gui.theme import set_tone, theme
from gui.widgets.search_popup import SearchPopup

WIDTH: Final = 340
ROWS: Final = 7
HELP_LINES: Final = 3
Taken = Callable[[Offer | GroupOffer], object]
"""Is called with what was chosen."""


@final
class _Offers(QAbstractListModel):
    """What was found, best first."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.offers: Sequence[Offer | GroupOffer] = ()
        self._pinned: list[str] = []
        self._recent: list[str] = []

    def show(self, offers: Sequence[Offer | GroupOffer]) -> None:
        """List these."""
        self.beginResetModel()
        self.offers = offers
        self._pinned, self._recent = habits.pinned(), habits.recent()
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.offers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if index.row() >= len(self.offers):
            return None  # after a click Qt asks once more, though there may be less by now
        offer = self.offers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return offer.title
        if role in (Qt.ItemDataRole.AccessibleDescriptionRole, Qt.ItemDataRole.ToolTipRole):
            return offer.doc
        if role == MARK:
            return "pin" if offer.key in self._pinned else "recent" if offer.key in self._recent else ""
        return offer if role == OFFER else None


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
        super().__init__(QCoreApplication.translate("BlockSearch", "Search blocks"), model, OfferRow(), parent)
        self._model = model
        self.setObjectName("blockSearch")
        self._taken: Taken | None = None
        self._offer: list[Block] = []
        self._groups: Sequence[GroupOffer] = ()
        self._hidden = 0
        self.field.setObjectName("blockSearchField")
        self.list.setObjectName("blockSearchList")
        self._help, self._foot = self._add_caption(), self._add_caption()
        self._help.setObjectName("blockSearchHelp")
        set_tone(self._foot, "secondary")
        self._foot.setObjectName("blockSearchFoot")
        self.list.selectionModel().currentChanged.connect(self._tell)
        self.list.setMouseTracking(True)
        self.list.viewport().installEventFilter(self)

    def shown(self) -> list[str]:
        """The titles now listed, best first: `Dense`, `Activation – tanh`."""
        return [offer.title for offer in self._model.offers]

    def open(
        self,
        at: QPoint,
        prompt: str,
        taken: Taken,
        accepts: Callable[[Block], bool] | None = None,
        groups: Sequence[GroupOffer] = (),
    ) -> None:
        """Open near a place of the parent.

        Args:
            at: where the pointer is.
            prompt: what the empty field says.
            taken: called with what was chosen.
            accepts: which blocks are offered; all unless told.
            groups: what else is offered.
        """
        self._taken, self._groups = taken, groups
        self._offer = [block for block in registry().values() if accepts is None or accepts(block)]
        self._hidden = len(registry()) - len(self._offer)
        row = theme().px(42)
        self.list.setFixedHeight(row * min(max(len(self._offer) + len(groups), 1), ROWS) + 2)
        self.setFixedWidth(theme().px(WIDTH))
        self.field.setPlaceholderText(prompt)
        self.field.setAccessibleName(prompt)
        self.field.clear()
        self._search("")
        self._help.setFixedHeight(HELP_LINES * self._help.fontMetrics().lineSpacing())
        self._appear(at)
        self._tell()  # now that its width is known

    def leave(self) -> None:
        """Close without a choice."""
        if not self.isHidden():
            self._taken = None
            self.hide()
            self.closed.emit()

    def _search(self, text: str) -> None:
        first, other = matching(text, self._groups)
        found: list[Offer | GroupOffer] = [*first, *offers(text, self._offer), *other]
        self._model.show(found if text else habits.by_habit(found))
        self.list.setCurrentIndex(self._model.index(0))
        foot = self.tr("A click on its pin, or Ctrl+D, keeps a block on top of the list.")
        if self._hidden and not text:
            foot = self.tr("Left out, as they do not fit here: {0}").format(self._hidden)
        self._foot.setText(foot)
        self._tell()

    def _take(self) -> None:
        index, taken = self.list.currentIndex(), self._taken
        if not index.isValid():
            return
        offer = self._model.offers[index.row()]
        habits.note_used(offer.key)
        self.leave()
        if taken is not None:
            taken(offer)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.KeyPress and _is_pin_key(event):
            self._toggle_pin(self.list.currentIndex().row())
            return True
        if watched is self.list.viewport() and isinstance(event, QMouseEvent) and self._at_pin(event) >= 0:
            if event.type() == QEvent.Type.MouseButtonRelease and event.button() == Qt.MouseButton.LeftButton:
                self._toggle_pin(self._at_pin(event))
            return event.type() != QEvent.Type.MouseMove  # else the list takes it for a choice
        return super().eventFilter(watched, event)

    def _at_pin(self, event: QMouseEvent) -> int:
        """The row whose pin the pointer is at; -1 where there is none."""
        index = self.list.indexAt(event.position().toPoint())
        return (
            index.row() if index.isValid() and pin_zone(self.list.visualRect(index)).contains(event.position()) else -1
        )

    def _toggle_pin(self, row: int) -> None:
        """Pin the block of a row, so that it comes first, or let it go; what is highlighted stays so."""
        if 0 <= row < len(self._model.offers):
            kept = self._model.offers[self.list.currentIndex().row()]
            habits.toggle_pin(self._model.offers[row].key)
            self._search(self.field.text().strip())
            self.list.setCurrentIndex(self._model.index(self._model.offers.index(kept)))

    def _tell(self) -> None:
        """What can be set at the highlighted block, and what it does where its line has no room for that."""
        row = self.list.currentIndex().row()
        if not 0 <= row < len(self._model.offers):
            typed = self.field.text()
            self._help.setText(elsewhere(typed) or self.tr("No block of that name. Try another word."))
            return
        offer, width = self._model.offers[row], self.width() - 2 * self.column.contentsMargins().left()
        parts = [] if is_told_in_full(offer.doc, self.list.viewport().width()) else [offer.doc]
        if offer.settable:
            text = self.tr("To set: {0}").format(", ".join(offer.settable))
            parts.append(self._fitted(text, "\n".join(parts), width))
        self._help.setText("\n".join(parts))

    def _fitted(self, text: str, above: str, width: int) -> str:
        """A text cut to the lines that are left below another."""
        metrics, wrapped = self._help.fontMetrics(), Qt.TextFlag.TextWordWrap
        room = QRect(0, 0, width, 10_000)
        most = HELP_LINES * metrics.lineSpacing()

        def fits(part: str) -> bool:
            whole = f"{above}\n{part}" if above else part
            return metrics.boundingRect(room, wrapped, whole).height() <= most

        names = text.split(", ")
        while len(names) > 1 and not fits(text):
            names.pop()
            text = f"{', '.join(names)}, …"
        return text
