"""Where a watched run lies, and what can be asked there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, final

from engine.checkpoints import BEST, Standing
from engine.diskfile import GIB, MIB
from engine.runplace import GRAPH, METRICS, WEIGHTS

CHANGES = "changes.jsonl"
LIMITS: Mapping[str, int] = {GRAPH: 16 * MIB, METRICS: 256 * MIB, CHANGES: 64 * MIB, WEIGHTS: 4 * GIB, BEST: 4 * GIB}
"""The files of a run that are looked at, with the most bytes each may have."""

Kind = Literal["missing", "refused", "unreachable"]


@final
class PlaceError(Exception):
    """The run cannot be read now; the text is one sentence.

    Attributes:
        kind: `missing`: there is no run (any more); `refused`: it would be so again; `unreachable`: it may come back.
    """

    def __init__(self, text: str, kind: Kind = "unreachable") -> None:
        super().__init__(text)
        self.kind = kind


@final
@dataclass(frozen=True, slots=True)
class FileState:
    """What can be told of a file without reading it.

    Attributes:
        size: in bytes.
        age: seconds since it was last written to, by the clock of the machine on which it lies; never below 0.
        tag: differs for another file under the same name (one that was replaced); appending leaves it.
        stamp: differs whenever the content may.
    """

    size: int
    age: float
    tag: str
    stamp: str


@final
@dataclass(frozen=True, slots=True)
class Listing:
    """What a run directory holds: its known files, and what the newest checkpoint tells; None where none does."""

    files: Mapping[str, FileState] = field(default_factory=dict)
    standing: Standing | None = None

    @property
    def age(self) -> float | None:
        """Seconds since the last news; None where nothing is there."""
        return min((state.age for state in self.files.values()), default=None)


class Place(ABC):
    """A run directory somewhere. All methods may take long, and raise PlaceError."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What people call it."""

    @property
    @abstractmethod
    def address(self) -> str:
        """From which `place_of` makes this place again."""

    @abstractmethod
    def listing(self) -> Listing:
        """What is there now."""

    @abstractmethod
    def read(self, name: str, start: int, count: int) -> bytes:
        """Up to `count` bytes of one of the `LIMITS` files from `start` on; fewer at its end."""

    @abstractmethod
    def newer(self) -> Place | None:
        """The run that has begun beside this one since, the last of them; None where none has."""

    @abstractmethod
    def weights(self, beside: Path) -> Path:
        """A run's weights file on this machine: where it lies, or copied into the folder `beside`."""
