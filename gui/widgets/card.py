"""Surfaces that group what belongs together."""

from __future__ import annotations

from typing import Literal, final

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.theme import set_kind
from gui.widgets.labels import text_label

CardKind = Literal["card", "well", "error", "warning", "success", "info"]


@final
class Card(QFrame):
    """A rounded surface. Fill `body`, a vertical layout.

    Kinds: `card` is raised, `well` is sunken (plots, formulas), the others say something.
    """

    def __init__(
        self, kind: CardKind = "card", title: str = "", padding: int = 12, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        set_kind(self, kind)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(padding, padding, padding, padding)
        self.body.setSpacing(8)
        if title:
            tones = {"error": "error", "warning": "warning", "success": "success"}
            self.body.addWidget(text_label(title, "strong", tones.get(kind)))  # type: ignore[arg-type]
