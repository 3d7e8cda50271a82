"""The row above a plot: its views on the left, its switches and the menu of what to take away on the right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from gui.background import run_in_background
from gui.file_dialogs import ask_save_path
from gui.icons import icon
from gui.notices import notices
from gui.panel import Panel
from gui.saving import save_table, table_text
from gui.theme import set_kind, theme
from gui.widgets.labels import plain_tooltip
from gui.widgets.wrap_row import WrapRow


@final
class PlotToolbar(QWidget):
    """Fill `left` and `right`; the menu to save and copy is there already."""

    def __init__(self, panel: Panel, note: QWidget | None = None) -> None:
        """Shows a note on the left, or what is added to `left`."""
        super().__init__(panel)
        self._panel = panel
        self._choices: list[tuple[QComboBox, int]] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.left, self.right = WrapRow(6), QHBoxLayout()
        self.right.setSpacing(2)
        self.right.addWidget(self._save_button())
        if note is None:
            row.addLayout(self.left, 1)
        else:
            row.addWidget(note, 1)
        row.addLayout(self.right)
        row.setAlignment(self.right, Qt.AlignmentFlag.AlignTop)
        theme().changed.connect(self._rescale)
        self._rescale()

    def choice(self, name: str, tip: str, width: int) -> QComboBox:
        """A box to choose from, added on the left, that many pixels wide at text scale 1."""
        box = QComboBox(self)
        box.setObjectName(name)
        box.setToolTip(plain_tooltip(tip))
        box.setAccessibleName(tip)
        self._choices.append((box, width))
        self.left.addWidget(box)
        self._rescale()
        return box

    def toggle(self, text: str, tip: str, on: bool = False) -> QToolButton:
        """A small button that stays down, added on the right."""
        button = self._small(tip)
        button.setText(text)
        button.setCheckable(True)
        button.setChecked(on)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.right.insertWidget(self.right.count() - 1, button)
        return button

    def button(self, icon_name: str, tip: str, act: Callable[[], object]) -> QToolButton:
        """A small button with an icon, added on the right."""
        button = self._small(tip)
        button.setIcon(icon(icon_name, "secondary"))
        button.clicked.connect(lambda _=False: act())
        self.right.insertWidget(self.right.count() - 1, button)
        return button

    def menu(self, icon_name: str, tip: str, menu: QMenu) -> QToolButton:
        """A small button that opens a menu, added on the right."""
        button = self._small(tip)
        button.setIcon(icon(icon_name, "secondary"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        self.right.insertWidget(self.right.count() - 1, button)
        return button

    def _small(self, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setToolTip(plain_tooltip(tip))
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_kind(button, "small")
        return button

    def _rescale(self) -> None:
        side = theme().px(14)
        for box, width in self._choices:
            box.setFixedWidth(theme().px(width))
        for button in self.findChildren(QToolButton):
            if not button.icon().isNull():
                button.setIconSize(QSize(side, side))

    # -- taking away --

    def _save_button(self) -> QToolButton:
        button = self._small(self.tr("Save or copy what is shown"))
        button.setObjectName("plotSave")
        button.setIcon(icon("download", "secondary"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for label, suffix in (
            (self.tr("Save picture (PNG)…"), "png"),
            (self.tr("Save vector graphic (SVG)…"), "svg"),
            (self.tr("Save numbers (CSV)…"), "csv"),
        ):
            menu.addAction(label).triggered.connect(lambda _=False, suffix=suffix: self._ask(suffix))
        menu.addSeparator()
        menu.addAction(self.tr("Copy picture")).triggered.connect(self.copy_picture)
        menu.addAction(self.tr("Copy numbers")).triggered.connect(self.copy_table)
        button.setMenu(menu)
        return button

    def _ask(self, suffix: str) -> None:
        start = (self._panel.document.folder or Path.home()) / f"{self._panel.name}.{suffix}"
        path = ask_save_path(self, self.tr("Save"), start, f"*.{suffix}", f".{suffix}")
        if path is not None:
            self.save(path)

    def save(self, path: Path) -> None:
        """Save by the suffix, png, svg or csv, and tell; a table is written off the GUI thread."""
        if path.suffix.lower() == ".csv":
            header, rows = self._panel.table()
            run_in_background(lambda: save_table(header, rows, path), lambda _: self._saved(path), self._failed)
            return
        try:
            self._panel.save_picture(path)
        except OSError as error:
            self._failed(error)
        else:
            self._saved(path)

    def _saved(self, path: Path) -> None:
        notices().success(self.tr("Saved {0}.").format(path.name))

    def _failed(self, error: BaseException) -> None:
        notices().failure(error)

    def copy_picture(self) -> None:
        """Put what is shown on the clipboard as an image."""
        QGuiApplication.clipboard().setImage(self._panel.as_picture().image())

    def copy_table(self) -> None:
        """Put the numbers on the clipboard, for a spreadsheet."""
        QGuiApplication.clipboard().setText(table_text(*self._panel.table()))
