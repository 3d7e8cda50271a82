"""Work off the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, final

from PySide6.QtCore import QEventLoop, QObject, Qt, QThreadPool, Signal, Slot
from shiboken6 import isValid

T = TypeVar("T")


@final
class _Job:
    """One piece of work.

    The pool's reference to it may be the last one to go, and goes in the pool's thread: by then it holds nothing, for
    a widget that died there would take the process with it.
    """

    def __init__(
        self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[BaseException], None]
    ) -> None:
        self._calls: tuple[Callable[[], Any], Callable[[Any], None], Callable[[BaseException], None]] | None
        self._calls = (work, done, failed)
        self.result: Any = None
        self.error: BaseException | None = None
        self.over = threading.Event()

    def run(self) -> None:
        """Do the work; called in a pool thread."""
        assert self._calls is not None
        try:
            self.result = self._calls[0]()
        except BaseException as caught:  # noqa: BLE001  handed over to the GUI thread, which raises or shows it
            self.error = caught
        self.over.set()

    def tell(self) -> None:
        """Say what came of it, once; called in the GUI thread."""
        if self._calls is None:
            return
        (_, done, failed), self._calls = self._calls, None
        result, error = self.result, self.error
        self.result = self.error = None
        if error is None:
            if _alive(done):
                done(result)
        elif _alive(failed):
            failed(error)


def _alive(call: Callable[..., Any]) -> bool:
    """Whether the object whose method this is has not been closed meanwhile."""
    owner = getattr(call, "__self__", None)
    return not isinstance(owner, QObject) or isValid(owner)


@final
class _Desk(QObject):
    """Lives in the GUI thread, where jobs come back."""

    back = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.back.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @Slot(object)
    def _take(self, job: _Job) -> None:
        job.tell()


_desk: _Desk | None = None


def _start(job: _Job) -> None:
    global _desk  # noqa: PLW0603 - one desk as there is one GUI thread
    if _desk is None or not isValid(_desk):
        _desk = _Desk()
    desk = _desk

    def work() -> None:
        job.run()
        try:
            desk.back.emit(job)
        except RuntimeError:
            if isValid(desk):  # else the application has ended meanwhile, and nobody is left to be told
                raise

    QThreadPool.globalInstance().start(work)


def run_in_background(
    work: Callable[[], T], done: Callable[[T], None], failed: Callable[[BaseException], None]
) -> None:
    """Run `work` in a pool thread, then `done(result)` or `failed(error)` in the GUI thread, which calls this.

    The methods of a widget that was closed meanwhile are not called.
    """
    _start(_Job(work, done, failed))


def run_aside(work: Callable[[], T]) -> T:
    """Run `work` in a pool thread and return its result; the window goes on painting, but takes no input.

    Raises whatever `work` raises.
    """
    loop = QEventLoop()
    answer: list[tuple[Any, BaseException | None]] = []

    def finish(result: Any, error: BaseException | None) -> None:
        answer.append((result, error))
        loop.quit()

    job = _Job(work, lambda result: finish(result, None), lambda error: finish(None, error))
    _start(job)
    while not answer:
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        if not answer:  # the application is ending, and with it every loop: nothing is left to paint
            job.over.wait()
            job.tell()
    result, error = answer[0]
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
