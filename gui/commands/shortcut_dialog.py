"""All shortcuts in a list; any of them can be changed."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.commands.by_hand import gestures
from gui.commands.catalog import PATH_SIGN, Command, is_rare, matching
from gui.commands.keys_field import KeysField
from gui.commands.shortcuts import Shortcuts
from gui.screen_reader import say
from gui.theme import set_kind, set_tone, theme
from gui.widgets.labels import plain_tooltip
from gui.widgets.search_field import SearchField

_COMMAND = Qt.ItemDataRole.UserRole


@final
class ShortcutDialog(QDialog):
    """Choose an action, press its new keys, Use. Keys that another action has are named before they are taken.

    By keys: type what to search for, Enter goes on to the list and from there to the field, Tab to Use; Escape back.
    """

    def __init__(self, shortcuts: Shortcuts, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("shortcutDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self._shortcuts = shortcuts
        self.search = SearchField(self.tr("Search actions"), self)
        self.tree = QTreeWidget(self)
        self.tree.setObjectName("shortcutList")
        self.tree.setAccessibleName(self.tr("Actions and their keys"))
        self.tree.setHeaderLabels([self.tr("Action"), self.tr("Keys")])
        self.tree.setColumnCount(2)
        self.tree.setUniformRowHeights(True)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(True)
        self.keys = KeysField(self.tr("New keys"), self)
        self.use = QPushButton(self.tr("Use"))
        set_kind(self.use, "primary")
        self.none = QPushButton(self.tr("No keys"))
        self.usual = QPushButton(self.tr("Usual keys"))
        self.all_usual = QPushButton(self.tr("All as usual"))
        self.told = QLabel(self)
        self.told.setWordWrap(True)
        set_tone(self.told, "secondary")
        self._lay_out()
        self._connect()
        self._fill("")
        self.resize(theme().px(900), theme().px(600))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.keys, 1)
        for button in (self.use, self.none, self.usual):
            row.addWidget(button)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addWidget(self.all_usual)
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        column.addLayout(row)
        column.addWidget(self.told)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.search.searched.connect(self._fill)
        self.search.moved.connect(self._go)
        self.search.returnPressed.connect(self.tree.setFocus)
        self.tree.activated.connect(lambda _: self.keys.setFocus())
        self.keys.left.connect(self.tree.setFocus)
        self.tree.currentItemChanged.connect(self._chosen)
        self.keys.keySequenceChanged.connect(self._say)
        self.use.clicked.connect(self._use)
        self.none.clicked.connect(self._take_away)
        self.usual.clicked.connect(self._reset)
        self.all_usual.clicked.connect(self._reset_all)
        self._shortcuts.changed.connect(self._refresh)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the focus, never another one."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not isinstance(self.focusWidget(), QPushButton):
            event.accept()
        else:
            super().keyPressEvent(event)

    def _go(self, step: int) -> None:
        """Up and down in the search go through the list."""
        item = self.tree.currentItem()
        while item is not None:
            item = self.tree.itemAbove(item) if step < 0 else self.tree.itemBelow(item)
            if item is not None and item.flags() & Qt.ItemFlag.ItemIsSelectable:
                self.tree.setCurrentItem(item)
                break

    @property
    def command(self) -> Command | None:
        """The action that is chosen."""
        item = self.tree.currentItem()
        found = item.data(0, _COMMAND) if item is not None else None
        return found if isinstance(found, Command) else None

    def _fill(self, text: str) -> None:
        self.tree.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        shown = {id(command.action) for command in matching(text, self._shortcuts.commands())}
        for command in self._shortcuts.commands():
            if id(command.action) in shown and (text or not command.is_example):
                menu, *inner = command.menu.split(PATH_SIGN)
                item = QTreeWidgetItem(self._group(groups, menu))
                item.setText(0, PATH_SIGN.join((*inner, command.name)))
                item.setData(0, _COMMAND, command)
                self._write_keys(item, command)
        for what, how in gestures():
            if text.lower() in f"{what} {how}".lower():
                item = QTreeWidgetItem(self._group(groups, self.tr("By hand on the canvas")))
                item.setText(0, what)
                item.setText(1, how)
                item.setToolTip(1, plain_tooltip(how))
        self.tree.expandAll()
        first = next((group.child(0) for group in groups.values()), None)
        if first is not None:
            self.tree.setCurrentItem(first)
        else:
            self._chosen()

    def _group(self, groups: dict[str, QTreeWidgetItem], name: str) -> QTreeWidgetItem:
        if name not in groups:
            groups[name] = QTreeWidgetItem(self.tree, [name])
            groups[name].setFlags(Qt.ItemFlag.ItemIsEnabled)
        return groups[name]

    def _write_keys(self, item: QTreeWidgetItem, command: Command) -> None:
        native = QKeySequence.SequenceFormat.NativeText
        told = [keys.toString(native) for keys in command.action.shortcuts() if not is_rare(keys)]
        item.setText(1, ",  ".join(told))
        font = item.font(1)
        font.setBold(not self._shortcuts.is_usual(command))
        item.setFont(1, font)

    def _refresh(self) -> None:
        for index in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(index)
            for row in range(group.childCount() if group is not None else 0):
                item = group.child(row) if group is not None else None
                command = item.data(0, _COMMAND) if item is not None else None
                if item is not None and isinstance(command, Command):
                    self._write_keys(item, command)
        self._chosen()

    def _chosen(self) -> None:
        command = self.command
        for widget in (self.keys, self.none, self.usual):
            widget.setEnabled(command is not None)
        self.keys.clear()
        self.usual.setEnabled(command is not None and not self._shortcuts.is_usual(command))
        self.all_usual.setEnabled(not all(map(self._shortcuts.is_usual, self._shortcuts.commands())))
        self._say()

    def _say(self) -> None:
        command, keys = self.command, self.keys.keySequence()
        self.use.setEnabled(command is not None and not keys.isEmpty())
        if command is None:
            self.told.setText(self.tr("Choose an action to change its keys. What the mouse does is fixed."))
            return
        owner = self._shortcuts.owner(keys, command) if not keys.isEmpty() else None
        if owner is not None:
            told = self.tr('"{0}" has these keys now and would lose them.').format(owner.name)
        elif keys.isEmpty():
            told = self.tr('In the field, press the new keys for "{0}".').format(command.name)
        else:
            told = self.tr("These keys are free.")
        self._tell(told)

    def _use(self) -> None:
        if self.command is not None:
            self._give(self.command, self.keys.keySequence())

    def _take_away(self) -> None:
        if self.command is not None:
            self._give(self.command, QKeySequence())

    def _give(self, command: Command, keys: QKeySequence) -> None:
        """Assign, say what came of it, and go back to the list: the button may have nothing more to do."""
        owner = self._shortcuts.owner(keys, command) if not keys.isEmpty() else None
        self._shortcuts.assign(command, keys)
        native = keys.toString(QKeySequence.SequenceFormat.NativeText)
        told = self.tr('"{0}" has {1} now.').format(command.name, native or self.tr("no keys"))
        self._tell(" ".join([told, *([self._lost(owner)] if owner is not None else [])]))
        self.tree.setFocus()

    def _lost(self, owner: Command) -> str:
        return self.tr('"{0}" has lost them.').format(owner.name)

    def _tell(self, told: str) -> None:
        self.told.setText(told)
        say(self, told)

    def _reset(self) -> None:
        if self.command is not None:
            losers = self._shortcuts.reset(self.command)
            told = self.tr('"{0}" has its usual keys again.').format(self.command.name)
            self._tell(" ".join([told, *map(self._lost, losers)]))
            self.tree.setFocus()

    def _reset_all(self) -> None:
        self._shortcuts.reset_all()
        self._tell(self.tr("Every action has its usual keys again."))
        self.tree.setFocus()
