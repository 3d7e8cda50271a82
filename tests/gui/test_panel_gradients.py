from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from engine.events import StateChanged
from gui.colormaps import health_color, health_position
from gui.plots.gradients import GradientPanel
from gui.theme import theme
from tests.helpers import sample_events, sample_projects
from tests.helpers.mouse import move_mouse


@pytest.fixture
def panel(feed_of, shown) -> GradientPanel:
    feed = feed_of(sample_projects.spiral())
    return shown(GradientPanel(feed.document, feed))


def post(panel, *events) -> None:
    panel.feed.session.post(*events)
    panel.feed.drain()


def test_bars_show_the_norms_received(panel):
    event = sample_events.gradients(5)
    post(panel, event)
    assert panel.filled
    assert panel._bars._layers == event.layers
    np.testing.assert_array_equal(panel._bars._norms, event.norms)


def test_each_bar_has_the_colour_and_the_length_of_its_health(panel):
    event = sample_events.gradients(5)
    post(panel, event)
    image = panel._bars.grab().toImage()
    row = panel._bars._row_height()
    lengths = []
    for index, norm in enumerate(event.norms):
        wanted = health_color(float(norm), theme().palette).rgb()
        lengths.append(sum(image.pixel(x, int(row * (index + 0.5))) == wanted for x in range(image.width())))
    positions = [health_position(float(norm)) for norm in event.norms]
    np.testing.assert_allclose(np.array(lengths) / lengths[-1], np.array(positions) / positions[-1], atol=0.05)


def test_the_ratio_is_that_of_first_and_last_mean(panel):
    event = replace(sample_events.gradients(3), mean_abs=np.array([1e-6, 5.0, 2.0]))
    post(panel, event)
    assert panel.ratio == 5e-7
    assert panel._ratio.text() == "mean |g| first/last = 5e-7"
    assert panel._ratio.property("tone") == "warning"
    assert "Vanishing" in panel._ratio.toolTip()
    assert (panel._health.text(), panel._why.isVisible()) == ("Vanishing", True)
    post(panel, replace(event, mean_abs=np.array([3.0, 5.0, 2.0])))
    assert panel._ratio.property("tone") == "secondary"
    assert (panel._health.text(), panel._why.isVisible()) == ("", False)
    post(panel, replace(event, mean_abs=np.array([3e5, 5.0, 2.0])))
    assert "Exploding" in panel._ratio.toolTip()


def test_where_a_run_stands_at_a_later_step_than_is_shown_that_is_said(panel):
    event = sample_events.gradients(3)
    at = event.step
    post(panel, StateChanged("running", step=at), event)
    assert not panel.behind
    words = panel._ratio.text()
    post(panel, StateChanged("paused", step=at + 1_000), replace(event))
    assert panel._ratio.text() == f"step {at:,} of {at + 1_000:,} · {words}"
    post(panel, replace(event, step=at + 1_000))
    assert panel._ratio.text() == words


@pytest.mark.parametrize("mean_abs", [[1.0], [1.0, 0.0], [1.0, float("nan")]])
def test_without_two_layers_that_learn_there_is_no_ratio(panel, mean_abs):
    event = replace(sample_events.gradients(len(mean_abs)), mean_abs=np.array(mean_abs))
    post(panel, event)
    assert panel.ratio is None
    assert panel._ratio.text() == ""


def test_over_time_every_layer_is_a_curve(panel, qtbot):
    event = sample_events.gradients(4, rows=50)
    post(panel, event)
    qtbot.mouseClick(panel.view.button("time"), Qt.MouseButton.LeftButton)
    assert len(panel._curves) == 4
    for index, curve in enumerate(panel._curves):
        x, y = curve.getOriginalDataset()
        np.testing.assert_array_equal(x, event.history_steps)
        np.testing.assert_array_equal(y, event.history[:, index])


def test_over_time_curves_bear_their_names_where_there_is_room(panel):
    event = sample_events.gradients(3)
    panel.view._chosen("time")
    apart = replace(event, history=np.tile([1.0, 1e-2, 1e-4], (len(event.history_steps), 1)))
    post(panel, apart)
    assert panel._names.texts() == list(event.layers)
    near = replace(event, history=np.tile([1.0, 0.999, 1e-4], (len(event.history_steps), 1)))
    post(panel, near)
    assert panel._names.texts() == [event.layers[0], event.layers[2]]
    panel.clear()
    assert panel._names.texts() == []


def test_hovering_tells_the_norms_at_that_step(panel, qtbot):
    event = sample_events.gradients(2, rows=50)
    post(panel, event)
    panel.view.button("time").click()
    panel.grab()
    place = panel._item.getViewBox().mapViewToScene(QPointF(100.0, -1.0))
    move_mouse(panel._plot.viewport(), place)
    lines = panel._hover.text().splitlines()
    assert lines[0] == "step 100"
    assert lines[1].startswith("dense1 ")
    assert len(lines) == 3


def test_hovering_over_many_layers_leaves_out_the_middle(panel):
    lines = panel.words_at(sample_events.gradients(200, rows=3), 10.0).splitlines()
    assert (lines[1].split()[0], lines[-1].split()[0], len(lines)) == ("dense1", "dense200", 16)
    assert "…" in lines


@pytest.mark.parametrize("count", [1, 2, 200])
@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf"), 1e-30, 1e30])
def test_extremes_are_drawn(panel, count, value):
    event = sample_events.gradients(count, rows=5)
    extreme = np.full(count, value)
    event = replace(event, norms=extreme, mean_abs=extreme, history=np.full((5, count), value))
    post(panel, event)
    panel.grab()
    panel.view.button("time").click()
    panel.grab()


def test_a_first_record_without_history_is_drawn(panel):
    post(panel, sample_events.gradients(3, rows=1))
    panel.view.button("time").click()
    panel.grab()
    event = sample_events.gradients(3, rows=1)
    post(panel, replace(event, history=np.empty((0, 3)), history_steps=np.empty(0, dtype=np.int64)))
    panel.grab()
    assert list(panel.table()[1]) == []


def test_another_number_of_layers_takes_over(panel):
    panel.view.button("time").click()
    post(panel, sample_events.gradients(5))
    post(panel, sample_events.gradients(2))
    assert len(panel._curves) == 2


def test_a_tool_tip_tells_the_exact_norm(panel):
    event = sample_events.gradients(5)
    post(panel, event)
    exact, does = panel._bars.words_at(QPoint(5, 2)).splitlines()
    assert exact == f"dense1: ‖g‖ = {float(event.norms[0])!r}"
    assert does == "Click: why, by the chain rule of its largest gradient"
    assert panel._bars.words_at(QPoint(5, 100_000)) == ""


def test_the_table_holds_the_history(panel):
    event = sample_events.gradients(3, rows=20)
    post(panel, event)
    header, rows = panel.table()
    table = np.array(list(rows))
    assert header == ["step", *event.layers]
    np.testing.assert_array_equal(table[:, 0], event.history_steps)
    np.testing.assert_array_equal(table[:, 1:], event.history)


def test_a_reset_empties_it(panel):
    post(panel, StateChanged("running", step=5), sample_events.gradients(3))
    post(panel, StateChanged("ready", step=0))
    assert (panel.filled, panel.latest, panel.ratio) == (False, None, None)


def test_it_asks_for_its_snapshots_only_while_seen(panel):
    session = panel.feed.session
    assert session.watched == {"Gradients"}
    panel.set_behind(True)
    assert session.watched == frozenset()
    post(panel, sample_events.gradients(3))
    assert not panel.filled
    panel.set_behind(False)
    assert session.watched == {"Gradients"}
    assert panel.filled
    panel.window().hide()
    assert session.watched == frozenset()
