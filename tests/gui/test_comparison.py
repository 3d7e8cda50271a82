"""Comparing and jumping in the history, in a real window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QUndoView

from engine import edits, files
from gui.comparison.banner import ComparisonBanner, lines
from gui.comparison.marks import Ghost, GhostWires
from gui.notices import notices
from tests.helpers.windows import PATIENCE, main_window, open_example, set_params

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot):
    with main_window(qtbot) as made:
        open_example(made, "circle")
        yield made


def ghosts(window):
    return {item.node.id for item in window.canvas.items_.items() if isinstance(item, Ghost)}


def ghost_wires(window):
    return [item for item in window.canvas.items_.items() if isinstance(item, GhostWires)]


def rings(window):
    return {name: item.marked for name, item in window.canvas.items_.blocks.items() if item.marked}


def remove(window, node):
    window.document.edit("remove", *edits.remove_nodes(window.document.project, {node}))


def test_a_moment_of_the_history_is_the_project_that_was_there(window):
    document = window.document
    seen = [document.project]
    for units in (5, 6, 7):
        set_params(window, "dense1", out_features=units)
        seen.append(document.project)
    assert [document.moment(index) for index in range(4)] == seen
    document.undo_stack.setIndex(1)
    assert [document.moment(index) for index in range(4)] == seen


def test_blocks_are_marked_while_the_document_is_edited_and_no_longer_after_the_end(window, qtbot):
    window.history.compare.click()
    banner = window.findChild(ComparisonBanner)
    assert banner.isVisible()
    assert banner.findChild(QLabel).text() == "Compared with the beginning: no difference."
    set_params(window, "dense1", out_features=9)
    qtbot.waitUntil(lambda: rings(window) == {"dense1": "warning"}, timeout=PATIENCE)
    assert window.canvas.items_.blocks["dense1"].live.text() == "changed"
    added, touched, new = edits.add_node(window.document.project, "Dropout", (0.0, 400.0))
    window.document.edit("add", added, touched, moved=frozenset({new}))
    remove(window, "loss")
    qtbot.waitUntil(lambda: ghosts(window) == {"loss"}, timeout=PATIENCE)
    assert rings(window) == {"dense1": "warning", new: "success"}
    assert len(ghost_wires(window)) == 1
    assert "1 block added, 1 removed, 1 changed" in banner.findChild(QLabel).text()
    window.document.undo_stack.setIndex(0)
    qtbot.waitUntil(lambda: window.comparer.comparison.same, timeout=PATIENCE)
    assert rings(window) == {}
    assert ghosts(window) == set()
    window.document.undo_stack.setIndex(3)
    qtbot.waitUntil(lambda: not window.comparer.comparison.same, timeout=PATIENCE)
    qtbot.mouseClick(banner.findChild(QPushButton, "comparisonEnd"), LEFT)
    assert not banner.isVisible()
    assert rings(window) == {}
    assert ghosts(window) == set()
    assert ghost_wires(window) == []
    assert window.canvas.items_.blocks["dense1"].live.text() == ""


def test_marks_come_back_with_the_level_and_ghosts_are_in_view(window, qtbot):
    window.selection.set({"dense1", "act1"} & set(window.canvas.items_.blocks) or {"dense1"})
    window.canvas.groups.group()
    group = next(iter(window.selection.ids))
    project, touched, gone = edits.add_node(window.document.project, "Dropout", (0.0, 4000.0))
    window.document.edit("add", project, touched, moved=frozenset({gone}))
    window.history.list.setCurrentIndex(window.history.list.model().index(2, 0))
    window.history.compare.click()
    remove(window, gone)
    last = next(name for name in window.document.project.graph.nodes if name.startswith("dense"))
    set_params(window, last, out_features=7)
    qtbot.waitUntil(lambda: ghosts(window) == {gone} and last in rings(window), timeout=PATIENCE)
    before = rings(window)
    window.canvas.fit(animated=False)
    (ghost,) = [item for item in window.canvas.items_.items() if isinstance(item, Ghost)]
    assert window.canvas.camera.visible().contains(ghost.sceneBoundingRect())
    assert window.canvas.open_group(group)
    qtbot.waitUntil(lambda: not window.comparer._later.isActive(), timeout=PATIENCE)
    assert ghosts(window) == set()
    assert window.canvas.leave_group()
    qtbot.waitUntil(lambda: ghosts(window) == {gone}, timeout=PATIENCE)
    assert rings(window) == before


def test_a_step_of_the_history_is_what_later_ones_are_compared_with(window, qtbot):
    set_params(window, "dense1", out_features=9)
    remove(window, "loss")
    window.history.list.setCurrentIndex(window.history.list.model().index(1, 0))
    assert window.document.undo_stack.index() == 1
    window.history.compare.click()
    assert window.comparer.name == "the step “edit”"
    assert window.comparer.comparison.same
    window.history.list.setCurrentIndex(window.history.list.model().index(2, 0))
    qtbot.waitUntil(lambda: ghosts(window) == {"loss"}, timeout=PATIENCE)
    assert rings(window) == {}


def test_two_files_are_compared_and_the_list_leads_to_the_blocks(window, qtbot, tmp_path):
    path = tmp_path / "old.chainrule"
    files.save(window.document.project, path)
    set_params(window, "dense1", out_features=9)
    window.comparer.with_file(path)
    qtbot.waitUntil(lambda: window.comparer.comparison is not None, timeout=PATIENCE)
    assert window.comparer.name == "old.chainrule"
    [(text, node)] = lines(window.comparer.comparison)
    assert node == "dense1"
    assert text.startswith("dense1: out_features: ")
    banner = window.findChild(ComparisonBanner)
    qtbot.mouseClick(banner.findChild(QPushButton, "comparisonList"), LEFT)
    menu = banner.findChild(QMenu, "comparisonMenu")
    menu.actions()[0].trigger()
    menu.close()
    assert window.selection.ids == {"dense1"}


def test_a_file_that_cannot_be_read_is_said_and_nothing_is_compared(window, qtbot, tmp_path):
    path = tmp_path / "broken.chainrule"
    path.write_text("{", encoding="utf-8")
    count = len(notices().history)
    window.comparer.with_file(path)
    qtbot.waitUntil(lambda: len(notices().history) > count, timeout=PATIENCE)
    assert "Nothing was compared." in notices().history[count].text
    assert window.comparer.comparison is None


def test_a_document_never_saved_has_nothing_saved_to_compare_with(window):
    count = len(notices().history)
    window.actions_.compare_saved.trigger()
    assert notices().history[count].text.startswith("This network has not been saved yet.")


def test_another_document_ends_the_comparison(window):
    window.history.compare.click()
    open_example(window, "xor")
    assert window.comparer.comparison is None
    assert not window.findChild(ComparisonBanner).isVisible()


def test_the_history_is_a_panel_of_its_own(window, qtbot):
    dock = window.docks["history"]
    assert not dock.isVisible()
    dock.toggleViewAction().trigger()
    assert dock.isVisible()
    set_params(window, "dense1", out_features=9)
    assert window.history.list.model().rowCount() == 2


def test_steps_that_are_undone_look_so(window):
    for units in (5, 6):
        set_params(window, "dense1", out_features=units)
    window.docks.show("history")
    steps, stack = window.findChild(QUndoView, "historyList"), window.document.undo_stack
    done = rows(steps)
    stack.setIndex(1)
    undone = rows(steps)
    assert undone[0] == done[0], "the beginning looks the same"
    assert undone[2] != done[2]
    stack.setIndex(2)
    assert rows(steps) == done


def rows(steps):
    """A picture of each line, none of them selected."""
    steps.clearSelection()
    picture = steps.viewport().grab().toImage()
    return [picture.copy(steps.visualRect(steps.model().index(row, 0))) for row in range(steps.model().rowCount())]
