import numpy as np

from engine.data.preview import preview
from tests.helpers.data import input_params


def test_a_table():
    seen = preview(input_params(dataset="iris", standardize=True, test_fraction=0.2), None, "data")
    assert seen.error == ""
    assert seen.node == "data"
    assert seen.counts == (90, 30, 30)
    assert seen.classes == ("setosa", "versicolor", "virginica")
    assert seen.class_counts is not None
    assert seen.class_counts.tolist() == [[30, 30, 30], [10, 10, 10], [10, 10, 10]]
    assert len(seen.columns) == 4
    assert seen.points is None
    assert seen.fields["x"].shape == seen.raw["x"].shape == (64, 4)
    mean = np.array([row[1] for row in seen.scaling])
    std = np.array([row[2] for row in seen.scaling])
    assert np.allclose(seen.fields["x"], (seen.raw["x"] - mean) / std, atol=1e-5)


def test_points_of_a_toy_set():
    seen = preview(input_params(samples=100, features=["x1", "x1*x2"], test_fraction=0.1), None, "data")
    assert seen.counts == (40, 50, 10)
    assert seen.points is not None
    points, target, split = seen.points
    assert points.shape == (100, 2)
    assert np.bincount(split).tolist() == [40, 50, 10]
    assert seen.class_counts is not None
    assert seen.class_counts.sum(axis=0).tolist() == [int((target < 0).sum()), int((target > 0).sum())]
    assert np.array_equal(seen.raw["x"][:40, 1], points[:40, 0] * points[:40, 1])


def test_images_and_one_hot():
    seen = preview(input_params(dataset="digits", one_hot=True), None, "data")
    assert seen.raw["x"].shape == (64, 1, 8, 8)
    assert seen.raw["x"].max() == 1.0
    assert seen.fields["y"].shape == (64, 10)
    assert seen.raw["y"].shape == (64,)
    assert np.array_equal(seen.fields["y"].argmax(axis=1), seen.raw["y"])


def test_a_regression_has_no_class_balance():
    seen = preview(input_params(dataset="diabetes"), None, "data")
    assert seen.classes == ()
    assert seen.class_counts is None
    assert seen.fields["y"].shape == (64, 1)


def test_bad_data_are_a_sentence(tmp_path):
    seen = preview(input_params(dataset="csv", path="lost.csv"), tmp_path, "data")
    assert "lost.csv" in seen.error
    assert "does not exist" in seen.error
    assert seen.counts == (0, 0, 0)


def test_nothing_in_it_can_be_changed():
    seen = preview(input_params(), None, "data")
    assert seen.points is not None
    arrays = [*seen.fields.values(), *seen.raw.values(), *seen.points, seen.class_counts]
    assert not any(array.flags.writeable for array in arrays if array is not None)
