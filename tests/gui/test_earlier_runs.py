"""Earlier runs behind the present one in the loss panel: kept, named, drawn once, hidden, renamed, saved, forgotten."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from itertools import groupby

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from engine import edits, files
from engine.events import Applied, EpochEnd, HyperChanged, RunFailed, Scalars, StateChanged
from gui.colors import contrast
from gui.plots import earlier_curves
from gui.plots.earlier_curves import Trace
from gui.plots.history import Smooth, extremes, means_at
from gui.plots.kept_runs import FEWEST, MOST_RUNS, POINTS, KeptRuns, Ongoing, freeze
from gui.plots.loss import WINDOWS, LossPanel
from gui.plots.loss_history import LossHistory
from gui.theme import theme
from gui.watching.watching import Away
from tests.helpers import sample_events, sample_projects
from tests.helpers.cut_text import faults
from tests.helpers.windows import PATIENCE

AT = datetime(2026, 7, 1, 14, 2, tzinfo=UTC)


@pytest.fixture
def panel(feed_of, shown) -> LossPanel:
    feed = feed_of(sample_projects.spiral())
    return shown(LossPanel(feed.document, feed), 420, 340)


def post(panel, *events) -> None:
    panel.feed.session.post(*events)
    panel.feed.drain()


def train(panel, steps=75, seed=0, epochs=3, **losses) -> Scalars:
    """A run of so many steps."""
    event = sample_events.scalars(steps, seed=seed)
    for place, value in losses.get("put", {}).items():
        event.loss[place] = value
    post(panel, StateChanged("running"), event, *sample_events.epochs(epochs), StateChanged("finished", step=steps))
    return event


def reset(panel) -> None:
    post(panel, StateChanged("ready", step=0))


def set_training(panel, **training) -> None:
    document = panel.feed.document
    document.edit("settings", *edits.set_training(document.project, training))


def names(panel) -> list[str]:
    return [entry.text() for entry in panel.earlier.legend.entries]


def entry(panel, number):
    return next(each for each in panel.earlier.legend.entries if each.number == number)


# -- what is kept --


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("count", [1, 7, 1000])
def test_means_at_places_are_those_of_the_growing_series(window, count):
    values = np.random.default_rng(0).lognormal(size=count)
    values[count // 2 :: 5] = np.nan
    places = np.arange(0, count, 3)
    np.testing.assert_allclose(means_at(values, places, window), Smooth(window).extend(values)[places], rtol=1e-12)


@pytest.mark.parametrize("count", [0, 1, 50, 51, 1000, 1023])
def test_extremes_hold_every_spike_and_the_last_value(count):
    values = np.sin(np.arange(count) / 40)
    if count > 500:
        values[333], values[444], values[count - 1] = 9.0, -9.0, np.nan
    places = extremes(values, 50)
    assert places.size <= 50 + 2 * -(-count // 50) + 1
    assert (np.diff(places) > 0).all()
    if count <= 50:
        assert places.size == count
    if count:
        assert places[-1] == count - 1
    if count > 500:
        assert {333, 444} <= set(places.tolist())


def test_a_frozen_run_is_small_however_long_it_was_and_exact_where_it_is_kept():
    history, count = LossHistory(20), 100_000
    loss = np.random.default_rng(1).lognormal(size=count)
    loss[77_777] = 1e5
    history.take_steps(Scalars(np.arange(1, count + 1), loss, np.arange(1, count + 1) / 100))
    for record in sample_events.epochs(3):
        history.records.append(record.record)
    frozen = freeze(history, WINDOWS)
    history.clear()
    assert frozen.steps.size <= POINTS + 2 * count // POINTS + 2
    assert frozen.size < 400_000
    assert (frozen.count, frozen.losses.max()) == (count, 1e5)
    places = frozen.steps.astype(int) - 1
    np.testing.assert_array_equal(frozen.losses, loss[places])
    np.testing.assert_allclose(frozen.means[100], Smooth(100).extend(loss)[places], rtol=1e-12)
    np.testing.assert_array_equal(frozen.records["epoch"], [1, 2, 3])
    assert set(frozen.metrics) == {"accuracy", "val_accuracy"}


def test_the_last_few_are_kept_and_named_ones_longer():
    runs = KeptRuns()
    frozen = freeze(history_of(FEWEST), WINDOWS)
    for _ in range(MOST_RUNS):
        assert runs.keep(frozen, AT, Ongoing()) is not None
    runs.runs[1].given = "the best"
    for _ in range(MOST_RUNS):
        runs.keep(frozen, AT, Ongoing())
    assert [run.number for run in runs.runs] == [2, 7, 8, 9, 10]
    assert runs.keep(freeze(history_of(FEWEST - 1), WINDOWS), AT, Ongoing()) is None, "too short to say anything"
    failed = Ongoing()
    failed.fails()
    found = runs.keep(freeze(history_of(2), WINDOWS), AT, failed)
    assert found is not None
    assert found.diverged
    runs.keeping = False
    assert runs.keep(frozen, AT, Ongoing()) is None


def history_of(steps: int) -> LossHistory:
    history = LossHistory(20)
    history.take_steps(sample_events.scalars(steps))
    return history


# -- named by what differs --


def test_after_a_reset_the_run_stays_and_says_what_it_differs_in(panel):
    train(panel)
    set_training(panel, lr=0.5)
    reset(panel)
    assert panel.filled
    assert len(panel.history.steps) == 0
    assert names(panel) == ["lr 0.03"]
    train(panel, seed=1)
    set_training(panel, lr=0.03)
    panel.feed.apply()
    post(panel, Applied(kept=(), drawn=()))
    reset(panel)
    assert names(panel)[1] == "lr 0.5"
    assert names(panel)[0].startswith("Run 1, "), "what runs now has the settings of the first again"
    assert panel.earlier.kept.next_number == 3


def test_what_is_changed_after_the_last_step_is_not_of_the_run(panel):
    train(panel)
    set_training(panel, lr=0.5)
    post(panel, HyperChanged(75, "lr", 0.03, 0.5))
    reset(panel)
    assert names(panel) == ["lr 0.03"]
    assert panel.earlier.kept.runs[0].earlier_words == ()


def test_what_is_changed_on_the_way_is_told(panel):
    train(panel)
    set_training(panel, lr=0.5)
    post(panel, HyperChanged(75, "lr", 0.03, 0.5), sample_events.scalars(20, first=76))
    set_training(panel, lr=0.001)
    reset(panel)
    assert names(panel) == ["lr 0.5"]
    assert "it began with lr 0.03" in panel.earlier.about(panel.earlier.kept.runs[0])


def test_steps_that_arrive_after_a_restart_was_asked_for_are_of_the_run_before(panel):
    panel.feed.play()
    train(panel)
    document = panel.feed.document
    document.edit("wider", *edits.set_params(document.project, "dense1", {"out_features": 3}))
    panel.feed.restart()
    post(panel, sample_events.scalars(5, first=76), Applied(kept=(), drawn=()), StateChanged("ready", step=0))
    assert names(panel) == ["dense1 8 units"]


def test_the_names_follow_the_run_that_begins(panel):
    train(panel)
    reset(panel)
    assert names(panel)[0].startswith("Run 1, ")
    set_training(panel, lr=0.25)
    train(panel)
    assert names(panel) == ["lr 0.03"]


def test_another_document_forgets_all(panel):
    train(panel)
    reset(panel)
    panel.feed.document.replace(sample_projects.digits())
    assert not panel.filled
    assert names(panel) == []
    assert panel.earlier.legend.isHidden()
    train(panel)
    reset(panel)
    assert [run.number for run in panel.earlier.kept.runs] == [1]


def test_a_run_that_is_watched_elsewhere_is_not_kept(panel):
    train(panel)
    panel.feed.set_away(Away())
    assert [run.number for run in panel.earlier.kept.runs] == [1], "this window's own is"
    panel.feed.tell([EpochEnd(sample_events.record(epoch)) for epoch in range(1, 30)])
    panel.feed.set_away(None)
    assert [run.number for run in panel.earlier.kept.runs] == [1]


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


def test_a_bounded_trace_draws_nothing_beyond_the_plot():
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


# -- the legend --


def test_a_click_hides_and_shows_a_run(panel, qtbot):
    train(panel)
    reset(panel)
    qtbot.mouseClick(entry(panel, 1), Qt.MouseButton.LeftButton)
    assert panel.earlier.curves._traces == ()
    assert panel.earlier.frozen() == []
    assert panel.filled
    qtbot.mouseClick(entry(panel, 1), Qt.MouseButton.LeftButton)
    assert len(panel.earlier.curves._traces) == 1


def test_a_run_is_renamed_removed_and_all_are_cleared_by_key(panel, qtbot):
    for seed in range(2):
        train(panel, seed=seed)
        reset(panel)
    qtbot.keyClick(entry(panel, 1), Qt.Key.Key_F2)
    field = panel.findChild(QLineEdit, "earlierRunName")
    assert field.parentWidget().rect().contains(field.geometry())
    assert field.height() >= field.sizeHint().height()
    field.setText("  the   first ")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert names(panel)[0] == "the first"
    qtbot.keyClick(entry(panel, 2), Qt.Key.Key_F2)
    field = next(each for each in panel.findChildren(QLineEdit, "earlierRunName") if each.isVisible())
    field.setText("never")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert names(panel)[1].startswith("Run 2, ")
    qtbot.keyClick(entry(panel, 2), Qt.Key.Key_Delete)
    assert [each.number for each in panel.earlier.legend.entries] == [1]
    menu = panel.findChild(QMenu, "earlierRunsActions")
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == "Clear earlier runs").trigger()
    assert not panel.filled
    train(panel)
    reset(panel)
    assert [run.number for run in panel.earlier.kept.runs] == [3], "numbers are not given twice"


def test_keeping_can_be_switched_off(panel):
    menu = panel.findChild(QMenu, "earlierRunsActions")
    next(action for action in menu.actions() if action.isCheckable()).trigger()
    train(panel)
    reset(panel)
    assert not panel.filled


def test_an_entry_tells_the_last_values_and_the_steps(panel):
    event = train(panel)
    reset(panel)
    told = entry(panel, 1).accessibleDescription().splitlines()
    mean = Smooth(20).extend(event.loss)[-1]
    assert told[0] == f"training {mean:.4g}, validation {sample_events.record(3)['val_loss']:.4g}"
    assert told[1] == "75 steps"
    assert "75 steps" in entry(panel, 1).toolTip()
    assert "earlier run 1" in panel.summary()
    line = panel.words_at(2.0).splitlines()[-1]
    assert line.startswith("1 Run 1")


@pytest.mark.parametrize("scale", [1.0, 1.6])
@pytest.mark.parametrize("size", [(300, 290), (230, 180), (700, 400)])
def test_five_runs_are_readable_in_any_dock(feed_of, shown, scale, size):
    theme().set_text_scale(scale)
    feed = feed_of(sample_projects.spiral())
    panel = shown(LossPanel(feed.document, feed), round(size[0] * scale), round(size[1] * scale))
    for number in range(MOST_RUNS):
        set_training(panel, lr=0.1 / (number + 1), momentum=0.5)
        train(panel, seed=number)
        reset(panel)
    set_training(panel, lr=7.0, momentum=0.0)
    train(panel)
    QApplication.processEvents()  # layouts are posted
    panel.grab()
    panel.grab()
    assert faults(panel) == []
    corner = panel._legend
    assert corner.isHidden() != panel.earlier.legend.isHidden(), "one legend, not two"
    if not corner.isHidden():
        free = QRectF(corner.geometry()).translated(-panel._item.getViewBox().scenePos())
        assert not any(free.intersects(place) for place in panel.earlier.curves.chips.values())


def test_where_room_is_short_the_oldest_names_go_first_then_values_then_the_rest(panel):
    for number, lr in enumerate((0.1, 0.2, 0.3, 0.4, 0.5)):
        set_training(panel, lr=lr)
        train(panel, seed=number)
        reset(panel)
    set_training(panel, lr=0.6)
    train(panel)
    legend, found = panel.earlier.legend, []
    for width in range(1200, 60, -20):
        legend.resize(width, 60)
        legend.fit()
        named = [not each._brief for each in legend.entries]
        assert named == sorted(named), "the newest"
        found.append((sum(named), panel._train_entry._value_shown))
    assert found[0] == (5, True)
    assert found[-1] == (0, False)
    assert (2, False) in found
    states = [state for state, _ in groupby(found)]
    assert len(states) == len(set(states)), "nothing that went comes back where there is less room"
    assert states.index((2, True)) < states.index((2, False))


# -- opened from disk --


def test_the_epochs_of_a_run_directory_are_shown_as_an_earlier_run(panel, qtbot, tmp_path, said):
    train(panel)
    folder = tmp_path / "2026-07-01T12-30-05Z"
    folder.mkdir()
    project = edits.set_training(panel.feed.document.project, {"lr": 0.7})[0]
    files.save(project, folder / "graph.chainrule")
    lines = [json.dumps(sample_events.record(epoch)) for epoch in range(1, 9)]
    (folder / "metrics.jsonl").write_text("\n".join(["{", *lines, lines[2], '{"epoch": 9, "st']), encoding="utf-8")
    panel.earlier.open(folder)
    qtbot.waitUntil(lambda: bool(panel.earlier.kept.runs), timeout=PATIENCE)
    assert names(panel) == ["lr 0.7"]
    assert folder.name in entry(panel, 1).accessibleDescription()
    (x, y, _), (_, val, _) = panel.earlier.curves._traces[0].curves
    records = [sample_events.record(epoch) for epoch in range(1, 9)]
    np.testing.assert_array_equal(x, range(1, 9))
    np.testing.assert_allclose(y, np.log10([record["loss"] for record in records]))
    np.testing.assert_allclose(val, np.log10([record["val_loss"] for record in records]))
    assert [row["val_loss"] for row in rows_of(panel) if row["run"] == "1"] == [str(r["val_loss"]) for r in records]
    panel.earlier.open(tmp_path)
    assert "is no run" in said()[-1]
    (folder / "metrics.jsonl").write_text("", encoding="utf-8")
    count = len(said())
    panel.earlier.open(folder)
    qtbot.waitUntil(lambda: len(said()) > count, timeout=PATIENCE)
    assert "holds no epoch" in said()[-1]
    (folder / "metrics.jsonl").unlink()
    (folder / "metrics.jsonl").mkdir()
    panel.earlier.open(folder)
    qtbot.waitUntil(lambda: len(said()) > count + 1, timeout=PATIENCE)
    assert "is a folder" in said()[-1]
    assert len(panel.earlier.kept.runs) == 1


# -- taken away --


def rows_of(panel) -> list[dict[str, str]]:
    header, rows = panel.table()
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return list(csv.DictReader(io.StringIO(text.getvalue())))


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
