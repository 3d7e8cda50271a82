"""J(w) in a real window: the three fates of the textbook, the ball in the hand, the range, what is said and saved."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from engine import edits
from engine.events import WeightsTaken
from engine.weightviews import Entry
from gui.main_window import MainWindow
from gui.plots import one_weight_marks
from gui.plots.one_weight import OneWeightPanel
from gui.plots.one_weight_marks import Scene
from gui.plots.one_weight_names import first_weight, picks
from gui.plots.one_weight_path import WeightPath
from gui.plots.one_weight_range import AutoRange, barrier, heights
from gui.plots.one_weight_view import OneWeightView
from gui.plots.one_weight_words import explodes
from gui.plots.screen_item import write
from gui.plots.toolbar import PlotToolbar
from gui.theme import theme
from tests.helpers.cut_text import lasting_faults
from tests.helpers.mouse import move_mouse
from tests.helpers.windows import PATIENCE, make_step, open_example, panel_of, wait_for

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "descent_w4.json").read_text())["runs"]
W: Entry = ("w.value", ())


def textbook(qtbot: QtBot, window: MainWindow, name: str = "descent", **training: object) -> OneWeightPanel:
    """The panel in front, on an example, with its curve."""
    open_example(window, name, **training)
    window.docks.show("weightCurve")
    panel = panel_of(window, OneWeightPanel)
    qtbot.waitUntil(lambda: panel.filled and current(panel), timeout=PATIENCE)
    return panel


def current(panel: OneWeightPanel) -> bool:
    """Whether all that is shown is of the present weight, and the ball at rest."""
    asker = panel.asker
    known = asker.known
    return (
        known is not None
        and asker.path.settled
        and bool(asker.path.values)
        and known.here == asker.path.values[-1]
        and not asker.stale
        and not panel._dirty
        and not asker._request
    )


def set_lr(window: MainWindow, lr: float) -> None:
    window.document.edit("settings", *edits.set_training(window.document.project, {"lr": lr}))


def weights(qtbot: QtBot, window: MainWindow) -> dict[str, np.ndarray]:
    """The session's own."""
    found: list[WeightsTaken] = []
    window.feed.on(WeightsTaken, found.append)
    window.feed.session.weights(1)
    qtbot.waitUntil(lambda: bool(found), timeout=PATIENCE)
    window.feed.off(WeightsTaken, found.append)
    return dict(found[0].weights)


# -- the textbook --


def test_the_textbook_curve_is_there_before_any_training(window, qtbot):
    panel = textbook(qtbot, window)
    asker, scene = panel.asker, panel.view.marks.content
    assert asker.entry == W
    np.testing.assert_allclose(asker.loss, asker.w**4 - 3 * asker.w**2 + asker.w, rtol=1e-12, atol=1e-12)
    assert (scene.ball, scene.slope) == ((2.0, 6.0), 21.0)
    assert scene.step == pytest.approx((-0.1, (-0.1) ** 4 - 3 * 0.01 - 0.1), abs=0.01)
    assert panel._step.text() == "w − η·g = 2 − 0.1·21 = -0.1"
    assert "without data" in panel._words.text()
    low, high = panel.view.ends
    assert low < -1.301
    assert high > 2, "both valleys are in view"


def test_the_three_fates_in_one_window(window, qtbot):
    """Learning rates are changed as the inspector does it, Reset and Play pressed, and the ball looked at."""
    panel = textbook(qtbot, window)
    path = panel.asker.path
    for golden in GOLDEN:
        set_lr(window, golden["lr"])
        window.actions_.reset.trigger()
        qtbot.waitUntil(
            lambda lr=golden["lr"]: path.values == [2.0] and current(panel) and panel.asker.known.lr == lr,
            timeout=PATIENCE,
        )
        assert panel.asker.known.after == pytest.approx(golden["first_steps"][1], rel=1e-12)
        window.actions_.play.trigger()
        wait_for(qtbot, window, "paused" if golden["diverged"] else "finished")
        qtbot.waitUntil(lambda: path.settled and len(path.steps) > 5, timeout=PATIENCE)
        np.testing.assert_allclose(path.values[:6], golden["first_steps"], rtol=1e-12)
        scene = panel.view.marks.content
        if golden["diverged"]:
            qtbot.waitUntil(lambda: panel.view.marks.content.out != 0, timeout=PATIENCE)
            assert panel.view.marks.content.ball is None
            assert "smaller learning rate" in panel._words.text()
            assert 2.5 < panel.view.ends[1] < 40, "the valleys are still in sight"
        else:
            qtbot.waitUntil(lambda: current(panel), timeout=PATIENCE)
            scene = panel.view.marks.content
            assert path.steps[-1] == golden["steps"]
            assert scene.ball == pytest.approx((golden["w"], golden["J"]), rel=1e-9)


def test_after_an_explosion_a_reset_shows_the_valleys_again(window, qtbot):
    panel = textbook(qtbot, window, lr=0.2)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "paused")
    qtbot.waitUntil(lambda: panel.view.marks.content.out != 0, timeout=PATIENCE)
    assert panel.view.ends[1] > 2.5
    window.actions_.reset.trigger()
    qtbot.waitUntil(lambda: panel.asker.path.values == [2.0] and current(panel), timeout=PATIENCE)
    assert panel.view.ends == pytest.approx((-2.5, 2.5))
    assert panel.asker.w[0] == -2.5


def test_the_ball_hops_from_update_to_update(window, qtbot, monkeypatch):
    """200 updates take a moment; they are shown one after the other, and nothing ticks when the last one is."""
    panel = textbook(qtbot, window)
    seen: list[float] = []
    draw = panel.view.marks.set_scene

    def note(scene: Scene) -> None:
        if scene.ball is not None:
            seen.append(scene.ball[0])
        draw(scene)

    monkeypatch.setattr(panel.view.marks, "set_scene", note)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "finished")
    qtbot.waitUntil(lambda: current(panel), timeout=PATIENCE)
    between = [w for w in seen if -0.09 < w < 1.99]
    assert between, "the first hop is seen on its way"
    assert between == sorted(between, reverse=True)
    qtbot.waitUntil(lambda: not panel._clock.isActive(), timeout=PATIENCE)


def test_without_motion_the_ball_is_there_at_once(window, qtbot):
    theme().set_reduce_motion(True)
    try:
        panel = textbook(qtbot, window)
        window.actions_.play.trigger()
        qtbot.waitUntil(lambda: len(panel.asker.path.steps) > 1, timeout=PATIENCE)
        assert panel.asker.path.settled
        assert not panel._clock.isActive()
    finally:
        theme().set_reduce_motion(None)


@pytest.mark.parametrize("slope", [-1e-4, 1e-4, 0.3, -0.3, 30.0, -30.0])
@pytest.mark.parametrize("place", [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.98, 0.5)])
def test_no_digit_of_the_slope_lies_below_the_ball(qtbot, monkeypatch, slope: float, place: tuple[float, float]):
    written: list[QRectF] = []
    monkeypatch.setattr(one_weight_marks, "write", lambda *args: written.append(write(*args)))
    view = OneWeightView()
    qtbot.addWidget(view)
    view.resize(260, 110)
    view.plot.getPlotItem().setRange(xRange=(0, 1), yRange=(0, 1), padding=0)
    view.marks.set_scene(Scene(ball=place, slope=slope))
    view.grab()
    ball = view.marks.point(*place)
    size = one_weight_marks.BALL
    around = QRectF(ball.x() - size, ball.y() - size, 2 * size, 2 * size)
    assert written
    assert not any(rect.intersects(around) for rect in written)


# -- the hand --


def test_the_ball_is_dragged_and_the_weight_follows(window, qtbot):
    panel = textbook(qtbot, window)
    view, port = panel.view, panel.view.plot.viewport()
    start = view.ball_at().toPoint()
    target = view.point_of(-1.0, 0.0).toPoint()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
    assert view.held
    for share in np.linspace(0, 1, 12):
        move_mouse(port, QPointF(start) + (QPointF(target) - QPointF(start)) * share, Qt.MouseButton.LeftButton)
        QApplication.processEvents()
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=target)
    wanted = view._weight_at(QPointF(target))
    assert wanted == pytest.approx(-1.0, abs=0.05)
    qtbot.waitUntil(lambda: current(panel) and panel.asker.path.values == [wanted], timeout=PATIENCE)
    assert weights(qtbot, window)["w.value"] == wanted, "exactly, though not every place on the way was sent"
    assert panel.view.marks.content.ball == pytest.approx((wanted, wanted**4 - 3 * wanted**2 + wanted), rel=1e-12)
    assert panel.auto, "to drag the ball is not to zoom"


def test_beside_the_ball_the_mouse_moves_nothing(window, qtbot):
    panel = textbook(qtbot, window)
    place = panel.view.point_of(0.0, 5.0).toPoint()
    QTest.mousePress(panel.view.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert not panel.view.held
    QTest.mouseRelease(panel.view.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert weights(qtbot, window)["w.value"] == 2.0


def test_from_where_the_ball_is_put_the_training_goes_on(window, qtbot):
    panel = textbook(qtbot, window)
    panel.asker.set_weight(0.5)
    qtbot.waitUntil(lambda: panel.asker.path.values == [0.5] and current(panel), timeout=PATIENCE)
    window.actions_.step.trigger()
    qtbot.waitUntil(lambda: len(panel.asker.path.values) == 2, timeout=PATIENCE)
    assert panel.asker.path.values[1] == pytest.approx(0.5 - 0.1 * (4 * 0.125 - 3 + 1), rel=1e-12)


def test_keys_move_the_ball_and_zoom(window, qtbot):
    panel = textbook(qtbot, window)
    plot, before = panel.view.plot, panel.view.ends
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: panel.asker.path.values[-1] < 2.0 and current(panel), timeout=PATIENCE)
    small = 2.0 - panel.asker.path.values[-1]
    QTest.keyClick(plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: panel.asker.path.values[-1] > 2.0 and current(panel), timeout=PATIENCE)
    assert panel.asker.path.values[-1] == pytest.approx(2.0 + 9 * small)
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert not panel.auto
    assert panel.view.ends[1] - panel.view.ends[0] < before[1] - before[0]
    qtbot.waitUntil(lambda: panel.asker.w[0] == pytest.approx(panel.view.ends[0]), timeout=PATIENCE)
    QTest.keyClick(plot, Qt.Key.Key_0)
    assert panel.auto
    qtbot.waitUntil(lambda: panel.asker.w[-1] == panel.range.ends[1], timeout=PATIENCE)


def test_time_goes_back_with_the_ball(window, qtbot):
    panel = textbook(qtbot, window)
    path = panel.asker.path
    for count in (2, 3):
        make_step(qtbot, window)
        qtbot.waitUntil(lambda count=count: len(path.values) == count, timeout=PATIENCE)
    window.feed.session.step_back()
    qtbot.waitUntil(lambda: len(path.values) == 2, timeout=PATIENCE)
    np.testing.assert_allclose(path.values, GOLDEN[1]["first_steps"][:2], rtol=1e-12)


# -- networks with data --


def test_a_network_with_data_says_on_which_and_how(window, qtbot):
    panel = textbook(qtbot, window, "linear-fit", dtype="float64")
    assert panel._words.text() == "80 training samples, evaluation mode"
    QTest.mouseClick(panel.data.button("batch"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: current(panel) and panel.asker.known.on == "batch", timeout=PATIENCE)
    assert panel._words.text() == "On the next batch of 16, training mode"


def test_while_it_trains_the_curve_is_that_of_a_moment_ago_at_most(window, qtbot):
    panel = textbook(qtbot, window, "spiral", epochs=100_000)
    window.actions_.play.trigger()
    qtbot.waitUntil(lambda: panel.asker.curve_at > 0, timeout=PATIENCE)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "paused")
    qtbot.waitUntil(lambda: current(panel), timeout=PATIENCE)
    assert panel.asker.curve_at == window.feed.steps
    assert panel.asker.path.values[-1] == weights(qtbot, window)["dense1.weight"][0, 0]


def test_any_weight_can_be_chosen_by_search(window, qtbot):
    panel = textbook(qtbot, window, "spiral")
    QTest.mouseClick(panel.pick, Qt.MouseButton.LeftButton)
    QTest.keyClicks(panel._list.field, "output.weight[1, 4")
    assert panel._list.shown()[0] == "output.weight[1, 4]"
    QTest.keyClick(panel._list.field, Qt.Key.Key_Return)
    assert panel.asker.entry == ("output.weight", (0, 3))
    qtbot.waitUntil(lambda: current(panel), timeout=PATIENCE)
    assert panel.asker.path.values[-1] == weights(qtbot, window)["output.weight"][0, 3]
    window.backprop.panel.weight_picked.emit("dense2.bias", (4,))
    assert panel.asker.entry == ("dense2.bias", (4,))


def test_weights_are_found_by_parts_of_their_names(window):
    open_example(window, "spiral")
    result = window.document.result

    def titles(text: str) -> list[str]:
        return [pick.title for pick in picks(result, text, None, "frozen")]

    assert titles("bias[3")[:2] == ["dense1.bias[3]", "dense2.bias[3]"]
    assert titles("bias[0") == [], "people count from 1"
    assert titles("dense1 w[7, 2]") == ["dense1.weight[7, 2]"]
    assert titles("dense1.weight[9") == []
    assert titles("nothing") == []
    assert len(titles("")) <= 200
    assert first_weight(result) == ("dense1.weight", (0, 0))


def test_unseen_it_asks_for_nothing(window, qtbot):
    panel = textbook(qtbot, window)
    window.docks.show("gradientPlot")
    qtbot.waitUntil(lambda: not panel.seen, timeout=PATIENCE)
    before = list(panel.asker.path.values)
    window.actions_.step.trigger()
    qtbot.waitUntil(lambda: window.feed.steps == 1, timeout=PATIENCE)
    assert panel.asker.path.values == before
    window.docks.show("weightCurve")
    qtbot.waitUntil(lambda: current(panel) and len(panel.asker.path.values) > 1, timeout=PATIENCE)


def test_a_long_curve_refines_and_can_be_given_up(window, qtbot):
    open_example(window, "fashion-dense")
    window.docks.show("weightCurve")
    panel = panel_of(window, OneWeightPanel)
    qtbot.waitUntil(lambda: panel.filled, timeout=PATIENCE)
    assert panel.data.value() == "batch", "thousands of samples are not gone through unasked"
    seen: list[int] = []
    panel.asker.curve_changed.connect(lambda: seen.append(panel.asker.w.size))
    QTest.mouseClick(panel.data.button("train"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel._cancel.isVisible() and panel.asker.w.size >= 17, timeout=PATIENCE)
    assert "%" in panel._words.text()
    QTest.mouseClick(panel._cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel._cancel.isVisible(), timeout=PATIENCE)
    assert seen == sorted(seen)
    assert panel.asker.w.size < 161, "what was known by then stays"
    assert panel.asker.known.on == "train"


def test_an_empty_panel_says_what_it_is_for_and_opens_the_example(window, qtbot):
    window.docks.show("weightCurve")
    panel = panel_of(window, OneWeightPanel)
    assert not panel.filled
    button = next(each for each in panel.findChildren(QAbstractButton) if "textbook" in each.text())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.filled and current(panel), timeout=PATIENCE)
    assert panel.asker.entry == W


def test_an_edited_network_has_its_own_weights(window, qtbot):
    panel = textbook(qtbot, window)
    open_example(window, "linear-fit")
    qtbot.waitUntil(lambda: panel.filled and current(panel), timeout=PATIENCE)
    assert panel.asker.entry == ("line.weight", (0, 0))


# -- taken away, and looked at --


def test_the_curve_and_the_path_are_saved(window, qtbot, tmp_path):
    panel = textbook(qtbot, window)
    bar = panel.findChild(PlotToolbar)
    for suffix, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        bar.save(tmp_path / f"curve.{suffix}")
        assert (tmp_path / f"curve.{suffix}").read_bytes().startswith(start)
    header, rows = panel.table()
    rows = list(rows)
    assert header == ["what", "step", "w", "loss"]
    assert len(rows) == 162
    assert rows[0] == ["curve", "", -2.5, (-2.5) ** 4 - 3 * 6.25 - 2.5]
    assert rows[-1] == ["path", 0, 2.0, ""]


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_no_text_is_cut(window, qtbot, mode):
    theme().set_mode(mode)
    panel = textbook(qtbot, window)
    assert lasting_faults(window, about="weight") == []
    assert not panel.grab().isNull()


# -- the parts --


def test_a_path_forgets_what_never_came_to_be():
    path = WeightPath()
    path.move(0, 2.0)
    path.extend([1, 2, 3], [1.0, 0.5, 0.25])
    assert (path.settled, path.leg) == (False, (2.0, 1.0, 0.0))
    path.move(2, 9.0)
    assert (path.steps, path.values, path.settled) == ([0, 1, 2], [2.0, 1.0, 9.0], True)
    path.move(0, 4.0)
    assert (path.steps, path.values) == ([0], [4.0])


def test_time_moves_the_ball_along_its_path_within_bounds():
    path = WeightPath()
    path.move(0, 2.0)
    path.extend(range(1, 2001), np.linspace(1.9, -2, 2000).tolist())
    seconds = 0.0
    while not path.settled:
        before = path.leg
        path.advance(0.03, 5.0, 2.5)
        seconds += 0.03
        assert path.leg != before
    assert seconds < 12
    assert path.leg == (-2.0, -2.0, 0.0)
    assert list(path.trail(2)) == path.values[-2:]


def test_what_is_not_finite_stops_no_ball():
    path = WeightPath()
    path.move(0, 2.0)
    path.extend([1, 2, 3], [1e200, math.inf, math.nan])
    for _ in range(20):
        path.advance(0.1, 5.0, 2.5)
    assert path.settled


def test_the_range_follows_a_drift_but_no_explosion():
    found = AutoRange()
    found.begin(2.0)
    assert found.ends == (-2.5, 2.5)
    assert not found.follow(-2.2)
    assert found.follow(3.4784)
    assert found.ends[1] == pytest.approx(1.75 * 3.4784)
    assert not found.follow(-26.2)
    for weight in np.geomspace(1, 1e9, 200):
        found.follow(float(weight))
    assert found.ends[1] <= 2.5 * 40
    found.begin(math.nan)
    assert found.ends == (-1.25, 1.25)


def test_a_weight_that_is_stuck_is_seen_with_what_it_does_not_get_over():
    w = np.linspace(-2.5, 2.5, 501)
    loss = w**4 - 3 * w**2 + w
    stuck, over = 1.1309011, 0.1699384  # roots of 4w³ − 6w + 1
    top = over**4 - 3 * over**2 + over
    assert barrier(w, loss, stuck) == pytest.approx(top, abs=1e-3)
    shown = heights(loss, np.append(np.full(60, stuck**4 - 3 * stuck**2 + stuck), barrier(w, loss, stuck)))
    assert shown is not None
    assert shown[0] < loss.min()
    assert shown[1] > top
    assert barrier(w, loss, -1.3) == pytest.approx(loss.min(), abs=1e-2)  # in the deep valley: nothing in the way
    assert math.isnan(barrier(w, np.full(501, math.nan), 0.0))


def test_the_heights_in_view_hold_the_bottom_and_the_path():
    loss = np.array([100.0, 4.0, 0.0, 4.0, math.inf])
    found = heights(loss, np.array([90.0, math.nan]))
    assert found is not None
    low, high = found
    assert low < 0
    assert 90 < high < 150
    assert heights(np.array([math.nan]), np.array([1.0])) is None
    flat = heights(np.zeros(3), np.zeros(1))
    assert flat is not None
    assert flat[0] < 0 < flat[1]


def test_an_explosion_is_told_from_a_walk():
    assert explodes([2.0, -2.2, 3.4784, -26.2])
    assert not explodes([2.0, -0.1, -0.26, -0.5])
    assert not explodes([2.0])
