"""Rows over time, never more than a few hundred of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Generic, TypeVar, final

Row = TypeVar("Row")


@final
class History(Generic[Row]):
    """Rows with the steps they belong to. When it is full, every second one goes, and new ones come half as often.

    So a long training is covered evenly, and the first row always stays.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.steps: list[int] = []
        self.rows: list[Row] = []
        self._apart = 1

    def wants(self, step: int) -> bool:
        """Whether a row of this step would be kept. Steps between those that are known bring nothing new."""
        return not self.steps or step >= self.steps[-1] + self._apart or self._known(step)

    def add(self, step: int, row: Row) -> None:
        """Keep a row, if it is wanted; of a known step, it is put in the place of what was known."""
        if not self.wants(step):
            return
        if self._known(step):
            self.rows[bisect_left(self.steps, step)] = row
            return
        self.steps.append(step)
        self.rows.append(row)
        if len(self.steps) > self._most:
            self.steps, self.rows = self.steps[::2], self.rows[::2]
            self._apart = max(1, min(b - a for a, b in zip(self.steps, self.steps[1:], strict=False)))

    def until(self, step: int) -> tuple[list[int], list[Row]]:
        """Steps and rows as they were known then. What lies ahead after going back in time waits to be shown again."""
        count = bisect_right(self.steps, step)
        return self.steps[:count], self.rows[:count]

    def forget(self, step: int) -> None:
        """What comes after this step will come differently."""
        self.steps, self.rows = self.until(step)

    def _known(self, step: int) -> bool:
        at = bisect_left(self.steps, step)
        return at < len(self.steps) and self.steps[at] == step
