"""Numbers as people read and type them."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.format import (
    format_bytes,
    format_count,
    format_duration,
    format_exact,
    format_integer,
    format_number,
    parse_number,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.041234567, "0.04123"),
        (-0.0312, "-0.0312"),
        (0.00012345, "0.0001234"),
        (9.9999e-5, "0.0001"),
        (3e-6, "3e-6"),
        (0.99996, "1"),
        (1234.5678, "1235"),
        (123456.7, "123500"),
        (999999.9, "1e6"),
        (12345678.0, "1.235e7"),
        (999_999, "999999"),
        (np.int64(123456), "123456"),
        (np.float32(0.1), "0.1"),
        (math.nan, "NaN"),
        (-math.inf, "-∞"),
    ],
)
def test_numbers(value: float, text: str):
    assert format_number(value) == text


@given(st.floats(-1e307, 1e307))
def test_numbers_are_right_to_four_digits(value: float):
    text = format_number(value)
    assert float(text) == pytest.approx(value, rel=5.1e-4, abs=0)
    digits = re.sub(r"e.*|[-.]", "", text).lstrip("0")
    assert len(digits.rstrip("0")) <= 4


@given(FINITE)
def test_exact_text_reads_back(value: float):
    assert float(format_exact(value)) == value
    assert parse_number(format_exact(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1234567, "1.23 M"),
        (412_345, "412 k"),
        (999_999, "1 M"),
        (2.5e9, "2.5 G"),
        (1e22, "1e22"),
    ],
)
def test_counts(value: float, text: str):
    assert format_count(value) == text


def test_integers():
    assert format_integer(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1024**2 - 1, "1 MiB"), (3.62 * 1024**4, "3.62 TiB")],
)
def test_bytes(size: float, text: str):
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (38e-6, "38 µs"),
        (0.03812, "38.1 ms"),
        (0.9996, "1 s"),
        (4.23, "4.2 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7620, "2 h 07 min"),
        (270_000, "3 d 03 h"),
        (-2, "-2 s"),
        (math.inf, "∞"),
        (math.nan, "–"),
    ],
)
def test_durations(seconds: float, text: str):
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 1e-3), (" .5 ", 0.5), ("1 000", 1000.0), ("−2", -2.0), ("0,5", 0.5), ("1,234.5", None), ("0,125", 0.125)],
)
def test_typed_numbers(text: str, value: float | None):
    if value is None:
        with pytest.raises(ValueError, match="no number"):
            parse_number(text)
    else:
        assert parse_number(text) == value


@pytest.mark.parametrize("text", ["", "abc", "1e999", "nan", "inf", "1..2", "0x10", "1_000"])
def test_what_is_no_number_is_refused(text: str):
    with pytest.raises(ValueError, match=r"no number|not finite"):
        parse_number(text)


def test_an_ambiguous_comma_is_asked_about():
    with pytest.raises(ValueError, match=r"may mean 1000 or 1.000"):
        parse_number("1,000")
