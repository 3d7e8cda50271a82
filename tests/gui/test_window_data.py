"""Data in the window: looked at before training, found again when they moved, dropped onto it, asked about."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QDragLeaveEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QWidget,
)

from engine import assets, edits, files
from engine.events import Predicted
from engine.snapshots import Surface
from gui.canvas.hint import HintBubble
from gui.data_preview import DataPreviewDialog
from gui.format import format_number
from gui.notices import notices
from gui.plots.key import Key
from gui.plots.output import OutputPanel
from gui.predictions.panel import PredictionPanel
from gui.theme import theme
from gui.widgets.card import Card
from tests.helpers.hands import (
    LEFT,
    choose_in_menu,
    click_on_card,
    drag_files_over,
    drop_files,
    file_dialogs_answer,
    last_notice,
    part,
    press,
)
from tests.helpers.windows import PATIENCE, open_example, panel_of, play_to_the_end, set_params

ROWS = "height,width,kind\n" + "".join(f"{i},{i * 2 % 7},{'ab'[i % 2]}\n" for i in range(40))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "rows.csv"
    path.parent.mkdir()
    path.write_text(ROWS, encoding="utf-8")
    return path


# -- looking at them --


def look(qtbot, window) -> DataPreviewDialog:
    """By the keyboard, as anyone can."""
    press(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    dialog = window.findChild(DataPreviewDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.shown is not None, timeout=PATIENCE)
    assert dialog.shown.error == ""
    return dialog


def words_of(dialog: QWidget, title: str) -> list[str]:
    """What a card at the side says, line by line: name, value, name, value."""
    card = next(card for card in dialog.findChildren(Card) if title in [it.text() for it in card.findChildren(QLabel)])
    return [label.text() for label in card.findChildren(QLabel) if label.text() != title]


def views_of(dialog: DataPreviewDialog) -> list[str]:
    return [name for name in ("points", "images", "table") if dialog._views.button(name).isVisible()]


def close(dialog: DataPreviewDialog) -> None:
    QTest.mouseClick(next(it for it in dialog.findChildren(QPushButton) if it.text() == "Close"), LEFT)
    assert not dialog.isVisible()


def test_the_points_of_the_spiral(window, qtbot):
    open_example(window, "spiral")
    dialog = look(qtbot, window)
    assert views_of(dialog) == ["points", "table"]
    assert dialog._pages.currentWidget() is dialog._plot
    places, targets, split = dialog.shown.points
    drawn: list[Any] = [item for item in dialog._plot.getPlotItem().items if hasattr(item, "getData")]
    x, y = (np.concatenate([item.getData()[axis] for item in drawn]) for axis in (0, 1))
    order = np.argsort(split > 0, kind="stable")
    np.testing.assert_array_equal(np.stack([x, y], 1), places[order])
    [key] = dialog.findChildren(Key)
    assert [entry.text for entry in key.entries] == ["training", "held out", "-1", "1"]
    colored = {entry.text: QColor(entry.color).name() for entry in key.entries[2:]}
    brushes = {brush.color().name() for item in drawn for brush in item.data["brush"].tolist()}
    assert set(colored.values()) == brushes
    first = drawn[0].data["brush"][0].color().name()
    assert colored[format_number(float(targets[order[0]]))] == first
    counts = dialog.shown.counts
    assert words_of(dialog, "Split") == [
        "training", str(counts[0]), "validation", str(counts[1]), "test", str(counts[2]),
    ]  # fmt: skip
    assert len(places) == len(targets) == sum(counts)
    close(dialog)


def test_the_digits_as_table(window, qtbot):
    project, touched, _ = edits.add_node(window.document.project, "Input", (0, 0), params={"dataset": "digits"})
    window.document.edit("add", project, touched)
    dialog = look(qtbot, window)
    assert "table" in views_of(dialog)
    QTest.mouseClick(dialog._views.button("table"), LEFT)
    shown = dialog._pages.currentWidget()
    assert isinstance(shown, QTableWidget)
    assert shown.rowCount() == len(next(iter(dialog.shown.fields.values())))
    balance = words_of(dialog, "Classes in the training part")
    assert balance[::2] == [str(digit) for digit in range(10)]
    assert dialog.shown.class_counts is not None
    assert [int(count) for count in balance[1::2]] == dialog.shown.class_counts[0].tolist()
    assert sum(map(int, balance[1::2])) == dialog.shown.counts[0]
    close(dialog)


def test_the_pictures_of_the_fashion_sample(window, qtbot):
    open_example(window, "fashion-cnn")
    dialog = look(qtbot, window)
    assert "images" in views_of(dialog)
    QTest.mouseClick(dialog._views.button("images"), LEFT)
    grid = dialog._pages.currentWidget()
    assert isinstance(grid, QListWidget)
    event = dialog.shown
    named = [event.classes[int(label)] for label in event.fields["y"]]
    assert [grid.item(row).text() for row in range(grid.count())] == named
    assert not grid.item(0).icon().isNull()
    assert event.class_counts is not None
    bars = [bar.value() for bar in dialog.findChildren(QProgressBar)]
    assert bars == event.class_counts[0].tolist()
    close(dialog)


def test_a_table_with_its_scaling(window, qtbot, table):
    add_table(window, table, standardize=True, val_fraction=0.25, features=["height", "width"], target="kind")
    qtbot.waitUntil(lambda: not [p for p in window.document.result.problems if p.code == "D00"], timeout=PATIENCE)
    dialog = look(qtbot, window)
    assert words_of(dialog, "Split") == ["training", "30", "validation", "10", "test", "0"]
    QTest.mouseClick(dialog._views.button("table"), LEFT)
    titles = [dialog._table.horizontalHeaderItem(column).text() for column in range(3)]
    assert titles == ["height", "width", "y"]
    cells = [[dialog._table.item(row, column).text() for column in range(3)] for row in range(5)]
    assert all([*row[:2], row[2]] in [line.split(",") for line in ROWS.splitlines()] for row in cells)
    mean, std = (np.array([entry[which] for entry in dialog.shown.scaling]) for which in (1, 2))
    np.testing.assert_allclose((dialog.shown.raw["x"] - mean) / std, dialog.shown.fields["x"], rtol=1e-4, atol=1e-5)
    assert words_of(dialog, "Scaling, fitted on the training part")[::2] == ["height", "width"]
    close(dialog)


def test_many_classes_leave_the_dialog_as_high_as_it_is(window, qtbot, table):
    rows = "".join(f"{i},{i * i % 11},kind{i % 10}\n" for i in range(200))
    table.write_text(f"height,width,kind\n{rows}", encoding="utf-8")
    add_table(window, table, standardize=True, features=["height", "width"], target="kind")
    qtbot.waitUntil(lambda: window.document.result.nodes["input"].facts is not None, timeout=PATIENCE)
    dialog = look(qtbot, window)
    before = dialog.height()
    qtbot.wait(50)
    assert dialog.height() == before == theme().px(560)
    assert len(words_of(dialog, "Classes in the training part")) == 20
    close(dialog)


def add_table(window, path: Path, **params) -> None:
    project, touched, _ = edits.add_node(
        window.document.project, "Input", (0, 0), params={"dataset": "csv", "path": path.as_posix(), **params}
    )
    window.document.edit("add", project, touched)


def test_a_file_that_cannot_be_read_is_told_in_the_dialog(window, qtbot, table):
    table.write_text("a,y\n1,2\nword,3\n", encoding="utf-8")
    add_table(window, table, features=["a"], target="y")
    window.actions_.preview.trigger()
    dialog = window.findChild(DataPreviewDialog)
    if dialog is None:  # the problem is known already, and so there is nothing to look at
        assert "Input" in notices().history[-1].text
        return
    qtbot.waitUntil(lambda: dialog.shown is not None, timeout=PATIENCE)
    assert "word" in dialog.shown.error
    assert dialog.shown.error in [label.text() for label in dialog.findChildren(QLabel)]
    close(dialog)


# -- found again --


def test_a_table_that_moved_is_found_again_and_saved_with_a_relative_path(window, qtbot, table, tmp_path, monkeypatch):
    graph = tmp_path / "graphs" / "net.chainrule"
    graph.parent.mkdir()
    open_example(window, "circle", epochs=1)
    set_params(window, "data", dataset="csv", path=table.as_posix(), features=["height", "width"], target="kind")
    assert window.save(graph)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.move(table, moved / "kept.csv")
    assert window.open(graph)
    qtbot.waitUntil(lambda: [p.code for p in window.document.result.problems] == ["D03"], timeout=PATIENCE)
    starts = file_dialogs_answer(monkeypatch, moved / "kept.csv")
    click_on_card(window, last_notice("does not exist"), "Find it…")
    assert starts == [str(graph.parent)]
    qtbot.waitUntil(lambda: not window.document.result.problems, timeout=PATIENCE)
    assert window.document.project.graph.node("data").params["path"] == "../elsewhere/kept.csv"
    press(window, Qt.Key.Key_S)
    assert window.document.is_clean
    assert '"../elsewhere/kept.csv"' in graph.read_text(encoding="utf-8")
    play_to_the_end(qtbot, window)
    (tmp_path / "graphs").rename(tmp_path / "renamed")
    assert window.open(tmp_path / "renamed" / "net.chainrule")
    qtbot.waitUntil(lambda: not window.document.result.problems, timeout=PATIENCE)


# -- dropped --


def middle(window) -> QPoint:
    viewport = window.canvas.viewport()
    return viewport.mapTo(window, viewport.rect().center())


def test_a_graph_dropped_anywhere_is_opened(window, tmp_path):
    path = tmp_path / "Dropped.CHAINRULE"
    files.save(files.load(assets.example("xor")), path)
    assert drop_files(window, QPoint(700, 20), tmp_path / "readme.md", path)
    assert window.document.path == path
    assert window.document.project.name == "XOR"


@pytest.mark.parametrize(("name", "dataset"), [("rows.csv", "csv"), ("ROWS.TSV", "csv"), ("rows.npz", "npz")])
def test_a_table_dropped_on_the_canvas_becomes_an_input_there(window, qtbot, tmp_path, name, dataset):
    path = tmp_path / name
    if dataset == "npz":
        np.savez(path, x=np.ones((4, 2)), y=np.arange(4.0))
    else:
        path.write_text(ROWS.replace(",", "\t") if name.endswith("TSV") else ROWS, encoding="utf-8")
    assert window.save(tmp_path / "net.chainrule")
    assert drop_files(window, middle(window), path)
    [node] = window.document.project.graph.ordered_nodes()
    assert (node.block, node.params["dataset"], node.params["path"]) == ("Input", dataset, name)
    qtbot.waitUntil(lambda: window.document.result.nodes["input"].facts is not None, timeout=PATIENCE)
    assert window.canvas.items_.blocks["input"].area.contains(window.canvas.camera.centre)
    press(window, Qt.Key.Key_Z)
    assert len(window.document.project.graph) == 0


def test_a_drop_outside_the_canvas_finds_room_for_the_input(window, table):
    assert drop_files(window, QPoint(20, 400), table)
    assert len(window.document.project.graph) == 1


@pytest.mark.parametrize(
    ("name", "way"),
    [("song.mp3", "Drop a graph"), ("rows.xlsx", "as CSV"), ("net.pt", "to ONNX"), ("README", "Drop a graph")],
)
def test_a_file_of_no_use_is_refused_with_a_way_out(window, tmp_path, name, way):
    (tmp_path / name).write_bytes(b"")
    before = window.document.project
    assert drop_files(window, middle(window), tmp_path / name)
    assert notices().history[-1].text.startswith(f"{name} cannot be used here. ")
    assert way in notices().history[-1].text
    assert window.document.project is before


def test_of_several_files_one_is_taken_and_that_is_said(window, table, tmp_path):
    (tmp_path / "song.mp3").write_bytes(b"")
    assert drop_files(window, middle(window), tmp_path / "song.mp3", table, table.with_name("other.csv"))
    assert len(window.document.project.graph) == 1
    assert notices().history[-1].text == f"Of 3 files only {table.name} was taken. Drop them one at a time."


def test_a_group_in_a_file_becomes_a_block_where_it_is_dropped(window, tmp_path):
    open_example(window, "residual-digits")
    path = window.canvas.groups.save_to(tmp_path / "mine.chainrule", "res")
    before = window.document.project
    assert drop_files(window, middle(window), path)
    (made,) = set(window.document.project.graph.nodes) - set(before.graph.nodes)
    assert window.document.project.graph.node(made).params["group"] == "Residual"
    assert set(window.document.project.groups) == set(before.groups)
    assert window.canvas.items_.blocks[made].area.contains(window.canvas.camera.centre)
    press(window, Qt.Key.Key_Z)
    assert window.document.project == before


def test_what_hovers_over_the_canvas_shows_what_will_become_of_it(window, table, tmp_path):
    """A ghost where a block would land, and words; both go when it leaves."""
    overlay, hint = window.canvas.stage.overlay, window.canvas.findChild(HintBubble)
    place = middle(window)
    for path, words, ghost in (
        (table, f"Add an Input with {table.name}", True),
        (tmp_path / "net.onnx", "Import net.onnx", False),
        (tmp_path / "net.chainrule", "Open net.chainrule", False),
        (tmp_path / "song.mp3", "song.mp3 cannot be used here.", False),
    ):
        drag_files_over(window, place, path)
        assert hint.text == words
        assert (overlay.ghost is not None) == ghost
        drag_files_over(window, QPoint(20, 400), path)
        assert hint.text == ""
        assert overlay.ghost is None
    drag_files_over(window, place, table)
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert hint.text == ""
    assert overlay.ghost is None


def test_a_picture_dropped_on_the_window_is_asked_about(window, qtbot, tmp_path):
    open_example(window, "fashion-cnn", epochs=1)
    path = tmp_path / "shoe.PNG"
    picture = QImage(28, 28, QImage.Format.Format_Grayscale8)
    picture.fill(QColor("black"))
    assert picture.save(str(path))
    qtbot.waitUntil(lambda: panel_of(window, PredictionPanel).takes_pictures, timeout=PATIENCE)
    got: list[Predicted] = []
    window.feed.on(Predicted, got.append)
    assert drop_files(window, middle(window), path)
    qtbot.waitUntil(lambda: bool(got), timeout=PATIENCE)
    assert got[0].error == ""
    assert panel_of(window, PredictionPanel).seen
    assert panel_of(window, PredictionPanel).answer is got[0]
    window.document.undo_stack.setClean()
    open_example(window, "spiral")
    assert drop_files(window, middle(window), path)
    assert notices().history[-1].text == "This network takes no pictures, so there is nothing to ask it about shoe.PNG."


# -- asked about --


def test_a_typed_row_is_answered_with_what_the_network_says(window, qtbot):
    open_example(window, "circle", epochs=3)
    play_to_the_end(qtbot, window)
    window.docks.show("predictions")
    panel = panel_of(window, PredictionPanel)
    got: list[Predicted] = []
    window.feed.on(Predicted, got.append)
    for index, text in enumerate(["1.5", "-2"]):
        field = part(panel, QWidget, f"feature_{index}")
        line = field if isinstance(field, QLineEdit) else part(field, QLineEdit)
        line.setFocus()
        line.selectAll()
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(got) >= 2, timeout=PATIENCE)
    assert panel.row.row().tolist() == [1.5, -2.0]
    assert panel.view.rows[0][1] == float(panel.answer.outputs[0, 0])
    count, before = len(got), float(panel.answer.outputs[0, 0])
    QTest.mouseClick(part(panel, QPushButton, "predictNow"), LEFT)
    qtbot.waitUntil(lambda: len(got) > count, timeout=PATIENCE)
    assert float(got[-1].outputs[0, 0]) == before, "the same row, the same weights"


def test_a_clicked_point_is_the_row(window, qtbot):
    open_example(window, "circle", epochs=2)
    play_to_the_end(qtbot, window)
    output, panel = panel_of(window, OutputPanel), panel_of(window, PredictionPanel)
    qtbot.waitUntil(lambda: output.filled, timeout=PATIENCE)
    window.grab()
    view = output.views[Surface]
    box = view._item.getViewBox()
    place = box.mapViewToScene(QPointF(-3.0, 2.0)).toPoint()
    QTest.mouseClick(view.plot.viewport(), LEFT, pos=place)
    qtbot.waitUntil(lambda: panel.answer is not None, timeout=PATIENCE)
    exact = box.mapSceneToView(QPointF(place))
    np.testing.assert_allclose(panel.row.row(), [exact.x(), exact.y()], atol=0.05)
    window.document.undo_stack.setClean()
    choose_in_menu(window.transport.menus, "File", "New")
    assert panel.answer is None
