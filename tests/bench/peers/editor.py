"""What every editor is asked to do."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QApplication, QGraphicsView

COLUMNS, STEP_X, STEP_Y = 40, 248.0, 112.0
VIEW = (1440, 900)
Pair = tuple[int, int]


def place(index: int) -> tuple[float, float]:
    """Where the block of that number stands: rows of forty."""
    return (index % COLUMNS * STEP_X, index // COLUMNS * STEP_Y)


def chain(count: int) -> list[Pair]:
    """Each block wired to the next."""
    return [(index, index + 1) for index in range(count - 1)]


def diamonds(count: int) -> tuple[int, list[Pair]]:
    """So many skip connections in a row, each three blocks long: the number of blocks, and the wires."""
    wires = []
    for index in range(count):
        head = 3 * index
        wires += [(head, head + 1), (head, head + 2), (head + 1, head + 3), (head + 2, head + 3)]
    return 3 * count + 1, wires


def flush() -> None:
    """Let everything that waits be painted."""
    QApplication.sendPostedEvents()
    QApplication.processEvents()


class Editor(ABC):
    """One editor with one graph. Blocks have two inputs, one output, and bear numbers."""

    view: QGraphicsView

    @abstractmethod
    def build(self, count: int, wires: Sequence[Pair], source: int = 0) -> None:
        """Make the blocks in their places, and the wires, as a program does; `source` is the one that reads nothing."""

    @abstractmethod
    def save(self) -> str:
        """The graph as the text of a file."""

    @abstractmethod
    def load(self, saved: str) -> None:
        """The graph from the text of a file, in place of the present one."""

    @abstractmethod
    def move(self, index: int, to: tuple[float, float]) -> None:
        """Put a block elsewhere, as a drag does."""

    def move_many(self, places: Mapping[int, tuple[float, float]]) -> None:
        """Put many blocks elsewhere, as a drag of the selection does."""
        for index, to in places.items():
            self.move(index, to)

    @abstractmethod
    def extent(self) -> QRectF:
        """What the blocks cover, in the scene."""

    @abstractmethod
    def connect(self, start: int, end: int) -> None:
        """One more wire, with the checks that drawing one by hand makes."""

    def draw(self, start: int, end: int) -> None:
        """One more wire in the model and on the canvas, with nothing checked."""
        self.connect(start, end)

    def check_way(self, start: int, end: int, *, backwards: bool) -> None:
        """The part of `check` that every editor has: whether the wire would close a loop."""
        self.check(start, end, backwards=backwards)

    def check(self, start: int, end: int, *, backwards: bool) -> None:
        """What is asked before a wire may be drawn; `backwards` from the input to the output. Not every editor asks."""
        raise NotImplementedError

    def arrange(self) -> None:
        """Lay the graph out. Not every editor can."""
        raise NotImplementedError

    def delete_all(self) -> None:
        """Select everything, remove it and take that back. Not every editor can."""
        raise NotImplementedError

    # -- the same for all --

    def show(self) -> None:
        """Make the view visible in the common size."""
        self.view.window().resize(*VIEW)
        self.view.resize(*VIEW)
        self.view.window().show()
        self.view.show()
        flush()

    def fit(self) -> None:
        """Everything in view."""
        self.view.resetTransform()
        self.view.fitInView(self.extent(), Qt.AspectRatioMode.KeepAspectRatio)
        flush()

    def look_at(self, index: int) -> None:
        """A block in the middle, at 1:1."""
        self.view.resetTransform()
        self.view.centerOn(QPointF(*place(index)))
        flush()

    def zoom(self, factor: float) -> None:
        """A step of the wheel."""
        self.view.scale(factor, factor)
        flush()

    def sees(self, index: int) -> bool:
        """Whether a block is in view: what is not costs nothing to drag."""
        seen = self.view.mapToScene(self.view.viewport().rect()).boundingRect()
        return seen.contains(QPointF(*place(index)))

    def repaint(self) -> None:
        """The whole viewport."""
        self.view.viewport().update()
        flush()


def once(what: Callable[[], object]) -> float:
    """Milliseconds of this thread's processor time for one call."""
    start = time.thread_time()
    what()
    return (time.thread_time() - start) * 1e3
