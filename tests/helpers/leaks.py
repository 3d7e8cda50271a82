"""What a test can leave behind: threads, QThreads, running timers, top-level widgets.

Qt offers no list of QThreads and QTimers, so their `start` is watched while tests run. Timers that Qt's own code
starts are not seen, and not ours to stop.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, final

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication, QWidget

PATIENCE = 30.0
"""Seconds that a thread which was told to end is given to do so, also on a busy machine."""
OFTEN = 20
"""After so many tests, what has stayed is left alone by the garbage collector."""


class Leak(ABC):
    """One thing that may outlive its test."""

    waits = False
    """Whether it may take its time to end."""

    @property
    @abstractmethod
    def key(self) -> object:
        """Tells it from others of its kind."""

    @abstractmethod
    def alive(self) -> bool:
        """Whether it is there, running or pending now."""

    @abstractmethod
    def end(self) -> None:
        """Ends it as far as that is possible, so that it cannot harm the next test."""


@final
class LeakedThread(Leak):
    """A `threading.Thread`; nothing can end it from outside."""

    waits = True

    def __init__(self, thread: threading.Thread) -> None:
        self.thread = thread

    @property
    def key(self) -> object:
        return self.thread

    def alive(self) -> bool:
        return self.thread.is_alive()

    def end(self) -> None:
        return

    def __str__(self) -> str:
        return f"thread {self.thread.name!r} still runs"


@final
class LeakedQThread(Leak):
    """A QThread; Qt aborts the process when it is destroyed while it runs."""

    waits = True
    unstoppable: list[QThread] = []  # noqa: RUF012 - kept for good, because destroying them would abort

    def __init__(self, thread: QThread) -> None:
        self.thread = thread

    @property
    def key(self) -> object:
        return _identity(self.thread)

    def alive(self) -> bool:
        return shiboken6.isValid(self.thread) and self.thread.isRunning()

    def end(self) -> None:
        self.thread.requestInterruption()
        self.thread.quit()
        if not self.thread.wait(int(PATIENCE * 1000)):
            self.unstoppable.append(self.thread)

    def __str__(self) -> str:
        return f"QThread {_describe(self.thread)} still runs"


@final
class LeakedTimer(Leak):
    """A QTimer that is still active."""

    def __init__(self, timer: QTimer) -> None:
        self.timer = timer

    @property
    def key(self) -> object:
        return _identity(self.timer)

    def alive(self) -> bool:
        return shiboken6.isValid(self.timer) and self.timer.isActive()

    def end(self) -> None:
        if self.timer.thread() == QThread.currentThread():
            self.timer.stop()

    def __str__(self) -> str:
        return f"QTimer {_describe(self.timer)} is still active, every {self.timer.interval()} ms"


@final
class LeakedSingleShot(Leak):
    """A `QTimer.singleShot` that has not fired: it would fire in some later test."""

    def __init__(self, msec: int, arguments: tuple[Any, ...]) -> None:
        self.due = time.monotonic() + msec / 1000
        self.what = ", ".join([str(msec), *(getattr(arg, "__qualname__", type(arg).__qualname__) for arg in arguments)])
        owners = [part for arg in arguments for part in (arg, getattr(arg, "__self__", None))]
        receiver = next((part for part in owners if isinstance(part, QObject)), None)
        self.receiver = None if receiver is None else weakref.ref(receiver)

    @property
    def key(self) -> object:
        return self

    def alive(self) -> bool:
        if self.receiver is not None:
            receiver = self.receiver()
            if receiver is None or not shiboken6.isValid(receiver):
                return False
        return time.monotonic() < self.due

    def end(self) -> None:
        deadline = min(self.due, time.monotonic() + PATIENCE)
        while time.monotonic() < deadline:
            QCoreApplication.processEvents()
            time.sleep(0.01)

    def __str__(self) -> str:
        return f"QTimer.singleShot({self.what}) has yet to fire"


@final
class LeakedJobs(Leak):
    """Work in Qt's global thread pool."""

    waits = True

    @property
    def key(self) -> object:
        return LeakedJobs

    def alive(self) -> bool:
        return QThreadPool.globalInstance().activeThreadCount() > 0

    def end(self) -> None:
        QThreadPool.globalInstance().clear()

    def __str__(self) -> str:
        return f"{QThreadPool.globalInstance().activeThreadCount()} threads of Qt's pool still work"


@final
class LeakedWidget(Leak):
    """A widget without a parent."""

    def __init__(self, widget: QWidget) -> None:
        self.widget = widget

    @property
    def key(self) -> object:
        return _identity(self.widget)

    def alive(self) -> bool:
        return shiboken6.isValid(self.widget) and self.widget.isWindow()

    def end(self) -> None:
        self.widget.hide()
        self.widget.deleteLater()

    def __str__(self) -> str:
        return f"top-level widget {_describe(self.widget)} is still there"


def _identity(thing: QObject) -> object:
    return shiboken6.getCppPointer(thing) if shiboken6.isValid(thing) else id(thing)


def _describe(thing: QObject) -> str:
    name = f" {thing.objectName()!r}" if thing.objectName() else ""
    parent = thing.parent()
    return f"{type(thing).__qualname__}{name}" + (f" of {type(parent).__qualname__}" if parent else "")


@final
class Watch:
    """Sees QThreads and QTimers start, and so knows what is there."""

    def __init__(self) -> None:
        self._threads: weakref.WeakSet[QThread] = weakref.WeakSet()
        self._timers: weakref.WeakSet[QTimer] = weakref.WeakSet()
        self._single_shots: list[LeakedSingleShot] = []
        self._modules_when_frozen = 0
        self._since_frozen = 0

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Puts itself before `QThread.start`, `QTimer.start` and `QTimer.singleShot`."""
        start_thread, start_timer, single_shot = QThread.start, QTimer.start, QTimer.singleShot

        def watched_thread(thread: QThread, *args: Any) -> None:
            self._threads.add(thread)
            start_thread(thread, *args)

        def watched_timer(timer: QTimer, *args: Any) -> None:
            self._timers.add(timer)
            start_timer(timer, *args)

        def watched_single_shot(msec: int, *args: Any) -> None:
            self._single_shots.append(LeakedSingleShot(msec, args))
            single_shot(msec, *args)

        patch.setattr(QThread, "start", watched_thread)
        patch.setattr(QTimer, "start", watched_timer)
        patch.setattr(QTimer, "singleShot", staticmethod(watched_single_shot))

    def snapshot(self) -> set[object]:
        """The keys of everything that is there now."""
        return {leak.key for leak in self._present()}

    def leaked_since(self, before: set[object]) -> list[Leak]:
        """What came since and stays, after everything that was told to end had the chance to do so."""
        self._settle()
        found = [leak for leak in self._present() if leak.key not in before]
        if found:  # what was frozen while it lived could not be collected when it had died
            found.clear()
            gc.unfreeze()
            self._modules_when_frozen = 0
            self._settle()
            found = [leak for leak in self._present() if leak.key not in before]
        deadline = time.monotonic() + PATIENCE
        while any(leak.waits and leak.alive() for leak in found) and time.monotonic() < deadline:
            time.sleep(0.005)
        return [leak for leak in found if leak.alive()]

    def _present(self) -> Iterator[Leak]:
        self._single_shots = [shot for shot in self._single_shots if shot.alive()]
        candidates: list[Leak] = [
            # Threads that C++ started get a stand-in when they first run Python, which Python keeps for ever.
            *(LeakedThread(it) for it in threading.enumerate() if not isinstance(it, threading._DummyThread)),
            *(LeakedQThread(it) for it in self._threads),
            *(LeakedTimer(it) for it in self._timers),
            *self._single_shots,
            LeakedJobs(),
            *(LeakedWidget(it) for it in QApplication.topLevelWidgets() if not _is_tool_tip(it)),
        ]
        return (leak for leak in candidates if leak.alive())

    def _settle(self) -> None:
        """Lets deletions that are under way happen, here in the main thread."""
        if QApplication.instance() is not None:
            QCoreApplication.processEvents()
            let_go()
        gc.collect()
        self._since_frozen += 1
        if len(sys.modules) != self._modules_when_frozen or self._since_frozen == OFTEN:
            # Modules stay for good, and looking through all of torch after each test would take a tenth of a second;
            # so do caches and reports of tests, which grow.
            gc.freeze()
            self._since_frozen = 0
            self._modules_when_frozen = len(sys.modules)


def let_go() -> None:
    """Deletes now what is to be deleted later. A change of the theme would dress it all once more."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _is_tool_tip(widget: QWidget) -> bool:
    """Qt keeps the last tool tip for a while by itself."""
    return widget.metaObject().className() == "QTipLabel"
