"""Curves of earlier runs behind the present one: those that were seen, painted once, in pictures and tables."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from engine.events import RunFailed, Scalars
from gui.colors import contrast
from gui.plots import earlier_curves
from gui.plots.earlier_curves import Trace
from gui.plots.history import Smooth
from gui.plots.kept_runs import MOST_RUNS
from gui.plots.loss import WINDOWS, LossPanel
from gui.theme import theme
from tests.helpers import sample_events, sample_projects
from tests.helpers.loss_runs import entry, names, post, reset, rows_of, set_training, train


@pytest.fixture
def panel(feed_of, shown) -> LossPanel:
    feed = feed_of(sample_projects.spiral())
    return shown(LossPanel(feed.document, feed), 420, 340)


# -- drawn --


def test_the_curves_are_those_that_were_seen(panel):
    event = train(panel, steps=300)
    panel._window.setCurrentIndex(WINDOWS.index(5))
    panel._log.setChecked(False)
    reset(panel)
    (trace,) = panel.earlier.curves._traces
    (x, y, dashed), (val_x, val_y, val_dashed) = trace.curves
    assert (dashed, val_dashed) == (False, True)
    np.testing.assert_array_equal(x, event.epochs)
    np.testing.assert_allclose(y, Smooth(5).extend(event.loss), rtol=1e-12)
    np.testing.assert_array_equal(val_x, [1, 2, 3])
    np.testing.assert_array_equal(val_y, [sample_events.record(epoch)["val_loss"] for epoch in (1, 2, 3)])
    panel._window.setCurrentIndex(0)
    np.testing.assert_array_equal(panel.earlier.curves._traces[0].curves[0][1], event.loss)
    panel._log.setChecked(True)
    np.testing.assert_allclose(panel.earlier.curves._traces[0].curves[0][1], np.log10(event.loss))
    panel._train_entry.click()
    assert [dashed for *_, dashed in panel.earlier.curves._traces[0].curves] == [True]


def test_metrics_of_earlier_runs_stay_to_be_chosen(panel):
    train(panel)
    panel._what.setCurrentIndex(1)
    reset(panel)
    assert panel._what.currentData() == "accuracy"
    (x, y, _), _ = panel.earlier.curves._traces[0].curves
    np.testing.assert_array_equal(x, [1, 2, 3])
    np.testing.assert_array_equal(y, [sample_events.record(epoch)["metrics"]["accuracy"] for epoch in (1, 2, 3)])
    panel.earlier.clear()
    reset(panel)
    train(panel, epochs=0)
    assert not panel.earlier.kept.runs


def test_the_axes_show_all_that_are_drawn(panel):
    train(panel, steps=300)
    reset(panel)
    train(panel, steps=50, epochs=1)
    panel.grab()
    assert panel._item.getViewBox().viewRange()[0][1] >= 12
    entry(panel, 1).click()
    panel.grab()
    assert panel._item.getViewBox().viewRange()[0][1] < 3


def test_nothing_is_painted_again_unless_the_axes_are_others(panel):
    for seed in range(3):
        train(panel, steps=300, seed=seed)
        reset(panel)
    train(panel, steps=50, epochs=1)
    panel.grab()
    panel._plot.viewport().repaint()
    curves = panel.earlier.curves
    before = curves.paintings
    assert before > 0
    for first in range(51, 100):
        event = sample_events.scalars(1, first=first)
        post(panel, Scalars(event.steps, np.array([0.5]), event.epochs))
        panel._draw_again()
        panel._plot.viewport().repaint()
    assert curves.paintings == before
    panel._item.getViewBox().setXRange(0.0, 5.0, padding=0)
    panel._plot.viewport().repaint()
    assert curves.paintings == before + 1


def test_a_run_that_diverged_ends_with_a_cross_and_leaves_the_axis_to_the_others(panel):
    train(panel, steps=60, put={57: 1e20, 58: 1e25, 59: np.nan})
    post(panel, RunFailed("T01", "Loss became NaN at step 60.", step=60))
    reset(panel)
    train(panel)
    panel.grab()
    (run,) = panel.earlier.kept.runs
    assert run.diverged
    assert "Diverged" in entry(panel, 1).accessibleDescription()
    assert len(panel.earlier.curves.crosses) == 1
    top = panel._item.getViewBox().viewRange()[1][1]
    assert top < 4, "decades"


def test_steps_after_a_failure_mend_it(panel):
    train(panel)
    post(panel, RunFailed("T02", "A gradient became NaN.", step=75), sample_events.scalars(5, first=76))
    reset(panel)
    assert not panel.earlier.kept.runs[0].diverged


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_colours_are_pale_and_seen_and_never_alone(panel, mode):
    theme().set_mode(mode)
    ground = theme().palette.plot
    for number in range(1, MOST_RUNS + 1):
        color = earlier_curves.pale(earlier_curves.hue(number))
        assert contrast(color, ground) >= earlier_curves.CONTRAST
        assert contrast(color, ground) <= contrast(earlier_curves.hue(number), ground)
    assert contrast(theme().palette.text, ground) >= 4.5, "the numbers"
    for seed in range(MOST_RUNS):
        train(panel, seed=seed)
        reset(panel)
    train(panel)
    panel.grab()
    chips = panel.earlier.curves.chips
    room = QRectF(0, 0, *panel.earlier.curves.size)
    assert set(chips) == {1, 2, 3, 4, 5}
    for number, place in chips.items():
        assert room.contains(place)
        assert not any(place.intersects(other) for at, other in chips.items() if at != number)


def test_a_picture_of_twice_the_size_and_a_vector_are_drawn_anew(panel, tmp_path):
    train(panel)
    panel.grab()
    panel.save_picture(tmp_path / "alone.svg")
    reset(panel)
    train(panel, seed=1)
    panel.grab()
    panel.save_picture(tmp_path / "loss.png")
    panel.save_picture(tmp_path / "loss.svg")
    image = QImage(str(tmp_path / "loss.png"))
    hue = theme().color(earlier_curves.hue(1)).rgb()
    pixels = {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}
    assert hue in pixels, "the rim of a number"
    assert theme().color(earlier_curves.pale(earlier_curves.hue(1))).rgb() in pixels, "a curve"
    svg = (tmp_path / "loss.svg").read_text(encoding="utf-8")
    assert svg.count("<image") == (tmp_path / "alone.svg").read_text(encoding="utf-8").count("<image")
    assert earlier_curves.pale(earlier_curves.hue(1)) in svg
    assert panel.as_picture().note.endswith(f"1: {names(panel)[0]}"), "also where the legend has no room for names"


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("dashed", [False, True])
def test_curves_are_whole_at_every_scale(qapp, scale, dashed):
    """A level line of 300 points, a hairline or painted in pieces: it goes from end to end, in dashes or not."""
    theme()
    item = earlier_curves.EarlierCurves(QRectF)
    item.show_traces((Trace(1, ((np.arange(300.0), np.full(300, 5.0), dashed),)),))
    item.size, item._view = (300.0, 100.0), QRectF(0, 0, 299, 10)
    item._corner, item._pixel = QPointF(0, 10), (1.0, -0.1)
    image = QImage(300 * scale, 100 * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    item.draw(painter)
    painter.end()
    alpha = np.array([[image.pixelColor(x, y).alphaF() for x in range(image.width())] for y in range(image.height())])
    drawn = (alpha.max(axis=0) > 0.25).mean()
    dashes = earlier_curves.DASHES[0] / sum(earlier_curves.DASHES)
    assert drawn == pytest.approx(dashes if dashed else 1.0, abs=0.15)


def test_a_bounded_trace_draws_nothing_beyond_the_plot(qapp):
    item = earlier_curves.EarlierCurves(QRectF)
    x = np.arange(5.0)
    item.show_traces((Trace(1, ((x, np.array([1.0, 2.0, np.nan, 3.0, np.inf])[:5], False),)),))
    assert item.dataBounds(0) == (0.0, 3.0)
    assert item.dataBounds(1) == (1.0, 3.0)
    item.show_traces((Trace(2, ((x, np.full(5, np.nan), False),)),))
    assert item.dataBounds(0) == (None, None)
    image = QImage(20, 20, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(image)
    item.draw(painter)
    painter.end()


# -- taken away --


def test_the_numbers_are_saved_with_the_names_of_the_runs(panel):
    first = train(panel)
    set_training(panel, lr=0.5)
    reset(panel)
    second = train(panel, steps=50, seed=1, epochs=2)
    rows = rows_of(panel)
    assert {(row["run"], row["name"]) for row in rows} == {("1", "lr 0.03"), ("2", "present run")}
    for number, event in (("1", first), ("2", second)):
        mine = [row for row in rows if row["run"] == number]
        assert [float(row["loss"]) for row in mine] == event.loss.tolist()
        assert [int(row["step"]) for row in mine] == event.steps.tolist()
        np.testing.assert_allclose([float(row["smoothed"]) for row in mine], Smooth(20).extend(event.loss), rtol=1e-12)
    ends = {int(row["step"]): float(row["val_loss"]) for row in rows if row["run"] == "1" and row["val_loss"]}
    assert ends == {epoch * 25: sample_events.record(epoch)["val_loss"] for epoch in (1, 2, 3)}
    panel._what.setCurrentIndex(1)
    rows = rows_of(panel)
    assert [(row["run"], row["epoch"]) for row in rows] == [("1", "1"), ("1", "2"), ("1", "3"), ("2", "1"), ("2", "2")]
    assert float(rows[0]["accuracy"]) == sample_events.record(1)["metrics"]["accuracy"]
    entry(panel, 1).click()
    assert "run" not in panel.table()[0]


def test_the_line_below_the_mouse_is_as_thin_as_a_line(panel):
    """In pixels, not in epochs."""
    assert panel._cursor.pen.isCosmetic()


def test_the_number_beside_a_curve_is_at_its_end(panel):
    train(panel, steps=300)
    reset(panel)
    train(panel, steps=50, epochs=1)
    panel.grab()
    curves = panel.earlier.curves
    x, y, _ = curves._traces[0].curves[0]
    end = curves.point(float(x[-1]), float(y[-1]))
    center = curves.chips[1].center()
    assert QPointF(end - center).manhattanLength() < 40
