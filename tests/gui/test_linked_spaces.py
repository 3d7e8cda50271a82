"""Data space and parameter space in a real window: each moves the other, with the mouse, the keys and the training."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.events import WeightsTaken
from gui.main_window import MainWindow
from gui.plots.linked_spaces import LinkedSpacesPanel
from gui.plots.linked_spaces_data import Handle
from gui.plots.linked_spaces_range import SpaceRange
from gui.plots.toolbar import PlotToolbar
from gui.theme import theme
from tests.helpers.cut_text import lasting_faults
from tests.helpers.mouse import move_mouse
from tests.helpers.windows import PATIENCE, open_example, panel_of, wait_for


def linked(qtbot: QtBot, window: MainWindow, name: str = "linear-fit", **training: object) -> LinkedSpacesPanel:
    """The panel in front, on an example."""
    training.setdefault("dtype", "float64")
    open_example(window, name, **training)
    window.docks.show("linkedSpaces")
    panel = panel_of(window, LinkedSpacesPanel)
    qtbot.waitUntil(lambda: panel.filled and not panel._dirty and laid_out(panel), timeout=PATIENCE)
    return panel


def laid_out(panel: LinkedSpacesPanel) -> bool:
    """Whether both plots have the sizes they will keep: a pixel is a place."""
    low, high = (panel.parameters.point_of(*(panel.range.centre + way * panel.range.reach)) for way in (-1, 1))
    size = panel.parameters.plot.getPlotItem().getViewBox().sceneBoundingRect()
    QApplication.processEvents()
    return high.x() - low.x() > 40 and abs(high.x() - low.x() - size.width()) < 4


def weights(qtbot: QtBot, window: MainWindow) -> dict[str, np.ndarray]:
    """The session's own."""
    found: list[WeightsTaken] = []
    window.feed.on(WeightsTaken, found.append)
    window.feed.session.weights(1)
    qtbot.waitUntil(lambda: bool(found), timeout=PATIENCE)
    window.feed.off(WeightsTaken, found.append)
    return dict(found[0].weights)


def line_of(qtbot: QtBot, window: MainWindow) -> list[float]:
    """Weight and bias of the session's line."""
    now = weights(qtbot, window)
    return [float(now["line.weight"][0, 0]), float(now["line.bias"][0])]


def drag(port: QWidget, start: QPointF, end: QPointF) -> None:
    """With the left button, by the way."""
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=start.toPoint())
    for share in np.linspace(0.1, 1, 10):
        move_mouse(port, start + (end - start) * share, Qt.MouseButton.LeftButton)
        QApplication.processEvents()
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=end.toPoint())


def grip(panel: LinkedSpacesPanel, name: Handle) -> QPointF:
    """Where a handle is."""
    place = panel.data.handle_at(name)
    assert place is not None
    return place


def rested(panel: LinkedSpacesPanel) -> bool:
    """Nothing is on its way to the session or back."""
    return not panel.link._sent and panel.link.way.settled and not panel._dirty


# -- what is seen --


def test_line_point_star_and_contours_are_there_before_any_training(window, qtbot):
    panel = linked(qtbot, window)
    fit = panel.link.fit
    weight, bias = line_of(qtbot, window)
    assert panel.link.theta.tolist() == [weight, bias]
    np.testing.assert_allclose(panel.data._line.yData, weight * fit.at + bias, rtol=1e-12)
    places = {place.sign: (place.x, place.y) for place in panel.parameters.marks.places}
    inside = fit.split == 0
    direct = np.polyfit(fit.x[inside], fit.y[inside], 1)
    assert places["star"] == pytest.approx(tuple(direct), rel=1e-9)
    assert places["dot"] == (weight, bias)
    xs, ys, values = panel.parameters.grid
    for column, row in ((0, 0), (30, 30), (60, 7)):
        residuals = xs[column] * fit.x[inside] + ys[row] - fit.y[inside]
        assert values[row, column] == pytest.approx(float(np.mean(residuals**2)), rel=1e-9)


def test_residuals_are_drawn_to_the_line_as_lines_or_squares(window, qtbot):
    panel = linked(qtbot, window)
    residuals = panel.data.marks.residuals
    weight, bias = panel.link.theta
    assert len(residuals) == 80
    np.testing.assert_allclose(residuals[:, 2], weight * residuals[:, 0] + bias, rtol=1e-6)
    before = panel.data.grab().toImage()
    QTest.mouseClick(panel.squares, Qt.MouseButton.LeftButton)
    assert panel.data.marks.squares
    assert panel.data.grab().toImage() != before


# -- one moves the other --


def test_a_dragged_point_moves_the_line(window, qtbot):
    panel = linked(qtbot, window)
    port, view = panel.parameters.plot.viewport(), panel.parameters
    start, end = (QPointF(view.point_of(*place)) for place in (tuple(panel.link.theta), (1.0, 0.5)))
    drag(port, start, end)
    qtbot.waitUntil(lambda: rested(panel), timeout=PATIENCE)
    wanted = view.place_at(end.toPoint())
    assert (wanted.x(), wanted.y()) == pytest.approx((1.0, 0.5), abs=0.1)
    assert line_of(qtbot, window) == [wanted.x(), wanted.y()]
    np.testing.assert_allclose(panel.data._line.yData, wanted.x() * panel.link.fit.at + wanted.y(), rtol=1e-12)


def test_a_click_on_the_star_ends_at_the_least_loss(window, qtbot):
    panel = linked(qtbot, window)
    QTest.mouseClick(
        panel.parameters.plot.viewport(),
        Qt.MouseButton.LeftButton,
        pos=panel.parameters.point_of(*panel.bowl.centre.tolist()),
    )
    qtbot.waitUntil(lambda: rested(panel), timeout=PATIENCE)
    pixel = 2 * panel.range.reach / 100
    assert np.all(np.abs(np.array(line_of(qtbot, window)) - panel.bowl.centre) < pixel)


def test_the_line_is_moved_by_its_middle(window, qtbot):
    panel = linked(qtbot, window)
    weight, bias = panel.link.theta.tolist()
    start = grip(panel, "move")
    drag(panel.data.plot.viewport(), start, start + QPointF(0, -20))
    qtbot.waitUntil(lambda: rested(panel), timeout=PATIENCE)
    now = line_of(qtbot, window)
    assert now[0] == weight
    assert now[1] > bias
    dot = next(place for place in panel.parameters.marks.places if place.sign == "dot")
    assert [dot.x, dot.y] == now


def test_the_line_is_tilted_around_its_middle(window, qtbot):
    panel = linked(qtbot, window)
    weight, bias = panel.link.theta.tolist()
    start = grip(panel, "tilt")
    drag(panel.data.plot.viewport(), start, start + QPointF(0, -15))
    qtbot.waitUntil(lambda: rested(panel), timeout=PATIENCE)
    now = line_of(qtbot, window)
    middle = float(np.mean(panel.data._box.viewRange()[0]))
    assert now[0] > weight
    assert now[0] * middle + now[1] == pytest.approx(weight * middle + bias, abs=1e-9)


def test_beside_the_handles_the_mouse_takes_nothing(window, qtbot):
    panel = linked(qtbot, window)
    before = line_of(qtbot, window)
    start = grip(panel, "move")
    drag(panel.data.plot.viewport(), start + QPointF(0, 40), start + QPointF(0, 60))
    assert line_of(qtbot, window) == before


def test_keys_move_and_tilt_the_line(window, qtbot):
    panel = linked(qtbot, window)
    weight, bias = panel.link.theta.tolist()
    panel.data.plot.setFocus()
    QTest.keyClick(panel.data.plot, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: rested(panel), timeout=PATIENCE)
    now = line_of(qtbot, window)
    assert now[0] == weight
    assert now[1] > bias
    QTest.keyClick(panel.data.plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: rested(panel), timeout=PATIENCE)
    assert line_of(qtbot, window)[0] > weight


def test_a_point_that_is_looked_at_is_a_dashed_line(window, qtbot):
    panel = linked(qtbot, window)
    move_mouse(panel.parameters.plot.viewport(), panel.parameters.point_of(1.0, 0.0))
    place = panel.parameters.place_at(panel.parameters.point_of(1.0, 0.0))
    ghost = panel.data._ghost
    np.testing.assert_allclose(ghost.yData, place.x() * panel.link.fit.at + place.y(), atol=1e-9)
    panel.parameters.left.emit()
    assert ghost.yData is None or len(ghost.yData) == 0
    assert line_of(qtbot, window) == panel.link.theta.tolist(), "looked at, not set"


# -- the training --


def test_while_it_trains_both_follow(window, qtbot):
    panel = linked(qtbot, window, epochs=20)
    start = panel.link.theta.tolist()
    window.actions_.play.trigger()
    wait_for(qtbot, window, "finished")
    qtbot.waitUntil(lambda: rested(panel) and len(panel.link.rows) == 101, timeout=PATIENCE)
    end = line_of(qtbot, window)
    path = panel.parameters.marks.path
    assert (path[0].tolist(), path[-1].tolist()) == (start, end)
    np.testing.assert_allclose(panel.data._line.yData, end[0] * panel.link.fit.at + end[1], rtol=1e-12)
    far = np.linalg.norm(np.array([start, end]) - panel.bowl.centre, axis=1)
    assert far[1] < 0.05 * far[0], "descent goes to the star"
    window.actions_.reset.trigger()
    qtbot.waitUntil(lambda: len(panel.link.rows) == 1 and rested(panel), timeout=PATIENCE)
    assert panel.link.theta.tolist() == start
    assert not len(panel.parameters.marks.path)


def test_an_explosion_is_said_and_leaves_the_star_in_sight(window, qtbot):
    panel = linked(qtbot, window, lr=1.5, epochs=20)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "finished", "paused")
    qtbot.waitUntil(lambda: panel.link.way.settled and len(panel.link.rows) > 20, timeout=PATIENCE)
    qtbot.waitUntil(lambda: "smaller learning rate" in panel._best.text(), timeout=PATIENCE)
    assert panel.range.holds(panel.bowl.centre)
    assert np.all(panel.range.reach < 100)
    grown = panel.range.reach.copy()
    window.actions_.reset.trigger()
    qtbot.waitUntil(lambda: len(panel.link.rows) == 1 and rested(panel), timeout=PATIENCE)
    assert np.all(panel.range.reach < grown)


# -- polynomials, and what is none --


def test_of_a_polynomial_two_parameters_are_chosen(window, qtbot):
    panel = linked(qtbot, window, "polynomial-fit")
    fit = panel.link.fit
    assert panel.data.marks.handles == {}
    panel.across.setCurrentIndex(2)
    panel.up.setCurrentIndex(3)
    assert panel._pair == (2, 3)
    assert panel.parameters._names == ("w₃", "b")
    panel.up.setCurrentIndex(2)
    assert panel._pair == (3, 2), "choosing what the other axis shows swaps the two"
    before = panel.link.theta.copy()
    target = QPointF(panel.parameters.point_of(*(panel.range.centre + 0.3 * panel.range.reach).tolist()))
    QTest.mouseClick(panel.parameters.plot.viewport(), Qt.MouseButton.LeftButton, pos=target.toPoint())
    qtbot.waitUntil(lambda: rested(panel), timeout=PATIENCE)
    now = weights(qtbot, window)
    place = panel.parameters.place_at(target.toPoint())
    assert [now["poly.bias"][0], now["poly.weight"][0, 2]] == [place.x(), place.y()]
    assert now["poly.weight"][0, :2].tolist() == before[:2].tolist()
    np.testing.assert_allclose(panel.data._line.yData, fit.along @ panel.link.theta, rtol=1e-12)


def test_another_network_is_told_what_the_panel_is_for(window, qtbot):
    open_example(window, "spiral")
    window.docks.show("linkedSpaces")
    panel = panel_of(window, LinkedSpacesPanel)
    qtbot.waitUntil(lambda: "no mean squared error" in panel._empty._text.text(), timeout=PATIENCE)
    assert not panel.filled
    button = next(each for each in panel.findChildren(QAbstractButton) if "linear fit" in each.text())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.filled and not panel._dirty, timeout=PATIENCE)
    assert panel.link.fit.is_line


def test_unseen_it_asks_for_nothing(window, qtbot):
    panel = linked(qtbot, window)
    window.docks.show("lossPlot")
    qtbot.waitUntil(lambda: not panel.seen, timeout=PATIENCE)
    before = len(panel.link.rows)
    window.actions_.step.trigger()
    qtbot.waitUntil(lambda: window.feed.steps == 1, timeout=PATIENCE)
    assert len(panel.link.rows) == before


# -- taken away, and looked at --


def test_pictures_and_numbers_are_saved(window, qtbot, tmp_path):
    panel = linked(qtbot, window)
    bar = panel.findChild(PlotToolbar)
    for suffix, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        bar.save(tmp_path / f"spaces.{suffix}")
        assert (tmp_path / f"spaces.{suffix}").read_bytes().startswith(start)
    header, rows = panel.table()
    rows = list(rows)
    assert header == ["step", "w", "b", "J"]
    assert rows[0][:3] == [0, *panel.link.theta.tolist()]
    assert rows[-1] == ["least squares", *panel.bowl.centre.tolist(), panel.bowl.least]
    assert rows[0][3] == pytest.approx(float(panel.bowl.loss(panel.link.theta)), rel=1e-9)


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_no_text_is_cut(window, qtbot, mode):
    theme().set_mode(mode)
    linked(qtbot, window)
    assert lasting_faults(window, about="linked") == []


def test_the_range_holds_solution_and_path_but_follows_no_explosion():
    found = SpaceRange()
    found.begin(np.array([2.0, 1.0]), np.array([-1.0, 0.5]))
    assert found.holds(np.array([-1.0, 0.5]))
    assert not found.follow(np.array([1.0, 1.0]))
    assert found.follow(np.array([-3.0, 1.0]))
    assert found.holds(np.array([-3.0, 1.0]))
    assert not found.follow(np.array([1e6, 1.0]))
    assert not found.follow(np.array([np.nan, 1.0]))
    xs, ys = found.ticks(5)
    assert (xs[2], ys[2]) == pytest.approx((2.0, 1.0))
