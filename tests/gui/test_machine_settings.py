"""Device, precision, memory and checkpoints in the training settings, in the real window."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QScrollArea, QWidget

from engine import edits
from engine.checkpoints import CheckpointPlan, Every
from engine.events import RunFailed
from engine.runplace import RunPlace
from gui import checkpoint_settings
from gui.format import format_bytes
from gui.inspector.device_editor import DeviceEditor
from gui.main_window import MainWindow
from gui.notices import notices
from gui.theme import Mode, theme
from gui.widgets.number_edit import IntEdit
from gui.widgets.section import Section
from tests.helpers.cut_text import faults
from tests.helpers.windows import PATIENCE, open_example, wait_for

SECTIONS = ("machine", "checkpoints")


def label(window: MainWindow, name: str) -> QLabel:
    found = window.inspector.findChild(QLabel, name)
    assert found is not None, name
    return found


def opened(window: MainWindow, name: str) -> Section:
    """A section of the settings, unfolded and in view; the others folded."""
    window.selection.set(())
    for each in window.inspector.settings.findChildren(Section):
        if each.objectName().startswith("section_"):
            each.set_expanded(each.objectName() == f"section_{name}")
    section = window.inspector.findChild(Section, f"section_{name}")
    assert section is not None
    area = section.parentWidget().parentWidget().parentWidget()
    assert isinstance(area, QScrollArea)
    window.grab()
    area.ensureWidgetVisible(section)
    return section


def devices(window: MainWindow, qtbot) -> list[str]:
    """What the list of devices offers, once the session has told."""
    box = window.inspector.findChild(DeviceEditor).findChild(QComboBox)
    qtbot.waitUntil(lambda: "core" in " ".join(box.itemText(row) for row in range(box.count())), timeout=PATIENCE)
    return [box.itemText(row) for row in range(box.count())]


def test_devices_are_those_of_this_computer_and_memory_is_measured(window, qtbot):
    open_example(window, "fashion-dense", epochs=1, device="cuda:97")
    assert not window.feed.has_session or label(window, "memory_total_measured").text() == "–"
    opened(window, "machine")
    names = devices(window, qtbot)
    assert names[0] == "auto"
    assert names[1].startswith("cpu (")
    assert len(names) == 3 + torch.cuda.device_count() + torch.backends.mps.is_available()
    assert names[-1] == "cuda:97 (not here)"
    assert label(window, "deviceNote").text() == "cuda:97 is not on this computer: the training runs on the CPU."
    expected = label(window, "memory_total_estimated").text()
    window.actions_.play.trigger()
    measured = label(window, "memory_total_measured")
    qtbot.waitUntil(lambda: measured.text() != "–", timeout=PATIENCE)
    assert measured.text() == expected == format_bytes(by_hand(window))
    assert "tensors that it keeps" in label(window, "memoryNote").text()
    assert [notice for notice in notices().history if 'The device "cuda:97"' in notice.text]
    window.actions_.stop.trigger()
    window.document.edit("device", *edits.set_training(window.document.project, {"device": "auto"}))
    assert label(window, "deviceNote").isHidden()
    assert "cuda:97 (not here)" not in devices(window, qtbot)


def by_hand(window: MainWindow) -> int:
    """Parameters, gradients and Adam's two means; of each sample pixels, results of all layers, and the label."""
    result = window.document.result
    assert result.settings["optimizer"] == "adam"
    widths = [plan.params["out_features"] for plan in result.nodes.values() if plan.block == "Dense"]
    return 16 * result.parameters + result.settings["batch_size"] * (4 * (784 + sum(widths)) + 8)


def test_memory_that_runs_out_offers_micro_batches_and_goes_on(window, qtbot):
    open_example(window, "circle", epochs=3)
    window.actions_.step.trigger()
    wait_for(qtbot, window, "paused")
    step = window.feed.steps
    count = len(notices().history)
    window.run_actions._tell_failure(
        RunFailed("T03", '"dense1" ran out of memory at step 2.', "Set micro_batch to 4.", 2, suggested_micro_batch=4)
    )
    words, act = notices().history[count].actions[0]
    assert words == "Go on with micro-batches of 4"
    act()
    assert window.document.project.training["micro_batch"] == 4
    assert window.document.undo_stack.undoText() == "Micro-batches of 4"
    wait_for(qtbot, window, "finished")
    assert window.feed.steps > step
    assert not window.feed.stale


def test_checkpoints_are_as_often_as_chosen(window, qtbot, monkeypatch):
    places: list[RunPlace | None] = []
    keep_runs = window.feed.keep_runs

    def noted(place: RunPlace | None) -> None:
        places.append(place)
        keep_runs(place)

    monkeypatch.setattr(window.feed, "keep_runs", noted)
    section = opened(window, "checkpoints")
    unit, number = section.findChild(QComboBox, "checkpointUnit"), section.findChild(IntEdit, "checkpointNumber")
    assert (unit.currentText(), number.isVisible()) == ("automatic", False)
    unit.setCurrentIndex(2)
    unit.activated.emit(2)
    assert (number.isVisible(), number.value()) == (True, 10)
    number.set_value(3)
    number.changed.emit(3)
    kept = section.findChild(IntEdit, "checkpointsKept")
    kept.set_value(5)
    kept.changed.emit(5)
    assert places[-1] is not None
    assert places[-1].checkpoints == CheckpointPlan(Every(epochs=3), 5) == checkpoint_settings.checkpoint_plan()
    assert window.runs.place.checkpoints == CheckpointPlan(Every(epochs=3), 5)
    opening = section.findChild(QPushButton, "openRunFolder")
    assert not opening.isEnabled()
    shown: list[Path] = []
    monkeypatch.setattr("gui.inspector.checkpoints_part.show_folder", shown.append)
    open_example(window, "circle", epochs=7)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "finished")
    qtbot.waitUntil(lambda: window.runs.folder is not None and opening.isEnabled(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: len(list(window.runs.folder.glob("checkpoint-*"))) == 3, timeout=PATIENCE)
    opening.click()
    assert shown == [window.runs.folder]
    assert label(window, "runDiskUse").text().startswith("This run takes ")


@pytest.mark.parametrize(
    ("text", "found"), [("5min", (5, "min")), ("0epochs", (1, "")), ("x", (1, "")), ("9", (1, ""))]
)
def test_an_unreadable_choice_is_the_default(text, found):
    checkpoint_settings.settings().setValue(checkpoint_settings.EVERY, text)
    checkpoint_settings.settings().setValue(checkpoint_settings.KEEP, "many")
    assert checkpoint_settings.chosen() == (*found, 2)


@pytest.mark.parametrize(("scale", "mode"), [(1.0, "dark"), (1.6, "light")])
def test_they_are_readable(window, qtbot, scale: float, mode: Mode):
    theme().set_text_scale(scale)
    theme().set_mode(mode)
    open_example(window, "circle", device="cuda:97", precision="bf16", micro_batch=1000)
    found, page = set(), window.inspector.settings
    for name in SECTIONS:
        opened(window, name)
        if name == "machine":
            devices(window, qtbot)
        else:
            unit = window.inspector.findChild(QComboBox, "checkpointUnit")
            unit.setCurrentIndex(1)
            unit.activated.emit(1)
        settle(window)
        qtbot.waitUntil(lambda: page.height() >= page.heightForWidth(page.width()), timeout=PATIENCE)
        found |= set(faults(window.inspector))
    assert found == set()


def settle(window: QWidget) -> None:
    for _ in range(2):
        QApplication.processEvents()
        window.grab()
    QApplication.processEvents()


def test_data_that_vanish_while_it_trains_can_be_found_from_the_message(window, monkeypatch):
    open_example(window, "fashion-dense")
    asked: list[str] = []
    monkeypatch.setattr(window.relink, "use", lambda path, name, found: asked.append(f"{path}.{name}={found}"))
    monkeypatch.setattr("gui.relink.ask_folder", lambda *_: Path("/elsewhere"))
    count = len(notices().history)
    window.run_actions._tell_failure(RunFailed("D03", '"data" can no longer read its data.', "Find them.", 2, "data"))
    actions = dict(notices().history[count].actions)
    assert list(actions) == ["Show block", "Find it…"]
    actions["Find it…"]()
    assert asked == ["data.folder=/elsewhere"]
