"""What is said of a data set without loading it is what loading gives."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.block import Context
from engine.blocks.input import CLASS_TOYS, FILES, REAL_TABLES, TOYS, Input
from engine.data import load_data
from engine.data.filefacts import read_facts, waiting_lookup
from engine.dataspec import DataFacts, Pending
from engine.facts import FactsCache
from engine.param import Choice
from engine.problem import DataError, Problem
from tests.helpers.data import input_params

TORCH = {"float": torch.float64, "int": torch.int64}


def look(**values):
    return FactsCache().lookup(input_params(**values))


def check_agreement(params, folder=None):
    facts = waiting_lookup(folder)(params)
    assert isinstance(facts, DataFacts), facts
    data = load_data(params, folder, torch.float64)
    assert data.facts == facts
    for count, part in zip(facts.counts, (data.train, data.val, data.test), strict=True):
        assert set(part) == {field.name for field in facts.fields}
        for field in facts.fields:
            tensor = part[field.name]
            assert tuple(tensor.shape) == (count, *field.shape)
            assert tensor.dtype == TORCH[field.dtype]
            assert torch.isfinite(tensor).all()
            if field.dtype == "int" and count:
                assert tensor.min() >= 0
                assert tensor.max() < len(field.classes)
    specs = Input().shape(params, {}, Context(facts))
    assert {name: spec.shape for name, spec in specs.items()} == {
        field.name: ("N", *field.shape) for field in facts.fields
    }
    return data


@settings(max_examples=60)
@given(
    st.sampled_from([*TOYS, "function", *REAL_TABLES]),
    st.fixed_dictionaries(
        {
            "samples": st.integers(10, 200),
            "noise": st.floats(0, 0.5),
            "labels": st.sampled_from(["pm1", "01"]),
            "val_fraction": st.none() | st.floats(0, 0.45),
            "test_fraction": st.none() | st.floats(0, 0.45),
            "split_seed": st.integers(0, 9),
            "stratify": st.booleans(),
            "standardize": st.booleans(),
        }
    ),
    st.booleans(),
)
def test_facts_are_what_is_loaded(dataset, options, one_hot):
    classes = dataset in CLASS_TOYS or dataset in ("iris", "wine", "breast_cancer", "digits")
    check_agreement(input_params(dataset=dataset, one_hot=one_hot and classes, **options))


numbers = st.floats(-100, 100)


@settings(max_examples=60)
@given(
    st.data(),
    st.integers(1, 12),
    st.sampled_from([(), (1,), (3,), (2, 2)]),
    st.sampled_from(["flat", "column", "rows", "classes", "none"]),
    st.booleans(),
)
def test_facts_of_inline_data(draw, samples, shape, target, own_parts):
    def array(count, size):
        flat = draw.draw(st.lists(numbers, min_size=count * math.prod(size), max_size=count * math.prod(size)))
        return np.array(flat).reshape(count, *size).tolist()

    def targets(count):
        if target == "classes":
            return draw.draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
        return array(count, {"flat": (), "column": (1,), "rows": (2,)}[target])

    values = {"dataset": "inline"}
    for part, count in (("", samples), ("_val", 2), ("_test", 3)) if own_parts else (("", samples),):
        values[f"x{part}"] = array(count, shape)
        if target != "none":
            values[f"y{part}"] = targets(count)
    one_hot = target == "classes" and draw.draw(st.booleans())
    data = check_agreement(input_params(**values, one_hot=one_hot))
    assert data.facts.counts == ((samples, 2, 3) if own_parts else (samples, 0, 0))
    assert np.array_equal(data.train["x"].numpy().ravel(), np.ravel(values["x"]))


def test_scikit_learns_sets_are_as_the_catalog_says():
    from sklearn import datasets

    for name in REAL_TABLES:
        loaded = getattr(datasets, f"load_{name}")()
        facts = look(dataset=name, val_fraction=0.0)
        assert isinstance(facts, DataFacts)
        x, y = facts.fields
        assert facts.counts == (len(loaded.data), 0, 0)
        assert math.prod(x.shape) == loaded.data.shape[1]
        if x.columns:
            assert list(x.columns) == list(loaded.feature_names)
        if y.classes:
            assert [str(label) for label in loaded.target_names] == list(y.classes)
            assert set(loaded.target) == set(range(len(y.classes)))
        data = load_data(input_params(dataset=name, val_fraction=0.0), dtype=torch.float64)
        assert np.array_equal(data.raw["train"]["y"].ravel(), loaded.target)
        if name not in ("diabetes", "digits"):
            assert np.array_equal(data.train["x"].numpy(), loaded.data)
    digits = load_data(input_params(dataset="digits", val_fraction=0.0), dtype=torch.float64)
    assert np.array_equal(digits.train["x"].numpy().reshape(-1, 64) * 16, datasets.load_digits().data)


@pytest.mark.parametrize(
    ("values", "shape", "dtype", "classes"),
    [
        ({"y": [0, 2, 1]}, (), "int", ("0", "1", "2")),
        ({"y": [0.0, 2.0, 1.0]}, (1,), "float", ()),
        ({"y": [0, 2, 1], "target_type": "numbers"}, (1,), "float", ()),
        ({"y": [[0], [1], [1]]}, (1,), "float", ()),
        ({"y": [[0], [1], [1]], "target_type": "classes"}, (), "int", ("0", "1")),
        ({"y": [0, -1, 1]}, (1,), "float", ()),
        ({"y": [[1, 0], [0, 1], [0, 1]]}, (2,), "float", ()),
        ({"y": [0, 1, 1], "one_hot": True}, (2,), "float", ("0", "1")),
    ],
)
def test_inline_targets(values, shape, dtype, classes):
    facts = look(dataset="inline", x=[[1.0], [2.0], [3.0]], **values)
    assert isinstance(facts, DataFacts)
    y = facts.fields[1]
    assert (y.shape, y.dtype, y.classes) == (shape, dtype, classes)


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ({"dataset": "inline"}, "D06", "no x"),
        ({"dataset": "inline", "x": [[1], [2]], "y": [1]}, "D06", "x has 2 samples but y has 1"),
        (
            {"dataset": "inline", "x": [[1]], "y": [[1]], "x_val": [[1, 2]], "y_val": [[1]]},
            "D06",
            "shape 1 but one of x_val",
        ),
        ({"dataset": "inline", "x": [[1]], "y": [[1]], "x_val": [[1]]}, "D06", "x_val is given without y_val"),
        ({"dataset": "inline", "x": [[1]], "y": [[1]], "y_test": [[1]]}, "D06", "y_test is given without x_test"),
        ({"dataset": "inline", "x": [[1]], "y": [0.5], "target_type": "classes"}, "D05", "y holds 0.5"),
        ({"dataset": "inline", "x": [[1]], "y": [[1, 2]], "target_type": "classes"}, "D05", "several numbers"),
        ({"dataset": "inline", "x": [[1]], "y": [[1]], "one_hot": True}, "D05", "no one-hot form"),
        ({"dataset": "diabetes", "one_hot": True}, "D05", "no one-hot form"),
        ({"dataset": "spiral", "noise": 0.6}, "D05", "0 to 0.5 but is 0.6"),
        ({"dataset": "spiral", "features": ["x1", "x3"]}, "D05", 'unknown name "x3"; known are x1, x2'),
        ({"dataset": "spiral", "features": ["x1"] * 65}, "D05", "at most 64"),
        ({"dataset": "function", "expression": "sin("}, "D05", "ends early"),
        ({"dataset": "function", "range": [1, 1]}, "D05", "smaller first"),
        ({"dataset": "function", "range": [[0, 1], [1, 2]]}, "D05", "smaller first"),
        ({"dataset": "iris", "val_fraction": 0.6, "test_fraction": 0.5}, "D07", "none is left"),
        ({"dataset": "mnist"}, "D03", "not part of the app"),
        ({"dataset": "csv"}, "D03", "No file is chosen"),
        ({"dataset": "csv", "path": "a.csv"}, "D03", "has not been saved yet"),
        ({"dataset": "npz", "path": "/nowhere/a.npz"}, "D03", "/nowhere/a.npz"),
        ({"dataset": "images", "path": "/nowhere"}, "D03", '"/nowhere" does not exist'),
    ],
)
def test_problems(values, code, words):
    params = input_params(**values)
    problem = FactsCache().lookup(params)
    assert isinstance(problem, Problem)
    assert (problem.severity, problem.code) == ("error", code)
    assert words in problem.message
    with pytest.raises(DataError) as caught:
        load_data(params)
    assert (caught.value.code, caught.value.message) == (code, problem.message)


def test_formulas_without_a_value_are_found_while_loading():
    with pytest.raises(DataError, match=r'"log\(x\)" has no finite value at x = -3'):
        load_data(input_params(dataset="function", expression="log(x)"))
    with pytest.raises(DataError, match=r'feature "1/x1\^0.5" has no finite value at x1 = '):
        load_data(input_params(features=["1/x1^0.5"]))


def test_derived_features_are_computed_from_the_points():
    names = ["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"]
    data = load_data(input_params(dataset="xor", features=names, val_fraction=0.0), dtype=torch.float64)
    assert data.points is not None
    a, b = data.points["train"].T
    expected = np.stack([a, b, a * a, b * b, a * b, np.sin(a), np.sin(b)], axis=1)
    assert np.allclose(data.train["x"].numpy(), expected, rtol=1e-15)
    assert data.facts.fields[0].columns == tuple(names)


def test_function_of_x():
    params = input_params(
        dataset="function", expression="x^2 + 1", range=[0, 2], samples=5, val_fraction=0.0, features=["x", "x^2"]
    )
    data = load_data(params, dtype=torch.float64)
    assert data.train["x"].tolist() == [[0, 0], [0.5, 0.25], [1, 1], [1.5, 2.25], [2, 4]]
    assert data.train["y"].ravel().tolist() == [1, 1.25, 2, 3.25, 5]
    noisy = load_data({**params, "noise": 0.5, "samples": 4000}, dtype=torch.float64)
    residual = noisy.train["y"] - noisy.train["x"][:, 1:] - 1
    assert abs(float(residual.mean())) < 0.03
    assert float(residual.std()) == pytest.approx(0.5, rel=0.05)


def test_labels_01_and_one_hot_of_toys():
    plus, zero, hot = (
        load_data(input_params(dataset="xor", **values)) for values in ({}, {"labels": "01"}, {"one_hot": True})
    )
    assert torch.equal(zero.train["y"], (plus.train["y"] + 1) / 2)
    assert torch.equal(hot.train["y"].argmax(dim=1), zero.train["y"][:, 0].long())
    assert hot.classes == ("-1", "1")
    first, second = plus.labels("train"), hot.labels("train")
    assert first is not None
    assert second is not None
    assert first.tolist() == second.tolist() == zero.train["y"].ravel().tolist()


def test_the_split_is_stratified_or_not():
    params = input_params(dataset="iris", val_fraction=0.3, split_seed=4)
    even = load_data(params)
    assert torch.bincount(even.val["y"]).tolist() == [15, 15, 15]
    assert torch.bincount(even.train["y"]).tolist() == [35, 35, 35]
    drawn = load_data({**params, "stratify": False})
    assert torch.bincount(drawn.val["y"]).tolist() != [15, 15, 15]


# -- the cache --


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a,b,c\n1,2,3.5\n4,5,6.5\n7,8,9.5\n")
    return path


def test_files_are_asked_for_once_and_answered_from_the_cache(table):
    cache = FactsCache(table.parent)
    params = input_params(dataset="csv", path="data.csv")
    assert cache.lookup(params) == Pending("data.csv")
    ((key, asked),) = cache.pending()
    assert asked == params
    assert cache.lookup(params) == Pending("data.csv")
    assert cache.pending() == []
    cache.put(key, read_facts(asked, cache.folder))
    facts = cache.lookup(params)
    assert isinstance(facts, DataFacts)
    assert facts.counts == (2, 1, 0)
    split = cache.lookup({**params, "val_fraction": 0.0, "standardize": True})
    assert isinstance(split, DataFacts), "split and scaling need no second look into the file"
    assert split.counts == (3, 0, 0)
    assert cache.pending() == []
    cache.lookup({**params, "features": ("a",)})
    assert len(cache.pending()) == 1, "another choice of columns does"


def test_a_changed_file_is_read_again_and_a_lost_one_is_said_to_be_missing(table):
    cache = FactsCache(table.parent)
    params = input_params(dataset="csv", path="data.csv", val_fraction=0.0)
    key = cache.key(params)
    cache.put(key, read_facts(params, cache.folder))
    table.write_text("a,b\n1,2\n")
    assert cache.key(params) != key
    assert isinstance(cache.lookup(params), Pending)
    table.unlink()
    problem = cache.lookup(params)
    assert isinstance(problem, Problem)
    assert problem.code == "D03"
    assert str(table) in problem.message


def test_a_broken_file_is_a_problem_that_is_kept(table):
    table.write_text("a,b\n1,2\n3\n")
    lookup = waiting_lookup(table.parent)
    params = input_params(dataset="csv", path="data.csv")
    problem = lookup(params)
    assert isinstance(problem, Problem)
    assert problem.code == "D02"
    assert problem == lookup(params)


def test_no_data_set_is_forgotten():
    known = {*TOYS, "function", *REAL_TABLES, "inline", "fashion-mnist", "mnist", *FILES, "random"}
    choice = Input.params["dataset"]
    assert isinstance(choice, Choice)
    assert set(choice.options) == known


def test_random_numbers_stand_in_with_any_shape():
    params = input_params(dataset="random", shape=[3, 4, 5], samples=50, seed=3)
    data = load_data(params)
    facts = FactsCache().lookup(params)
    assert isinstance(facts, DataFacts)
    assert [(field.name, field.shape) for field in facts.fields] == [("x", (3, 4, 5))]
    assert facts.counts == (40, 10, 0)
    assert data.train["x"].shape == (40, 3, 4, 5)
    assert abs(float(data.train["x"].mean())) < 0.1
    assert abs(float(data.train["x"].std()) - 1) < 0.1
    again, other = load_data(params), load_data({**params, "seed": 4})
    assert bool((again.train["x"] == data.train["x"]).all())
    assert not bool((other.train["x"] == data.train["x"]).any())


def test_random_numbers_are_not_drawn_without_end():
    problem = FactsCache().lookup(input_params(dataset="random", shape=[1024, 1024], samples=1000))
    assert isinstance(problem, Problem)
    assert problem.code == "D05"
