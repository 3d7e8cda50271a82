"""Ticks of a logarithmic axis that lies between two powers of ten."""

from __future__ import annotations

import math

import pytest

from gui.format import parse_number
from gui.plots.plot import NumberAxis


@pytest.mark.parametrize(("low", "high"), [(2.2, 2.4), (0.31, 0.39), (12345.0, 12800.0), (0.9, 2.5)])
def test_a_narrow_logarithmic_axis_bears_round_numbers_at_their_places(qtbot, low, high):
    axis = NumberAxis("left")
    axis.setLogMode(True, True)
    ((spacing, places),) = axis.logTickValues(math.log10(low), math.log10(high), 160, [])
    assert 2 <= len(places) <= 8
    texts = axis.logTickStrings(list(places), 1.0, spacing)
    for place, text in zip(places, texts, strict=True):
        assert low * (1 - 1e-9) <= 10**place <= high * (1 + 1e-9)
        assert parse_number(text) == pytest.approx(10**place, rel=1e-3)


def test_a_wide_one_keeps_its_powers(qtbot):
    axis = NumberAxis("left")
    axis.setLogMode(True, True)
    levels = axis.logTickValues(-4.0, 1.0, 160, [(1.0, [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0])])
    assert list(levels[0][1]) == [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("low", "texts"), [(-4.3, {"1e0", "1e-1", "1e-2", "1e-3", "1e-4"}), (-2.3, {"1", "0.1", "0.01"})]
)
def test_all_levels_of_ticks_are_written_alike(qtbot, low, texts):
    """Every other power may be a level of its own, when there is little room."""
    axis = NumberAxis("left")
    axis.setLogMode(True, True)
    axis.logTickValues(low, 0.1, 160, [(2.0, [-4.0, -2.0, 0.0]), (1.0, [-3.0, -1.0])])
    powers = [power for power in range(0, -5, -1) if power >= low]
    levels = [power for power in powers if not power % 2], [power for power in powers if power % 2]
    assert {text for level in levels for text in axis.logTickStrings(level, 1.0, 1.0)} == texts
