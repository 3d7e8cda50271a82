import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import load_data
from engine.data.filefacts import read_facts
from engine.dataspec import DataFacts
from engine.problem import DataError
from tests.helpers.data import checked, input_params, refusal

RNG = np.random.default_rng(1)


@pytest.fixture
def store(tmp_path):
    def save(arrays, compressed=False, **values):
        path = tmp_path / ("a.npz" if isinstance(arrays, dict) else "a.npy")
        if isinstance(arrays, dict):
            (np.savez_compressed if compressed else np.savez)(path, **arrays)
        elif isinstance(arrays, bytes):
            path.write_bytes(arrays)
        else:
            np.save(path, arrays)
        return input_params(**{"dataset": "npz", "path": str(path), "val_fraction": 0.0, **values})

    return save


@pytest.mark.parametrize("names", [("x", "y"), ("x_train", "y_train"), ("X", "Y")])
@pytest.mark.parametrize("compressed", [False, True])
def test_inputs_and_targets_by_their_usual_names(store, names, compressed):
    x, y = RNG.normal(size=(6, 3)), np.array([0, 1, 2, 0, 1, 2])
    data = checked(store({names[0]: x, names[1]: y, "other": np.zeros(3)}, compressed))
    assert np.array_equal(data.train["x"].numpy(), x)
    assert data.train["y"].tolist() == y.tolist()
    assert data.classes == ("0", "1", "2")


def test_parts_of_their_own(store):
    arrays = {
        "x_train": np.ones((6, 2)),
        "y_train": np.arange(6) % 2,
        "x_val": np.ones((2, 2)),
        "y_val": np.array([0, 2]),
        "x_test": np.ones((3, 2)),
        "y_test": np.zeros(3, dtype=int),
    }
    data = checked(store(arrays, val_fraction=0.5))
    assert data.facts.counts == (6, 2, 3)
    assert data.classes == ("0", "1", "2")
    arrays["x_val"], arrays["y_val"] = np.ones((0, 2)), np.zeros(0, dtype=int)
    assert checked(store(arrays, val_fraction=0.5)).facts.counts == (3, 3, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint16", "bool", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_number_types_and_memory_orders(store, dtype, order):
    x = np.asarray(RNG.integers(0, 2, (5, 4)), dtype=dtype, order=order)
    assert np.array_equal(checked(store({"x": x})).train["x"].numpy(), x.astype(float))


@pytest.mark.parametrize(
    ("y", "kind", "shape", "classes"),
    [
        (np.array([0.5, 1.5, 2.5]), "auto", (1,), 0),
        (np.array([0.0, 1.0, 2.0]), "auto", (1,), 0),
        (np.array([0.0, 1.0, 2.0]), "classes", (), 3),
        (np.array([0, 1, 2]), "numbers", (1,), 0),
        (np.array([-1, 1, 1]), "auto", (1,), 0),
        (np.array([[0], [1], [1]]), "auto", (1,), 0),
        (np.array([[0], [1], [1]]), "classes", (), 2),
        (np.array([True, False, True]), "auto", (), 2),
        (np.array(["b", "a", "b"]), "auto", (), 2),
        (np.ones((3, 2, 2)), "auto", (2, 2), 0),
    ],
)
def test_targets(store, y, kind, shape, classes):
    data = checked(store({"x": np.ones((3, 2)), "y": y}, target_type=kind))
    assert data.facts.fields[1].shape == shape
    assert len(data.classes) == classes


def test_text_targets_are_numbered_in_their_order(store):
    data = checked(store({"x": np.ones((3, 2)), "y": np.array(["b", "a", "b"])}))
    assert data.classes == ("a", "b")
    assert data.train["y"].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((4, 5, 6), (1, 5, 6)),
        ((4, 5, 6, 3), (3, 5, 6)),
        ((4, 5, 6, 1), (1, 5, 6)),
        ((4, 3, 6, 7), (3, 6, 7)),
        ((4, 9), (9,)),
    ],
)
def test_bytes_are_pixels(store, shape, expected):
    x = RNG.integers(0, 256, shape, dtype=np.uint8)
    data = checked(store({"x": x}))
    assert data.facts.fields[0].shape == expected
    pictures = np.moveaxis(x, 3, 1) if shape[-1] in (1, 3) else x.reshape(4, *expected)
    scale = 255 if len(shape) > 2 else 1
    assert np.array_equal(data.train["x"].numpy(), pictures / scale)


def test_floating_point_pictures_are_taken_as_they_are(store):
    x = RNG.normal(size=(4, 2, 5, 6))
    assert np.array_equal(checked(store({"x": x})).train["x"].numpy(), x)


def test_arrays_are_chosen_by_name(store):
    arrays = {"inputs": np.ones((3, 2)), "outputs": np.arange(3.0), "x": np.zeros((9, 9))}
    data = checked(store(arrays, features=["inputs"], target="outputs"))
    assert data.facts.fields[0].shape == (2,)
    assert data.train["y"].ravel().tolist() == [0, 1, 2]


def test_columns_of_an_npy_table(store):
    table = np.arange(12.0).reshape(3, 4)
    assert checked(store(table)).train["x"].tolist() == table.tolist()
    data = checked(store(table, target="-1"))
    assert data.train["x"].tolist() == table[:, :3].tolist()
    assert data.train["y"].tolist() == table[:, 3:].tolist()
    data = checked(store(table, features=["2", "0"], target="1"))
    assert data.train["x"].tolist() == table[:, [2, 0]].tolist()
    assert checked(store(np.arange(5.0))).train["x"].tolist() == [[0], [1], [2], [3], [4]]


def npy(header, data=b""):
    text = header.encode() + b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def plain(shape, descr="'<f8'"):
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"no array at all", "D02", "neither an NPZ nor an NPY"),
        (b"\x93NUMPY\x01\x00\xff", "D02", "header"),
        (b"\x93NUMPY\x09\x00" + bytes(100), "D02", "version 1 to 3"),
        (npy(plain("(3, 2)"), bytes(40)), "D02", "should have 6 numbers"),
        (npy(plain("(3, 2)"), bytes(56)), "D02", "should have 6 numbers"),
        (npy(plain("(1099511627776, 1099511627776)")), "D01", "at most"),
        (npy(plain("(-3, 2)"), bytes(48)), "D02", "header"),
        (npy(plain("(3,)", "'|O'"), bytes(24)), "D02", "never unpickled"),
        (npy(plain("(2,)", "'<M8[s]'"), bytes(16)), "D02", "numbers are expected"),
        (npy(plain("(2,)", "'<c16'"), bytes(32)), "D02", "numbers are expected"),
        (npy(plain("(2,)", "[('a', '<f8')]"), bytes(16)), "D02", "numbers are expected"),
        (npy("__import__('os').system('true')"), "D02", "header"),
        (npy("(" * 3000), "D02", "header"),
        (npy(plain("(0, 2)")), "D02", "no samples"),
    ],
)
def test_broken_npy_files(store, content, code, words):
    problem = refusal(store(content))
    assert problem.code == code
    assert words in problem.message


def test_pickled_objects_are_refused_and_not_run(store, tmp_path):
    class Evil:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    assert "never unpickled" in refusal(store({"x": np.array([Evil()], dtype=object)})).message
    path = tmp_path / "evil.npy"
    np.save(path, np.array([Evil()], dtype=object), allow_pickle=True)
    assert "never unpickled" in refusal(input_params(dataset="npz", path=str(path))).message
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("arrays", "values", "code", "words"),
    [
        ({"a": np.ones(3)}, {}, "D05", 'no array "x"'),
        ({"x": np.ones((3, 2)), "y": np.ones(4)}, {}, "D06", "3 samples but y has 4"),
        ({"x": np.ones((3, 2)), "y": np.ones(3), "x_test": np.ones((2, 2))}, {}, "D06", "lacks the array y_test"),
        ({"x": np.ones((3, 2)), "y": np.ones(3), "y_test": np.ones(2)}, {}, "D06", "lacks the array x_test"),
        ({"x": np.ones((3, 2)), "x_val": np.ones((3, 1))}, {}, "D06", "x_val has shape"),
        ({"x": np.float64(1.0)}, {}, "D06", "a single number"),
        ({"x": np.ones((3, 0))}, {}, "D02", "is empty"),
        ({"x": np.ones(3), "y": np.array([0.5, 1, 2])}, {"target_type": "classes"}, "D05", "class numbers"),
        ({"x": np.ones(3), "y": np.array([0, 1, 20_000])}, {"target_type": "classes"}, "D05", "class numbers"),
        ({"x": np.ones(3)}, {"features": ["x", "y"]}, "D05", "Only one array"),
        ({"x": np.ones(3)}, {"target": "yy"}, "D05", 'no array "yy"'),
        ({"x": np.array(["a"])}, {}, "D06", "type <U1"),
        (
            {"x": np.ones((3, 2)), "y": np.ones(3), "x_val": np.ones((1, 2)), "y_val": np.array(["a"])},
            {},
            "D06",
            "differ",
        ),
        (np.ones((3, 2)), {"target": "5"}, "D05", 'no column "5"'),
        (np.ones((3, 2)), {"target": "a"}, "D05", 'no column "a"'),
        (np.ones((3, 2)), {"features": ["1"], "target": "1"}, "D05", "both feature and target"),
        (np.ones((3, 2, 2)), {"target": "1"}, "D05", "3 dimensions"),
    ],
)
def test_arrays_that_do_not_fit(store, arrays, values, code, words):
    problem = refusal(store(arrays, **values))
    assert problem.code == code
    assert words in problem.message
    assert '"a.np' in problem.message


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_named(store, bad):
    x = np.ones((3, 2))
    x[2, 1] = bad
    with pytest.raises(DataError, match=rf'"a.npz": x\[2, 1\] is {bad}') as caught:
        load_data(store({"x": x}))
    assert caught.value.code == "D04"


def test_a_small_archive_that_expands_a_thousandfold_is_refused_before_it_does(tmp_path):
    path = tmp_path / "a.npz"
    header = npy(plain("(4000, 10000)"))
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as file,
    ):
        file.write(header)
        for _ in range(20):
            file.write(bytes(16_000_000))
    assert path.stat().st_size < 400_000
    problem = refusal(input_params(dataset="npz", path=str(path)))
    assert problem.code == "D01"
    assert "expands from 0.3 to 305 MiB" in problem.message


def test_broken_archives(store, tmp_path):
    params = store({"x": np.arange(1000.0)}, compressed=True)
    path = tmp_path / "a.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:200])
    assert "archive is broken" in refusal(params).message
    path.write_bytes(whole[:500] + bytes([whole[500] ^ 255]) + whole[501:])
    with pytest.raises(DataError, match="archive is broken"):
        load_data(params)
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    path.write_bytes(empty.getvalue())
    assert "no arrays" in refusal(params).message


@settings(max_examples=100)
@given(st.integers(0, 400), st.integers(0, 255), st.booleans())
def test_a_damaged_byte_gives_data_or_one_clear_error(tmp_path_factory, position, value, archive):
    file = io.BytesIO()
    x = np.arange(30.0).reshape(10, 3)
    np.savez(file, x=x) if archive else np.save(file, x)
    content = bytearray(file.getvalue())
    content[position % len(content)] = value
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    path.write_bytes(bytes(content))
    params = input_params(dataset="npz", path=str(path))
    facts = read_facts(params, None)
    try:
        data = load_data(params)
    except DataError:
        return
    assert isinstance(facts, DataFacts)
    assert data.facts.fields == facts.fields
