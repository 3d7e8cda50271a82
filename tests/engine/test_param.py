"""Every parameter takes what it should, and says of everything else what it expected and received."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.block import registry
from engine.param import (
    Array,
    Bool,
    Choice,
    Choices,
    Float,
    Int,
    Names,
    Param,
    ParamError,
    Refs,
    Shape,
    Size,
    Text,
    array_shape,
    parse_all,
)
from engine.settings import TRAINING
from engine.wording import closest, number_text, plural, shown
from tests.helpers.random_projects import JSON

INT = Int(doc="", default=3, min=1, max=10)
FLOAT = Float(doc="", default=0.5, min=0.0, max=1.0)
RATE = Float(doc="", default=0.1, above=0.0, optional=True)
BOOL = Bool(doc="", default=False)
CHOICE = Choice(doc="", default="relu", options=("relu", "sigmoid", "tanh"))
CHOICES = Choices(doc="", default=("a",), options=("a", "b", "c"), least=1)
SIZE = Size(doc="", default=3, dims=2, min=1, max=99)
PADDING = Size(doc="", default="same", dims=2, words=("same", "valid"), optional=True)
LENGTH = Size(doc="", default=1, dims=1, min=0)
SHAPE = Shape(doc="", default=(1, 28, 28), infer=True)
DIMS = Shape(doc="", default=(0, 1), min=0)
TEXT = Text(doc="", default="")
NAMES = Names(doc="")
ARRAY = Array(doc="")
REFS = Refs(doc="")


@pytest.mark.parametrize(
    ("param", "value", "expected"),
    [
        (INT, 5, 5), (INT, 5.0, 5), (INT, 1, 1), (INT, 10, 10), (Int(doc="", default=None, optional=True), None, None),
        (FLOAT, 0.25, 0.25), (FLOAT, 1, 1.0), (FLOAT, 0, 0.0), (RATE, None, None), (RATE, 1e-300, 1e-300),
        (BOOL, True, True), (BOOL, False, False),
        (CHOICE, "tanh", "tanh"), (CHOICES, ["b", "a"], ("b", "a")), (CHOICES, ("c",), ("c",)),
        (SIZE, 5, 5), (SIZE, 5.0, 5), (SIZE, [3, 5], (3, 5)), (SIZE, (3.0, 5), (3, 5)),
        (PADDING, "same", "same"), (PADDING, None, None), (PADDING, 0, 0), (LENGTH, [4], (4,)),
        (SHAPE, [2, -1], (2, -1)), (SHAPE, [], ()), (SHAPE, (3.0,), (3,)), (DIMS, [2, 0, 1], (2, 0, 1)),
        (TEXT, "x → ü\n", "x → ü\n"), (TEXT, "", ""), (NAMES, ["a b", ""], ("a b", "")), (NAMES, [], ()),
        (ARRAY, None, None), (ARRAY, [1, 2.5], (1, 2.5)), (ARRAY, [[1], [2]], ((1,), (2,))),
        (REFS, ["a", "b"], ("a", "b")), (REFS, (), ()),
    ],
)  # fmt: skip
def test_what_is_taken(param, value, expected):
    parsed = param.parse(value)
    assert repr(parsed) == repr(expected)
    assert param.parse(parsed) == parsed


@pytest.mark.parametrize(
    ("param", "value", "message"),
    [
        (INT, 0, "must be at least 1 but is 0"),
        (INT, 11, "must be at most 10 but is 11"),
        (INT, 2.5, "expects a whole number but got 2.5"),
        (INT, True, "expects a whole number but got true"),
        (INT, "3", 'expects a whole number but got "3"'),
        (INT, None, "expects a whole number but got null"),
        (INT, math.nan, "expects a whole number but got nan"),
        (INT, [3], "expects a whole number but got [3]"),
        (INT, 10**400, "must be at most 10 but is 10^399 or more"),
        (INT, -(10**400), "must be at least 1 but is −10^399 or less"),
        (INT, 1e300, "expects a whole number but got 1e+300"),
        (Int(doc="", default=1, max=2**31 - 1), 2**40, "must be at most 2,147,483,647 but is 1,099,511,627,776"),
        (FLOAT, -0.1, "must be at least 0 but is -0.1"),
        (FLOAT, 1.0000001, "must be at most 1 but is 1.0000001"),
        (FLOAT, math.inf, "expects a finite number but got inf"),
        (FLOAT, math.nan, "expects a finite number but got nan"),
        (FLOAT, 10**400, "expects a finite number but got 10^399 or more"),
        (FLOAT, True, "expects a number but got true"),
        (FLOAT, "x\n", r'expects a number but got "x\n"'),
        (RATE, 0, "must be more than 0 but is 0"),
        (RATE, 0.0, "must be more than 0 but is 0"),
        (BOOL, 1, "expects true or false but got 1"),
        (BOOL, "true", 'expects true or false but got "true"'),
        (CHOICE, "Relu", 'expects one of relu, sigmoid, tanh but got "Relu"; did you mean "relu"?'),
        (CHOICE, "zzz", 'expects one of relu, sigmoid, tanh but got "zzz"'),
        (CHOICE, ["relu"], 'expects one of relu, sigmoid, tanh but got ["relu"]'),
        (CHOICES, "a", 'expects a list of words but got "a"'),
        (CHOICES, ["d"], 'expects some of a, b, c but got "d"'),
        (CHOICES, ["a", "a"], 'names one entry twice: ["a", "a"]'),
        (CHOICES, [], "needs at least 1 of a, b, c"),
        (CHOICES, [1], "expects a list of words but got [1]"),
        (SIZE, [1, 2, 3], "expects 2 sizes but got 3: [1, 2, 3]"),
        (SIZE, [1, 0], "must be at least 1 but is 0"),
        (SIZE, 100, "must be at most 99 but is 100"),
        (SIZE, "same", 'expects a whole number or 2 of them but got "same"'),
        (SIZE, [1, True], "expects a whole number or 2 of them but got true"),
        (SIZE, None, "expects a whole number or 2 of them but got null"),
        (PADDING, "full", 'expects a whole number or 2 of them or "same" or "valid" but got "full"'),
        (LENGTH, "x", 'expects a whole number but got "x"'),
        (SHAPE, [-1, -1], "can leave only one size open (-1)"),
        (SHAPE, [0], "must be at least 1 but is 0"),
        (SHAPE, [2**31], "must be at most 2,147,483,647 but is 2,147,483,648"),
        (SHAPE, 3, "expects a list of whole numbers but got 3"),
        (SHAPE, [1, "2"], 'expects a list of whole numbers but got [1, "2"]'),
        (SHAPE, [True], "expects a list of whole numbers but got [true]"),
        (DIMS, [-1], "must be at least 0 but is -1"),
        (TEXT, 3, "expects text but got 3"),
        (TEXT, "a\ud800", "holds characters that are not text"),
        (TEXT, "a\0", "holds characters that are not text"),
        (NAMES, ["a\udfff"], "holds characters that are not text"),
        (NAMES, "ab", 'expects a list of names but got "ab"'),
        (ARRAY, [], "is empty"),
        (ARRAY, [[]], "is empty"),
        (ARRAY, 3, "expects a list of numbers but got 3"),
        (ARRAY, [1, "a"], 'expects a finite number at [1] but got "a"'),
        (ARRAY, [[1, 2], [3, math.nan]], "expects a finite number at [1][1] but got nan"),
        (ARRAY, [[1, 2], [10**400, 1]], "expects a finite number at [1][0] but got 10^399 or more"),
        (ARRAY, [[1, 2], [3, True]], "expects a finite number at [1][1] but got true"),
        (ARRAY, [[1, 2], [3]], "needs 2 entries at [1] (level 2) but has 1 entries"),
        (ARRAY, [[1, 2], 3], "needs 2 entries at [1] (level 2) but has 3"),
        (ARRAY, [1, [2]], "expects a finite number at [1] but got [2]"),
        (ARRAY, [[[1], [2]], [[3], [4, 5]]], "needs 1 entries at [1][1] (level 3) but has 2 entries"),
        (ARRAY, [[[[[[[[[1]]]]]]]]], "is nested more than 8 deep"),
        (REFS, "a", 'expects a list of block names but got "a"'),
        (REFS, ["a", "a"], 'names one block twice: ["a", "a"]'),
        (REFS, [1], "expects a list of block names but got [1]"),
    ],
)  # fmt: skip
def test_what_is_refused(param, value, message):
    with pytest.raises(ParamError) as caught:
        param.parse(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "param", [INT, FLOAT, BOOL, CHOICE, SIZE, SHAPE, TEXT, ARRAY, REFS], ids=lambda p: type(p).__name__
)
def test_numbers_too_long_for_python_to_write_are_refused(param):
    for value in (10**9999, [10**9999], [[10**9999]]):
        with pytest.raises(ParamError):
            param.parse(value)


ALL: dict[str, Param] = {f"training.{name}": param for name, param in TRAINING.items()}
ALL |= {f"{kind}.{name}": param for kind, block in registry().items() for name, param in block.params.items()}


@pytest.mark.parametrize("param", ALL.values(), ids=ALL)
def test_a_default_is_a_value_the_parameter_takes(param):
    assert param.parse(param.start) == param.start


@pytest.mark.parametrize("param", ALL.values(), ids=ALL)
@given(value=st.one_of(JSON, st.integers(), st.floats(), st.integers(10**300, 10**500), st.binary(max_size=2)))
def test_any_value_is_taken_or_refused_in_a_sentence(param, value):
    try:
        parsed = param.parse(value)
    except ParamError as error:
        told = str(error)
    else:
        told = ""
        assert param.parse(parsed) == parsed
    assert len(told) < 700
    assert told == "" or "\n" not in told


def test_parse_all():
    params = {"size": INT, "rate": RATE, "kind": CHOICE}
    assert parse_all(params, {"size": 5, "other": object()}) == ({"size": 5, "rate": 0.1, "kind": "relu"}, [])
    parsed, errors = parse_all(params, {"size": 50, "kind": "x", "rate": None})
    assert parsed == {"size": 3, "rate": None, "kind": "relu"}
    assert [name for name, _ in errors] == ["size", "kind"]
    assert errors[0][1] == "must be at most 10 but is 50"


def test_visible():
    param = Float(doc="", default=0.1, when=("function", ("elu", "gelu")))
    assert param.visible({"function": "elu"})
    assert not param.visible({"function": "relu"})
    assert not param.visible({})
    assert INT.visible({})


@st.composite
def nested(draw: st.DrawFn) -> tuple[tuple[int, ...], Any]:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    return shape, np.arange(math.prod(shape)).reshape(shape).tolist()


@given(nested())
def test_the_shape_of_an_array_is_that_of_numpy(drawn):
    shape, value = drawn
    assert array_shape(value) == shape
    assert ARRAY.parse(value) == ARRAY.parse(ARRAY.parse(value))


@given(nested(), st.data())
def test_a_wrong_entry_is_named_by_its_index(drawn, data):
    shape, value = drawn
    index = [data.draw(st.integers(0, size - 1)) for size in shape]
    row = value
    for step in index[:-1]:
        row = row[step]
    row[index[-1]] = "wrong"
    with pytest.raises(ParamError) as caught:
        array_shape(value)
    assert (
        str(caught.value) == f"""expects a finite number at {"".join(f"[{step}]" for step in index)} but got "wrong\""""
    )


# -- words --


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (1.0, "1.0"),
        (-3, "-3"),
        ("a", '"a"'),
        ('say "a"', r'"say \"a\""'),
        ("ü→😀", '"ü→😀"'),
        ("a\nb\u202ec\x1b", r'"a\nb\u202ec\u001b"'),
        ("\ud800", r'"\ud800"'),
        ([1, [2.5, "a"], None], '[1, [2.5, "a"], null]'),
        ((1, 2), "[1, 2]"),
        ({"a": [1], "b": {}}, '{"a": [1], "b": {}}'),
        ([], "[]"),
        (object(), "a value of the kind object"),
        (np.float32(1.5), "a value of the kind float32"),
        (np.float64(1.5), "1.5"),
        (10**38, "1" + "0" * 38),
        (2**200, "10^60 or more"),
        (-(2**200), "−10^60 or less"),
        ("x" * 99, '"' + "x" * 58 + "…"),
        ([[[[[[[[[[1]]]]]]]]]], "[[[[[[[[…]]]]]]]]"),
    ],
)
def test_shown(value, expected):
    assert shown(value) == expected


@given(st.one_of(JSON, st.text(), st.lists(JSON)))
def test_what_is_shown_is_one_short_line(value):
    text = shown(value)
    assert len(text) <= 60
    assert text.isprintable()
    assert len(shown(value, 20)) <= 20


def test_showing_much_takes_no_more_than_showing_little():
    class Counting(list):
        asked = 0

        def __iter__(self):
            for item in super().__iter__():
                Counting.asked += 1
                yield item

    shown(Counting(range(1_000_000)))
    assert Counting.asked < 100


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, "3"), (1234567, "1,234,567"), (0.1, "0.1"), (3.0, "3"), (1e-7, "1e-07"), (10**200, "10^199 or more")],
)
def test_number_text(value, expected):
    assert number_text(value) == expected


@pytest.mark.parametrize(
    ("count", "word", "expected"),
    [
        (0, "unit", "0 units"),
        (1, "unit", "1 unit"),
        (1, "multiply-add", "1 multiply-add"),
        (12_000, "image", "12,000 images"),
        (1, "class", "1 class"),
        (3, "class", "3 classes"),
        ("unknown", "multiply-add", "unknown multiply-adds"),
    ],
)
def test_plural(count, word, expected):
    assert plural(count, word) == expected


def test_closest():
    assert closest("kernel", ["kernel_size", "stride"]) == "kernel_size"
    assert closest("zzz", ["kernel_size", "stride"]) is None
    assert closest("a", []) is None


def test_an_empty_field_says_what_it_means() -> None:
    assert TRAINING["weight_decay"].emptied({"optimizer": "adamw"}) == "0.01"
    assert TRAINING["weight_decay"].emptied({"optimizer": "sgd"}) == "0"
    assert TRAINING["eps"].emptied({"optimizer": "adagrad"}) == "1e-10"
    assert TRAINING["clip_norm"].emptied({}) == "no limit"
    assert TRAINING["lr"].emptied({}) == ""


def test_every_optional_number_says_what_leaving_it_empty_means() -> None:
    forms = [TRAINING, *(block.params for block in registry().values())]
    optional = [param for form in forms for param in form.values() if getattr(param, "optional", False)]
    numbers = [param for param in optional if isinstance(param, Int | Float)]
    assert len(numbers) >= 7
    assert [param.doc for param in numbers if not param.empty] == []
