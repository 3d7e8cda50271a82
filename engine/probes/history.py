"""Rows over time, never more than a few hundred of them."""

from __future__ import annotations

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
        """Whether a row of this step would be kept. After going back in time, rows of what has not happened go."""
        while self.steps and self.steps[-1] > step:
            self.steps.pop()
            self.rows.pop()
        return not self.steps or step >= self.steps[-1] + self._apart

    def add(self, step: int, row: Row) -> None:
        """Keep a row, if it is wanted."""
        if not self.wants(step):
            return
        self.steps.append(step)
        self.rows.append(row)
        if len(self.steps) > self._most:
            self.steps, self.rows = self.steps[::2], self.rows[::2]
            self._apart = max(1, min(b - a for a, b in zip(self.steps, self.steps[1:], strict=False)))
