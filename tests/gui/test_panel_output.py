from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from engine import assets, files
from engine.events import Applied, StateChanged
from engine.snapshots import Confusion, Curve, Fit, ImageGrid, Surface
from gui.colormaps import colorize, diverging
from gui.plots.output import OutputPanel
from gui.plots.toolbar import PlotToolbar
from gui.theme import theme
from tests.helpers import sample_events, sample_projects
from tests.helpers.mouse import move_mouse


@pytest.fixture
def panel(feed_of, shown) -> OutputPanel:
    feed = feed_of(sample_projects.spiral())
    return shown(OutputPanel(feed.document, feed))


def post(panel, *events) -> None:
    panel.feed.session.post(*events)
    panel.feed.drain()


def test_a_network_without_data_is_told_where_to_look(feed_of, shown):
    path = assets.folder() / "examples" / "descent.chainrule"
    feed = feed_of(files.load(path))
    panel = shown(OutputPanel(feed.document, feed))
    words = " ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())
    assert "computes without data" in words
    feed.document.replace(sample_projects.spiral())
    words = " ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())
    assert "While it trains" in words


# -- which picture --


@pytest.mark.parametrize("name", ["surface", "curve", "images", "fit"])
def test_the_picture_fits_the_data(panel, name):
    event = getattr(sample_events, name)()
    post(panel, event)
    assert panel.shown is type(event)
    assert panel._pictures.currentWidget() is panel.views[type(event)]
    assert panel.view.isHidden()  # nothing to choose from
    panel.grab()


def test_beside_a_picture_the_confusion_matrix_can_be_chosen(panel, qtbot):
    post(panel, sample_events.images(), sample_events.confusion())
    assert panel.shown is ImageGrid
    qtbot.mouseClick(panel.view.button("confusion"), Qt.MouseButton.LeftButton)
    assert panel.shown is Confusion
    panel.grab()


def test_without_a_picture_the_confusion_matrix_is_shown(panel):
    post(panel, sample_events.confusion())
    assert panel.shown is Confusion


def test_other_data_have_another_picture(panel):
    post(panel, sample_events.surface())
    post(panel, sample_events.curve())
    assert panel.shown is Curve
    post(panel, Applied((), ()), sample_events.fit())
    assert panel.shown is Fit


def test_after_an_edit_the_old_confusion_matrix_is_gone(panel):
    post(panel, sample_events.surface(), sample_events.confusion())
    post(panel, Applied((), ()), sample_events.surface())
    assert Confusion not in panel.latest
    assert panel.view.isHidden()


def test_a_reset_empties_it(panel):
    post(panel, StateChanged("running", step=5), sample_events.surface())
    post(panel, StateChanged("ready", step=0))
    assert (panel.filled, panel.shown) == (False, None)
    assert list(panel.table()[1]) == []


# -- the surface --


def test_the_surface_has_the_colours_of_its_values(panel):
    event = sample_events.surface()
    post(panel, event)
    expected = colorize(event.values.astype(np.float64), diverging(theme().palette), -1.0, 1.0)
    np.testing.assert_array_equal(panel.views[Surface].image.image, expected)


def test_an_output_beyond_the_targets_is_not_drawn_like_them(panel):
    event = sample_events.surface()
    view = panel.views[type(event)]
    post(panel, event)
    assert view._limit(event) == 1.0
    far = replace(event, values=event.values * 38)
    post(panel, far)
    assert view._limit(far) == 50.0, "38, rounded up to what changes seldom"
    one = replace(event, points=np.zeros((1, 2)), targets=np.array([0.01]), split=np.zeros(1, dtype=np.int8))
    post(panel, one)
    assert view._limit(one) >= abs(float(event.values[30, 30])) > 0.01


def test_each_value_is_drawn_at_its_point_of_the_grid(panel):
    values = np.array([[0.0, 0.1, 0.2], [1.0, 1.1, 1.2]], dtype=np.float32)
    post(panel, replace(sample_events.surface(), values=values, extent=(-1.0, 1.0, 0.0, 4.0)))
    view = panel.views[Surface]
    assert view.words_at(QPointF(-0.98, 0.1)) == "x1 -0.98\nx2 0.1\noutput 0.0"
    assert view.words_at(QPointF(0.1, 3.9)).endswith(f"output {float(np.float32(1.1))!r}")
    assert view.words_at(QPointF(9.0, 3.9)) == ""
    box = view.image.mapRectToParent(view.image.boundingRect())
    assert (box.left(), box.right(), box.top(), box.bottom()) == (-1.5, 1.5, -2.0, 6.0)
    header, rows = panel.table()
    table = np.array(list(rows))
    assert header == ["x1", "x2", "output"]
    np.testing.assert_array_equal(table[:, 0], [-1, 0, 1, -1, 0, 1])
    np.testing.assert_array_equal(table[:, 1], [0, 0, 0, 4, 4, 4])
    np.testing.assert_array_equal(table[:, 2], values.ravel())


def test_all_points_are_drawn_training_round_held_out_pointed(panel):
    event = sample_events.surface()
    post(panel, event)
    view = panel.views[Surface]
    for split, scatter in view._points.items():
        mask = (event.split > 0) == bool(split)
        x, y = scatter.getData()
        np.testing.assert_array_equal(x, event.points[mask, 0])
        np.testing.assert_array_equal(y, event.points[mask, 1])
    assert [entry.text for entry in view._marks.entries] == ["training", "held out"]


def test_classes_have_their_colours_and_names(panel):
    event = sample_events.classes_surface(12)
    post(panel, event)
    view = panel.views[Surface]
    assert [entry.text for entry in view._classes.entries][:4] == ["setosa", "versicolor", "virginica", "class 3"]
    assert not view._scale.isVisible()
    words = view.words_at(QPointF(3.0, 0.0))
    assert words.splitlines()[2].startswith("setosa (")
    header, rows = panel.table()
    assert header[:4] == ["petal length", "petal width", "setosa", "versicolor"]
    assert len(next(iter(rows))) == 14
    panel.grab()


@pytest.mark.parametrize("fill", [float("nan"), float("inf"), 0.0])
@pytest.mark.parametrize("classes", [0, 3])
def test_surfaces_without_meaning_are_drawn(panel, fill, classes):
    event = sample_events.classes_surface(classes) if classes else sample_events.surface()
    post(panel, replace(event, values=np.full_like(event.values, fill)))
    panel.grab()
    panel.views[Surface].words_at(QPointF(0.0, 0.0))


def test_a_surface_without_points_is_drawn(panel):
    event = sample_events.surface()
    post(panel, replace(event, points=np.empty((0, 2)), targets=np.empty(0), split=np.empty(0, dtype=np.int8)))
    panel.grab()


def test_a_click_asks_about_a_point(panel, qtbot):
    post(panel, sample_events.surface())
    panel.grab()
    view = panel.views[Surface]
    place = view._item.getViewBox().mapViewToScene(QPointF(2.0, -3.0)).toPoint()
    clicked = []
    panel.point_clicked.connect(lambda x, y: clicked.append((x, y)))
    QTest.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert clicked[0] == pytest.approx((2.0, -3.0), abs=0.1)
    QTest.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(2, 2))  # beside the axes
    assert len(clicked) == 1


def test_hovering_tells_the_output(panel):
    event = sample_events.surface()
    post(panel, event)
    panel.grab()
    view = panel.views[Surface]
    move_mouse(view.plot.viewport(), view._item.getViewBox().mapViewToScene(QPointF(0.0, 2.0)))
    assert view._hover.isVisible()
    assert view._hover.text().splitlines()[2].startswith("output ")


# -- the curve --


def test_the_curve_is_drawn_value_for_value(panel):
    event = sample_events.curve(2)
    post(panel, event)
    view = panel.views[Curve]
    for index, line in enumerate(view.lines):
        x, y = line.getOriginalDataset()
        np.testing.assert_array_equal(x, event.x)
        np.testing.assert_array_equal(y, event.y[:, index])
    x, y = view._train.getData()
    np.testing.assert_array_equal(x, event.points[event.split == 0])
    np.testing.assert_array_equal(y, event.targets[event.split == 0, 0])
    index = int(np.argmin(np.abs(event.x - 1.0)))
    assert view.words_at(1.0).splitlines()[1] == f"network {float(event.y[index, 0])!r}, {float(event.y[index, 1])!r}"
    post(panel, sample_events.curve(1))
    assert [line.isVisible() for line in view.lines] == [True, False]


@pytest.mark.parametrize("fill", [float("nan"), float("inf"), 0.0])
def test_curves_without_meaning_are_drawn(panel, fill):
    event = sample_events.curve()
    post(panel, replace(event, y=np.full_like(event.y, fill)))
    panel.grab()
    nothing = np.empty(0)
    post(panel, replace(event, points=nothing, targets=nothing, split=nothing.astype(np.int8)))
    panel.grab()


# -- predicted against true --


def test_the_fit_is_drawn_value_for_value(panel):
    event = sample_events.fit()
    post(panel, event)
    x, y = panel.views[Fit]._points.getData()
    np.testing.assert_array_equal(x, event.true)
    np.testing.assert_array_equal(y, event.predicted)
    words = panel.views[Fit].words_at(QPointF(float(event.true[7]), float(event.predicted[7])))
    assert words == f"true {float(event.true[7])!r}\npredicted {float(event.predicted[7])!r}"


@pytest.mark.parametrize("count", [0, 1, 150])
def test_fits_without_meaning_are_drawn(panel, count):
    event = sample_events.fit(count)
    post(panel, replace(event, predicted=np.full(count, np.nan)))
    panel.grab()
    assert panel.views[Fit].words_at(QPointF(0.0, 0.0)) == ""


# -- images --


def test_images_tell_what_they_are_taken_for(panel):
    event = sample_events.images()
    post(panel, event)
    panel.grab()
    view = panel.views[ImageGrid]
    words = view.words_at(QPoint(10, 10)).splitlines()
    assert words[0].startswith(f"taken for {event.classes[int(event.predicted[0])]} (")
    assert words[1] == f"is {event.classes[int(event.true[0])]}"
    assert view.words_at(QPoint(10, 10_000)) == ""
    header, rows = panel.table()
    assert header == ["index", "true", "predicted", "confidence"]
    assert [row[3] for row in rows] == event.confidence.tolist()


def test_images_of_unnamed_classes_in_colour_are_drawn(panel):
    event = sample_events.images(3)
    images = np.zeros((3, 8, 8, 3), dtype=np.uint8)
    images[:, :, :, 0] = 255
    post(panel, replace(event, images=images, classes=(), confidence=np.array([np.nan, 0.5, 1.0])))
    picture = panel.views[ImageGrid].grab().toImage()
    reds = sum(
        picture.pixelColor(x, y).getRgb()[:3] == (255, 0, 0)
        for x in range(picture.width())
        for y in range(picture.height())
    )
    assert reds > 3 * 40 * 40


# -- the confusion matrix --


def test_the_matrix_is_told_cell_by_cell(panel):
    event = sample_events.confusion(3)
    post(panel, event)
    panel.grab()
    view = panel.views[Confusion]
    square, cell, _, _ = view._frame(view._labels()[0])
    middle = QPointF(square.left() + 2.5 * cell, square.top() + 0.5 * cell)
    assert view.words_at(middle) == f"{int(event.matrix[0, 2])} of class 0 taken for class 2"
    assert view.words_at(QPointF(0, 0)) == ""
    right = round(100 * np.trace(event.matrix) / event.matrix.sum(), 1)
    assert view.headline() == f"{right} % of 600 right, validation data"
    header, rows = panel.table()
    assert header == ["true \\ predicted", "class 0", "class 1", "class 2"]
    assert [row[1:] for row in rows] == event.matrix.tolist()


def test_names_too_long_for_the_columns_become_numbers(panel):
    post(panel, sample_events.confusion())
    rows, columns = panel.views[Confusion]._labels()
    assert (rows[0], columns[0]) == ("T-shirt  0", "0")


@pytest.mark.parametrize("classes", [1, 2, 40, 200])
def test_matrices_of_any_size_are_drawn(panel, classes):
    post(panel, sample_events.confusion(classes, 5))
    panel.grab()
    empty = replace(sample_events.confusion(classes), matrix=np.zeros((classes, classes), dtype=np.int64), classes=())
    post(panel, empty)
    panel.grab()
    assert panel.views[Confusion].headline() == "0.0 % of 0 right, validation data"


# -- taking away --


@pytest.mark.parametrize("name", ["surface", "curve", "images", "fit", "confusion"])
@pytest.mark.parametrize("suffix", ["png", "svg", "csv"])
def test_every_picture_is_saved(panel, name, suffix, tmp_path, qtbot, said):
    post(panel, getattr(sample_events, name)())
    panel.findChild(PlotToolbar).save(tmp_path / f"output.{suffix}")
    qtbot.waitUntil(lambda: said() == [f"Saved output.{suffix}."])
    assert (tmp_path / f"output.{suffix}").stat().st_size > 100
    assert len(list(tmp_path.iterdir())) == 1


def test_the_theme_recolours_the_surface(panel):
    theme().set_mode("dark")
    event = sample_events.surface()
    post(panel, event)
    dark = panel.views[Surface].image.image.copy()
    theme().set_mode("light")
    light = panel.views[Surface].image.image
    assert not np.array_equal(dark, light)
    expected = colorize(event.values.astype(np.float64), diverging(theme().palette), -1.0, 1.0)
    np.testing.assert_array_equal(light, expected)
