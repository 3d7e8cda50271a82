"""Activations that people type: the derivative against autograd and differences, the code, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

from engine import files
from engine.block import block_named
from engine.build import build
from engine.custom_activation import custom
from engine.differentiate import PLAIN, derivative, folded
from engine.export.pytorch import pytorch_source
from engine.expression import FUNCTIONS, Apply, Expression, ExpressionError, Name, Number, evaluate, latex, variables
from engine.plan import check
from engine.tensorspec import TensorSpec
from engine.tracing import trace_step
from tests.helpers.block_step import block_step
from tests.helpers.exported import assert_same, exported
from tests.helpers.projects import chain, make_project, planned, rows


def made(function: str, *parts: Expression) -> Apply:
    return Apply(function, parts, 1 + max(part.depth if isinstance(part, Apply) else 0 for part in parts))


LEAVES = st.one_of(
    st.just(Name("x")),
    st.sampled_from((-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0)).map(Number),
)


def grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    one = [name for name, (least, _) in FUNCTIONS.items() if least == 1]
    return st.one_of(
        st.builds(made, st.sampled_from(("+", "-", "*", "/", "^", "min", "max")), inner, inner),
        st.builds(made, st.sampled_from((*one, "neg")), inner),
    )


TREES = st.recursive(LEAVES, grown, max_leaves=6)
PLACES = (-2.51327, -1.30931, -0.69517, -0.20863, 0.15239, 0.60493, 1.20719, 1.89941, 3.10677)
"""No formula of the leaves' numbers meets one: where both parts of min and max are equal, either slope is right."""


def torch_value(tree: Expression, x: torch.Tensor) -> Any:
    """The formula by PyTorch, straight from the tree: shares no code with the recipes."""
    table: dict[str, Any] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "^": lambda a, b: a**b,
        "neg": lambda a: -a,
        "min": torch.minimum,
        "max": torch.maximum,
        "softplus": torch.nn.functional.softplus,
    }
    number = lambda value: torch.full_like(x, value)  # noqa: E731
    names = {name: table.get(name) or getattr(torch, name) for name in (*FUNCTIONS, "+", "-", "*", "/", "^", "neg")}
    return evaluate(tree, {"x": x}, names, number)


@settings(max_examples=400, deadline=None)
@given(TREES)
def test_the_derivative_is_that_of_autograd_and_of_differences(tree: Expression) -> None:
    try:
        plain = folded(tree)
        slope = folded(derivative(plain, "x"))
    except ExpressionError:
        assume(False)
    assume(variables(tree))
    x = torch.tensor(PLACES, dtype=torch.float64, requires_grad=True)
    y = torch_value(tree, x)
    (wanted,) = torch.autograd.grad(y.sum(), x)
    step = 1e-6
    with torch.no_grad():
        differences = (torch_value(tree, x + step) - torch_value(tree, x - step)) / (2 * step)
        second = (torch_value(tree, x + step) - 2 * y + torch_value(tree, x - step)).abs() / step
    for place, exact, difference, bend in zip(
        PLACES, wanted.tolist(), differences.tolist(), second.tolist(), strict=True
    ):
        try:
            found = float(evaluate(slope, {"x": place}, PLAIN, float))
        except (ArithmeticError, ValueError, TypeError):
            continue  # not defined there
        if abs(exact) < 1e8:
            assert found == pytest.approx(exact, rel=1e-7, abs=1e-9)
        if abs(difference) < 1e3 and bend < 1e-4:  # neither a jump nor a corner between the two places
            assert found == pytest.approx(difference, rel=1e-3, abs=1e-3)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_every_derivative_can_be_drawn(tree: Expression) -> None:
    try:
        text = latex(folded(derivative(folded(tree), "x")))
    except ExpressionError:
        assume(False)
    assume(len(text) < 1500)
    MathTextParser("path").parse(f"${text}$", prop=FontProperties(size=10))


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("z^2", r"2\,x"),
        ("sin(z)", r"\cos\left(x\right)"),
        ("exp(2*z)", r"2\,e^{2\,x}"),
        ("max(0, z)", r"[x \geq 0]"),
        ("3*z - 1", "3"),
        ("tanh(z)", r"1 - \tanh\left(x\right)^{2}"),
        ("max(0.1*z, z)", r"0.1\,[0.1\,x > x] + [x > 0.1\,x]"),
    ],
)
def test_derivatives_are_tidy(text: str, slope: str) -> None:
    assert latex(custom(text).slope) == slope


CORNERS = torch.tensor([[-2.0, -1.0, -0.0, 0.0, 1.0, 2.0, 20.3, 20.9, 30.0]], dtype=torch.float64)


@pytest.mark.parametrize(
    "text",
    [
        *("abs(z)", "relu(z)", "max(z, 0)", "max(0, z)", "min(z, 1)", "max(z, -z)", "min(z, 2*z)", "softplus(z)"),
        *("sign(z)*z", "max(-1, min(1, z))", "round(z) + floor(z) + ceil(z)"),
    ],
)
def test_at_corners_as_autograd(text: str) -> None:
    params = {"function": "custom", "expression": text}
    done = block_step("Activation", params, {"in": TensorSpec(("N", CORNERS.shape[1]))}, {"in": CORNERS})
    torch.testing.assert_close(done.found["in"], done.wanted["in"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "told", "position"),
    [
        ("", "empty", 0),
        ("2*y", 'unknown name "y"', 2),
        ("z*sigmod(z)", "did you mean sigmoid?", 2),
        ("z*(1+z", "never closed", 2),
        ("3", "holds no z", 0),
        ("0*z^2 + max(1, 2, 3) - 0/0", "no finite value", 0),
        ("__import__('os')", "has no meaning", 11),
        ("z.real", "no meaning", 1),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, told: str, position: int) -> None:
    with pytest.raises(ExpressionError, match=r".*") as error:
        custom(text)
    assert told in str(error.value)
    assert error.value.position == position


def project_with(text: str) -> Any:
    nodes = [
        ("data", "Input"),
        ("hidden", "Dense", {"out_features": 3}),
        ("act", "Activation", {"function": "custom", "expression": text}),
        ("output", "Dense", {"out_features": 2}),
        ("loss", "Loss", {"function": "mse"}),
    ]
    wires = [*chain("data.x", "hidden", "act", "output", "loss.prediction"), "data.y -> loss.target"]
    return make_project(nodes, wires)


def test_a_formula_that_cannot_be_read_is_one_problem_of_the_block() -> None:
    (problem,) = check(project_with("z*sigmod(z)"), lambda params: rows(4, 2)).errors
    assert (problem.code, problem.node) == ("G06", "act")
    assert 'character 3: unknown function "sigmod"; did you mean sigmoid?' in problem.message
    block = block_named("Activation")
    assert block is not None
    assert block.formula({"function": "custom", "expression": "z*sigmod(z)"}).forward == ("y = f(x)",)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("z * sigmoid(z)", "act = hidden * torch.sigmoid(hidden)"),
        ("(-z)^2 + 2^z", "act = (-hidden) ** 2 + 2**hidden"),
        ("max(0.1*z, z)", "act = torch.maximum(0.1 * hidden, hidden)"),
        ("max(-1, min(z, 1))", "act = torch.clamp(torch.clamp(hidden, max=1), min=-1)"),
        ("z*tanh(softplus(z))", "act = hidden * torch.tanh(F.softplus(hidden))"),
    ],
)
def test_traced_and_exported_as_a_person_would_write_it(text: str, written: str) -> None:
    project = project_with(text)
    assert files.loads(files.dumps(project)) == project
    result = planned(project, rows(4, 2))
    assert result.errors == ()
    net = build(result, dtype=torch.float64)
    torch.manual_seed(3)
    data = {"data.x": torch.randn(5, 4, dtype=torch.float64), "data.y": torch.randn(5, 2, dtype=torch.float64)}
    assert trace_step(net, data)["errors"] == []
    lines = [line.strip() for line in pytorch_source(project, result, data).splitlines()]
    assert written in lines
    assert_same(net, exported(project, result, net.state_dict(), data), data)
