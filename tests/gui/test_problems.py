from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QLabel, QListWidget, QMenu

from engine import edits
from engine.graph import Project
from engine.problem import Problem
from gui.document import Document
from gui.problems import ProblemList
from gui.selection import Selection
from gui.theme import theme
from gui.widgets import EmptyState
from tests.helpers import sample_projects
from tests.helpers.windows import main_window


@pytest.fixture
def problems_of(qapp, shown):
    def make(project: Project, width: int = 340, height: int = 260) -> ProblemList:
        document, selection = Document(project), Selection()
        panel = shown(ProblemList(document, selection), width, height)
        panel.document, panel.selection = document, selection
        return panel

    return make


def rows(panel) -> list[str]:
    found = panel.findChild(QListWidget)
    return [found.item(index).text() for index in range(found.count())]


def test_no_problems_are_good_news(problems_of):
    panel = problems_of(sample_projects.spiral())
    texts = [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]
    assert "No problems" in texts


def test_each_problem_is_told_with_the_way_out(problems_of):
    panel = problems_of(sample_projects.broken())
    assert rows(panel) == [f"{found.message} {found.hint}".strip() for found in panel.document.result.problems]
    assert '"conv1" needs images' in rows(panel)[0]


def test_a_screen_reader_hears_how_bad_it_is_and_when_all_is_well(problems_of):
    panel = problems_of(sample_projects.broken())
    found = QAccessible.queryAccessibleInterface(panel.findChild(QListWidget))
    assert found.child(0).text(QAccessible.Text.Name).startswith('Error: "conv1" needs images')
    state = panel.findChild(EmptyState)
    assert (state.accessibleName(), state.accessibleDescription()[:13]) == ("No problems", "What is wrong")
    state.set_text("All is well")
    assert (state.accessibleName(), state.accessibleDescription()) == ("All is well", "")


def test_a_click_shows_the_block(problems_of, qtbot):
    panel = problems_of(sample_projects.broken())
    found = panel.findChild(QListWidget)
    revealed = []
    panel.selection.reveal.connect(revealed.append)
    place = found.visualItemRect(found.item(0)).center()
    qtbot.mouseClick(found.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert panel.selection.ids == {"conv1"}
    assert revealed == ["conv1"]


def test_the_menu_of_a_problem_has_its_quick_fixes(qtbot):
    project = edits.add_node(Project(), "Input", (0.0, 0.0), params={"dataset": "circle"}, node_id="data")[0]
    for name in ("one", "two"):
        project = edits.add_node(project, "Dense", (300.0, 0.0), node_id=name)[0]
    with main_window(qtbot, project) as window:
        window.docks.show("problems")
        listed = window.problems.findChild(QListWidget)
        qtbot.waitUntil(listed.isVisible)
        texts = [listed.item(row).text() for row in range(listed.count())]
        row = next(row for row, text in enumerate(texts) if text.startswith('Input "in" of "two"'))
        assert 'Connect "data.x" or "one" to it.' in texts[row]
        listed.customContextMenuRequested.emit(listed.visualItemRect(listed.item(row)).center())
        menu = window.problems.findChild(QMenu)
        entries = {entry.text(): entry for entry in menu.actions()}
        assert list(entries) == ["Show the block", "Connect data.x", "Connect one"]
        menu.setActiveAction(entries["Connect one"])
        qtbot.keyClick(menu, Qt.Key.Key_Return)
        (wire,) = window.document.project.graph.wires()
        assert (wire.from_node, wire.to_node) == ("one", "two")
        assert window.selection.ids == {"two"}


def test_enter_shows_the_block_and_a_problem_of_the_whole_graph_shows_none(problems_of, qtbot):
    panel = problems_of(edits.add_node(Project(), "Input", (0.0, 0.0))[0])
    found = panel.findChild(QListWidget)
    nodes = [found.item(index).data(Qt.ItemDataRole.UserRole).node for index in range(found.count())]
    assert None in nodes
    found.setCurrentRow(nodes.index(None))
    found.setFocus()
    qtbot.keyClick(found, Qt.Key.Key_Return)
    assert panel.selection.ids == frozenset()


def test_it_follows_the_document_and_counts(problems_of):
    panel = problems_of(sample_projects.broken())
    counts = []
    panel.counted.connect(lambda errors, warnings: counts.append((errors, warnings)))
    document = panel.document
    document.edit("mend", *edits.remove_nodes(document.project, ["conv1"]))
    result = document.result
    warnings = sum(problem.severity == "warning" for problem in result.problems)
    assert counts[-1] == (len(result.errors), warnings)
    document.replace(sample_projects.spiral())
    assert (counts[-1], rows(panel)) == ((0, 0), [])


@pytest.mark.parametrize("width", [220, 340, 900])
@pytest.mark.parametrize("scale", [1.0, 1.6])
def test_rows_are_as_high_as_their_text(problems_of, width, scale):
    panel = problems_of(sample_projects.broken(), width)
    theme().set_text_scale(scale)
    panel.grab()
    found = panel.findChild(QListWidget)
    delegate = found.itemDelegate()
    for index in range(found.count()):
        row = found.visualItemRect(found.item(index))
        assert row.width() <= found.viewport().width()
        last = delegate._rows(found.model().index(index, 0), row)[-1][0]
        assert last.bottom() < row.bottom()
        assert last.right() < found.viewport().width()


def test_each_severity_has_its_mark(problems_of):
    panel = problems_of(sample_projects.spiral())
    problems = tuple(Problem(level, "G01", None, None, f"An {level}.", "Do.") for level in ("error", "warning", "info"))

    class Judged:
        errors = problems[:1]

    Judged.problems = problems  # type: ignore[attr-defined]
    panel.show_result(Judged)  # type: ignore[arg-type]
    image = panel.grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(8, 34) for y in range(image.height())}
    for name in ("error_text", "warning_text"):
        assert theme().color(name).name() in colors
