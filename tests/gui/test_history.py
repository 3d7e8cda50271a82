from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events import Scalars
from gui.plots.history import CHUNK, Envelope, Growing, Records, Smooth, outline, stretch
from gui.plots.loss_history import LossHistory

NUMBERS = st.floats(-1e3, 1e3, width=32) | st.sampled_from([float("nan"), float("inf"), -float("inf")])


@given(st.lists(st.lists(NUMBERS, max_size=700), max_size=8))
def test_growing_holds_every_value(pieces):
    growing = Growing()
    for piece in pieces:
        growing.extend(piece)
    np.testing.assert_array_equal(growing.values, [value for piece in pieces for value in piece])
    assert len(growing) == sum(map(len, pieces))


def plain_mean(values: np.ndarray, window: int) -> np.ndarray:
    """The definition, value by value."""
    means = []
    for end in range(1, len(values) + 1):
        part = values[max(0, end - window) : end]
        finite = part[np.isfinite(part)]
        means.append(finite.mean() if np.isfinite(values[end - 1]) else np.nan)
    return np.array(means)


@given(st.lists(st.lists(NUMBERS, max_size=40), max_size=6), st.integers(1, 25))
def test_smoothing_in_pieces_is_the_trailing_mean(pieces, window):
    smooth = Smooth(window)
    means = [smooth.extend(np.array(piece, dtype=np.float64)) for piece in pieces]
    whole = np.array([value for piece in pieces for value in piece], dtype=np.float64)
    np.testing.assert_allclose(np.concatenate([[], *means]), plain_mean(whole, window), rtol=1e-9, atol=1e-9)


def test_another_series_starts_anew():
    series = np.arange(10.0)
    smooth = Smooth(3)
    smooth.extend(series)
    smooth.clear()
    np.testing.assert_allclose(smooth.extend(series), plain_mean(series, 3))


@pytest.mark.parametrize("count", [1, 999, 1000, 1001, 10_257, 76_803, 1_000_001])
@pytest.mark.parametrize("start", [0, 5])
def test_an_envelope_loses_no_spike(count, start):
    values = np.random.default_rng(0).normal(size=count)
    values[count // 3], values[2 * count // 3] = 50.0, -60.0
    envelope = Envelope()
    for piece in np.array_split(values, 7):
        envelope.extend(piece)
    np.testing.assert_array_equal(envelope.values, values)
    places, drawn = envelope.points(min(start, count - 1), count, 1000)
    assert places.size == drawn.size <= 1300
    assert (np.diff(places) >= 0).all()
    assert 0 <= places[0] <= places[-1] < count
    if count > 100:
        assert (drawn.max(), drawn.min()) == (50.0, -60.0)
        for spike in (count // 3, 2 * count // 3):
            nearest = places[np.abs(places - spike).argmin()]
            assert abs(nearest - spike) <= 4 * max(1, count // 1000)


@pytest.mark.parametrize(("start", "stop"), [(0, 70_000), (12_345, 69_999), (3, 5_000)])
def test_an_envelope_is_the_least_and_the_greatest_of_each_stretch(start, stop):
    values = np.random.default_rng(1).normal(size=70_000)
    values[40_000:41_000] = np.nan
    envelope = Envelope()
    for piece in np.array_split(values, 13):
        envelope.extend(piece)
    size = stretch(stop - start, 300)
    first = start // size * size
    blocks = [values[place : min(place + size, stop)] for place in range(first, stop, size)]
    ends = [end for block in blocks for end in ((np.nan, np.nan) if np.isnan(block).all() else plain_ends(block))]
    for places, drawn in (envelope.points(start, stop, 300), outline(values, start, stop, 300)):
        np.testing.assert_array_equal(drawn, ends)
        assert start <= places[0] <= places[-1] < stop
        assert places.size <= 2 + 300


def plain_ends(block: np.ndarray) -> tuple[float, float]:
    finite = block[~np.isnan(block)]
    return finite.min(), finite.max()


def test_when_records_are_looked_at_makes_no_difference():
    watched, unwatched = Records(most=8), Records(most=8)
    for epoch in range(1, 300):
        row = {"epoch": epoch, "loss": 1 / epoch, "val_loss": None if epoch < 9 else 2.0, "metrics": {}}
        watched.append(row)
        unwatched.append(row)
        if epoch % 7 < 3:
            assert watched.epochs[-1] == epoch
            assert watched.column("loss")[-1] == 1 / epoch
    assert watched.epochs.tolist() == unwatched.epochs.tolist() == [row["epoch"] for row in unwatched.rows]
    for name in ("loss", "val_loss"):
        np.testing.assert_array_equal(watched.column(name), unwatched.column(name))


@pytest.mark.parametrize("epochs", [1, 8, 9, 100, 1000, 1025])
def test_records_stay_few_and_hold_the_first_and_the_latest(epochs):
    records = Records(most=8)
    for epoch in range(1, epochs + 1):
        row = {"epoch": epoch, "loss": 1 / epoch, "val_loss": None, "metrics": {"accuracy": epoch / 2}}
        records.append(row)
        assert records.rows[-1] is row
        assert len(records.rows) <= 9
    kept = [row["epoch"] for row in records.rows]
    assert kept[0] == 1
    assert records.epochs.tolist() == kept == sorted(set(kept))
    np.testing.assert_array_equal(records.column("loss"), 1 / np.array(kept))
    np.testing.assert_array_equal(records.column("accuracy"), np.array(kept) / 2)
    assert len({b - a for a, b in pairwise(kept[:-1])}) <= 1, "evenly spread"


@pytest.mark.parametrize("piece", [1, 7, 64, 1000])
def test_a_long_history_stays_small_and_keeps_ends_and_means(piece):
    count, most = 5000, 64
    steps = np.arange(1, count + 1)
    loss = np.random.default_rng(2).lognormal(size=count)
    loss[1234], loss[4000] = 1e6, np.nan
    history = LossHistory(window=20, most=most)
    for first in range(0, count, piece):
        part = slice(first, first + piece)
        history.take_steps(Scalars(steps[part], loss[part], steps[part] / 10))
        assert len(history.steps) < most
    kept = history.steps.values.astype(int)
    assert (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(history.losses.values, loss[kept - 1])
    np.testing.assert_array_equal(history.epochs.values, kept / 10)
    np.testing.assert_allclose(history.means, plain_mean(loss, 20)[kept - 1], rtol=1e-9)
    assert kept[0] <= most
    assert kept[-1] > count - 5000 // most * 8
    assert {1235, 4001} <= set(kept), "spikes and losses that are no number"
    assert loss[kept - 1][np.isfinite(loss[kept - 1])].min() == np.nanmin(loss)
    history.smooth(500)
    ends = np.array([np.nanmean(loss[max(0, last - 500) : last]) for last in kept])
    calm = (kept > 2000) & (kept < 3800)
    np.testing.assert_allclose(history.means[calm], ends[calm], rtol=0.25)


def test_few_values_are_drawn_as_they_are():
    envelope = Envelope()
    envelope.extend(np.array([1.0, np.nan, np.inf, 4.0]))
    places, drawn = envelope.points(0, 4, 100)
    np.testing.assert_array_equal(places, [0, 1, 2, 3])
    np.testing.assert_array_equal(drawn, [1.0, np.nan, np.inf, 4.0])


def test_what_is_not_finite_leaves_gaps_in_an_envelope():
    envelope = Envelope()
    envelope.extend(np.full(100 * CHUNK, np.nan))
    envelope.extend(np.array([1.0, np.inf, 2.0] * CHUNK))
    _, drawn = envelope.points(0, 103 * CHUNK, 200)
    finite = drawn[np.isfinite(drawn)]
    assert (finite.min(), finite.max()) == (1.0, 2.0)
    assert np.isnan(drawn).any()


def test_records_become_columns_also_when_a_metric_comes_late():
    records = Records()
    records.append({"epoch": 1, "loss": 2.0, "val_loss": None, "metrics": {}})
    records.append({"epoch": 2, "loss": float("nan"), "val_loss": 1.0, "metrics": {"accuracy": 0.5}})
    records.append({"epoch": 3, "loss": 0.5, "val_loss": 0.7, "metrics": {"val_accuracy": 0.4}})
    np.testing.assert_array_equal(records.column("loss"), [2.0, np.nan, 0.5])
    np.testing.assert_array_equal(records.column("val_loss"), [np.nan, 1.0, 0.7])
    np.testing.assert_array_equal(records.column("accuracy"), [np.nan, 0.5, np.nan])
    np.testing.assert_array_equal(records.column("r2"), [np.nan] * 3)
    assert records.metrics == ("accuracy", "val_accuracy")
    records.clear()
    assert records.column("loss").size == 0


def test_a_huge_value_spoils_only_the_means_it_is_part_of():
    series = np.full(40, 1e-3)
    series[5] = 1e30
    means = Smooth(4).extend(series)
    np.testing.assert_allclose(means, plain_mean(series, 4), rtol=1e-12)
    assert means[9] == pytest.approx(1e-3, rel=1e-12)
