"""The batch view: its losses are PyTorch's and come to the loss shown, its rows lead to single samples."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.moments import Forward, Moment, Objective, Outcome
from gui.backprop.batch import BatchLens
from gui.backprop.batch_table import BatchTable
from gui.main_window import MainWindow
from tests.gui.test_lens_softmax import through
from tests.helpers.lenses import lens_at
from tests.helpers.windows import PATIENCE, open_example

GOLDEN = Path(__file__).parents[1] / "golden"


def look(qtbot: QtBot, window: MainWindow, kind: type[Moment], node: str = "loss") -> BatchLens:
    return lens_at(qtbot, window, BatchLens, kind, node)


def table_of(lens: BatchLens) -> BatchTable:
    assert lens.table is not None
    return lens.table


def column(lens: BatchLens, title: str) -> list[str]:
    header, *rows = [line.split("\t") for line in table_of(lens).text().splitlines()]
    return [row[header.index(title)] for row in rows]


def losses(lens: BatchLens) -> list[float]:
    return [float(text) for text in column(lens, "loss")]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_cross_entropy_sample_by_sample(qtbot: QtBot, window: MainWindow, reduction: str) -> None:
    golden = json.loads((GOLDEN / "softmax_cross_entropy.json").read_text())
    window.document.replace(through(golden["logits"], [0, 1], "cross_entropy", reduction))
    lens = look(qtbot, window, Forward)
    assert losses(lens) == pytest.approx(golden["loss_per_sample"], rel=1e-12)
    assert column(lens, "target") == ["0", "1"]
    model = table_of(lens).model_
    assert [model.index(row, 1).data() for row in (0, 1)] == ["✓ 0 66 %", "✗ 2 94 %"]
    total = golden["mean_loss"] if reduction == "mean" else sum(golden["loss_per_sample"])
    assert model.batch is not None
    assert model.batch.total == pytest.approx(total, rel=1e-12)
    assert model.batch.loss == pytest.approx(total, rel=1e-12)
    assert lens.foot.text() == f"{reduction} of the losses: {total:.6g}"


@pytest.mark.parametrize("example", ["deep-sigmoid", "spiral", "mazur", "xor", "linear-fit", "residual-digits"])
def test_the_losses_come_to_the_loss_shown(qtbot: QtBot, window: MainWindow, example: str) -> None:
    open_example(window, example)
    lens = look(qtbot, window, Objective, "")
    step = window.backprop.step
    assert step is not None
    batch = table_of(lens).model_.batch
    assert batch is not None
    assert len(batch.rows) == step.samples
    assert batch.total == pytest.approx(step.loss, rel=1e-5)
    assert batch.total == pytest.approx(batch.loss, rel=1e-5)


def test_mean_squared_errors_are_pytorchs(qtbot: QtBot, window: MainWindow) -> None:
    x, y = [[0.5, -1.0], [2.0, 0.25], [0.0, 3.0]], [[1.0, 0.0], [1.5, 0.5], [0.0, -1.0]]
    window.document.replace(through(x, y, "mse"))
    lens = look(qtbot, window, Forward)
    wanted = torch.nn.functional.mse_loss(torch.tensor(x), torch.tensor(y), reduction="none").mean(1)
    assert losses(lens) == pytest.approx(wanted.tolist(), rel=1e-6)
    assert column(lens, "prediction") == ["0.5 -1.0", "2.0 0.25", "0.0 3.0"]


def test_sorted_copied_and_saved(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    open_example(window, "deep-sigmoid")
    lens = look(qtbot, window, Forward)
    table = table_of(lens)
    assert column(lens, "sample") == [str(number) for number in range(1, 33)]
    table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    found = losses(lens)
    assert found == sorted(found, reverse=True)
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text()
    assert copied.splitlines()[0].split("\t") == ["sample", "prediction", "target", "loss"]
    table.save(tmp_path / "batch.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "batch.csv").read_text(encoding="utf-8"))))
    assert [line.split("\t") for line in copied.splitlines()] == rows
    assert len(rows) == 33


def test_a_row_leads_to_its_sample_and_back(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "deep-sigmoid")
    lens = look(qtbot, window, Forward)
    table, mode = table_of(lens), window.backprop
    whole = table.model_.batch
    table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    worst = table.order()[0]
    QTest.mouseClick(
        table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(table.model().index(0, 1)).center()
    )
    assert mode.bar.sample.value() == worst + 1
    qtbot.waitUntil(lambda: mode.step is not None and mode.step.samples == 1, timeout=PATIENCE)
    step = mode.step
    assert step is not None
    assert table.model_.batch is whole, "the table stays that of the batch"
    assert table.currentIndex().row() == 0
    assert step.loss == pytest.approx(losses(lens)[0], rel=1e-5)
    assert lens.hint.text() == f"Looking at sample {worst + 1} alone."
    lens.all.click()
    qtbot.waitUntil(lambda: mode.step is not None and mode.step.samples == 32, timeout=PATIENCE)
    assert mode.bar.sample.value() == 0
    assert not table.selectionModel().hasSelection()


def test_with_other_weights_the_table_is_made_anew(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "deep-relu")
    lens = look(qtbot, window, Forward)
    lens.sample_wanted.emit(2)
    qtbot.waitUntil(lambda: window.backprop.step is not None and window.backprop.step.samples == 1, timeout=PATIENCE)
    before = window.backprop.step
    window.backprop.make_step()
    qtbot.waitUntil(lambda: window.backprop.step not in (None, before), timeout=PATIENCE)
    look(qtbot, window, Forward)
    batch = table_of(lens).model_.batch
    assert batch is not None
    assert [row[0].text for row in batch.rows] == ["3"]
    assert batch.total == pytest.approx(batch.loss, rel=1e-5)


def test_after_the_step_the_new_predictions_stand_beside(qtbot: QtBot, window: MainWindow) -> None:
    golden = json.loads((GOLDEN / "slides_2_2_1.json").read_text())
    open_example(window, "two-two-one")
    lens = look(qtbot, window, Outcome, "")
    assert float(column(lens, "was")[0]) == pytest.approx(np.ravel(golden["out_o"])[0], rel=1e-12)
    later = np.ravel(golden["after_update"]["out_o"])[0]
    assert float(column(lens, "now")[0]) == pytest.approx(later, rel=1e-12)
    # Beside the new loss on the canvas, those in the table are said to be the old ones.
    assert float(column(lens, "loss before")[0]) == pytest.approx(0.12212, abs=1e-5)
    assert lens.foot.text() == "sum of the losses before the step: 0.122119"


def test_images_are_shown_beside_their_numbers(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "fashion-cnn")
    lens = look(qtbot, window, Forward)
    index = table_of(lens).model_.index(3, 0)
    picture = index.data(Qt.ItemDataRole.DecorationRole)
    assert isinstance(picture, QImage)
    assert (picture.width(), picture.height()) == (28, 28)
    step = window.backprop.step
    assert step is not None
    data = step.at(Forward, "data")
    assert isinstance(data, Forward)
    pixels = window.backprop._arrays[data.outputs[0].key][3, 0]
    row, place = np.unravel_index(int(pixels.argmax()), pixels.shape)
    assert picture.pixelColor(int(place), int(row)).value() >= 250
    assert "Dress" in column(lens, "target")


def test_keys_choose_rows_and_walk(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "xor")
    lens = look(qtbot, window, Forward)
    table, mode = table_of(lens), window.backprop
    table.selectRow(0)
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert table.currentIndex().row() == 1
    at = mode.at
    QTest.keyClick(table, Qt.Key.Key_Right)
    assert mode.at == at + 1
