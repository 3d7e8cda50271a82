"""Which thread is which. Qt lets a widget be called from any thread, silently, until it crashes: here it is caught."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Final, final

from PySide6.QtCore import QAbstractEventDispatcher, QCoreApplication, QObject, Qt, QThread, Signal, Slot
from shiboken6 import isValid


def paint_in_one_thread() -> None:
    """Call before the first widget is painted.

    Qt hands each line and shape of some size to a pool of threads, one per core, and waits for them (since Qt 6.0,
    `QT_THREAD_PARALLEL_FILLS`). While a training keeps the cores busy, that wait is ten times as long as the painting.
    """
    os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")


def in_gui_thread() -> bool:
    """Whether this is the thread of the application; without an application, whether it is any."""
    app = QCoreApplication.instance()
    return app is None or QThread.currentThread() == app.thread()


def assert_gui_thread() -> None:
    """Guards code that touches widgets.

    Raises:
        RuntimeError: called from another thread.
    """
    if not in_gui_thread():
        raise RuntimeError("widgets may only be touched from the GUI thread; use gui.threads.in_gui(callable)")


@final
class _Courier(QObject):
    """Lives in the GUI thread and runs there what other threads hand over."""

    handed = Signal(object)

    def __init__(self, app: QCoreApplication) -> None:
        super().__init__()
        self.moveToThread(app.thread())
        self.handed.connect(self._run, Qt.ConnectionType.QueuedConnection)

    @Slot(object)
    def _run(self, call: Callable[[], None]) -> None:
        call()


_courier: _Courier | None = None


def in_gui(call: Callable[[], None]) -> None:
    """Runs `call` in the GUI thread: at once when this is it, else as soon as its event loop turns.

    For rare things such as messages. What comes often goes through the mailbox: a queued signal each is too much.
    """
    global _courier  # noqa: PLW0603 - one courier as there is one GUI thread
    app = QCoreApplication.instance()
    if in_gui_thread() or app is None:
        call()
        return
    if _courier is None or not isValid(_courier):
        _courier = _Courier(app)
    _courier.handed.emit(call)


@final
class GuiCollector(QObject):
    """Runs Python's cyclic garbage collection in the GUI thread only, whenever its event loop is about to rest.

    Left alone, Python collects in whichever thread happens to allocate, and a widget destroyed outside the GUI thread
    crashes the process. No timer is involved: nothing happens while nothing happens.
    """

    _YOUNG: Final = 5_000
    _OLD_EVERY: Final = 20
    _MANY: Final = 20

    def __init__(self, app: QCoreApplication) -> None:
        super().__init__(app)
        self._turns = 0
        self._held = False
        self._modules = len(sys.modules)
        dispatcher = QAbstractEventDispatcher.instance()
        assert dispatcher is not None
        gc.disable()
        dispatcher.aboutToBlock.connect(self._collect)

    def stop(self) -> None:
        """Gives automatic collection back to Python."""
        dispatcher = QAbstractEventDispatcher.instance()
        if dispatcher is not None:
            dispatcher.aboutToBlock.disconnect(self._collect)
        gc.enable()

    def hold(self) -> None:
        """Collect nothing until `settle`: a package is being loaded, and looking through it would be in vain."""
        self._held = True

    def settle(self) -> None:
        """Leave all that is there now alone from here on.

        Modules stay for good, and looking through all of torch would take a tenth of a second, even once.
        """
        self._held = False
        self._modules = len(sys.modules)
        gc.freeze()

    def _collect(self) -> None:
        if self._held or gc.get_count()[0] < self._YOUNG:
            return
        self._turns += 1
        new = len(sys.modules) - self._modules
        if new > self._MANY:
            self.settle()
        elif new:
            self._modules = len(sys.modules)
            gc.collect()
            gc.freeze()
        else:
            gc.collect(2 if self._turns % self._OLD_EVERY == 0 else 1)
