"""Ctrl+F: what is found by which words, and walking through it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine import decorations, edits
from engine.facts import FactsCache
from engine.graph import Project
from engine.plan import check
from gui.canvas.finding import find
from gui.theme import theme
from tests.helpers.canvas import Easel, chain, make_easel, small_net

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(autouse=True)
def _still(qapp):
    theme().set_reduce_motion(True)
    yield
    theme().set_reduce_motion(None)


@pytest.fixture
def project() -> Project:
    made, _ = decorations.add_frame(small_net(), (288.0, -56.0, 520.0, 152.0), "Feature extractor", "indigo")
    made, _ = decorations.add_note(made, (640.0, 240.0, 200.0, 96.0), "intro\nLook at the *gradient* here")
    return made


@pytest.fixture
def easel(qtbot, project) -> Easel:
    return make_easel(qtbot, project)


def names(project: Project, text: str) -> list[str]:
    return [hit.name for hit in find(project, check(project, FactsCache(None).lookup), text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   ", []),
        ("dense", ["dense"]),
        ("DEN", ["dense"]),
        ("activation", ["act"]),
        ("conv2d", ["conv"]),
        ("tanh", ["act"]),
        ("out_features = 1", ["dense"]),
        ("out_features=1", ["dense"]),
        ("kernel_size", ["conv"]),
        ("spiral", ["data"]),
        ("extractor", ["frame1"]),
        ("gradient", ["note1"]),
        ("act tanh", ["act"]),
        ("tanh spiral", []),
        ("nothing like it", []),
    ],
)
def test_what_is_found(project, text, expected):
    assert names(project, text) == expected


def test_blocks_are_found_by_their_problems(project):
    result = check(project, FactsCache(None).lookup)
    wrong = {problem.node for problem in result.problems if problem.code == "G07"}
    assert wrong
    assert set(names(project, "G07")) == wrong
    hit = next(hit for hit in find(project, result, "G07") if hit.name == "conv")
    assert hit.why in [problem.message for problem in result.problems]


def test_names_come_before_kinds_and_parameters(project):
    made, _, _ = edits.add_node(project, "Dropout", (0.0, 400.0), node_id="tanh_drop")
    made, _, _ = edits.add_node(made, "Dropout", (0.0, 500.0), node_id="after_tanh")
    assert names(made, "tanh") == ["tanh_drop", "after_tanh", "act"]


def test_why_says_what_matched(project):
    result = check(project, FactsCache(None).lookup)
    assert [hit.why for hit in find(project, result, "tanh")] == ["function = tanh"]
    assert [hit.why for hit in find(project, result, "gradient")] == ["Look at the *gradient* here"]
    assert [hit.why for hit in find(project, result, "dense")] == [""]


def test_enter_walks_and_shift_enter_walks_back(easel):
    easel.key(Qt.Key.Key_F, CTRL)
    bar = easel.view.find_bar
    assert QApplication.focusWidget() == bar.field
    easel.type("a")
    order = [hit.name for hit in bar.hits]
    assert len(order) > 3
    assert easel.selected == {order[0]}
    for expected in (*order[1:], order[0]):
        QTest.keyClick(bar.field, Qt.Key.Key_Return)
        on_canvas = easel.selected | set(easel.view.items_.decor.chosen)
        assert on_canvas == {expected}
    QTest.keyClick(bar.field, Qt.Key.Key_Return, SHIFT)
    assert easel.selected | set(easel.view.items_.decor.chosen) == {order[-1]}
    assert bar.count.text() == f"{len(order)} of {len(order)}"
    assert len(easel.view.stage.overlay.rings) == len(order)
    QTest.keyClick(bar.field, Qt.Key.Key_Escape)
    assert bar.isHidden()
    assert easel.view.stage.overlay.rings == []
    assert QApplication.focusWidget() == easel.view
    assert easel.selected | set(easel.view.items_.decor.chosen) == {order[-1]}


def test_a_hit_far_away_comes_into_view_and_near_enough_to_read(qtbot):
    easel = make_easel(qtbot, chain(400))
    easel.view.fit(animated=False)
    assert easel.view.camera.zoom < 0.6
    easel.key(Qt.Key.Key_F, CTRL)
    easel.type("n399")
    area = easel.view.items_.blocks["n399"].area
    assert easel.selected == {"n399"}
    assert easel.view.camera.visible().contains(area)
    assert easel.view.camera.zoom == pytest.approx(1.0)
    easel.view.camera.look_at(area.center(), 1.5, animated=False)
    QTest.keyClick(easel.view.find_bar.field, Qt.Key.Key_Return)
    assert easel.view.camera.zoom == pytest.approx(1.5)  # near enough already


def test_nothing_found_is_said(easel):
    easel.key(Qt.Key.Key_F, CTRL)
    easel.type("zzz")
    bar = easel.view.find_bar
    assert bar.count.text() == "none"
    assert not bar.on.isEnabled()
    before = easel.selected
    QTest.keyClick(bar.field, Qt.Key.Key_Return)
    assert easel.selected == before


def test_hits_follow_edits(easel):
    easel.key(Qt.Key.Key_F, CTRL)
    easel.type("tanh")
    bar = easel.view.find_bar
    assert [hit.name for hit in bar.hits] == ["act"]
    project, touched = edits.set_params(easel.document.project, "act", {"function": "relu"})
    easel.document.edit("relu", project, touched)
    assert bar.hits == []
    easel.undo()
    assert [hit.name for hit in bar.hits] == ["act"]
    project, touched = edits.remove_nodes(easel.document.project, ["act"])
    easel.document.edit("gone", project, touched)
    assert bar.hits == []
    assert easel.view.stage.overlay.rings == []


def test_typing_in_the_bar_does_not_reach_the_canvas(easel):
    easel.selection.set({"dense"})
    easel.key(Qt.Key.Key_F, CTRL)
    QTest.keyClick(easel.view.find_bar.field, Qt.Key.Key_Delete)
    QTest.keyClick(easel.view.find_bar.field, Qt.Key.Key_M)
    assert "dense" in easel.graph
    assert easel.view.actions_.minimap.isChecked()


def test_zoom_to_the_selection(easel):
    easel.selection.set({"conv"})
    easel.key(Qt.Key.Key_F, SHIFT)
    camera, area = easel.view.camera, easel.view.items_.blocks["conv"].area
    assert (camera.centre - area.center()).manhattanLength() <= 2.0
    assert camera.zoom == pytest.approx(1.0)
    easel.selection.set({"data", "loss"})
    easel.key(Qt.Key.Key_F, SHIFT)
    both = easel.view.items_.blocks["data"].area.united(easel.view.items_.blocks["loss"].area)
    assert camera.visible().contains(both)
    assert not camera.fitted
    easel.selection.set(())
    assert not easel.view.actions_.fit_selection.isEnabled()
