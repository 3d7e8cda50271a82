from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QProgressBar, QTableWidget, QWidget
from shiboken6 import isValid

from engine.block import registry
from engine.data.preview import preview
from engine.events import Previewed
from engine.graph import Project
from engine.param import parse_all
from gui.data_preview import DataPreviewDialog, target_colors
from gui.plots.class_colors import class_table
from tests.helpers import sample_projects


def project_of(**params) -> Project:
    steps = [("Input", "data", params), ("Loss", "loss", {})]
    return sample_projects.chain("P", steps)


@pytest.fixture
def open_preview(feed_of, shown):
    """Opens the dialog on an Input with these parameters and answers with the real data, unless told."""
    made = []

    def make(answer: Previewed | None = None, **params) -> DataPreviewDialog:
        feed = feed_of(project_of(**params))
        dialog = DataPreviewDialog("data", feed.document, feed, shown(QWidget()))
        dialog.feed = feed
        dialog.open()
        made.append(dialog)
        parsed = parse_all(registry()["Input"].params, params)[0]
        feed.session.post(answer or preview(parsed, None, "data"))
        feed.drain()
        return dialog

    yield make
    for dialog in made:
        if isValid(dialog):
            dialog.close()


def texts(widget) -> list[str]:
    QApplication.processEvents()  # what is added to a layout shows when the event loop turns
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]


def test_the_session_is_asked_for_the_block_of_the_document(open_preview):
    dialog = open_preview(dataset="circle")
    [(name, node, project, _)] = dialog.feed.session.commands
    assert (name, node, project) == ("preview", "data", dialog.feed.document.project)


def test_a_plane_is_shown_as_points(open_preview):
    dialog = open_preview(dataset="circle", samples=200)
    assert dialog._views.value() == "points"
    assert dialog._views.button("images").isHidden()
    places, _, split = dialog.shown.points
    held = f"200 points, {np.count_nonzero(split)} of them held out, x1 "
    assert dialog.summary().startswith(held)  # what a screen reader hears
    drawn = [item for item in dialog._plot.getPlotItem().items if hasattr(item, "points")]
    assert sum(len(item.getData()[0]) for item in drawn) == len(places) == 200
    assert len(drawn[0].getData()[0]) == int((split == 0).sum())
    assert {"training", "100", "validation"} <= set(texts(dialog))
    dialog.grab()


def test_images_are_shown_with_their_class(open_preview):
    dialog = open_preview(dataset="digits")
    assert dialog._views.value() == "images"
    shown = dialog.shown
    assert dialog._images.count() == len(shown.raw["x"])
    labels = [dialog._images.item(index).text() for index in range(5)]
    assert labels == [shown.classes[int(index)] for index in shown.fields["y"][:5]]
    dialog.grab()


def test_a_table_holds_the_values_as_they_are_in_the_data(open_preview, qtbot):
    dialog = open_preview(dataset="iris", standardize=True)
    table = dialog.findChild(QTableWidget)
    assert dialog._views.value() == "table"
    shown = dialog.shown
    heads = [table.horizontalHeaderItem(index).text() for index in range(table.columnCount())]
    assert heads == [*shown.columns, "y"]
    first = [float(table.item(0, column).text()) for column in range(4)]
    assert first == pytest.approx(shown.raw["x"][0].tolist(), rel=1e-3)
    assert table.item(0, 0).toolTip() == repr(float(shown.raw["x"][0, 0]))
    assert table.item(0, 4).text() in ("setosa", "versicolor", "virginica")
    assert "Scaling, fitted on the training part" in texts(dialog)
    bars = dialog.findChildren(QProgressBar)
    assert [bar.value() for bar in bars] == shown.class_counts[0].tolist()
    dialog.grab()


def test_wide_tables_are_cut(open_preview):
    dialog = open_preview(dataset="digits")
    dialog._views.button("table").click()
    assert dialog.findChild(QTableWidget).columnCount() == 64 + 1
    dialog.grab()


def test_an_error_is_told_instead(open_preview):
    dialog = open_preview(Previewed("data", error='"table.csv", row 3: "x" is no number.'), dataset="csv", path="t.csv")
    assert "The data could not be read" in texts(dialog)
    assert '"table.csv", row 3: "x" is no number.' in texts(dialog)
    dialog.grab()


def test_values_that_are_not_finite_are_shown(open_preview):
    values = np.array([[np.nan, 1.0], [np.inf, 2.0]])
    answer = Previewed("data", raw={"x": values}, fields={"x": values}, counts=(2, 0, 0))
    dialog = open_preview(answer, dataset="circle")
    table = dialog.findChild(QTableWidget)
    assert [table.item(row, 0).text() for row in (0, 1)] == ["NaN", "∞"]
    images = np.full((2, 1, 4, 4), np.nan)
    dialog = open_preview(Previewed("data", raw={"x": images}, counts=(2, 0, 0)), dataset="digits")
    dialog.grab()


def test_answers_about_another_block_are_not_taken(open_preview):
    dialog = open_preview(Previewed("other", counts=(1, 0, 0)), dataset="circle")
    assert dialog.shown is None


def test_closed_it_listens_no_more(open_preview):
    dialog = open_preview(dataset="circle")
    feed = dialog.feed
    dialog.close()
    assert feed._slots[Previewed] == []


def test_another_document_closes_it(open_preview):
    dialog = open_preview(Previewed("other"), dataset="circle")
    closed = []
    dialog.finished.connect(closed.append)
    dialog.feed.document.replace(Project())
    assert closed == [0]


def test_targets_have_the_colours_of_classes_or_of_numbers(qapp):
    np.testing.assert_array_equal(target_colors(np.array([-1.0, 1.0, -1.0])), class_table(2)[[0, 1, 0]])
    assert target_colors(np.linspace(-3, 5, 50)).shape == (50, 3)
    many = target_colors(np.linspace(0, 1, 50))
    assert not np.array_equal(many[0], many[-1])
    assert target_colors(np.zeros(4)).shape == (4, 3)
    assert target_colors(np.empty(0)).shape == (0, 3)
