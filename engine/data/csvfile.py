"""CSV files: encoding, delimiter and header found out, then one record after the other."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, final

from engine.data.cells import looks_like_number
from engine.data.opening import damaged, open_regular
from engine.problem import DataError
from engine.wording import plural

MAX_CSV = 1 << 29
_DELIMITERS = ("\t", ";", "|", ",")
"""A comma comes last: where another one divides every row alike, commas are decimal commas or text."""
_SAMPLE = 1 << 16
_SAMPLE_ROWS = 200


@final
@dataclass(frozen=True, slots=True)
class Record:
    """One line of the table; `row` counts from 1, the header included, as a spreadsheet shows it."""

    row: int
    cells: list[str]


@final
@dataclass(frozen=True, slots=True)
class Table:
    """An open CSV file.

    Attributes:
        path: of the file.
        columns: names from the header; `column 1`, … where there is none.
        records: all rows below the header, in order, each with as many cells as there are columns; can be read once.
    """

    path: Path
    columns: tuple[str, ...]
    records: Iterator[Record]


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """The table in a CSV file.

    Raises:
        DataError: D01, D03: it cannot be read; D02: it is no table (while the records are read, too).
    """
    with open_regular(path, MAX_CSV) as file:
        _check_text(file, path)
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            sample = text.read(_SAMPLE)
            delimiter = _delimiter(sample, whole=len(sample) < _SAMPLE)
            text.seek(0)
            records = _records(path, text, delimiter)
            first = next(records, None)
            if first is None:
                raise damaged(path, "it holds no rows")
            has_header = not any(looks_like_number(cell) for cell in first.cells)
            columns = _names(path, first.cells, has_header=has_header)
            if not has_header:
                records = itertools.chain([first], records)
            yield Table(path, columns, _even(path, records, len(columns)))
        except UnicodeDecodeError as error:
            raise damaged(
                path, f"byte {error.object[error.start]:#04x} is not UTF-8 text", 'Save it as "CSV UTF-8".'
            ) from None


def _check_text(file: BinaryIO, path: Path) -> None:
    start = file.read(4096)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        raise damaged(path, "it is a zip archive or an Excel workbook", "Save the table as CSV.")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise damaged(path, "it is encoded as UTF-16", 'Save it as "CSV UTF-8".')
    if b"\0" in start:
        raise damaged(path, "it is not a text file")


def _delimiter(sample: str, *, whole: bool) -> str:
    """What divides the rows of the sample most evenly."""
    best, best_score = ",", (False, 0.0)
    for delimiter in _DELIMITERS:
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if any(row)]
        rows = (rows if whole else rows[:-1] or rows)[:_SAMPLE_ROWS]
        widths = Counter(len(row) for row in rows)
        if not widths:
            continue
        width, agreeing = widths.most_common(1)[0]
        score = (width > 1, agreeing / len(rows))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _records(path: Path, text: io.TextIOWrapper, delimiter: str) -> Iterator[Record]:
    """Rows that are not blank; a row of nothing but delimiters, as spreadsheets append them, is blank too."""
    row = 0
    try:
        for row, cells in enumerate(csv.reader(text, delimiter=delimiter, strict=True, skipinitialspace=True), start=1):
            if any(cells) and any(cell.strip() for cell in cells):
                yield Record(row, cells)
    except csv.Error as error:
        raise damaged(path, f"row {row + 1}: {error}", "Check its quotation marks.") from None


def _names(path: Path, cells: list[str], *, has_header: bool) -> tuple[str, ...]:
    if not has_header:
        return tuple(f"column {number}" for number in range(1, len(cells) + 1))
    names = tuple(cell.strip() or f"column {number}" for number, cell in enumerate(cells, start=1))
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise damaged(path, f'two columns are called "{twice}"', "Give every column a name of its own.")
    return names


def _even(path: Path, records: Iterator[Record], width: int) -> Iterator[Record]:
    for record in records:
        if len(record.cells) != width:
            raise DataError(
                f'"{path.name}" row {record.row} has {plural(len(record.cells), "cell")}; the first row has {width}.',
                code="D02",
                hint="Check the row for a missing or surplus delimiter or quotation mark.",
            )
        yield record
