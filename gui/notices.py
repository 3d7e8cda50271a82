"""The one door for messages and errors.

Raised anywhere, from any thread, with or without a window; shown when there is one, as cards in its corner
(`gui.toasts`). All text is plain: what came from a file is never taken for markup.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, Protocol, final

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QWidget

from engine.problem import ChainruleError
from gui.question import Choice, Question, QuestionDialog
from gui.threads import assert_gui_thread, in_gui

Level = Literal["info", "success", "warning", "error"]
Action = tuple[str, Callable[[], object]]
"""A button under a message: its label and what it does."""

HISTORY_LENGTH = 200


@final
@dataclass(frozen=True, eq=False, slots=True)
class Notice:
    """A message as it was raised; two notices are the same only if they are one.

    Attributes:
        level: `info` and `success` leave by themselves, `warning` and `error` stay until closed.
        text: short, concrete, kind; plain text.
        details: more, shown on demand: a traceback, a list of files.
        actions: what can be done about it.
        time: when, in UTC.
    """

    level: Level
    text: str
    details: str = ""
    actions: tuple[Action, ...] = ()
    time: datetime = field(default_factory=lambda: datetime.now(UTC))


class NoticeView(Protocol):
    """A window's place for notices. All calls come in the GUI thread."""

    def show_notice(self, notice: Notice) -> None:
        """Shows a notice now."""

    def withdraw_notice(self, notice: Notice) -> None:
        """Takes it away, if it is shown."""

    def dialog_parent(self) -> QWidget:
        """The window that questions are asked over."""


@final
class Notices:
    """Messages on their way to a window. Use `notices()`; tests may make their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._history: deque[Notice] = deque(maxlen=HISTORY_LENGTH)
        self._waiting: deque[Notice] = deque(maxlen=HISTORY_LENGTH)
        self._view: NoticeView | None = None
        self._answers: deque[str] = deque()
        self.asked: list[Question] = []
        """Questions answered by `answering`, for tests."""

    # --- raising ---

    def info(self, text: str, details: str = "", actions: Sequence[Action] = ()) -> Notice:
        """Something happened that is good to know."""
        return self._raise(Notice("info", text, details, tuple(actions)))

    def success(self, text: str, details: str = "", actions: Sequence[Action] = ()) -> Notice:
        """Something that was asked for is done."""
        return self._raise(Notice("success", text, details, tuple(actions)))

    def warn(self, text: str, details: str = "", actions: Sequence[Action] = ()) -> Notice:
        """Something may not be as it was meant."""
        return self._raise(Notice("warning", text, details, tuple(actions)))

    def error(self, text: str, details: str = "", actions: Sequence[Action] = ()) -> Notice:
        """Something that was asked for could not be done."""
        return self._raise(Notice("error", text, details, tuple(actions)))

    def failure(self, error: BaseException, doing: str = "", actions: Sequence[Action] = ()) -> Notice:
        """An exception, told to a person: the engine's own in its words, others with the traceback as details.

        Args:
            error: what was raised.
            doing: what was tried: `The file was not saved.`
            actions: buttons.
        """
        details = ""
        if isinstance(error, ChainruleError):
            text = str(error)
        elif isinstance(error, OSError) and error.strerror:
            text = f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
        else:
            name = type(error).__name__
            text = QCoreApplication.translate("Notices", "Something unexpected happened ({0}).").format(name)
            details = "".join(traceback.format_exception(error))
        return self.error(f"{doing} {text}".strip(), details, actions)

    def _raise(self, notice: Notice) -> Notice:
        with self._lock:
            self._history.append(notice)
        in_gui(lambda: self._deliver(notice))
        return notice

    def _deliver(self, notice: Notice) -> None:
        if self._view is None:
            self._waiting.append(notice)
        else:
            self._view.show_notice(notice)

    def dismiss(self, notice: Notice) -> None:
        """Takes a notice away because its reason is gone; it stays in the history."""

        def withdraw() -> None:
            if notice in self._waiting:
                self._waiting.remove(notice)
            if self._view is not None:
                self._view.withdraw_notice(notice)

        in_gui(withdraw)

    @property
    def history(self) -> tuple[Notice, ...]:
        """What was raised, oldest first; the last 200."""
        with self._lock:
            return tuple(self._history)

    # --- the window's side ---

    def attach(self, view: NoticeView) -> None:
        """From now on `view` shows notices, those that waited first."""
        assert_gui_thread()
        self._view = view
        while self._waiting:
            view.show_notice(self._waiting.popleft())

    def detach(self, view: NoticeView) -> None:
        """The view goes away; notices wait for the next one."""
        assert_gui_thread()
        if self._view is view:
            self._view = None

    # --- asking ---

    def ask(self, question: Question) -> str:
        """Asks in a dialog and returns the key of the answer; painting and training go on meanwhile.

        Raises:
            RuntimeError: called outside the GUI thread, or without an application.
        """
        assert_gui_thread()
        if self._answers:
            answer = self._answers.popleft()
            if answer not in {choice.key for choice in question.choices}:
                raise ValueError(f'"{answer}" is no answer to "{question.title}"')
            self.asked.append(question)
            return answer
        if QApplication.instance() is None:
            raise RuntimeError(f'nobody is there to answer "{question.title}"')
        dialog = QuestionDialog(question, self._view.dialog_parent() if self._view else None)
        try:
            dialog.exec()
            return dialog.answer
        finally:
            dialog.deleteLater()

    def ask_save(self, name: str, more: str = "") -> Literal["save", "discard", "cancel"]:
        """What to do with unsaved changes of the file `name`; `more` is a sentence that may matter for that."""
        tr = QCoreApplication.translate
        choices = (
            Choice("discard", tr("Notices", "Discard"), "quiet"),
            Choice("cancel", tr("Notices", "Cancel")),
            Choice("save", tr("Notices", "Save"), "primary"),
        )
        title = tr("Notices", "Save changes to {0}?").format(name)
        text = f"{tr('Notices', 'What you discard cannot be brought back.')} {more}".strip()
        answer = self.ask(Question(title, text, choices, "cancel"))
        if answer == "save":
            return "save"
        return "discard" if answer == "discard" else "cancel"

    @contextmanager
    def answering(self, *answers: str) -> Iterator[None]:
        """For tests: the next questions are answered with these keys, and no dialog opens.

        Raises:
            AssertionError: fewer questions were asked.
        """
        self._answers.extend(answers)
        self.asked.clear()
        try:
            yield
            assert not self._answers, f"nobody asked for {list(self._answers)}"
        finally:
            self._answers.clear()


_notices = Notices()


def notices() -> Notices:
    """The door."""
    return _notices


def show_uncaught_errors() -> None:
    """Lets exceptions that nobody caught appear as notices, with their traceback on stderr as before."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        if isinstance(error, Exception):
            notices().failure(error)

    def thread_hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            hook(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = hook
    threading.excepthook = thread_hook
