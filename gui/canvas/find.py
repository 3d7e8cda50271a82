"""The bar to find blocks with, at the upper right of the canvas: Enter walks on, Shift+Enter back, Escape leaves."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from gui.canvas.finding import Found, find
from gui.canvas.stage import Stage
from gui.icons import icon
from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.labels import ElidedLabel
from gui.widgets.search_field import SearchField

WIDTH: Final = 360
MARGIN: Final = 16
CLOSEST: Final = 1.0
LEAST_ZOOM: Final = 0.6
"""A hit is looked at at least so closely that its name and summary can be read."""


@final
class FindBar(QFrame):
    """Finds as one types; the present hit is selected and in view, the others are counted.

    Signals:
        closed(): it was left.
    """

    closed = Signal()

    def __init__(self, stage: Stage, view: QWidget) -> None:
        super().__init__(view)
        self.setObjectName("findBar")
        set_kind(self, "toast")
        self._stage, self._view = stage, view
        self.hits: list[Found] = []
        self.index = -1
        self.field = SearchField(self.tr("Find by name, kind, parameter or problem"), self)
        self.field.setObjectName("findField")
        self.count = QLabel(self)
        set_role(self.count, "caption")
        set_tone(self.count, "secondary")
        self.why = ElidedLabel("", "caption", "secondary")
        self.back = self._button("chevron-up", self.tr("Previous (Shift+Enter)"))
        self.on = self._button("chevron-down", self.tr("Next (Enter)"))
        self.shut = self._button("close", self.tr("Close (Esc)"))
        self._lay_out()
        self.field.searched.connect(self._search)
        self.field.moved.connect(self.walk)
        self.back.clicked.connect(lambda: self.walk(-1))
        self.on.clicked.connect(lambda: self.walk(1))
        self.shut.clicked.connect(self.leave)
        self.field.installEventFilter(self)
        view.installEventFilter(self)
        stage.scene.synced.connect(self._look_again)
        theme().changed.connect(self._place)
        self.hide()

    def _button(self, icon_name: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(icon_name))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        set_kind(button, "small")
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.field, 1)
        for widget in (self.count, self.back, self.on, self.shut):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.why)
        self.why.hide()

    # -- opening and closing --

    def open(self) -> None:
        """Begin to look for something; what was last looked for is there to be replaced."""
        self.show()
        self.raise_()
        self._place()
        self.field.selectAll()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search(self.field.text(), go=False)

    def leave(self) -> None:
        """Close; what was found last stays selected."""
        if not self.isHidden():
            self.hide()
            self._ring(())
            self.closed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place()

    def _place(self) -> None:
        self.setFixedWidth(min(theme().px(WIDTH), max(self._view.width() - 2 * MARGIN, 120)))
        self.adjustSize()
        self.move(self._view.width() - self.width() - MARGIN, MARGIN)

    # -- finding --

    def _search(self, text: str, *, go: bool = True) -> None:
        document = self._stage.document
        self.hits = find(document.project, document.result, text)
        self.index = 0 if self.hits else -1
        self._ring(self.hits)
        if go and self.hits:
            self._show()
        self._tell()

    def _look_again(self) -> None:
        """The graph changed while the bar is open: the present hit stays if it is still one."""
        if self.isHidden() or not isValid(self):
            return
        before = self.hits[self.index].name if self.hits else ""
        document = self._stage.document
        self.hits = find(document.project, document.result, self.field.text())
        names = [hit.name for hit in self.hits]
        self.index = names.index(before) if before in names else (0 if names else -1)
        self._ring(self.hits)
        self._tell()

    def walk(self, way: int) -> None:
        """Go to the next hit or the one before; after the last comes the first."""
        if self.hits:
            self.index = (self.index + way) % len(self.hits)
            self._show()
            self._tell()

    def _show(self) -> None:
        hit, stage = self.hits[self.index], self._stage
        stage.scene.choose_wires(())
        area = self._area(hit)
        if hit.place == "block":
            stage.scene.decor.choose(())
            stage.selection.set({hit.name})
        else:
            stage.selection.set(())
            stage.scene.decor.choose({hit.name})
        if area.isEmpty():
            return
        camera = stage.camera
        if camera.zoom < LEAST_ZOOM:
            camera.look_at(area.center(), CLOSEST * theme().text_scale)
        elif not camera.visible().contains(area):
            camera.look_at(area.center())

    def _area(self, hit: Found) -> QRectF:
        scene = self._stage.scene
        if hit.place == "block":
            return scene.blocks[hit.name].area if hit.name in scene.blocks else QRectF()
        return scene.decor.items[hit.name].area if hit.name in scene.decor.items else QRectF()

    def _ring(self, hits: object) -> None:
        areas = [self._area(hit) for hit in self.hits] if hits else []
        self._stage.overlay.set_rings([area for area in areas if not area.isEmpty()])

    def _tell(self) -> None:
        asked, some = bool(self.field.text().strip()), bool(self.hits)
        self.count.setText(
            self.tr("{0} of {1}").format(self.index + 1, len(self.hits)) if some else self.tr("none") if asked else ""
        )
        set_tone(self.count, "error" if asked and not some else "secondary")
        why = self.hits[self.index].why if some else ""
        self.why.setText(" ".join(why.split()))
        self.why.setVisible(bool(why))
        for button in (self.back, self.on):
            button.setEnabled(some)
        self._place()

    # -- keys --

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._view and event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.walk(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.leave()
                return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()  # nothing typed here is meant for the canvas below
