from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.plots.history import CHUNK, Envelope, Growing, Records, Smooth

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
    for piece in pieces:
        smooth.extend(np.array(piece, dtype=np.float64))
    whole = np.array([value for piece in pieces for value in piece], dtype=np.float64)
    np.testing.assert_allclose(smooth.result.values, plain_mean(whole, window), rtol=1e-9, atol=1e-9)


def test_another_window_starts_anew():
    series = np.arange(10.0)
    smooth = Smooth(3)
    smooth.extend(series)
    smooth.restart(5, series)
    np.testing.assert_allclose(smooth.result.values, plain_mean(series, 5))


@pytest.mark.parametrize("count", [1, 999, 1000, 1001, 40 * CHUNK + 17, 300 * CHUNK + 3])
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
            assert abs(nearest - spike) <= 4 * max(1, count // 1000) + CHUNK * (count > 4000 * CHUNK / 8)


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
    smooth = Smooth(4)
    smooth.extend(series)
    np.testing.assert_allclose(smooth.result.values, plain_mean(series, 4), rtol=1e-12)
    assert smooth.result.values[9] == pytest.approx(1e-3, rel=1e-12)
