"""The one door for messages: with and without a window, from any thread."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QPlainTextEdit, QPushButton, QToolButton, QWidget

from engine.problem import FileError
from gui import notices as notices_module
from gui.notices import HISTORY_LENGTH, Notice, Notices, notices, show_uncaught_errors
from gui.question import Choice, Question, QuestionDialog
from gui.theme import theme
from gui.threads import assert_gui_thread, in_gui, in_gui_thread
from gui.toast_card import ToastCard, reading_time_ms
from gui.toasts import MARGIN, MAX_CARDS, ToastArea

T = TypeVar("T", bound=QObject)


class Recorder:
    """A view that only remembers."""

    def __init__(self) -> None:
        self.shown: list[Notice] = []
        self.threads: list[int] = []

    def show_notice(self, notice: Notice) -> None:
        self.shown.append(notice)
        self.threads.append(threading.get_ident())

    def withdraw_notice(self, notice: Notice) -> None:
        self.shown.remove(notice)

    def dialog_parent(self) -> QWidget:
        raise AssertionError


@pytest.fixture
def door(qapp) -> Iterator[Notices]:
    theme().set_reduce_motion(True)
    yield Notices()
    theme().set_reduce_motion(None)


@pytest.fixture
def window(qtbot) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    return made


def child(widget: QWidget, kind: type[T]) -> T:
    """The first child of a kind, which has to be there."""
    found = widget.findChild(kind)
    assert found is not None
    return found


def texts(area: ToastArea) -> list[str]:
    return [card.notice.text for card in area.cards]


def settle() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QCoreApplication.processEvents()


# --- the door ---


def test_notices_wait_for_a_window(door):
    door.info("first")
    second = door.error("second", "because")
    gone = door.warn("third")
    door.dismiss(gone)
    view = Recorder()
    door.attach(view)
    door.success("fourth")
    assert [(notice.level, notice.text) for notice in view.shown] == [
        ("info", "first"),
        ("error", "second"),
        ("success", "fourth"),
    ]
    assert view.shown[1] is second
    assert [notice.text for notice in door.history] == ["first", "second", "third", "fourth"]
    door.detach(view)
    door.info("fifth")
    assert len(view.shown) == 3


def test_no_application_is_needed():
    code = (
        "from gui.notices import notices\n"
        "notices().error('Disk full')\n"
        "print(notices().history[0].text)\n"
        "from gui.question import Question, Choice\n"
        "try:\n"
        "    notices().ask(Question('Sure?', '', (Choice('yes', 'Yes'),), 'no'))\n"
        "except RuntimeError as error:\n"
        "    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["Disk full", 'nobody is there to answer "Sure?"']


def test_other_threads_are_heard_in_the_gui_thread(door, qtbot):
    view = Recorder()
    door.attach(view)
    raised = []

    def work() -> None:
        raised.append(door.warn("from afar"))
        try:
            door.attach(Recorder())
        except RuntimeError as error:
            raised.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert view.shown == []
    qtbot.waitUntil(lambda: view.shown == [raised[0]])
    assert view.threads == [threading.get_ident()]
    assert "GUI thread" in raised[1]


def test_gui_thread_is_told_from_others(qapp, qtbot):
    seen: list[object] = []

    def work() -> None:
        seen.append(in_gui_thread())
        with pytest.raises(RuntimeError, match="GUI thread"):
            assert_gui_thread()
        in_gui(lambda: seen.append(threading.get_ident()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert seen == [False, threading.get_ident()]
    assert in_gui_thread()
    assert_gui_thread()


def test_history_is_bounded(door):
    for number in range(HISTORY_LENGTH + 5):
        door.info(str(number))
    assert len(door.history) == HISTORY_LENGTH
    assert door.history[0].text == "5"


def test_failures_are_told_in_words(door):
    door.failure(FileError("net.chainrule is damaged.", code="F01", hint="Open the backup."))
    door.failure(FileNotFoundError(2, "No such file or directory", "x.csv"), "The data were not read.")
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError as error:
        door.failure(error)
    told = [notice.text for notice in door.history]
    assert told[0] == "net.chainrule is damaged. Open the backup."
    assert told[1] == "The data were not read. x.csv: No such file or directory."
    assert "ZeroDivisionError" in told[2]
    assert [bool(notice.details) for notice in door.history] == [False, False, True]
    assert "division by zero" in door.history[2].details


def test_uncaught_errors_become_notices(monkeypatch, capsys):
    door = Notices()
    monkeypatch.setattr(notices_module, "_notices", door)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    show_uncaught_errors()
    assert notices() is door
    error = ValueError("lost")
    sys.excepthook(ValueError, error, None)
    threading.excepthook(threading.ExceptHookArgs((ValueError, error, None, None)))
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert [notice.level for notice in door.history] == ["error", "error"]
    assert capsys.readouterr().err.count("ValueError: lost") == 2


# --- questions ---

SAVE = Question(
    "Save changes?",
    "Else they are lost.",
    (Choice("discard", "Discard", "quiet"), Choice("cancel", "Cancel"), Choice("save", "Save", "primary")),
    "cancel",
)


def test_tests_can_answer(door):
    with door.answering("save", "discard", "cancel"):
        assert [door.ask_save("a.chainrule") for _ in range(3)] == ["save", "discard", "cancel"]
    assert "a.chainrule" in door.asked[0].title
    with pytest.raises(ValueError, match="no answer"), door.answering("maybe"):
        door.ask(SAVE)
    with pytest.raises(AssertionError, match="nobody asked"), door.answering("save"):
        pass


@pytest.mark.parametrize(
    ("press", "answer"),
    [
        (lambda bot, dialog: bot.keyClick(dialog, Qt.Key.Key_Escape), "cancel"),
        (lambda bot, dialog: bot.keyClick(dialog, Qt.Key.Key_Return), "save"),
        (lambda bot, dialog: dialog.findChild(QPushButton, "answer_discard").click(), "discard"),
        (lambda bot, dialog: dialog.close(), "cancel"),
    ],
    ids=["escape", "enter", "click", "close"],
)
def test_people_can_answer(door, qtbot, window, press, answer):
    def act() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QuestionDialog)
        assert dialog.parent() is window
        press(qtbot, dialog)

    ToastArea(window, door)
    QTimer.singleShot(0, window, act)
    assert door.ask(SAVE) == answer
    settle()
    assert window.findChildren(QuestionDialog) == []


def test_questions_show_plain_text(door, qtbot):
    dialog = QuestionDialog(Question("<b>Bold?</b>", "<img src=x>", (Choice("yes", "Yes"),), "no", "a\nb"), None)
    qtbot.addWidget(dialog)
    labels = dialog.findChildren(QLabel)
    assert {"<b>Bold?</b>", "<img src=x>"} <= {label.text() for label in labels}
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels if label.text())
    assert child(dialog, QPlainTextEdit).toPlainText() == "a\nb"


# --- cards ---


def test_cards_stand_in_the_lower_right_corner(door, window, qtbot):
    area = ToastArea(window, door)
    assert not area.isVisible()
    door.info("Saved.")
    door.error("Not saved: " + "no space left on device, " * 6)
    settle()
    for size in ((800, 600), (1000, 700), (240, 500)):
        window.resize(*size)
        settle()
        assert area.geometry().right() == size[0] - MARGIN - 1
        assert area.geometry().bottom() == size[1] - MARGIN - 1
        assert area.x() >= 0
        for card in area.cards:
            text = next(label for label in card.findChildren(QLabel) if label.text() == card.notice.text)
            assert text.height() >= text.heightForWidth(text.width())
    window.statusBar().showMessage("ready")
    settle()
    door.info("Again.")
    settle()
    assert area.geometry().bottom() == 500 - window.statusBar().height() - MARGIN - 1


def test_text_is_plain(door, window):
    area = ToastArea(window, door)
    door.warn("<img src=http://example.org/x.png>")
    [label] = [it for it in area.findChildren(QLabel) if "img" in it.text()]
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_errors_stay_and_news_leave(door, window, qtbot):
    area = ToastArea(window, door)
    assert reading_time_ms(Notice("error", "x")) == reading_time_ms(Notice("warning", "x")) == 0
    assert reading_time_ms(Notice("info", "x", actions=(("Show", print),))) > 3 * reading_time_ms(Notice("info", "x"))
    assert 0 < reading_time_ms(Notice("info", "x")) < reading_time_ms(Notice("info", "x" * 100))
    door.error("stays")
    door.info("leaves")
    timers = [child(card, QTimer) for card in area.cards]
    assert [timer.isActive() for timer in timers] == [False, True]
    timers[1].timeout.emit()
    assert texts(area) == ["stays"]


def test_a_card_waits_while_it_is_read(door, window):
    area = ToastArea(window, door)
    door.info("read me")
    [card] = area.cards
    timer = child(card, QTimer)
    QCoreApplication.sendEvent(card, QEnterEvent(QPointF(), QPointF(), QPointF()))
    assert not timer.isActive()
    QCoreApplication.sendEvent(card, QEvent(QEvent.Type.Leave))
    assert timer.isActive()
    child(card, QToolButton).setFocus()
    timer.timeout.emit()
    assert texts(area) == ["read me"]
    card.close_card()
    assert texts(area) == []
    assert not timer.isActive()


def test_the_same_again_is_counted(door, window):
    area = ToastArea(window, door)
    for _ in range(3):
        door.warn("Disk almost full.")
    door.info("Disk almost full.")
    assert len(area.cards) == 2
    assert any("×3" in label.text() for label in area.cards[0].findChildren(QLabel))


def test_at_most_four_and_none_lost(door, window, qtbot):
    area = ToastArea(window, door)
    door.info("news")
    for number in range(6):
        door.error(f"error {number}")
    assert texts(area) == ["error 2", "error 3", "error 4", "error 5"]
    more = area.findChild(QToolButton, "toastsMore")
    assert more.text() == "2 earlier messages"
    with qtbot.waitSignal(area.all_wanted):
        qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    area.cards[-1].close_card()
    assert texts(area) == ["error 1", "error 2", "error 3", "error 4"]
    door.dismiss(next(notice for notice in door.history if notice.text == "error 0"))
    door.dismiss(next(notice for notice in door.history if notice.text == "error 3"))
    assert texts(area) == ["error 1", "error 2", "error 4"]
    assert len(area.cards) <= MAX_CARDS
    assert more.isHidden()


def test_actions_and_details(door, window, qtbot):
    area = ToastArea(window, door)
    done = []
    door.error("Not saved.", "Traceback …", [("Try again", lambda: done.append(1))])
    [card] = area.cards
    details = child(card, QPlainTextEdit)
    assert not details.isVisible()
    buttons = {button.text(): button for button in card.findChildren(QPushButton)}
    before = area.height()
    buttons["Details"].click()
    settle()
    assert details.isVisible()
    assert area.height() > before
    assert area.geometry().bottom() == window.height() - MARGIN - 1
    buttons["Try again"].click()
    assert done == [1]
    assert texts(area) == []
    settle()
    assert not area.isVisible()


def test_the_keyboard_reaches_cards(door, window, qtbot):
    area = ToastArea(window, door)
    area.focus_newest()
    door.info("older")
    door.warn("newer", actions=[("Reload", lambda: None)])
    area.focus_newest()
    close = QApplication.focusWidget()
    assert isinstance(close, QToolButton)
    assert close.accessibleName() == "Close"
    assert area.cards[-1].isAncestorOf(close)
    assert area.cards[-1].accessibleName() == "newer"
    qtbot.keyClick(close, Qt.Key.Key_Escape)
    assert texts(area) == ["older"]
    focus = QApplication.focusWidget()
    assert focus is not None
    assert area.cards[0].isAncestorOf(focus)  # the keyboard goes on to the next card
    with qtbot.waitSignal(area.left):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)


def test_a_window_that_goes_lets_go_of_the_door(door, qtbot):
    first = QMainWindow()
    ToastArea(first, door)
    first.deleteLater()
    del first
    settle()
    door.error("Nobody here?")
    second = QMainWindow()
    qtbot.addWidget(second)
    assert [card.notice.text for card in ToastArea(second, door).cards] == ["Nobody here?"]


def test_cards_fade_in_and_leave_no_effect(door, window, qtbot):
    theme().set_reduce_motion(False)
    area = ToastArea(window, door)
    door.error("slowly")
    [card] = area.cards
    assert isinstance(card, ToastCard)
    assert card.graphicsEffect() is not None
    qtbot.waitUntil(lambda: card.graphicsEffect() is None)
