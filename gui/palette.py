"""The palette: all blocks by category, searched by typing, dragged onto the canvas."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QMimeData, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QDrag, QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.block import Block, registry
from gui.canvas.fuzzy import CATEGORY_ORDER, Offer, offers
from gui.canvas.mime import put_block
from gui.canvas.synonyms import elsewhere
from gui.group_shelf import GroupShelf
from gui.icons import block_icon
from gui.screen_reader import tell_as
from gui.settings import settings
from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.labels import plain_tooltip
from gui.widgets.scroll import VerticalScroll
from gui.widgets.search_field import SearchField
from gui.widgets.segmented import Segmented


@final
class PaletteEntry(QFrame):
    """One block of the palette, as it comes or with the choice that is searched for; a drag carries both.

    Signals:
        activated(Offer): double-click or Enter.
        moved(int): up (-1) or down (+1) was pressed.
    """

    activated = Signal(object)
    moved = Signal(int)

    def __init__(self, block: Block, parent: QWidget) -> None:
        super().__init__(parent)
        self.block = block
        self.offer = Offer(block)
        self._pressed_at: QPoint | None = None
        self.setObjectName(f"palette_{block.kind}")
        set_kind(self, "entry")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(plain_tooltip(block.doc))
        tell_as(self, QAccessible.Role.ListItem, press=lambda: self.activated.emit(self.offer))
        self.setAccessibleName(block.kind)
        self.setAccessibleDescription(block.doc)
        self._strip = QFrame(self)
        self._strip.setFixedWidth(3)
        self._icon = QLabel(self)
        self._name = QLabel(block.kind, self)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(self._strip)
        row.addWidget(self._icon)
        row.addWidget(self._name, 1)
        theme().changed.connect(self._dress)
        self._dress()

    def set_offer(self, offer: Offer) -> None:
        """Stand for the block with that choice made."""
        if offer.title != self.offer.title:
            self._name.setText(offer.title)
            self.setAccessibleName(offer.title)
        self.offer = offer

    def _dress(self) -> None:
        size = theme().px(16)
        self._icon.setPixmap(block_icon(self.block.icon, self.block.category).pixmap(QSize(size, size)))
        self._strip.setStyleSheet(f"background: {theme().color(self.block.category).name()}; border-radius: 1px;")
        self.setFixedHeight(theme().px(30))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None:
            return
        distance = (event.position().toPoint() - self._pressed_at).manhattanLength()
        if distance >= QApplication.startDragDistance():
            self._pressed_at = None
            self.drag().exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = None
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = None
        self.activated.emit(self.offer)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.activated.emit(self.offer)
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.moved.emit(1 if event.key() == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)

    def drag(self) -> QDrag:
        """The drag that carries this block."""
        data = QMimeData()
        put_block(data, self.block.kind, self.offer.params)
        drag = QDrag(self)
        drag.setMimeData(data)
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setOpacity(0.85)
        painter.drawPixmap(0, 0, self.grab())
        painter.end()
        drag.setPixmap(picture)
        drag.setHotSpot(QPoint(self.width() // 4, self.height() // 2))
        return drag


@final
class Palette(QWidget):
    """The list of blocks. `add_wanted(Offer)` asks the canvas to add one where there is room."""

    add_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("palette")
        self.search = SearchField(self.tr("Search blocks"), parent=self)
        self.search.setObjectName("paletteSearch")
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._take_first)
        self.search.moved.connect(lambda step: self._walk(None, step))
        self.extent = Segmented([("basic", self.tr("Basic")), ("all", self.tr("All"))], parent=self)
        self.extent.setObjectName("paletteExtent")
        self.extent.setAccessibleName(self.tr("Which blocks are shown"))
        stored = settings().value("palette/extent", "basic")
        self.extent.set_value(stored if stored in ("basic", "all") else "basic")
        self.extent.changed.connect(self._extent_changed)
        self._headings: dict[str, QLabel] = {}
        self._entries: list[PaletteEntry] = []
        self._shelf: GroupShelf | None = None
        self._nothing = QLabel(self)
        self._nothing.setWordWrap(True)
        set_tone(self._nothing, "secondary")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 0)
        layout.setSpacing(8)
        layout.addWidget(self.search)
        layout.addWidget(self.extent)
        layout.addWidget(self._list(), 1)
        self._filter()

    def _list(self) -> VerticalScroll:
        inner = QWidget(self)
        tell_as(inner, QAccessible.Role.List)
        inner.setAccessibleName(self.tr("Blocks"))
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 4, 12)
        column.setSpacing(4)
        column.addWidget(self._nothing)
        names = self._category_names()
        for category in CATEGORY_ORDER:
            heading = QLabel(names[category], inner)
            set_role(heading, "caption")
            set_tone(heading, "secondary")
            heading.setContentsMargins(0, 8, 0, 2)
            self._headings[category] = heading
            column.addWidget(heading)
            blocks = [block for block in registry().values() if block.category == category]
            for block in sorted(blocks, key=lambda block: (not block.beginner, block.kind)):
                entry = PaletteEntry(block, inner)
                entry.activated.connect(self.add_wanted)
                entry.moved.connect(lambda step, entry=entry: self._walk(entry, step))
                self._entries.append(entry)
                column.addWidget(entry)
        column.addStretch(1)
        self._column = column
        self._area = VerticalScroll(inner, self)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return self._area

    def _category_names(self) -> dict[str, str]:
        return {
            "data": self.tr("DATA"),
            "layers": self.tr("LAYERS"),
            "activation": self.tr("ACTIVATION"),
            "regularisation": self.tr("REGULARISATION"),
            "shape": self.tr("SHAPE"),
            "math": self.tr("MATH"),
            "loss": self.tr("LOSS"),
        }

    def shown(self) -> list[str]:
        """The kinds now listed, top to bottom."""
        return [entry.block.kind for entry in self._entries if not entry.isHidden()]

    def add_shelf(self, shelf: GroupShelf) -> None:
        """List groups below the blocks, searched with them."""
        self._shelf = shelf
        self._column.insertWidget(self._column.count() - 1, shelf)

    def _extent_changed(self, value: str) -> None:
        settings().setValue("palette/extent", value)
        self._filter()

    def _filter(self) -> None:
        query = self.search.text().strip()
        found: dict[str, Offer] = {}
        for offer in offers(query, registry().values()):
            found.setdefault(offer.block.kind, offer)
        everything = bool(query) or self.extent.value() == "all"
        for entry in self._entries:
            entry.setVisible(entry.block.kind in found and (everything or entry.block.beginner))
            entry.set_offer(found.get(entry.block.kind, Offer(entry.block)))
        for category, heading in self._headings.items():
            heading.setVisible(
                any(entry.block.category == category and not entry.isHidden() for entry in self._entries)
            )
        if self._shelf is not None:
            self._shelf.filter(query)
        self._nothing.setText(elsewhere(query) or self.tr("No block of that name. Try another word."))
        self._nothing.setVisible(not self.shown() and (self._shelf is None or not self._shelf.entries()))

    def _walk(self, entry: PaletteEntry | None, step: int) -> None:
        """Move the keyboard to the next entry up or down; above the first stands the search field."""
        shown = [other for other in self._entries if not other.isHidden()]
        place = (shown.index(entry) if entry in shown else -1) + step
        if place < 0:
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        elif place < len(shown):
            shown[place].setFocus(Qt.FocusReason.OtherFocusReason)
            self._area.ensureWidgetVisible(shown[place])

    def _take_first(self) -> None:
        found = offers(self.search.text(), registry().values())
        if self.search.text().strip() and found:
            self.add_wanted.emit(found[0])
            self.search.clear()
