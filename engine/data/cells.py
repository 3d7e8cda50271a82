"""Cells of a table as numbers; what is wrong with them is told once, with how many there are and where."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from typing import Any, Final, Literal, final

from engine.problem import DataError
from engine.wording import plural

Decimal = Literal["point", "comma"]
"""What divides units from tenths."""
NAN: Final = math.nan
_MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
_OTHER: Final = {
    "point": (re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?"), "comma"),
    "comma": (re.compile(r"[-+]?\d+\.\d+(?:[eE][-+]?\d+)?"), "point"),
}
_MOST_COLUMNS: Final = 4
_MOST_ROWS: Final = 3
_TEXT: Final = 0.5
"""A column of which more than this part is no number holds text; fewer are slips."""


def number_in(cell: str, decimal: Decimal = "point") -> float | None:
    """The finite number in a cell, written without thousands separators; None where there is none."""
    if decimal == "comma":
        cell = "_" if "." in cell else cell.replace(",", ".")
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in cell else None


def is_missing(cell: str) -> bool:
    """Whether a cell is empty or says that nothing is known, as `NA` and `?` do."""
    return cell.strip().lower() in _MISSING


def looks_like_number(cell: str) -> bool:
    """Whether a cell is a number with a point or a comma."""
    return number_in(cell) is not None or _OTHER["point"][0].fullmatch(cell.strip()) is not None


@final
class Cells:
    """Reads the cells of one table, and keeps account of those that are no numbers.

    Attributes:
        rows: how many were read.
        gaps: column -> how many of its cells are missing.
    """

    def __init__(self, name: str, decimal: Decimal = "point") -> None:
        self.rows = 0
        self.gaps: Counter[str] = Counter()
        self._name, self._decimal = name, decimal
        self._gap_rows: set[int] = set()
        self._gap = (0, "", "")
        self._commas: dict[str, tuple[int, str]] = {}
        self._words: dict[str, tuple[int, str]] = {}
        self._word_counts: Counter[str] = Counter()

    def number(self, row: int, column: str, cell: str) -> float:
        """The number in a cell, NaN where there is none, which is then noted."""
        value = number_in(cell, self._decimal)
        if value is not None:
            return value
        if is_missing(cell):
            self.missing(row, column, cell)
        elif _OTHER[self._decimal][0].fullmatch(cell.strip()):
            self._commas.setdefault(column, (row, cell))
        else:
            self._words.setdefault(column, (row, cell))
            self._word_counts[column] += 1
        return NAN

    def missing(self, row: int, column: str, cell: str) -> None:
        """Note a missing cell."""
        self.gaps[column] += 1
        self._gap_rows.add(row)
        self._gap = (row, column, cell)

    def check(self, features: tuple[str, ...] = (), *, gaps_allowed: bool, settings: bool = True) -> None:
        """Refuse what cannot be read as numbers.

        Args:
            features: the columns that are read as inputs.
            gaps_allowed: whether missing cells are fine.
            settings: whether settings of the block can help: not where the table is one to be predicted.

        Raises:
            DataError: D04, with all cells that are wrong in the same way.
        """
        if self._commas:
            raise self._other_decimal(settings=settings)
        if self._words:
            raise self._not_numbers(features)
        if self.gaps and not gaps_allowed:
            raise self._missing_cells(features, settings=settings)

    def nothing_left(self, *, dropped: bool) -> DataError:
        """The error where no row is left; `dropped`: because rows without all inputs are left out, too."""
        worst, count = self.gaps.most_common(1)[0]
        message = f'Every row of "{self._name}" has a missing cell; {count:,} are in the column "{worst}".'
        if dropped:
            hint = f'Set missing to mean, or choose features without "{worst}".'
            return self._error(message, hint, ("set", "missing", "mean"))
        return self._error(message, "Choose another target.")

    def _other_decimal(self, *, settings: bool) -> DataError:
        column, (row, cell) = next(iter(self._commas.items()))
        other = _OTHER[self._decimal][1]
        return self._error(
            f'{self._place(row, column)}: "{_short(cell)}" has a decimal {other}.',
            f"Set decimal to {other}, or export the table with decimal {self._decimal}s."
            if settings
            else f"Export the table with decimal {self._decimal}s.",
            ("set", "decimal", other) if settings else (),
        )

    def _not_numbers(self, features: tuple[str, ...]) -> DataError:
        texts = [name for name, count in self._word_counts.items() if count > _TEXT * (self.rows - self.gaps[name])]
        column = texts[0] if texts else next(iter(self._words))
        row, cell = self._words[column]
        count = self._word_counts[column]
        way = f'choose features without "{column}"' if column in features else "set target_type to classes"
        if count == 1:
            message = f'{self._place(row, column)}: a number is expected but the cell holds "{_short(cell)}".'
            return self._error(message, f"Correct the cell, or {way}.")
        message = (
            f'{count:,} of {plural(self.rows, "cell")} in the column "{column}" of "{self._name}" are no numbers; '
            f'the first is "{_short(cell)}" in row {row}.'
        )
        others = [_quoted(name) for name in self._words if name != column]
        if others:
            message += f" There are such cells in {_listed(others)}, too."
        left = tuple(name for name in features if name not in texts)
        offered = column in features and texts and left
        return self._error(message, f"Correct the cells, or {way}.", ("set", "features", left) if offered else ())

    def _missing_cells(self, features: tuple[str, ...], *, settings: bool) -> DataError:
        total = sum(self.gaps.values())
        if total == 1:
            row, column, cell = self._gap
            what = f'is missing ("{_short(cell)}")' if cell.strip() else "is empty"
            message = f"{self._place(row, column)} {what}."
        else:
            columns = [f"{count:,} in {_quoted(name)}" for name, count in self.gaps.most_common()]
            rows = heapq.nsmallest(_MOST_ROWS, self._gap_rows)
            first = "They are in" if len(self._gap_rows) <= _MOST_ROWS else "The first are in"
            message = (
                f'"{self._name}" has {total:,} missing cells in {len(self._gap_rows):,} of {plural(self.rows, "row")}: '
                f"{_listed(columns)}. {first} row{'s' if len(rows) > 1 else ''} {_listed([str(row) for row in rows])}."
            )
        if not settings:
            return self._error(message, "Fill the cell in." if total == 1 else "Fill the cells in.")
        left = plural(self.rows - len(self._gap_rows), "row")
        cells = "cell" if total == 1 else "cells"
        if not any(name in self.gaps for name in features):  # a target is never made up
            hint = f"Set missing to drop (which leaves {left}), or fill the {cells} in."
            return self._error(message, hint, ("set", "missing", "drop"))
        return self._error(
            message,
            f"Set missing to drop (which leaves {left}) or to mean, or fill the {cells} in.",
            ("choose", (("set", "missing", "drop"), ("set", "missing", "mean"))),
        )

    def _place(self, row: int, column: str) -> str:
        return f'"{self._name}" row {row}, column "{column}"'

    @staticmethod
    def _error(message: str, hint: str, fix: tuple[Any, ...] = ()) -> DataError:
        return DataError(message, code="D04", hint=hint, fix=fix)


def _short(cell: str) -> str:
    return cell if len(cell) <= 40 else cell[:39] + "…"


def _quoted(name: str) -> str:
    return f'"{_short(name)}"'


def _listed(parts: list[str]) -> str:
    """`a, b and 3 more columns`."""
    if len(parts) > _MOST_COLUMNS:
        return f"{', '.join(parts[:_MOST_COLUMNS])} and {plural(len(parts) - _MOST_COLUMNS, 'more column')}"
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
