"""The samples of a batch as a table: prediction, target and loss of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QCoreApplication, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage

from engine.moments import Forward, Outcome
from engine.result import Result
from gui.backprop.batch_loss import BatchLoss, Floats, loss_of
from gui.backprop.lens import Shown
from gui.backprop.symbols import Array
from gui.format import format_exact, format_number
from gui.plots.pixels import as_bytes, qimage
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

MOST_NUMBERS: Final = 4
"""Numbers of one sample that are written in a cell."""
SORT: Final = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


def _tr(text: str) -> str:
    return QCoreApplication.translate("BatchLens", text)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """What stands in a cell, what it says exactly, by what it is sorted, whether it is right (None: no question)."""

    text: str
    exact: str
    sort: float
    right: bool | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A table.

    Attributes:
        columns: titles, the first that of the sample's number.
        rows: cells of each sample, in the order of the batch.
        pictures: of the inputs where these are images; else ().
        total: what the losses come to, `loss` what the block says, `mean` whether they are averaged.
        made: whether the step is made, and the losses are those before it.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    pictures: tuple[QImage, ...]
    total: float
    loss: float
    mean: bool
    made: bool = False

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Header and rows with exact numbers, for files and the clipboard."""
        return list(self.columns), [[cell.exact for cell in row] for row in self.rows]


def batch_of(shown: Shown, result: Result, node: str) -> Batch | None:
    """The table of a Loss in this step; None where the block is another by now."""
    loss = loss_of(shown, result, node)
    if loss is None:
        return None
    first = 0 if shown.sample is None else shown.sample
    numbers = [Cell(str(first + at + 1), str(first + at + 1), first + at) for at in range(loss.samples)]
    columns = [_tr("sample"), _tr("prediction"), _tr("target")]
    later = _later(shown, result, node)
    both = later is not None and later.shape == loss.prediction.shape
    cells = [numbers, _predictions(loss, share=not both), _targets(loss)]
    if later is not None and both:
        columns[1] = _tr("was")
        columns.insert(2, _tr("now"))
        cells.insert(2, _predictions(replace(loss, prediction=later), share=False))
    total = float("nan")
    if loss.losses is not None:
        columns.append(_tr("loss before") if both else _tr("loss"))
        cells.append([_number(value) for value in loss.losses])
        total = float(loss.losses.mean() if loss.reduction == "mean" else loss.losses.sum())
    rows = tuple(zip(*cells, strict=True))
    return Batch(tuple(columns), rows, _pictures(shown, loss.samples), total, loss.loss, loss.reduction == "mean", both)


def _later(shown: Shown, result: Result, node: str) -> Array | None:
    """The prediction with the new weights, at the end of a step."""
    if not isinstance(shown.moment, Outcome):
        return None
    source = ".".join(result.nodes[node].sources["prediction"])
    values = next((each for each in shown.moment.outputs if each.name == source), None)
    return None if values is None else shown.array(values)


def _predictions(loss: BatchLoss, *, share: bool) -> list[Cell]:
    """The likeliest class, if wanted with its probability; or the numbers."""
    outputs = np.asarray(loss.prediction, dtype=np.float64).reshape(loss.samples, -1)
    if not (loss.by_class and loss.prediction.ndim == 2):
        return [_several(row, loss.prediction.dtype) for row in outputs]
    if loss.function == "cross_entropy":
        outputs = np.exp(outputs - outputs.max(1, keepdims=True))
        outputs /= outputs.sum(1, keepdims=True)
    else:
        outputs = np.exp(outputs)
    likely, true = outputs.argmax(1), _true(loss)
    found = []
    for sample, best in enumerate(likely):
        part = float(outputs[sample, best])
        right = None if true is None else bool(true[sample] == best)
        mark = {True: "✓ ", False: "✗ ", None: ""}[right]
        name = loss.class_name(int(best))
        text = f"{mark}{name} {format_number(100 * part, 2)} %" if share else f"{mark}{name}"
        found.append(Cell(text, f"{name} ({format_exact(part)})", best + part / 2, right))
    return found


def _true(loss: BatchLoss) -> Floats | None:
    """The true class of each sample; None where targets are mixtures."""
    if loss.target.dtype.kind in "iu":
        return np.asarray(loss.target, dtype=np.float64).reshape(loss.samples)
    return np.asarray(loss.target.argmax(1), dtype=np.float64) if bool((loss.target.max(1) == 1).all()) else None


def _targets(loss: BatchLoss) -> list[Cell]:
    if loss.by_class and loss.prediction.ndim == 2:
        true = _true(loss)
        if true is not None:
            names = [loss.class_name(int(each)) for each in true]
            return [Cell(name, name, float(each)) for name, each in zip(names, true, strict=True)]
    targets = np.asarray(loss.target, dtype=np.float64).reshape(loss.samples, -1)
    return [_several(row, loss.target.dtype) for row in targets]


def _several(values: Floats, dtype: Any) -> Cell:
    """The numbers of a sample, the first of many."""
    short = [float(str(np.float32(value))) if dtype == np.float32 else float(value) for value in values]
    text = "  ".join(format_number(value) for value in short[:MOST_NUMBERS])
    if len(short) > MOST_NUMBERS:
        text += _tr("  … {0} more").format(len(short) - MOST_NUMBERS)
    return Cell(text, " ".join(format_exact(value) for value in short), short[0] if short else 0.0)


def _number(value: float) -> Cell:
    return Cell(format_number(float(value)), format_exact(float(value)), float(value))


def _pictures(shown: Shown, samples: int) -> tuple[QImage, ...]:
    """The inputs, where there is one of images."""
    for moment in shown.step.moments:
        if isinstance(moment, Forward) and moment.form == "data":
            for values in moment.outputs:
                if len(values.shape) == 4 and values.shape[0] == samples and values.shape[1] in (1, 3):
                    return tuple(qimage(pixels) for pixels in as_bytes(shown.array(values)))
    return ()


@final
class BatchModel(QAbstractTableModel):
    """A `Batch` for a table view."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.batch: Batch | None = None

    def set_batch(self, batch: Batch | None) -> None:
        """Show another one."""
        self.beginResetModel()
        self.batch = batch
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if self.batch is None or (parent is not None and parent.isValid()) else len(self.batch.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if self.batch is None or (parent is not None and parent.isValid()) else len(self.batch.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.batch is None or orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.batch.columns[section]
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self.batch.columns[section] if section else "#"  # room for the others: the table may be narrow

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        """Losses stand one below the other, digit below digit."""
        assert self.batch is not None
        last = column == len(self.batch.columns) - 1
        return (Qt.AlignmentFlag.AlignRight if last else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.batch is None or not index.isValid():
            return None
        cell = self.batch.rows[index.row()][index.column()]
        first = index.column() == 0
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cell.text
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(cell.exact)
            case Qt.ItemDataRole.DecorationRole if first and self.batch.pictures:
                return self.batch.pictures[index.row()]
            case Qt.ItemDataRole.ForegroundRole if cell.right is not None:
                return theme().color("success_text" if cell.right else "error_text")
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._alignment(index.column())
            case _ if role == SORT:
                return cell.sort
        return None


def header_and_rows(batch: Batch, order: Sequence[int]) -> tuple[list[str], list[list[object]]]:
    """The table with its rows in this order."""
    header, rows = batch.table()
    return header, [rows[at] for at in order]
