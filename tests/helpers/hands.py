"""A mouse for windows in tests: menus, dialogs that wait for an answer, files that are dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QMenuBar, QPushButton, QWidget

from gui.notices import Notice, notices
from gui.question import QuestionDialog
from gui.toast_card import ToastCard

W = TypeVar("W", bound=QWidget)
LEFT = Qt.MouseButton.LeftButton
TURNS = 3000
"""How often a dialog is looked for, a moment apart, before it is given up."""


def plain(text: str) -> str:
    """A label without its mnemonic and dots."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…")


def choose_in_menu(bar: QMenuBar, *labels: str) -> None:
    """Click through a menu bar: `File`, `Examples`, `XOR`."""
    menu: QMenuBar | QMenu = bar
    for label in labels:
        action = _action(menu.actions(), label)
        QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
        if action.menu() is not None:
            menu = action.menu()  # type: ignore[assignment]  # an object in the stubs
            wait_until(menu.isVisible, f"{label} does not open")


def choose_in_popup(button: QWidget, label: str) -> None:
    """Press a button that opens a menu, which holds the program until something is chosen there."""

    def choose() -> None:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(_action(menu.actions(), label)).center())

    QTimer.singleShot(50, button, choose)
    QTest.mouseClick(button, LEFT)


def press(window: QWidget, key: Qt.Key, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.ControlModifier) -> None:
    """A key (with Control unless told) in a window that is in front."""
    window.activateWindow()
    wait_until(window.isActiveWindow, "the window does not come to the front")
    QTest.keyClick(window, key, keys)


def part(widget: QWidget, kind: type[W], name: str = "") -> W:
    """The part of a widget that has that object name, or is the first of its kind."""
    found: W | None = widget.findChild(kind, name) if name else widget.findChild(kind)
    assert found is not None, f"there is no {name or kind.__name__}"
    return found


def wait_until(is_so: Callable[[], bool], else_: str) -> None:
    """Let a moment pass, again and again, until something is so."""
    for _ in range(TURNS):
        if is_so():
            return
        QTest.qWait(10)
    raise AssertionError(else_)


def _action(actions: Sequence[QAction], label: str) -> QAction:
    found = [action for action in actions if plain(action.text()) == label]
    assert found, f"{label} is not among {[plain(action.text()) for action in actions]}"
    return found[0]


def answer(button: str, do: Callable[[], object]) -> str:
    """Do what asks a question, and click that button of it; the question's title."""
    titles: list[str] = []
    app = QApplication.instance()
    assert app is not None

    def click(turns: int = TURNS) -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QuestionDialog):
            assert turns, "nothing was asked"
            QTimer.singleShot(10, app, lambda: click(turns - 1))
            return
        titles.append(dialog.question.title)
        found = dialog.findChild(QPushButton, f"answer_{button}")
        assert found is not None
        QTest.mouseClick(found, LEFT)

    QTimer.singleShot(0, app, click)
    do()
    assert titles, "nothing was asked"
    return titles[0]


def click_on_card(window: QWidget, notice: Notice, label: str) -> None:
    """Click a button of a message in the window's corner."""
    card = next(card for card in window.findChildren(ToastCard) if card.notice is notice)
    button = next(button for button in card.findChildren(QPushButton) if button.text() == label)
    QTest.mouseClick(button, LEFT)


def last_notice(words: str) -> Notice:
    """The last message with these words in it."""
    return next(notice for notice in reversed(notices().history) if words in notice.text)


def drag_files_over(widget: QWidget, at: QPoint, *paths: Path) -> None:
    """Drag files over a widget and hold them there."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, no_keys = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(widget, QDragEnterEvent(at, copy, data, LEFT, no_keys))
    QApplication.sendEvent(widget, QDragMoveEvent(at, copy, data, LEFT, no_keys))


def drop_files(widget: QWidget, at: QPoint, *paths: Path) -> bool:
    """Drag files over a widget and let go; whether it took them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, no_keys = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, copy, data, LEFT, no_keys)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(widget, QDragMoveEvent(at, copy, data, LEFT, no_keys))
    drop = QDropEvent(QPointF(at), copy, data, LEFT, no_keys)
    QApplication.sendEvent(widget, drop)
    return drop.isAccepted()


def file_dialogs_answer(patch: Any, path: Path | None) -> list[str]:
    """Every file dialog is answered with this path; returns where each of them began."""
    starts: list[str] = []

    def files(_parent: object, _title: str, start: str = "", *_: object) -> tuple[str, str]:
        starts.append(start)
        return ("" if path is None else str(path)), ""

    for name in ("getOpenFileName", "getSaveFileName"):
        patch.setattr(QFileDialog, name, files)
    patch.setattr(QFileDialog, "getExistingDirectory", lambda *rest: files(*rest)[0])
    return starts
