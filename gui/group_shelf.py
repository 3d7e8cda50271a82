"""Groups in the palette: those of the document, and the user's own. Dragged onto the canvas, or added by Enter."""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

from PySide6.QtCore import QByteArray, QFileSystemWatcher, QMimeData, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QContextMenuEvent, QDrag, QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from engine import groupedits
from engine.levels import uses_of
from engine.problem import FileError
from gui import group_folder
from gui.canvas.mime import GROUP_MIME
from gui.icons import icon
from gui.level import LevelView
from gui.notices import notices
from gui.screen_reader import tell_as
from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.labels import ElidedLabel, plain_tooltip

_HERE: Final = "here:"
_FILE: Final = "file:"


def of_document(name: str) -> str:
    """What a drag of one of the document's groups carries."""
    return _HERE + name


def of_file(path: Path) -> str:
    """What a drag of a group in a file carries."""
    return _FILE + str(path)


@final
class ShelfEntry(QFrame):
    """One group; `activated` when it is to be added, `menu_wanted` by the right button or the menu key."""

    activated = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, name: str, carried: str, tip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.name, self._carried = name, carried
        self._pressed_at: QPoint | None = None
        self.setObjectName(f"shelf_{name}")
        set_kind(self, "entry")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(plain_tooltip(tip))
        tell_as(self, QAccessible.Role.ListItem, press=self.activated.emit)
        self.setAccessibleName(name)
        self.setAccessibleDescription(tip)
        self._icon = QLabel(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(11, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(ElidedLabel(name, parent=self), 1)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        size = theme().px(16)
        self._icon.setPixmap(icon("group", "secondary").pixmap(QSize(size, size)))
        self.setFixedHeight(theme().px(30))

    def drag(self) -> QDrag:
        """The drag that carries this group."""
        data = QMimeData()
        data.setData(GROUP_MIME, QByteArray(self._carried.encode()))
        drag = QDrag(self)
        drag.setMimeData(data)
        picture: QPixmap = self.grab()
        drag.setPixmap(picture)
        drag.setHotSpot(QPoint(self.width() // 4, self.height() // 2))
        return drag

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None:
            return
        if (event.position().toPoint() - self._pressed_at).manhattanLength() >= QApplication.startDragDistance():
            self._pressed_at = None
            self.drag().exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = None
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.activated.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())


@final
class GroupShelf(QWidget):
    """Lists the groups of the document and those of the user's folder; hidden while there are none.

    Signals:
        use_wanted(str): another use of one of the document's groups.
        file_wanted(str): the group in a file.
    """

    use_wanted = Signal(str)
    file_wanted = Signal(str)

    def __init__(self, level: LevelView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("groupShelf")
        self._level = level
        self._shown: tuple[object, ...] = ()
        self._query = ""
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._parts: list[QWidget] = []
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self.refresh)
        level.document.changed.connect(self.refresh)
        level.document.replaced.connect(self.refresh)
        self.refresh()

    def entries(self) -> list[ShelfEntry]:
        """The entries listed now, from the top."""
        return [part for part in self._parts if isinstance(part, ShelfEntry)]

    def filter(self, query: str) -> None:
        """List only groups with this text in their names."""
        self._query = query.strip().lower()
        self.refresh()

    def refresh(self) -> None:
        """List what there is now."""
        folder = group_folder.folder()
        if folder.is_dir() and not self._watcher.directories():
            self._watcher.addPath(str(folder))
        groups = [name for name in sorted(self._level.document.project.groups) if self._query in name.lower()]
        files = [path for path in group_folder.listed() if self._query in path.stem.lower()]
        if (groups, files) == self._shown:
            return
        self._shown = (groups, files)
        for part in self._parts:
            self._column.removeWidget(part)
            part.hide()
            part.deleteLater()
        self._parts = []
        self._list(self.tr("GROUPS IN THIS NETWORK"), [self._of_document(name) for name in groups])
        self._list(self.tr("MY GROUPS"), [self._of_file(path) for path in files])
        self.setVisible(bool(groups or files))

    def _list(self, title: str, entries: list[ShelfEntry]) -> None:
        if not entries:
            return
        heading = QLabel(title, self)
        set_role(heading, "caption")
        set_tone(heading, "secondary")
        heading.setContentsMargins(0, 8, 0, 2)
        for part in (heading, *entries):
            self._parts.append(part)
            self._column.addWidget(part)
            part.show()

    def _of_document(self, name: str) -> ShelfEntry:
        tip = self.tr("Another use of this group: what changes inside changes at all of them.")
        entry = ShelfEntry(name, of_document(name), tip, self)
        entry.activated.connect(lambda: self.use_wanted.emit(name))
        entry.menu_wanted.connect(lambda at: self._document_menu(name, at))
        return entry

    def _of_file(self, path: Path) -> ShelfEntry:
        entry = ShelfEntry(path.stem, of_file(path), self.tr("A group that you kept, ready for any network."), self)
        entry.activated.connect(lambda: self.file_wanted.emit(str(path)))
        entry.menu_wanted.connect(lambda at: self._file_menu(path, at))
        return entry

    def _document_menu(self, name: str, at: QPoint) -> None:
        menu = self._menu()
        menu.addAction(self.tr("Add to the network")).triggered.connect(lambda: self.use_wanted.emit(name))
        delete = menu.addAction(self.tr("Delete from the network"))
        delete.setEnabled(not uses_of(self._level.document.project, name))
        delete.triggered.connect(lambda: self.delete(name))
        menu.popup(at)

    def _file_menu(self, path: Path, at: QPoint) -> None:
        menu = self._menu()
        menu.addAction(self.tr("Add to the network")).triggered.connect(lambda: self.file_wanted.emit(str(path)))
        menu.addAction(self.tr("Take out of the palette")).triggered.connect(lambda: self.remove(path))
        menu.popup(at)

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def delete(self, name: str) -> None:
        """Delete a definition that nothing uses; undo brings it back."""
        text = self.tr("Delete the group {0}").format(name)
        fault = self._level.make_everywhere(text, lambda project: groupedits.delete_group(project, name))
        if fault:
            notices().warn(fault)

    def remove(self, path: Path) -> None:
        """Take one of the user's groups out of the palette."""
        try:
            group_folder.remove(path)
        except FileError as error:
            notices().failure(error, self.tr("Nothing was removed."))
        self.refresh()
