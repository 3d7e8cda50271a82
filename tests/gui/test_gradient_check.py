"""The gradient check in the window: right gradients are told right, wrong ones wrong, and by whom."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from engine import block as blocks
from gui.gradient_check.dialog import GradientCheckDialog
from gui.gradient_check.tree import CHECKED, ERROR, NAME, VERDICT
from gui.main_window import MainWindow
from tests.helpers.cut_text import lasting_faults
from tests.helpers.windows import PATIENCE, open_example, wait_for


def opened(window: MainWindow, name: str = "mazur") -> GradientCheckDialog:
    open_example(window, name)
    return shown(window)


def shown(window: MainWindow) -> GradientCheckDialog:
    window.actions_.check_gradients.trigger()
    dialog = window.findChild(GradientCheckDialog)
    assert isinstance(dialog, GradientCheckDialog)
    return dialog


def checked(qtbot: QtBot, dialog: GradientCheckDialog) -> None:
    dialog.check.click()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=PATIENCE)


def lines(dialog: GradientCheckDialog) -> dict[str, QTreeWidgetItem]:
    found = [dialog.tree.topLevelItem(index) for index in range(dialog.tree.topLevelItemCount())]
    return {item.text(NAME): item for item in found if item is not None}


def test_all_gradients_of_mazurs_page_are_right(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(window)
    assert list(lines(dialog)) == ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]  # frozen ones too
    assert "The weights stay as they are." in dialog._says.text()
    checked(qtbot, dialog)
    report = dialog.report
    assert report is not None
    assert (report.wrong, report.checked) == (0, 12)
    weight = lines(dialog)["hidden.weight"]
    assert weight.text(CHECKED) == "4 / 4"
    assert weight.text(VERDICT) == "right"
    assert float(weight.text(ERROR)) < report.tolerance
    assert weight.childCount() == 4
    assert not weight.isExpanded()
    golden = next(part for part in report.parameters if part.parameter == "output.weight")
    first = next(entry for entry in golden.worst if entry.index == (0, 0))
    assert first.difference == pytest.approx(0.08216704056423078, rel=1e-9)  # Mazur's ∂E/∂w5
    assert "All 12 gradients are right" in dialog._says.text()
    assert window.feed.steps == 0
    assert not lasting_faults(dialog)
    dialog.close()


def test_a_wrong_formula_is_shown_as_wrong(qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    dense = blocks.block_named("Dense")
    assert dense is not None
    right = type(dense).grads
    monkeypatch.setattr(
        type(dense), "grads", lambda self, c: {**right(self, c), "weight": 2 * right(self, c)["weight"]}
    )
    dialog = opened(window)
    checked(qtbot, dialog)
    weight, bias = lines(dialog)["hidden.weight"], lines(dialog)["hidden.bias"]
    assert weight.text(VERDICT) == "formula wrong in 4 of 4"
    assert weight.isExpanded()
    assert weight.text(ERROR) == "0.5"
    assert bias.text(VERDICT) == "right"
    assert "8 of 12 gradients are wrong" in dialog._says.text()
    assert "formula wrong" in weight.child(0).text(VERDICT)
    dialog.copy()
    text = QApplication.clipboard().text()
    assert "hidden.weight (2 × 2): formula wrong in 4 of 4" in text
    assert "hidden.bias (2): right" in text
    dialog.close()


def test_chosen_parameters_and_so_many_numbers(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    dialog = opened(window, "spiral")
    dialog.tree.tick(False)
    assert not dialog.check.isEnabled()
    lines(dialog)["dense2.weight"].setCheckState(NAME, Qt.CheckState.Checked)
    dialog.entries.set_value("10")
    checked(qtbot, dialog)
    assert dialog.report is not None
    assert [(part.parameter, part.checked, part.size) for part in dialog.report.parameters] == [
        ("dense2.weight", 10, 64)
    ]
    assert lines(dialog)["dense1.weight"].text(VERDICT) == "not checked"
    path = tmp_path / "check.csv"
    dialog.save(path)
    qtbot.waitUntil(path.exists, timeout=PATIENCE)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    worst = dialog.report.parameters[0].worst
    assert [float(row["difference"]) for row in rows] == [entry.difference for entry in worst]
    assert {row["shape"] for row in rows} == {"8x8"}
    dialog.close()


def test_it_can_be_given_up(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(window, "fashion-dense")
    qtbot.waitUntil(dialog.check.isEnabled, timeout=PATIENCE)  # its data files are read
    dialog.entries.set_value("all")
    dialog.check.click()
    qtbot.waitUntil(lambda: "numbers checked" in dialog._says.text(), timeout=PATIENCE)
    assert dialog.check.text() == "Cancel"
    dialog.check.click()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=PATIENCE)
    assert dialog.report is not None
    assert dialog.report.checked < dialog.report.total
    assert "Given up" in dialog._says.text()
    dialog.close()


def test_a_running_training_is_paused_for_it(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "spiral", epochs=100_000)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "running")
    dialog = shown(window)
    assert dialog.check.text() == "Pause and check"
    assert "paused for the check" in dialog._says.text()
    dialog.entries.set_value("10")
    checked(qtbot, dialog)
    assert window.feed.state == "paused"
    assert dialog.report is not None
    assert dialog.report.wrong == 0
    dialog.close()


def test_what_cannot_be_trained_is_not_checked(window: MainWindow) -> None:
    dialog = shown(window)
    assert not dialog.check.isEnabled()
    assert "cannot be trained yet" in dialog._says.text()
    dialog.close()
