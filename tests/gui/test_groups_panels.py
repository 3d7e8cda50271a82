"""Groups in inspector and palette: named, repeated, shared, their ports; kept, dragged, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from engine import edits, groupedits
from engine.levels import INPUTS, OUTPUTS
from gui import group_folder
from gui.canvas.mime import GROUP_MIME
from gui.group_shelf import of_document, of_file
from gui.inspector.group_page import MOST_TOLD
from gui.main_window import MainWindow
from gui.notices import notices
from tests.gui.test_groups import network
from tests.helpers.canvas import Easel, make_easel
from tests.helpers.hands import file_dialogs_answer
from tests.helpers.windows import W, main_window


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(group_folder, "folder", lambda: tmp_path / "groups")
    return tmp_path / "groups"


# -- the inspector --


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    with main_window(qtbot) as made:
        assert made.files.open_example("residual-digits.chainrule")
        yield made


def field(window: MainWindow, kind: type[W], name: str) -> W:
    """A visible widget of the inspector."""
    (found,) = (each for each in window.inspector.findChildren(kind, name) if each.isVisible())
    return found


def write(line: QLineEdit, text: str) -> None:
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def test_a_use_is_repeated_named_and_opened_from_the_inspector(window: MainWindow) -> None:
    window.selection.set({"res"})
    write(field(window, QLineEdit, "groupName"), "Skip")
    assert set(window.document.project.groups) == {"Skip"}
    assert window.document.project.graph.node("res").params["group"] == "Skip"
    field(window, QPushButton, "group_open").click()
    assert window.level.path == ("res",)
    assert window.canvas.crumbs.texts()[:3] == ["Residual network on digits", "›", "Skip"]
    window.document.undo_stack.undo()
    assert window.document.project.graph.node("res").params["group"] == "Residual"


def test_a_group_is_saved_as_a_file_and_nothing_is_overwritten_unasked(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog asks before it overwrites what was typed, but not where only the suffix makes that a file."""
    window.selection.set({"res"})
    file_dialogs_answer(monkeypatch, tmp_path / "skip.v2")
    saved = tmp_path / "skip.v2.chainrule"
    saved.write_text("mine", encoding="utf-8")
    with notices().answering("cancel"):
        field(window, QPushButton, "group_file").click()
    assert saved.read_text(encoding="utf-8") == "mine"
    with notices().answering("replace"):
        field(window, QPushButton, "group_file").click()
    assert list(group_folder.read(saved).groups) == ["Residual"]


def test_problems_of_many_repetitions_leave_the_inspector_room(window: MainWindow) -> None:
    window.canvas.open_group("res")
    project, touched = edits.set_params(window.level.project, "conv1", {"unheard_of": 1})
    window.level.edit("unknown", project, touched)
    window.canvas.leave_group()
    project, touched, _ = groupedits.set_use(window.document.project, "res", "repeat", 40)
    window.document.edit("repeat", project, touched)
    window.selection.set({"res"})
    found = [problem for problem in window.document.result.problems if (problem.node or "").startswith("res")]
    assert len(found) == 40
    told = [label.text() for label in window.inspector.findChildren(QLabel) if "unheard_of" in label.text()]
    assert [text.count("unheard_of") for text in told] == [MOST_TOLD]
    assert told[0].endswith("35 more are listed under Problems.")


def test_another_use_can_share_its_weights(window: MainWindow) -> None:
    window.canvas.groups.add_use("Residual", QPointF(900, 400))
    project, touched, _ = groupedits.set_use(window.document.project, "residual", "repeat", 3)
    window.document.edit("repeat", project, touched)
    box = field(window, QComboBox, "shareWith")
    assert [box.itemText(index) for index in range(box.count())] == ["its own", "res"]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert window.document.project.graph.node("residual").params["share_with"] == "res"
    field(window, QPushButton, "group_independent").click()
    assert window.document.project.graph.node("residual").params["group"] == "Residual 2"


def test_ports_are_named_added_and_removed_in_the_inspector(window: MainWindow) -> None:
    window.canvas.open_group("res")
    window.selection.set({INPUTS})
    write(field(window, QLineEdit, "port_in"), "x")
    assert "relu.out → res.x" in {str(wire) for wire in window.document.project.graph.iter_wires()}
    assert not window.document.result.errors
    write(field(window, QLineEdit, "port_x"), "two words")
    assert groupedits.port_names(window.document.project.groups["Residual"], "in") == ["x"]
    window.selection.set({OUTPUTS})
    field(window, QPushButton, "addPort").click()
    assert groupedits.port_names(window.document.project.groups["Residual"], "out") == ["out", "out2"]
    assert window.level.path == ("res",)
    assert window.canvas.items_.blocks[OUTPUTS].face.severity == "error"  # one input cannot feed on two outputs
    field(window, QToolButton, "delete_out2").click()
    assert not window.document.result.errors


def test_blocks_inside_are_edited_in_the_inspector(window: MainWindow) -> None:
    window.canvas.open_group("res")
    window.selection.set({"norm1"})
    assert window.inspector.page is not None
    window.inspector.page.form.edited.emit("num_groups", 2, False)
    assert window.document.project.groups["Residual"].graph.node("norm1").params["num_groups"] == 2
    assert window.document.result.nodes["res.2.norm1"].params["num_groups"] == 2


def test_all_selected_inside_a_group_the_ports_do_not_keep_blocks_from_being_edited(window: MainWindow) -> None:
    window.canvas.open_group("res")
    window.selection.set({INPUTS, OUTPUTS, "conv1", "conv2"})
    form = window.inspector.several.form
    assert form is not None
    form.edited.emit("bias", True, False)
    inside = window.document.project.groups["Residual"].graph
    assert [inside.node(name).params["bias"] for name in ("conv1", "conv2")] == [True, True]
    window.selection.set({INPUTS, OUTPUTS})
    assert not window.inspector.several.isVisible()
    assert field(window, QLineEdit, "port_in").text() == "in"


def test_a_problem_inside_is_found_from_the_list(window: MainWindow) -> None:
    window.canvas.open_group("res")
    project, touched = edits.set_params(window.level.project, "conv2", {"out_channels": 8})
    window.level.edit("narrow", project, touched)
    window.canvas.leave_group()
    window.problems._list.itemActivated.emit(window.problems._list.item(0))
    assert window.level.path == ("res",)
    assert window.selection.ids == {"sum"}


# -- the palette --


def drop_group(easel: Easel, carried: str, at: QPoint) -> bool:
    """Drag a group from the palette and drop it; whether the canvas took it."""
    data = QMimeData()
    data.setData(GROUP_MIME, carried.encode())
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, copy, data, left, none)
    QApplication.sendEvent(easel.viewport, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(easel.viewport, QDragMoveEvent(at, copy, data, left, none))
    event = QDropEvent(QPointF(at), copy, data, left, none)
    QApplication.sendEvent(easel.viewport, event)
    return event.isAccepted()


def test_groups_are_dragged_from_the_palette(qtbot: QtBot, own_folder: Path) -> None:
    grouped = make_easel(qtbot, network())
    grouped.selection.set({"lin", "act", "add"})
    grouped.view.groups.group()
    assert drop_group(grouped, of_document("Group"), grouped.spot(700, 480))
    assert grouped.selected == {"group2"}
    x, y = grouped.document.project.layout.nodes["group2"]
    assert abs(x + 80 - 700) <= 8
    assert abs(y + 28 - 480) <= 8
    kept = grouped.view.groups.save_to_palette("group")
    assert kept is not None
    assert drop_group(grouped, of_file(kept), grouped.spot(1000, 480))
    assert grouped.selected == {"group3"}
    assert not drop_group(grouped, "elsewhere:x", grouped.spot(700, 480))
    drop_group(grouped, of_file(own_folder / "gone.chainrule"), grouped.spot(700, 480))
    assert grouped.selected == {"group3"}


def test_the_shelf_lists_the_groups_and_finds_them(window: MainWindow, own_folder: Path) -> None:
    assert [entry.name for entry in window.shelf.entries()] == ["Residual"]
    window.canvas.groups.save_to_palette("res")
    window.shelf.refresh()
    assert [entry.name for entry in window.shelf.entries()] == ["Residual", "Residual"]
    window.palette_panel.search.setText("zzz")
    assert window.shelf.entries() == []
    window.palette_panel.search.setText("resid")
    assert len(window.shelf.entries()) == 2
    QTest.keyClick(window.shelf.entries()[0], Qt.Key.Key_Return)
    assert "residual" in window.document.project.graph
    window.shelf.delete("Residual")
    assert "Residual" in window.document.project.groups  # it is in use
    window.shelf.remove(group_folder.file_for("Residual"))
    assert len(window.shelf.entries()) == 1


def test_a_definition_that_nothing_uses_is_deleted_and_comes_back(window: MainWindow) -> None:
    project, touched = edits.remove_nodes(window.document.project, {"res"})
    window.document.edit("out", project, touched)
    window.shelf.delete("Residual")
    assert not window.document.project.groups
    assert window.shelf.entries() == []
    window.document.undo_stack.undo()
    assert [entry.name for entry in window.shelf.entries()] == ["Residual"]
