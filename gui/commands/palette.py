"""The command palette: type a few letters of any action, Enter runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QLabel,
    QListView,
    QMenuBar,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.commands.catalog import Command, commands_of, matching
from gui.settings import settings
from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.search_field import SearchField

WIDTH: Final = 560
ROWS: Final = 11
MOST_RECENT: Final = 8
_COMMAND: Final = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


@final
class _Model(QAbstractListModel):
    """The commands found, best first."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.commands: Sequence[Command] = ()

    def show(self, commands: Sequence[Command]) -> None:
        """List these."""
        self.beginResetModel()
        self.commands = commands
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.commands)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        command = self.commands[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return command.name
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return f"{command.menu} {command.keys}".strip()
        return command if role == _COMMAND else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        able = self.commands[index.row()].action.isEnabled()
        return Qt.ItemFlag.ItemIsSelectable | (Qt.ItemFlag.ItemIsEnabled if able else Qt.ItemFlag.NoItemFlags)


@final
class _Row(QStyledItemDelegate):
    """Icon or check mark, name, menu behind it, keys at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, theme().px(30))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        command = index.data(_COMMAND)
        if not isinstance(command, Command):
            return
        look, room = theme(), QRectF(option.rect).adjusted(4, 1, -4, -1)
        able = command.action.isEnabled()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.brush("accent_soft"))
            painter.drawRoundedRect(room, 6, 6)
        side = look.px(16)
        place = QRectF(room.left() + 8, room.center().y() - side / 2, side, side)
        if not command.action.icon().isNull():
            command.action.icon().paint(painter, place.toRect())
        elif command.action.isChecked():
            painter.setPen(look.pen("accent"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "✓")
        keys_font, menu_font, name_font = look.font("mono_caption"), look.font("caption"), look.font()
        keys = command.keys
        keys_width = QFontMetrics(keys_font).horizontalAdvance(keys)
        right = room.right() - 10
        painter.setFont(keys_font)
        painter.setPen(look.pen("secondary"))
        centred = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(right - keys_width, room.top(), keys_width, room.height()), centred, keys)
        left, space = place.right() + 10, right - keys_width - look.px(12) - place.right() - 10
        names = QFontMetrics(name_font)
        name = names.elidedText(command.name, Qt.TextElideMode.ElideRight, int(space))
        width = names.horizontalAdvance(name)
        painter.setFont(name_font)
        painter.setPen(look.pen("text" if able else "disabled"))
        painter.drawText(QRectF(left, room.top(), width + 1, room.height()), centred, name)
        rest = space - width - look.px(10)
        if rest > look.px(24):
            menu = QFontMetrics(menu_font).elidedText(command.menu, Qt.TextElideMode.ElideRight, int(rest))
            painter.setFont(menu_font)
            painter.setPen(look.pen("secondary" if able else "disabled"))
            painter.drawText(QRectF(left + width + look.px(10), room.top(), rest, room.height()), centred, menu)
        painter.restore()


@final
class CommandPalette(QFrame):
    """Floats over the top of the window; leaving it, by Escape or by a click elsewhere, changes nothing."""

    def __init__(self, bar: QMenuBar, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("commandPalette")
        self.setAccessibleName(self.tr("Command palette"))
        set_kind(self, "toast")
        self._bar = bar
        self._window = parent
        self._all: list[Command] = []
        self._before: QWidget | None = None
        self.field = SearchField(self.tr("Type what you want to do"), self)
        self.field.setObjectName("commandField")
        self._model = _Model(self)
        self.list = QListView(self)
        self.list.setObjectName("commandList")
        self.list.setAccessibleName(self.tr("Commands"))
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setUniformItemSizes(True)
        self.list.setStyleSheet("QListView { background: transparent; }")
        self._foot = QLabel(self.tr("Nothing is called that. Try another word."), self)
        set_role(self._foot, "caption")
        set_tone(self._foot, "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        for widget in (self.field, self.list, self._foot):
            column.addWidget(widget)
        self.field.searched.connect(self._search)
        self.field.moved.connect(self._step)
        self.field.returnPressed.connect(self._take)
        self.list.clicked.connect(self._take)
        self.field.installEventFilter(self)
        self.hide()

    def shown(self) -> list[str]:
        """The names now listed, best first."""
        return [command.name for command in self._model.commands]

    def open(self) -> None:
        """Show everything there is to do, what was done last on top."""
        self._before = QApplication.focusWidget()
        self._all = commands_of(self._bar)
        self.field.clear()
        self._search("")
        parent = self._window
        self.setFixedWidth(min(theme().px(WIDTH), parent.width() - 32))
        self.list.setFixedHeight(min(theme().px(30) * ROWS, parent.height() // 2) + 2)
        self.adjustSize()
        self.move(QPoint((parent.width() - self.width()) // 2, theme().px(72)))
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        """Close without a choice; the focus goes back where it was."""
        if self.isHidden():
            return
        self.hide()
        self._all = []
        self._model.show(())
        before, self._before = self._before, None
        if before is not None and before.isVisible():
            before.setFocus(Qt.FocusReason.PopupFocusReason)

    def _search(self, text: str) -> None:
        found = matching(text, self._all, _recent())
        self._model.show(found)
        self.list.setCurrentIndex(self._model.index(0))
        self._foot.setVisible(not found)

    def _step(self, way: int) -> None:
        count = self._model.rowCount()
        if count:
            self.list.setCurrentIndex(self._model.index((self.list.currentIndex().row() + way) % count))

    def _take(self) -> None:
        index = self.list.currentIndex()
        if not index.isValid():
            return
        command = self._model.commands[index.row()]
        if not command.action.isEnabled():
            return
        self.leave()
        if command.id:
            _remember(command.id)
        command.action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.FocusOut and not self.isHidden():
            self._before = None  # the focus is where the person put it
            self.leave()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        event.accept()


def _recent() -> list[str]:
    value = settings().value("commands/recent", [])
    return [str(name) for name in value] if isinstance(value, list) else [str(value)]


def _remember(name: str) -> None:
    names = [name, *(other for other in _recent() if other != name)]
    settings().setValue("commands/recent", names[:MOST_RECENT])
