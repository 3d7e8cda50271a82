"""Batches read before they are asked for, by threads, within a number of bytes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import final

from torch import Tensor

from engine.data.streaming.rows import Indices

BUDGET = 1 << 28
"""Bytes of batches, finished or being read, that are held before they are asked for."""
_QUEUED = 2
"""Batches a thread may be ahead with."""

_LINGERS = 0.1
"""Seconds a thread waits for more to read before it ends."""

Read = Callable[[Indices], Tensor]


@final
class Ahead:
    """Reads a sequence of samples, batch by batch, ahead of who takes them.

    Threads suffice: Pillow decodes, NumPy copies and the system reads without the interpreter's lock. They are there
    as long as there is something to read: a training that pauses has none a moment later, and nothing has to be closed.

    Attributes:
        held: bytes of the batches that are held or being read.
        most_held: the most it ever was.
    """

    def __init__(self, read: Read, threads: int, row_bytes: int, budget: int = BUDGET) -> None:
        """Args: `read` makes a tensor of samples; `threads` 0 reads nothing ahead; `row_bytes` of one sample."""
        self._read, self._threads, self._row_bytes, self._budget = read, threads, max(1, row_bytes), budget
        self._readers = _Readers(read)
        self._order: Indices | None = None
        self._coming: deque[tuple[int, int, Future[Tensor]]] = deque()
        self.held = self.most_held = 0

    def take(self, order: Indices, start: int, stop: int, stride: int = 0) -> Tensor:
        """Samples `order[start:stop]`; those that follow are begun to be read. Raises what reading raises.

        What was read ahead is of use as long as `order` is the same object, and batches are taken at equal distances:
        one right after the other, or `stride` apart.
        """
        stride = stride or stop - start
        if order is not self._order:
            self.drop()
            self._order = order
        while self._coming and self._coming[0][:2] != (start, stop):
            self._forget()
        if not self._coming:
            self._look_ahead(order, start, stop, stride)
            return self._read(order[start:stop])
        reading = self._coming[0][2]
        try:
            return reading.result()
        finally:
            self._forget()
            self._look_ahead(order, start, stop, stride)

    def _look_ahead(self, order: Indices, start: int, stop: int, stride: int) -> None:
        size = stop - start
        at = (self._coming[-1][0] if self._coming else start) + stride
        while at < len(order) and len(self._coming) < _QUEUED * self._threads:
            until = min(at + size, len(order))
            cost = (until - at) * self._row_bytes
            if self.held + cost > self._budget:
                return
            self._coming.append((at, until, self._readers.begin(order[at:until], self._threads)))
            self.held += cost
            self.most_held = max(self.most_held, self.held)
            at += stride

    def _forget(self) -> None:
        start, stop, reading = self._coming.popleft()
        reading.cancel()
        self.held -= (stop - start) * self._row_bytes

    def drop(self) -> None:
        """Forget what was read ahead."""
        while self._coming:
            self._forget()
        self._order = None

    def close(self) -> None:
        """Drop everything, and wait for what is just being read."""
        self.drop()
        self._readers.close()


@final
class _Readers:
    """Threads that read what is asked of them, in this order, and end when there is nothing more."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._wanted: deque[tuple[Indices, Future[Tensor]]] = deque()
        self._change = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._closing = False

    def begin(self, rows: Indices, most: int) -> Future[Tensor]:
        """Have samples read, with at most so many threads."""
        future: Future[Tensor] = Future()
        with self._change:
            self._closing = False
            self._wanted.append((rows, future))
            if self._idle >= len(self._wanted) or len(self._threads) >= most:
                self._change.notify()
                return future
            thread = threading.Thread(target=self._work, name="reading data", daemon=True)
            self._threads.add(thread)
        thread.start()
        return future

    def close(self) -> None:
        """Wait for the threads to end; what has not been begun is never read."""
        with self._change:
            self._closing = True
            self._wanted.clear()
            self._change.notify_all()
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        while (wanted := self._next()) is not None:
            rows, future = wanted
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._read(rows))
            except BaseException as error:  # noqa: BLE001 - raised again where the batch is taken
                future.set_exception(error)

    def _next(self) -> tuple[Indices, Future[Tensor]] | None:
        with self._change:
            if not self._wanted and not self._closing:
                self._idle += 1
                self._change.wait(_LINGERS)
                self._idle -= 1
            if self._wanted:
                return self._wanted.popleft()
            self._threads.discard(threading.current_thread())
            return None
