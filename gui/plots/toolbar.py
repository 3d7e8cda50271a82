"""The row above a plot: its legend on the left, its switches and the save menu on the right."""

from __future__ import annotations

from pathlib import Path
from typing import final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QToolButton, QWidget

from gui.icons import icon
from gui.notices import notices
from gui.panel import Panel
from gui.plots.saving import save_table
from gui.theme import set_kind, theme


@final
class PlotToolbar(QWidget):
    """Fill `left` and `right`; the save menu is there already."""

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self._panel = panel
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.left, self.right = QHBoxLayout(), QHBoxLayout()
        self.left.setSpacing(12)
        self.right.setSpacing(4)
        row.addLayout(self.left)
        row.addStretch(1)
        row.addLayout(self.right)
        row.addWidget(self._save_button())

    def toggle(self, text: str, tip: str, on: bool = False) -> QToolButton:
        """A small button that stays down, added on the right."""
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setCheckable(True)
        button.setChecked(on)
        set_kind(button, "small")
        self.right.addWidget(button)
        return button

    def _save_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon("download", "secondary"))
        button.setIconSize(QSize(theme().px(14), theme().px(14)))
        button.setToolTip(self.tr("Save what is shown"))
        button.setAccessibleName(self.tr("Save what is shown"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        set_kind(button, "small")
        menu = QMenu(button)
        for label, suffix in (
            (self.tr("Picture (PNG)…"), "png"),
            (self.tr("Vector graphic (SVG)…"), "svg"),
            (self.tr("Numbers (CSV)…"), "csv"),
        ):
            menu.addAction(label).triggered.connect(lambda _=False, suffix=suffix: self._ask(suffix))
        button.setMenu(menu)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _ask(self, suffix: str) -> None:
        folder = self._panel.document.folder or Path.home()
        start = str(folder / f"{self._panel.name}.{suffix}")
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save"), start, f"*.{suffix}")
        if name:
            self.save(Path(name))

    def save(self, path: Path) -> None:
        """Save by the suffix: png, svg or csv; says what went wrong."""
        try:
            if path.suffix.lower() == ".csv":
                header, rows = self._panel.table()
                save_table(header, rows, path)
            else:
                self._panel.save_picture(path)
        except OSError as error:
            notices().failure(error)
        else:
            notices().success(self.tr("Saved {0}.").format(path.name))
