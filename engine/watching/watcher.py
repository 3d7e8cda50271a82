"""What is new in a run since the last look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, final

from engine import files
from engine.checkpoints import Standing
from engine.graph import Project
from engine.problem import FileError
from engine.runplace import GRAPH, METRICS, WEIGHTS
from engine.watching.place import CHANGES, LIMITS, FileState, Place, PlaceError
from engine.watching.records import HyperChange, change_of, epoch_of
from engine.watching.tail import Tail

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True)
class News:
    """What one look found.

    Attributes:
        again: what was told of records and changes so far is over: the run was resumed further back, or another began.
        records: of epochs, in order, as `engine.events.EpochEnd` has them.
        changes: of settings, in order.
        graph: what the run trains, at the first look and whenever that changes; else None.
        standing: what the newest checkpoint tells; None where there is none.
        weights: differs with each weights file that is saved; "" where there is none.
        age: seconds since the run last wrote anything, by its own machine's clock.
        damaged: complete lines that are no records, and were left out.
    """

    again: bool = False
    records: tuple[Mapping[str, Any], ...] = ()
    changes: tuple[HyperChange, ...] = ()
    graph: Project | None = None
    standing: Standing | None = None
    weights: str = ""
    age: float = 0.0
    damaged: int = 0

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.again or self.records or self.changes or self.graph)


@final
class Watcher:
    """Remembers what was told of one place, so that each look tells only what is new."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._metrics = _Lines(METRICS, epoch_of)
        self._changes = _Lines(CHANGES, change_of)
        self._graph = ""

    def look(self) -> News:
        """What is new. Raises PlaceError; nothing is lost then, the next look tells it."""
        listing = self.place.listing()
        found = listing.files
        if GRAPH not in found:
            raise PlaceError(f'There is no run in "{self.place.name}" yet: it would hold {GRAPH}.', "missing")
        for lines in (self._metrics, self._changes):
            lines.look(self.place, found.get(lines.name))
        graph = self._new_graph(found[GRAPH])
        again = self._metrics.again or self._changes.again
        return News(
            again,
            self._metrics.tell(again),
            self._changes.tell(again),
            graph,
            listing.standing,
            found[WEIGHTS].stamp if WEIGHTS in found else "",
            listing.age or 0.0,
            self._metrics.damaged,
        )

    def _new_graph(self, state: FileState) -> Project | None:
        if state.stamp == self._graph:
            return None
        limit = LIMITS[GRAPH]
        content = self.place.read(GRAPH, 0, limit + 1)
        if len(content) > limit:
            raise PlaceError(f'"{GRAPH}" is too large.', "refused")
        try:
            project = files.loads(content.decode(), GRAPH)
        except UnicodeDecodeError:
            raise PlaceError(f'"{GRAPH}" is damaged: it is no UTF-8 text.', "refused") from None
        except FileError as error:
            raise PlaceError(str(error), "refused") from None
        self._graph = state.stamp
        return project


@final
class _Lines(Generic[T]):
    """All that a file of lines held so far, and how much of it was told.

    Attributes:
        name: of the file.
        again: what was told is over.
        damaged: complete lines that were none of ours.
    """

    def __init__(self, name: str, read: Callable[[bytes], T | None]) -> None:
        self.name, self._read, self._tail = name, read, Tail(name)
        self._known: list[T] = []
        self._told = 0
        self.again, self.damaged = False, 0

    def look(self, place: Place, state: FileState | None) -> None:
        """Take in what is new. Raises PlaceError."""
        cut, lines = self._tail.look(place, state)
        found = [self._read(line) for line in lines if line.strip()]
        new = [one for one in found if one is not None]
        if cut:
            self.damaged = 0
            # A file written anew with all that was told at its beginning has only grown.
            self.again = self.again or not _same(self._known[: self._told], new[: self._told])
            self._known = []
        self.damaged += len(found) - len(new)
        self._known += new

    def tell(self, again: bool) -> tuple[T, ...]:
        """What was not told yet; everything, where what was told is over."""
        new = tuple(self._known[0 if again else self._told :])
        self._told, self.again = len(self._known), False
        return new


def _same(one: list[T], other: list[T]) -> bool:
    """Also where numbers are NaN, which equal nothing."""
    return len(one) == len(other) and all(repr(a) == repr(b) for a, b in zip(one, other, strict=True))
