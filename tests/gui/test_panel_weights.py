from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from engine.events import StateChanged
from gui.plots.weights import WeightPanel
from tests.helpers import sample_events, sample_projects


@pytest.fixture
def panel(feed_of, shown) -> WeightPanel:
    feed = feed_of(sample_projects.spiral())
    return shown(WeightPanel(feed.document, feed))


def post(panel, *events) -> None:
    panel.feed.session.post(*events)
    panel.feed.drain()


def test_the_histogram_now_is_the_last_row_received(panel):
    event = sample_events.histograms()
    post(panel, event)
    x, y = panel._now.getOriginalDataset()
    np.testing.assert_array_equal(x, event.edges[0])
    np.testing.assert_array_equal(y, event.counts[0][-1])


def test_over_time_every_row_is_a_column_of_the_picture(panel):
    event = sample_events.histograms(rows=10)
    post(panel, event)
    panel.view.button("time").click()
    shares = np.sqrt(event.counts[0] / event.counts[0].sum(axis=1, keepdims=True))
    np.testing.assert_allclose(panel._image.image, shares.T)
    box = panel._image.mapRectToParent(panel._image.boundingRect())
    assert (box.left(), box.right()) == (0.0, 90.0)
    assert (box.top(), box.bottom()) == (-2.0, 2.0)


def test_another_layer_is_chosen(panel):
    event = sample_events.histograms(2)
    event = replace(event, counts=(event.counts[0], event.counts[1] * 3))
    post(panel, event)
    panel.layer.setCurrentIndex(1)
    np.testing.assert_array_equal(panel._now.getOriginalDataset()[1], event.counts[1][-1])
    post(panel, replace(event, step=1000))
    assert panel.layer.currentText() == "dense2"


def test_the_numbers_below_say_what_is_dead(panel):
    event = sample_events.histograms()
    post(panel, event)
    assert panel._stats.text() == "mean 0.01235 · σ 0.6012 · -1.912 … 1.877"
    assert "mean: 0.0123456" in panel._stats.toolTip()
    panel.layer.setCurrentIndex(1)
    assert panel._stats.text().startswith("25 % of units dead · ")
    panel.layer.setCurrentIndex(2)
    assert "dead" not in panel._stats.text()


def test_hovering_tells_the_bin(panel):
    event = sample_events.histograms()
    post(panel, event)
    count = int(event.counts[0][-1][np.searchsorted(event.edges[0], 0.05) - 1])
    assert panel.words_at(QPointF(0.05, 3.0)) == f"0 … 0.1: {count}"
    assert panel.words_at(QPointF(5.0, 3.0)) == ""
    panel.view.button("time").click()
    count = int(event.counts[0][30][np.searchsorted(event.edges[0], 0.05) - 1])
    assert panel.words_at(QPointF(301.0, 0.05)) == f"step 300\n0 … 0.1: {count}"


@pytest.mark.parametrize("view", ["now", "time"])
def test_extremes_are_drawn(panel, view):
    panel.view.button(view).click()
    event = sample_events.histograms(1, rows=1)
    nothing = np.zeros((1, 40), dtype=np.int64)
    post(panel, replace(event, counts=(nothing,), stats=np.full((1, 4), np.nan), dead=np.array([np.nan])))
    panel.grab()
    assert panel._stats.text().startswith("mean NaN")
    post(panel, replace(event, steps=np.empty(0, dtype=np.int64), counts=(np.empty((0, 40), dtype=np.int64),)))
    panel.grab()
    many = sample_events.histograms(200, rows=2)
    post(panel, many)
    panel.grab()
    assert panel.layer.count() == 200


def test_a_network_without_weights_shows_nothing(panel):
    event = sample_events.histograms(0)
    post(panel, event)
    assert not panel.filled


def test_the_table_holds_every_count(panel):
    event = sample_events.histograms(2, rows=3)
    post(panel, event)
    header, rows = panel.table()
    table = list(rows)
    assert header == ["layer", "step", "from", "to", "count"]
    assert len(table) == 2 * 3 * 40
    assert [row[4] for row in table[40:80]] == event.counts[0][1].tolist()
    assert table[-1][:2] == ["dense2", 20]


def test_a_reset_empties_it(panel):
    post(panel, StateChanged("running", step=5), sample_events.histograms())
    post(panel, StateChanged("ready", step=0))
    assert (panel.filled, panel.layer.count()) == (False, 0)
    assert list(panel.table()[1]) == []
