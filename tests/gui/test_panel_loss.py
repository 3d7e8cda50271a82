from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from engine.events import EpochEnd, Scalars, StateChanged
from gui.format import format_number
from gui.plots.loss import LossPanel
from gui.plots.loss_history import MOST
from gui.plots.toolbar import PlotToolbar
from gui.saving import MARGIN
from gui.theme import theme
from tests.helpers import sample_events, sample_projects
from tests.helpers.mouse import move_mouse


@pytest.fixture
def panel(feed_of, shown) -> LossPanel:
    feed = feed_of(sample_projects.spiral())
    return shown(LossPanel(feed.document, feed))


def post(panel, *events) -> None:
    panel.feed.session.post(*events)
    panel.feed.drain()


def drawn(curve) -> tuple[np.ndarray, np.ndarray]:
    """What a curve was given, before any logarithm."""
    x, y = curve.getOriginalDataset()
    return (np.empty(0), np.empty(0)) if x is None else (x, y)


def test_an_empty_panel_says_what_it_is_for(panel):
    assert not panel.filled
    texts = [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]
    assert any(text.startswith("Press Play: the loss of every step") for text in texts)


def test_every_value_is_kept_and_drawn(panel):
    first, second = sample_events.scalars(120), sample_events.scalars(57, first=121, seed=1)
    post(panel, first)
    post(panel, second, *sample_events.epochs(3))
    losses = np.concatenate([first.loss, second.loss])
    np.testing.assert_array_equal(panel.history.losses.values, losses)
    np.testing.assert_array_equal(panel.history.steps.values, np.arange(1, 178))
    x, y = drawn(panel._raw)
    np.testing.assert_array_equal(x, np.concatenate([first.epochs, second.epochs]))
    np.testing.assert_array_equal(y, losses)
    x, y = drawn(panel._val)
    np.testing.assert_array_equal(x, [1, 2, 3])
    np.testing.assert_array_equal(y, [sample_events.record(epoch)["val_loss"] for epoch in (1, 2, 3)])
    assert panel.filled


def test_a_million_steps_are_drawn_as_few_points(panel):
    count = 1_000_000
    loss = np.random.default_rng(0).lognormal(size=count)
    loss[123_456] = 1e6
    post(panel, Scalars(np.arange(1, count + 1), loss, np.arange(1, count + 1) / 100))
    x, y = drawn(panel._raw)
    assert x.size < 5000
    assert np.nanmax(y) == 1e6
    np.testing.assert_array_equal(panel.history.losses.values, loss)


def test_ten_million_steps_and_many_epochs_take_little_memory_and_few_points(panel):
    count, piece = 10_000_000, 500_000
    for first in range(1, count + 1, piece):
        steps = np.arange(first, first + piece)
        panel.history.take_steps(Scalars(steps, 1 / steps, steps / 100))
        assert len(panel.history.steps) < MOST
    for epoch in range(1, 100_001):
        panel.history.records.append({**sample_events.record(1), "epoch": epoch, "val_loss": 1 / epoch})
    assert len(panel.history.records.rows) <= (1 << 15) + 1
    post(panel, sample_events.epochs(1)[0])
    for curve in (panel._raw, panel._mean, panel._val):
        assert 50 < drawn(curve)[0].size < 5000
    x, y = drawn(panel._raw)
    assert (x[0], y.max()) == (0.01, 1.0)
    assert x[-1] > 0.99 * count / 100


def test_zoomed_in_the_steps_in_view_are_all_there(panel):
    post(panel, sample_events.scalars(100_000))
    panel._item.getViewBox().setXRange(1000.0, 1004.0, padding=0)
    x, _ = drawn(panel._raw)
    inside = (x >= 1000) & (x <= 1004)
    assert inside.sum() == 101
    x, _ = panel._mean.getOriginalDataset()
    assert x[0] <= 1000
    assert x[-1] >= 1004


def test_a_double_click_shows_everything_again(panel, qtbot):
    post(panel, sample_events.scalars(1000))
    box = panel._item.getViewBox()
    box.setXRange(3.0, 4.0, padding=0)
    assert not box.autoRangeEnabled()[0]
    place = panel._plot.viewport().rect().center()
    QTest.mouseClick(panel._plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(panel._plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseRelease(panel._plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: bool(box.autoRangeEnabled()[0]))


@pytest.mark.parametrize("values", [[np.nan] * 5, [np.inf] * 5, [0.0] * 5, [-1.0] * 5, [1.0, np.nan, np.inf, 0.0, 2.0]])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_what_an_axis_cannot_show_is_left_out_but_kept(panel, values, logarithmic):
    panel._log.setChecked(logarithmic)
    post(panel, Scalars(np.arange(1, 6), np.array(values), np.arange(1, 6) / 5))
    post(panel, EpochEnd(sample_events.record(1) | {"loss": values[-1], "val_loss": values[-1]}))
    panel.grab()
    np.testing.assert_array_equal(panel.history.losses.values, values)
    _, y = drawn(panel._raw)
    expected = np.array(values)
    plain = not logarithmic or bool((expected < 0).any())  # below zero there is no logarithmic axis
    bad = ~np.isfinite(expected) | (expected <= 0 if not plain else False)
    np.testing.assert_array_equal(y, [] if bad.all() else np.where(bad, np.nan, expected))


def test_metrics_are_offered_and_drawn(panel):
    post(panel, sample_events.scalars(75), *sample_events.epochs(3))
    what = panel._what
    assert [what.itemData(index) for index in range(what.count())] == ["loss", "accuracy"]
    what.setCurrentIndex(1)
    _, train = drawn(panel._train)
    _, val = drawn(panel._val)
    records = [sample_events.record(epoch)["metrics"] for epoch in (1, 2, 3)]
    np.testing.assert_array_equal(train, [metrics["accuracy"] for metrics in records])
    np.testing.assert_array_equal(val, [metrics["val_accuracy"] for metrics in records])
    assert not panel._raw.isVisible()
    assert not panel._log.isEnabled()


def test_without_validation_data_there_is_no_entry_for_it(panel):
    post(panel, sample_events.scalars(75), EpochEnd(sample_events.record(1) | {"val_loss": None}))
    assert panel._val_entry.isHidden()
    post(panel, EpochEnd(sample_events.record(2)))
    assert not panel._val_entry.isHidden()


def test_a_click_on_an_entry_hides_its_curve(panel, qtbot):
    post(panel, sample_events.scalars(75), *sample_events.epochs(3))
    qtbot.mouseClick(panel._train_entry, Qt.MouseButton.LeftButton)
    assert not panel._raw.isVisible()
    assert not panel._mean.isVisible()
    qtbot.mouseClick(panel._val_entry, Qt.MouseButton.LeftButton)
    assert not panel._val.isVisible()


def test_smoothing_changes_the_thick_line_alone(panel):
    event = sample_events.scalars(300)
    post(panel, event)
    panel._window.setCurrentIndex(0)
    np.testing.assert_array_equal(drawn(panel._mean)[1], event.loss)
    panel._window.setCurrentIndex(1)
    np.testing.assert_allclose(drawn(panel._mean)[1][4], event.loss[:5].mean())
    np.testing.assert_array_equal(drawn(panel._raw)[1], event.loss)


def test_the_legend_says_that_its_number_is_a_mean(panel):
    event = sample_events.scalars(300)
    post(panel, event)
    assert panel._train_entry.text() == "training mean"
    assert f"last 20 steps. The last one: {format_number(float(event.loss[-1]))}" in panel._train_entry.toolTip()
    panel._window.setCurrentIndex(0)
    assert panel._train_entry.text() == "training"
    assert panel._train_entry.toolTip() == ""


def test_hovering_tells_the_exact_values(panel, qtbot):
    event = sample_events.scalars(75)
    post(panel, event, *sample_events.epochs(3))
    words = panel.words_at(2.01).splitlines()
    assert words == [
        "step 50",
        f"training {float(event.loss[49])!r}",
        "epoch 2",
        f"validation {sample_events.record(2)['val_loss']!r}",
    ]
    panel.grab()  # lays out and chooses the ranges
    scene = panel._item.getViewBox().mapViewToScene(QPointF(2.01, -0.5))
    move_mouse(panel._plot.viewport(), scene)
    assert panel._hover.isVisible()
    assert panel._hover.text().startswith("step 5")
    assert panel._cursor.isVisible()
    assert panel.rect().contains(panel._hover.geometry().translated(panel._plot.mapTo(panel, QPoint())))


def test_a_reset_empties_everything_but_what_is_kept(panel):
    panel.earlier.kept.keeping = False
    post(panel, StateChanged("running", step=75), sample_events.scalars(75), *sample_events.epochs(3))
    post(panel, StateChanged("ready", step=0))
    assert not panel.filled
    assert len(panel.history.steps) == len(panel.history.records.rows) == 0
    assert panel._what.count() == 1


def test_behind_a_tab_it_keeps_what_comes_and_draws_it_later(panel):
    panel.set_behind(True)
    post(panel, sample_events.scalars(75))
    assert not panel.filled
    assert len(panel.history.steps) == 75
    panel.set_behind(False)
    assert drawn(panel._raw)[0].size == 75


def test_numbers_are_saved_as_they_came(panel, tmp_path, qtbot, said):
    event = sample_events.scalars(75)
    post(panel, event, *sample_events.epochs(3))
    path = tmp_path / "loss.csv"
    panel.findChild(PlotToolbar).save(path)
    qtbot.waitUntil(path.exists)
    qtbot.waitUntil(lambda: "Saved loss.csv." in said())
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [float(row["loss"]) for row in rows] == event.loss.tolist()
    assert [float(row["epoch"]) for row in rows] == event.epochs.tolist()
    ends = {int(row["step"]): float(row["val_loss"]) for row in rows if row["val_loss"]}
    assert ends == {epoch * 25: sample_events.record(epoch)["val_loss"] for epoch in (1, 2, 3)}
    panel._what.setCurrentIndex(1)
    header, table = panel.table()
    assert header == ["epoch", "step", "loss", "val_loss", "lr", "accuracy", "val_accuracy"]
    assert [row[5] for row in table] == [sample_events.record(epoch)["metrics"]["accuracy"] for epoch in (1, 2, 3)]


def test_pictures_are_saved_and_copied(panel, tmp_path):
    post(panel, sample_events.scalars(75))
    bar = panel.findChild(PlotToolbar)
    bar.save(tmp_path / "loss.png")
    bar.save(tmp_path / "loss.svg")
    image = QImage(str(tmp_path / "loss.png"))
    assert image.width() == 2 * (panel._plot.width() + 2 * MARGIN)
    training = theme().color("training").rgb()
    assert any(image.pixel(x, y) == training for x in range(0, image.width(), 2) for y in range(0, image.height(), 2))
    assert QSvgRenderer(str(tmp_path / "loss.svg")).isValid()
    drawing = (tmp_path / "loss.svg").read_text(encoding="utf-8")
    assert "sans-serif" in drawing
    assert "Chainrule" not in drawing, "a font that only this program has loaded"
    bar.copy_picture()
    assert QGuiApplication.clipboard().image().size() == image.size()
    bar.copy_table()
    rows = list(csv.reader(io.StringIO(QGuiApplication.clipboard().text()), delimiter="\t"))
    assert len(rows) == 76


def test_what_cannot_be_written_is_told(panel, tmp_path, qtbot, said):
    post(panel, sample_events.scalars(5))
    for suffix in ("png", "svg", "csv"):
        panel.findChild(PlotToolbar).save(tmp_path / "nowhere" / f"loss.{suffix}")
    qtbot.waitUntil(lambda: len(said()) == 3)
    assert all(text.endswith("No such file or directory.") for text in said())


def test_the_menu_asks_where_to_save(panel, tmp_path, monkeypatch):
    from gui.plots import toolbar

    post(panel, sample_events.scalars(5))
    asked = []

    def answer(_parent, _title, start, _patterns, suffix):
        asked.append((start.name, suffix))
        return tmp_path / "here.svg"

    monkeypatch.setattr(toolbar, "ask_save_path", answer)
    menu = panel.findChild(PlotToolbar)._save_button().menu()
    next(action for action in menu.actions() if "SVG" in action.text()).trigger()
    assert asked == [("lossPlot.svg", ".svg")]
    assert (tmp_path / "here.svg").exists()


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_colours_follow_the_theme(panel, mode):
    theme().set_mode(mode)
    assert panel._mean.opts["pen"].color() == theme().color("training")
    assert panel._val.opts["pen"].style() == Qt.PenStyle.CustomDashLine
