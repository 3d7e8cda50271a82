from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.split import split
from engine.facts import split_counts
from engine.problem import DataError
from tests.helpers.data import input_params


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=200),
    st.floats(0, 0.6),
    st.floats(0, 0.39),
    st.integers(0, 50),
    st.booleans(),
)
def test_parts_are_disjoint_complete_and_in_order(labels, val_part, test_part, seed, stratify):
    classes = np.array(labels)
    val, test = int(len(labels) * val_part), int(len(labels) * test_part)
    parts = split(len(labels), val, test, seed, classes if stratify else None)
    assert [len(parts.val), len(parts.test)] == [val, test]
    assert sorted([*parts.train, *parts.val, *parts.test]) == list(range(len(labels)))
    for part in (parts.train, parts.val, parts.test):
        assert list(part) == sorted(part)


@given(st.lists(st.integers(1, 60), min_size=2, max_size=6), st.fractions(0, Fraction(9, 10)), st.integers(0, 5))
def test_every_class_gets_its_share_to_the_nearest_sample(sizes, fraction, seed):
    classes = np.repeat(np.arange(len(sizes)), sizes)
    held = int(len(classes) * fraction)
    parts = split(len(classes), 0, held, seed, classes)
    for label, size in enumerate(sizes):
        share = Fraction(held * size, len(classes))
        assert abs(int((classes[parts.test] == label).sum()) - share) < 1


def test_proportions_are_exact_where_they_can_be():
    classes = np.repeat([0, 1, 2], [50, 30, 20])
    parts = split(100, 20, 10, 3, classes)
    assert np.bincount(classes[parts.train]).tolist() == [35, 21, 14]
    assert np.bincount(classes[parts.val]).tolist() == [10, 6, 4]
    assert np.bincount(classes[parts.test]).tolist() == [5, 3, 2]


def test_seed_decides():
    first, again, other = (split(1000, 300, 0, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.val, again.val)
    assert not np.array_equal(first.val, other.val)
    assert 250 < np.intersect1d(first.val, np.arange(0, 1000)).mean() < 750


def test_nothing_held_out_keeps_everything_in_place():
    assert np.array_equal(split(10, 0, 0, 5).train, np.arange(10))


@pytest.mark.parametrize(
    ("samples", "options", "expected"),
    [
        (500, {}, (250, 250, 0)),
        (500, {"dataset": "function"}, (400, 100, 0)),
        (4, {"dataset": "inline"}, (4, 0, 0)),
        (60_000, {"dataset": "mnist"}, (54_000, 6_000, 0)),
        (150, {"dataset": "iris", "val_fraction": 0.25, "test_fraction": 0.1}, (97, 38, 15)),
        (10, {"dataset": "csv", "val_fraction": 0.15}, (8, 2, 0)),
        (3, {"dataset": "csv", "val_fraction": 0.0}, (3, 0, 0)),
    ],
)
def test_counts_round_to_the_nearest_sample(samples, options, expected):
    assert split_counts((samples, 0, 0), input_params(**options)) == expected


def test_parts_of_their_own_are_kept():
    params = input_params(dataset="mnist", val_fraction=0.5, test_fraction=0.5)
    assert split_counts((100, 0, 30), params) == (50, 50, 30)
    assert split_counts((100, 20, 30), params) == (100, 20, 30)


def test_a_split_without_training_data_is_refused():
    with pytest.raises(DataError, match="none is left for the training") as caught:
        split_counts((4, 0, 0), input_params(val_fraction=0.5, test_fraction=0.5))
    assert caught.value.code == "D07"


@settings(max_examples=30)
@given(st.integers(0, 3))
def test_a_split_is_no_copy_of_the_points_random_numbers(seed):
    """The points and the split of one seed come from different streams."""
    points = np.random.Generator(np.random.PCG64(seed)).random(200)
    held = split(200, 100, 0, seed).val
    assert not np.array_equal(held, np.sort(np.argsort(points, kind="stable")[:100]))
