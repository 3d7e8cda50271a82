"""What is typed, dropped or drawn reaches the network exactly as training data do."""

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data import load_data
from engine.data.planes import line_grid, plane_grid, sample_points
from engine.data.prepare import prepare_file, prepare_image, prepare_rows
from engine.problem import DataError
from tests.helpers.data import input_params


def load(dtype=torch.float64, **values):
    return load_data(input_params(**values), dtype=dtype)


@pytest.fixture(scope="module")
def fashion():
    return load(torch.float32, dataset="fashion-mnist", source="sample", standardize=True)


# -- scaling --


@pytest.mark.parametrize("dataset", ["iris", "spiral", "digits"])
def test_standardisation_is_measured_on_the_training_part_only(dataset):
    plain, scaled = (load(dataset=dataset, split_seed=3, standardize=on) for on in (False, True))
    x = plain.train["x"].numpy()
    axes = 0 if x.ndim == 2 else (0, 2, 3)
    mean, std = x.mean(axis=axes, keepdims=x.ndim > 2), x.std(axis=axes, keepdims=x.ndim > 2)
    for split in ("train", "val"):
        assert np.allclose(scaled.part(split)["x"].numpy(), (plain.part(split)["x"].numpy() - mean) / std, rtol=1e-12)
    assert not np.allclose(scaled.val["x"].numpy().mean(axis=axes), 0, atol=1e-6), "the validation part is not measured"
    assert scaled.scaling is not None
    assert np.allclose([row[1] for row in scaled.scaling.rows()], mean.ravel())
    assert np.allclose([row[2] for row in scaled.scaling.rows()], std.ravel())


def test_validation_data_do_not_change_the_scaling():
    x = [[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]
    values = {"dataset": "inline", "x": x, "y": [[1], [2], [3]], "y_val": [[9]], "standardize": True}
    first, second = (load(**values, x_val=[[outlier, outlier]]) for outlier in (2.0, 1e9))
    assert torch.equal(first.train["x"], second.train["x"])
    assert first.scaling is not None
    assert first.scaling.rows() == (("x1", 2.0, pytest.approx((2 / 3) ** 0.5)), ("x2", 5.0, 1.0))
    assert first.train["x"][:, 1].tolist() == [0, 0, 0], "a feature that never changes becomes 0"


def test_the_full_set_of_pixels_is_scaled_by_channel(fashion):
    x = fashion.train["x"]
    assert float(x.double().mean()) == pytest.approx(0, abs=1e-6)
    assert float(x.double().std(correction=0)) == pytest.approx(1, abs=1e-6)
    assert fashion.scaling.rows()[0][0] == "channel 1"


# -- rows --


@pytest.mark.parametrize(
    "values",
    [
        {"features": ["x1", "x1*x2", "sin(x2)"], "standardize": True},
        {"dataset": "function", "features": ["x", "x^2"]},
        {"dataset": "iris", "standardize": True},
        {"dataset": "diabetes"},
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_become_what_the_training_got(values, dtype):
    data = load(dtype, **values)
    rows = data.points["val"] if data.points is not None else data.raw["val"]["x"]
    assert torch.equal(prepare_rows(data, rows), data.val["x"])
    assert torch.equal(prepare_rows(data, rows[:1]), data.val["x"][:1])


def test_pixels_become_what_the_training_got(fashion):
    raw = fashion.raw["test"]["x"][:5]
    assert torch.equal(prepare_rows(fashion, raw), fashion.test["x"][:5])
    assert torch.allclose(prepare_rows(fashion, raw / 255), fashion.test["x"][:5], atol=1e-6)
    digits = load(dataset="digits")
    assert torch.allclose(prepare_rows(digits, digits.pictures("val", slice(0, 5))), digits.val["x"][:5])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.ones((1, 3)), r"4 numbers \(sepal length \(cm\), .*\), but 3 came"),
        (np.ones((0, 4)), "4 numbers"),
        (np.ones((1, 2, 4)), "but 2×4 came"),
        (np.array([[1, 2, np.nan, 3]]), "finite"),
        (np.array([["a", "b", "c", "d"]]), "Numbers are expected"),
    ],
)
def test_rows_that_do_not_fit(rows, words):
    with pytest.raises(DataError, match=words) as caught:
        prepare_rows(load(dataset="iris"), rows)
    assert caught.value.code == "D05"


# -- pictures --


def test_a_picture_of_the_right_size_is_taken_as_it_is(fashion, tmp_path):
    raw = fashion.raw["test"]["x"][7]
    Image.fromarray(raw[0]).save(tmp_path / "a.png")
    for picture in (tmp_path / "a.png", raw, raw[0], raw[0] / 255):
        prepared = prepare_image(fashion, picture)
        assert torch.allclose(prepared.x, fashion.test["x"][7:8], atol=1e-6)
        assert prepared.notes == ()


def test_a_coloured_picture_of_another_size_is_converted_and_said_so(fashion, tmp_path):
    Image.new("RGB", (80, 40), (0, 0, 0)).save(tmp_path / "a.png")
    prepared = prepare_image(fashion, tmp_path / "a.png")
    assert prepared.x.shape == (1, 1, 28, 28)
    assert prepared.notes == ("Colours became gray.", "Resized from 80×40 to 28×28 pixels.")


def test_dark_on_light_is_swapped_where_the_data_are_light_on_dark(fashion):
    raw = fashion.raw["test"]["x"][7, 0]
    prepared = prepare_image(fashion, 255 - raw)
    assert torch.allclose(prepared.x, fashion.test["x"][7:8], atol=1e-6)
    assert "swapped" in prepared.notes[0]
    kept = prepare_image(fashion, 255 - raw, invert=False)
    assert not torch.allclose(kept.x, prepared.x)
    assert torch.allclose(prepare_image(fashion, raw, invert=True).x, kept.x, atol=1e-6)


def test_channels_may_come_first_or_last(tmp_path):
    (tmp_path / "a").mkdir()
    picture = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a" / "1.png")
    data = load(dataset="images", path=str(tmp_path), val_fraction=0.0)
    for given in (picture, np.moveaxis(picture, 2, 0), np.moveaxis(picture, 2, 0) / 255, picture / 255):
        assert torch.allclose(prepare_image(data, given).x, data.train["x"][:1])


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.ones((3, 4, 5, 6)), "is no picture"),
        (np.ones((0, 4)), "is no picture"),
        (np.full((10, 10), 2.0), "between 0 and 1"),
        (np.full((28, 28), np.nan), "between 0 and 1"),
    ],
)
def test_arrays_that_are_no_pictures(fashion, picture, words):
    with pytest.raises(DataError, match=words):
        prepare_image(fashion, picture)


def test_a_network_of_numbers_takes_no_pictures():
    with pytest.raises(DataError, match=r"takes 2 numbers \(x1, x2\), not a picture"):
        prepare_image(load(), np.zeros((28, 28)))


# -- files --


def test_tables_are_read_by_name_or_by_order(tmp_path):
    data = load(features=["x1", "x1*x2"])
    path = tmp_path / "rows.csv"
    path.write_text("kind,x2,x1\na,2,1\nb,4,3\n")
    prepared = prepare_file(data, path)
    assert prepared.x.tolist() == [[1, 2], [3, 12]]
    assert prepared.notes == ()
    path.write_text("1,2\n3,4\n")
    assert prepare_file(data, path).x.tolist() == [[1, 2], [3, 12]]
    path.write_text("1,2,9\n3,4,9\n")
    prepared = prepare_file(data, path)
    assert prepared.x.tolist() == [[1, 2], [3, 12]]
    assert 'the last, "column 3", is left out' in prepared.notes[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\n1\n", '"rows.csv" has no column "x1"'),
        ("x1,x2\n1,a\n", 'row 2, column "x2": a number is expected'),
        ("x1,x2\n", "no rows"),
    ],
)
def test_tables_that_do_not_fit(tmp_path, content, words):
    (tmp_path / "rows.csv").write_text(content)
    with pytest.raises(DataError, match=words):
        prepare_file(load(), tmp_path / "rows.csv")


def test_array_and_image_files(fashion, tmp_path):
    raw = fashion.raw["test"]["x"][:3]
    for array, count in ((raw, 3), (raw[:, 0], 3), (raw[0], 1), (raw[0, 0], 1), (np.moveaxis(raw, 1, 3), 3)):
        np.save(tmp_path / "a.npy", array)
        assert torch.equal(prepare_file(fashion, tmp_path / "a.npy").x, fashion.test["x"][:count])
    np.savez(tmp_path / "a.npz", x=raw, y=np.arange(3))
    assert torch.equal(prepare_file(fashion, tmp_path / "a.npz").x, fashion.test["x"][:3])
    np.savez(tmp_path / "b.npz", other=raw)
    with pytest.raises(DataError, match='has no array "x"'):
        prepare_file(fashion, tmp_path / "b.npz")
    Image.fromarray(raw[1, 0]).save(tmp_path / "a.png")
    assert torch.allclose(prepare_file(fashion, tmp_path / "a.png").x, fashion.test["x"][1:2], atol=1e-6)
    with pytest.raises(DataError, match="does not exist"):
        prepare_file(fashion, tmp_path / "lost.csv")


# -- places to draw at --


def test_the_plane_is_playgrounds_square_row_by_row():
    data = load(features=["x2", "x1^2"], standardize=True)
    plane = plane_grid(data, 5)
    assert plane is not None
    assert list(plane.extent) == [-6, 6, -6, 6]
    assert data.scaling is not None
    mean, std = data.scaling.mean, data.scaling.std
    for row in range(5):
        for column in range(5):
            x1, x2 = -6 + 3 * column, -6 + 3 * row
            expected = (np.array([x2, x1**2]) - mean) / std
            assert np.allclose(plane.x[row * 5 + column].numpy(), expected)


def test_the_plane_of_other_data_has_a_margin():
    data = load(dataset="inline", x=[[0, 10], [10, 30]], y=[[0], [1]])
    plane = plane_grid(data, 3)
    assert plane is not None
    assert list(plane.extent) == [-1, 11, 8, 32]
    assert plane.x.tolist()[:3] == [[-1, 8], [5, 8], [11, 8]]


def test_the_line_over_one_input():
    data = load(dataset="function", range=[0, 10], features=["x", "x^2"])
    line = line_grid(data, 13)
    assert line is not None
    assert line.at[[0, -1]].tolist() == [-1, 11]
    assert np.allclose(line.x[:, 1].numpy(), line.at**2)
    same = load(dataset="inline", x=[[2.0], [2.0]], y=[[1], [2]])
    line = line_grid(same, 3)
    assert line is not None
    assert line.at.tolist() == [1, 2, 3]


def test_only_data_with_coordinates_have_places_to_draw_at(fashion):
    for data in (fashion, load(dataset="iris")):
        assert plane_grid(data, 3) is None
        assert line_grid(data, 3) is None
        assert sample_points(data) is None
    assert line_grid(load(), 3) is None


def test_points_come_from_all_parts():
    points = sample_points(load(samples=5000, test_fraction=0.1), most=1000)
    assert points is not None
    assert points.x.shape == (1000, 2)
    assert set(points.target) == {-1.0, 1.0}
    assert np.bincount(points.split) == pytest.approx([400, 500, 100], abs=2)
    with pytest.raises(ValueError, match="read-only"):
        points.x[0, 0] = 0


# -- memory --


def test_tensors_and_raw_arrays_do_not_share_memory():
    for values in ({}, {"dataset": "iris"}, {"dataset": "inline", "x": [[1.0], [2.0]], "y": [[1.0], [2.0]]}):
        data = load(torch.float64, **values)
        before = data.raw["train"]["x"].copy(), data.raw["train"]["y"].copy()
        data.train["x"].zero_()
        data.train["y"].zero_()
        assert np.array_equal(data.raw["train"]["x"], before[0])
        assert np.array_equal(data.raw["train"]["y"], before[1])
