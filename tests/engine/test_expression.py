import math
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

from engine.expression import CONSTANTS, FUNCTIONS, MAX_DEPTH, ExpressionError, evaluate, latex, parse, variables

NAMES = frozenset({"x", "y", "x1"})
PLAIN = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "neg": operator.neg,
    "abs": abs,
    "min": min,
    "max": max,
    "sign": lambda x: (x > 0) - (x < 0),
    "relu": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "round": round,
    **{name: getattr(math, name) for name in FUNCTIONS if hasattr(math, name)},
}


def value(text, **variables):
    return evaluate(parse(text, NAMES), {name: float(number) for name, number in variables.items()}, PLAIN, float)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2*3", 7),
        ("(1 + 2)*3", 9),
        ("2^3^2", 512),
        ("2**3**2", 512),
        ("-3^2", -9),
        ("(-3)^2", 9),
        ("2^-1", 0.5),
        ("2*-3", -6),
        ("8/4/2", 1),
        ("10 - 4 - 3", 3),
        ("- -3", 3),
        ("+3", 3),
        (".5 + 1.e1 + 2e-1", 10.7),
        ("min(3, 1, 2) + max(1, 2)", 3),
        ("3² − 2·4 ÷ 2", 5),
        ("cos(π) + e^0", 0),
        ("log(e) + sqrt(16) + abs(-2) + floor(1.7)", 8),
    ],
)
def test_precedence_and_functions(text, expected):
    assert value(text) == pytest.approx(expected)


def test_variables_are_those_that_occur():
    assert variables(parse("sin(3*x) + x1^2", NAMES)) == {"x", "x1"}
    assert value("x^2*y", x=3, y=2) == 18


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("2x", 1, "put an operator"),
        ("0,5*x", 1, "decimals with a point"),
        ("sni(x)", 0, "did you mean sin?"),
        ("X + 1", 0, "did you mean x?"),
        ("sin x", 0, "write sin(…)"),
        ("(x + 1", 0, "never closed"),
        ("x + 1)", 5, "closes nothing"),
        ("x +", 3, "ends early"),
        ("x $ 2", 2, "no meaning"),
        ("sin(x, 2)", 0, "takes 1 argument but gets 2"),
        ("min(x)", 0, "takes 2 to 8 arguments"),
        ("sin()", 0, "gets 0"),
        ("1e999", 0, "too large"),
        ("x" * 301, 300, "longer than 300"),
        ("(" * 200 + "x" + ")" * 99, 60, "nested"),
        ("-" * 200 + "x", 60, "nested"),
        ("x" + "+x" * 100, None, "in a row"),
        ("__import__('os')", 11, "no meaning"),
        ("x.real", 1, "no meaning"),
        ("x[0]", 1, "no meaning"),
        ("lambda x", 0, "unknown name"),
    ],
)
def test_errors_say_what_and_where(text, position, words):
    with pytest.raises(ExpressionError) as caught:
        parse(text, NAMES)
    assert words in str(caught.value)
    assert position is None or caught.value.position == position


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="x1y()+-*/^,. 0129esincotaqrmb²π_", max_size=40) | st.text(max_size=30))
def test_any_text_parses_or_is_refused(text):
    try:
        tree = parse(text, NAMES)
    except ExpressionError as error:
        position = error.position
    else:
        position = 0
        assert variables(tree) <= NAMES
    assert 0 <= position <= len(text)


def formulas():
    """Formulas Python reads alike, once ^ is written **."""
    leaves = st.sampled_from(["x", "y", "2", "0.5", "3", "pi"])

    def larger(inner):
        return st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({parts[0]}){parts[1]}({parts[2]})"),
            st.tuples(inner, st.sampled_from("+-*"), inner).map("".join),
            inner.map(lambda text: f"-{text}"),
            inner.map(lambda text: f"tanh({text})"),
            inner.map(lambda text: f"({text})^2"),
        )

    return st.recursive(leaves, larger, max_leaves=8)


@settings(max_examples=200, deadline=None)
@given(formulas(), st.floats(-3, 3), st.floats(-3, 3))
def test_values_are_pythons(text, x, y):
    names = {"x": x, "y": y, "tanh": math.tanh, **CONSTANTS}
    try:
        expected = eval(text.replace("^", "**"), {"__builtins__": {}}, names)
    except (ZeroDivisionError, OverflowError):
        return
    assert value(text, x=x, y=y) == pytest.approx(expected, rel=1e-12, nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(formulas())
def test_latex_is_drawn_by_mathtext(text):
    drawn = latex(parse(text, NAMES))
    MathTextParser("path").parse(f"${drawn}$", dpi=72, prop=FontProperties())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2*x", r"-2\,x"),
        ("exp(x)^2", r"\left(e^{x}\right)^{2}"),
        ("1/(1+exp(-x))", r"\frac{1}{1 + e^{-x}}"),
        ("x-(y-1)", r"x - \left(y - 1\right)"),
        ("x*(y+1)", r"x\,\left(y + 1\right)"),
        ("x1*2", r"x_{1} \cdot 2"),
        ("sqrt(abs(x))", r"\sqrt{\left|x\right|}"),
        ("2*pi*x", r"2\,\pi\,x"),
        ("relu(x)", r"\mathrm{relu}\left(x\right)"),
    ],
)
def test_latex(text, expected):
    assert latex(parse(text, NAMES)) == expected


def test_the_deepest_formula_evaluates_without_trouble():
    text = "(" * (MAX_DEPTH - 2) + "x" + "+1)" * (MAX_DEPTH - 2)
    assert value(text, x=0) == MAX_DEPTH - 2
