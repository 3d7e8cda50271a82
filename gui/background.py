"""Work off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, final

from PySide6.QtCore import QEventLoop, QObject, QRunnable, Qt, QThreadPool, Signal, Slot

T = TypeVar("T")


@final
class _Signals(QObject):
    done = Signal(object, object)


@final
class _Task(QRunnable):
    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._work = work
        self.signals = _Signals()

    def run(self) -> None:
        try:
            result, error = self._work(), None
        except BaseException as caught:  # noqa: BLE001  handed over to the GUI thread, which raises or shows it
            result, error = None, caught
        self.signals.done.emit(result, error)


@final
class _Receiver(QObject):
    """Lives in the GUI thread, so that what it is told arrives there."""

    def __init__(self, task: _Task, done: Callable[[Any], None], failed: Callable[[BaseException], None]) -> None:
        super().__init__()
        self._task, self._done, self._failed = task, done, failed
        task.signals.done.connect(self.receive, Qt.ConnectionType.QueuedConnection)

    @Slot(object, object)
    def receive(self, result: Any, error: BaseException | None) -> None:
        _running.discard(self)
        if error is None:
            self._done(result)
        else:
            self._failed(error)


_running: set[_Receiver] = set()


def run_in_background(
    work: Callable[[], T], done: Callable[[T], None], failed: Callable[[BaseException], None]
) -> None:
    """Run `work` in a pool thread, then `done(result)` or `failed(error)` in the GUI thread."""
    task = _Task(work)
    _running.add(_Receiver(task, done, failed))
    QThreadPool.globalInstance().start(task)


def run_aside(work: Callable[[], T]) -> T:
    """Run `work` in a pool thread and return its result; the window goes on painting, but takes no input.

    Raises whatever `work` raises.
    """
    loop = QEventLoop()
    box: list[tuple[Any, BaseException | None]] = []

    def finish(result: Any, error: BaseException | None) -> None:
        box.append((result, error))
        loop.quit()

    run_in_background(work, lambda result: finish(result, None), lambda error: finish(None, error))
    loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    result, error = box[0]
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
