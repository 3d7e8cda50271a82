"""Where the cursor is inside of a block, as a trail that leads back out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.moments import Level
from gui.backprop.inside import LEVELS
from gui.theme import set_kind
from gui.widgets.labels import plain_tooltip, text_label


@final
class Crumbs(QWidget):
    """`output › neuron 1 › w5`: a click on a part leads there. Below it a sentence, where there is something to say.

    Signals:
        level_wanted(str): a part was clicked.
    """

    level_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("backpropCrumbs")
        self.parts: tuple[str, ...] = ()
        self._trail = QHBoxLayout()
        self._trail.setContentsMargins(0, 0, 0, 0)
        self._trail.setSpacing(2)
        self._words = text_label("", "caption", "secondary", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 12, 2)
        column.setSpacing(2)
        column.addLayout(self._trail)
        column.addWidget(self._words)

    @property
    def sentence(self) -> str:
        """What stands below the trail."""
        return self._words.text()

    def show_place(self, parts: Sequence[str], level: Level, sentence: str = "") -> None:
        """Show where the cursor is: block, neuron, weight; the last part is where it is now."""
        if tuple(parts) != self.parts:
            self.parts = tuple(parts)
            self._fill()
        self._words.setText(sentence)
        self._words.setVisible(bool(sentence))
        self.setVisible(level != "block" or bool(sentence))

    def _fill(self) -> None:
        while self._trail.count():
            item = self._trail.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for at, part in enumerate(self.parts):
            if at:
                self._trail.addWidget(text_label("›", "caption", "secondary"))
            if at == len(self.parts) - 1:
                label = text_label(part, "strong")
                label.setContentsMargins(6, 0, 6, 0)
                self._trail.addWidget(label)
            else:
                self._trail.addWidget(self._button(part, LEVELS[at]))
        self._trail.addStretch(1)

    def _button(self, part: str, level: Level) -> QPushButton:
        button = QPushButton(part)
        button.setObjectName(f"crumb-{level}")
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tips = {"block": self.tr("Back to the whole block"), "neuron": self.tr("Back to the neurons")}
        button.setToolTip(plain_tooltip(tips.get(level, "")))
        set_kind(button, "quiet")
        button.clicked.connect(lambda: self.level_wanted.emit(level))
        return button
