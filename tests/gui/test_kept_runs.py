"""Which runs of a document the loss panel keeps, what of them, and what they are called."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from engine import edits
from engine.events import Applied, EpochEnd, HyperChanged, Scalars
from gui.plots.history import Smooth, extremes, means_at
from gui.plots.kept_runs import FEWEST, MOST_RUNS, POINTS, KeptRuns, Ongoing, freeze
from gui.plots.loss import WINDOWS, LossPanel
from gui.plots.loss_history import LossHistory
from gui.watching.watching import Away
from tests.helpers import sample_events, sample_projects
from tests.helpers.loss_runs import names, post, reset, set_training, train

AT = datetime(2026, 7, 1, 14, 2, tzinfo=UTC)


@pytest.fixture
def panel(feed_of, shown) -> LossPanel:
    feed = feed_of(sample_projects.spiral())
    return shown(LossPanel(feed.document, feed), 420, 340)


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
    train(panel)
    document = panel.document
    document.edit("wider", *edits.set_params(document.project, "dense1", {"out_features": 3}))
    panel.feed.apply()  # and a reset, which the session comes to later
    post(panel, sample_events.scalars(5, first=76), Applied(kept=(), drawn=()))
    reset(panel)
    assert names(panel) == ["dense1 8 units"]
    assert panel.earlier.kept.runs[0].frozen.count == 80


def test_steps_after_an_edit_was_applied_are_those_of_the_edited_network(panel):
    train(panel)
    document = panel.document
    document.edit("wider", *edits.set_params(document.project, "dense1", {"out_features": 3}))
    panel.feed.apply()
    post(panel, Applied(kept=(), drawn=()), sample_events.scalars(5, first=76))
    reset(panel)
    assert panel.earlier.kept.runs[0].words == ()
    assert panel.earlier.kept.runs[0].earlier_words == ("dense1 8 units",)


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
    panel.feed.tell([sample_events.scalars(60), *(EpochEnd(sample_events.record(epoch)) for epoch in range(1, 30))])
    panel.feed.set_away(None)
    assert [run.number for run in panel.earlier.kept.runs] == [1]
