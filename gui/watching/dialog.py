"""Which run is to be watched: a folder, a mounted disk, or what a forwarded port leads to."""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QListWidget, QPushButton, QVBoxLayout, QWidget

from engine.watching.address import is_url
from engine.watching.place import PlaceError
from gui.file_dialogs import ask_folder
from gui.settings import settings
from gui.theme import set_kind, theme
from gui.watching.watching import Watching
from gui.widgets.card import Card
from gui.widgets.labels import text_label

RECENT: Final = "watching/recent"
MOST: Final = 5


@final
class WatchDialog(QDialog):
    """Begins to watch what is named; folders watched before are offered. Addresses hold a secret and are not kept."""

    def __init__(self, watching: Watching, start: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("watchDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Watch a run elsewhere"))
        self._watching, self._start = watching, start
        self.field = QLineEdit()
        self.field.setObjectName("watchField")
        self.field.setAccessibleName(self.tr("Run directory or address"))
        self.field.setPlaceholderText(self.tr("a folder, or http://localhost:6010/…"))
        self.field.setClearButtonEnabled(True)
        self._browse = QPushButton(self.tr("Browse…"))
        self._fault = text_label("", "caption", "error", wrap=True)
        self._fault.setObjectName("watchFault")
        self._fault.hide()
        self._recent = QListWidget(self)
        self._recent.hide()
        self._recent.setObjectName("watchRecent")
        self._recent.setAccessibleName(self.tr("Watched before"))
        self._go, self._cancel = QPushButton(self.tr("Watch")), QPushButton(self.tr("Cancel"))
        self._lay_out()
        self._connect()
        self._follow()

    def _lay_out(self) -> None:
        hint = self.tr(
            "The panels show the run as if it were a training here: loss, validation, metrics and learning rate as "
            "they come, and the network with the weights it saved last whenever you ask for them."
        )
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.field, 1)
        line.addWidget(self._browse)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(text_label(hint, tone="secondary", wrap=True))
        column.addWidget(text_label(self.tr("Run directory, also on a mounted disk, or address"), "strong"))
        column.addLayout(line)
        column.addWidget(self._fault)
        folders = recent_folders()
        if folders:
            column.addWidget(text_label(self.tr("Watched before"), "caption", "secondary"))
            column.addWidget(self._recent)
            self._recent.show()
            self._recent.addItems([str(folder) for folder in folders])
            self._recent.setTextElideMode(Qt.TextElideMode.ElideMiddle)
            self._recent.setFixedHeight(theme().px(26) * len(folders) + theme().px(10))
        column.addWidget(self._help())
        column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._go)
        self._go.setDefault(True)
        self._go.setObjectName("watchGo")
        set_kind(self._go, "primary")
        column.addLayout(buttons)
        self.setFixedWidth(theme().px(600))

    def _help(self) -> Card:
        card = Card("well", padding=12)
        card.body.addWidget(text_label(self.tr("A run on a machine that you reach by ssh"), "strong"))
        steps = (
            (self.tr("On that machine, beside the training:"), "chainrule serve RUN_DIRECTORY"),
            (self.tr("On this one, left open while you watch:"), "ssh -L 6010:localhost:6010 CLUSTER"),
        )
        for words, command in steps:
            card.body.addWidget(text_label(words, tone="secondary", wrap=True))
            shown = text_label(command, "mono", wrap=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            card.body.addWidget(shown)
        last = self.tr("Then paste the address that the first one prints. It holds a secret: nobody else can read it.")
        card.body.addWidget(text_label(last, tone="secondary", wrap=True))
        return card

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as its texts are at this width; `adjustSize` gives no dialog more than two thirds of the screen."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.resize(self.width(), layout.totalHeightForWidth(self.width()))

    def _connect(self) -> None:
        self.field.textChanged.connect(self._follow)
        self._browse.clicked.connect(self._ask)
        self._recent.itemClicked.connect(lambda item: self.field.setText(item.text()))
        self._recent.itemActivated.connect(lambda item: self._take(item.text()))
        self._go.clicked.connect(lambda: self._take(self.field.text()))
        self._cancel.clicked.connect(self.reject)

    def _follow(self) -> None:
        self._go.setEnabled(bool(self.field.text().strip()))
        self._fault.hide()

    def _ask(self) -> None:
        path = ask_folder(self, self.tr("Watch a run"), self.field.text() or self._start)
        if path is not None:
            self.field.setText(str(path))

    def _take(self, text: str) -> None:
        try:
            self._watching.start(text)
        except PlaceError as error:
            self._fault.setText(str(error))
            self._fault.show()
            self._fit()
            self.field.setFocus()
            return
        if not is_url(text):
            remember(Path(text.strip()))
        self.accept()


def recent_folders() -> list[Path]:
    """Folders watched before, the last one first."""
    stored = settings().value(RECENT, [])
    names = stored if isinstance(stored, list) else [stored]
    return [Path(name) for name in names if isinstance(name, str)][:MOST]


def remember(folder: Path) -> None:
    """Offer this folder next time."""
    others = [str(other) for other in recent_folders() if other != folder]
    settings().setValue(RECENT, [str(folder), *others][:MOST])
