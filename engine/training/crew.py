"""Processes that make one training together: what a training asks of the others, and the training that is alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, final


class Crew(ABC):
    """All processes of a training. Each calls the same methods in the same order.

    Attributes:
        rank: number of this process, from 0, which leads.
        size: processes in all.
    """

    rank: int
    size: int

    @abstractmethod
    def gathered(self, value: Any) -> list[Any]:
        """What every process brings, by rank: numbers, strings, None, and lists and dicts of these."""

    @final
    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and tells."""
        return self.rank == 0

    @final
    def part(self, count: int) -> tuple[int, int]:
        """Of so many things in a row, the place of the first of this process and the place after its last.

        The parts of all processes differ by one at most.
        """
        return count * self.rank // self.size, count * (self.rank + 1) // self.size


@final
class Alone(Crew):
    """A single process."""

    rank, size = 0, 1

    def gathered(self, value: Any) -> list[Any]:
        return [value]


ALONE = Alone()
