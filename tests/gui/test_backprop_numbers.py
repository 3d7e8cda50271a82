"""Formulas with numbers: every block, in every moment, has a number written out, and what is written comes to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from engine.moments import Backward, Forward, Mathematics, Moment, Step, Sum, Update, Values
from gui.backprop.symbols import symbol_of, with_numbers
from gui.backprop.worked import Line
from tests.conformance.cases import CASES
from tests.helpers.moment_of import step_of

WITHOUT: dict[tuple[str, str], str] = {
    ("Loss", "target"): "the block's formulas say nothing of the gradient to a target, which is hardly ever wanted",
}
"""(block, port or parameter) whose gradient is not written out, and why. Everything else is."""


# -- reading what is written --


def computed(latex: str) -> float | None:
    """What a line of plain numbers comes to, by another reader than the one that wrote it; None where … stand in it."""
    text = latex
    if r"\ldots" in text:
        return None
    text = re.sub(r"\\d?frac\{(.*)\}\{(\d+)\}", r"((\1)/(\2))", text)
    text = text.replace(r"\cdot", "*").replace("^{", "**{").replace("{", "(").replace("}", ")")
    text = text.replace(r"\max(", "max(")
    if not re.fullmatch(r"[-+*/().,\d\se]*(max\()?[-+*/().,\d\se]*", text):
        return None
    return _value(text)


def _value(text: str) -> float:
    """Of a sum, by Python's own grammar, its tree walked here."""

    def walk(node: ast.AST) -> float:
        match node:
            case ast.Expression():
                return walk(node.body)
            case ast.Constant():
                return float(node.value)  # type: ignore[arg-type]
            case ast.UnaryOp(op=ast.USub()):
                return -walk(node.operand)
            case ast.Call():
                return max(walk(each) for each in node.args)
            case ast.BinOp():
                left, right = walk(node.left), walk(node.right)
                kinds: dict[type, Any] = {
                    ast.Add: left.__add__,
                    ast.Sub: left.__sub__,
                    ast.Mult: left.__mul__,
                    ast.Div: left.__truediv__,
                    ast.Pow: left.__pow__,
                }
                return float(kinds[type(node.op)](right))
        raise AssertionError(ast.dump(node))

    return walk(ast.parse(text.strip(), mode="eval"))


def last(line: Line) -> float:
    """The number at the end of a line."""
    return float(re.sub(r" \\cdot 10\^\{(-?\d+)\}", r"e\1", line.latex.split(" = ")[-1]))


def traced(moment: Moment, step: Step, line: Line, arrays: Mapping[str, Any]) -> float | None:
    """The traced number that a line is of; None for what a formula names on its way."""
    groups: dict[str, Values] = {}
    if isinstance(moment, Forward):
        groups = dict.fromkeys(("y", "L", "R"), moment.outputs[0])
    elif isinstance(moment, Backward):
        groups = {{"in": "x", "prediction": "o"}.get(each.name, each.name): each for each in moment.inputs}
        names = {"weight": ("W", r"\gamma"), "bias": ("b", r"\beta"), "value": ("v",)}
        for each in moment.weights:
            groups |= dict.fromkeys(names.get(each.name, ()), each)
        if not line.latex.startswith(r"\dfrac{\partial L}"):
            return None
    values = groups.get(line.symbol)
    if values is None or len(line.place) != len(values.shape):
        return None
    return float(arrays[values.key][line.place])


def moments_of(case_kind: str, drawn: Any) -> Iterator[tuple[Step, Moment, dict[str, Any]]]:
    case = CASES[case_kind]
    params, specs = drawn
    inputs = case.data(params, specs, 3, 0, torch.float64)
    step, arrays = step_of(case_kind, params, inputs, specs, context=case.context)
    for moment in step.moments:
        yield step, moment, arrays


def wanted_of(moment: Moment) -> set[str]:
    """What should be written out: the output, or every gradient."""
    if isinstance(moment, Forward):
        return {"out"} if moment.inputs else set()
    assert isinstance(moment, Backward)
    return {each.name for each in (*moment.inputs, *moment.weights)}


def written_of(moment: Moment, lines: list[Line]) -> set[str]:
    """Which of them are."""
    symbols = {line.symbol for line in lines if isinstance(moment, Forward) or line.latex.startswith(r"\dfrac")}
    if isinstance(moment, Forward):
        return {"out"} if symbols & {"y", "L", "R"} else set()
    assert isinstance(moment, Backward)
    if moment.block == "Regularizer":
        return {each.name for each in moment.weights} if "w" in symbols else set()
    return {
        each.name
        for each in (*moment.inputs, *moment.weights)
        if {symbol_of(moment, each), *GREEK.get(each.name, ())} & symbols
    }


@pytest.mark.parametrize("kind", sorted(CASES))
def test_every_block_writes_a_number_out_in_every_moment(kind: str) -> None:
    @seed(1)
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(CASES[kind].valid)
    def check(drawn: Any) -> None:
        for step, moment, arrays in moments_of(kind, drawn):
            lines = with_numbers(step, moment, arrays)
            missing = wanted_of(moment) - written_of(moment, lines)
            left_out = {name for block, name in WITHOUT if block == kind}
            assert missing <= left_out, f"{type(moment).__name__} writes {[line.latex for line in lines]}"
            for line in lines:
                value = traced(moment, step, line, arrays)
                if value is not None:
                    assert last(line) == pytest.approx(value, rel=1e-4, abs=1e-12), line.latex

    check()


GREEK = {"weight": (r"\gamma",), "bias": (r"\beta",)}
SLIDING = ["Conv1d", "Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d", "GlobalAvgPool", "LayerNorm", "GroupNorm"]


@pytest.mark.parametrize("kind", SLIDING)
def test_what_is_written_is_computed_by_another_reader(kind: str) -> None:
    counted = 0

    @seed(2)
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(CASES[kind].valid, st.booleans())
    def check(drawn: Any, _more: bool) -> None:
        nonlocal counted
        for step, moment, arrays in moments_of(kind, drawn):
            for line in with_numbers(step, moment, arrays):
                sides = line.latex.split(" = ")
                found = computed(sides[1]) if len(sides) == 3 else None
                if found is not None:
                    counted += 1
                    assert found == pytest.approx(last(line), rel=2e-3, abs=2e-3), line.latex

    check()
    assert counted > 0


def test_any_number_of_a_convolution_can_be_picked() -> None:
    x = torch.randn(2, 2, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    params = {"out_channels": 4, "kernel_size": [2, 3], "stride": [2, 1], "padding": 1, "groups": 2}
    step, arrays = step_of("Conv2d", params, {"in": x})
    forward, backward = step.moments
    assert isinstance(forward, Forward)
    assert isinstance(backward, Backward)
    for moment, values, symbol in (
        (forward, forward.outputs[0], "y"),
        (backward, backward.inputs[0], "x"),
        (backward, next(each for each in backward.weights if each.name == "weight"), "W"),
        (backward, next(each for each in backward.weights if each.name == "bias"), "b"),
    ):
        assert symbol_of(moment, values) == symbol
        for place in np.ndindex(*values.shape):
            lines = [line for line in with_numbers(step, moment, arrays, {symbol: place}) if line.symbol == symbol]
            assert [line.place for line in lines] == [place]
            assert last(lines[0]) == pytest.approx(float(arrays[values.key][place]), rel=1e-4, abs=1e-12)


def test_long_sums_say_how_many_terms_they_have() -> None:
    x = torch.randn(1, 16, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    step, arrays = step_of("Conv2d", {"out_channels": 2, "kernel_size": 3}, {"in": x})
    (line,) = with_numbers(step, step.moments[0], arrays)
    assert r"\underset{144\ \mathrm{terms}}{\ldots}" in line.latex
    assert line.latex.startswith("y_{1,2,2} = ")
    assert last(line) == pytest.approx(float(arrays["out/out"][0, 0, 1, 1]), rel=1e-4)


def test_mean_and_variance_of_a_normalisation_are_written_out() -> None:
    x = torch.tensor([[1.0, 5.0], [3.0, 9.0]], dtype=torch.float64)
    step, arrays = step_of("BatchNorm1d", {}, {"in": x}, weights={"weight": torch.tensor([2.0, 3.0]).double()})
    lines = [line.latex for line in with_numbers(step, step.moments[0], arrays)]
    assert r"\mu = \dfrac{1 + 3}{2} = 2" in lines
    assert r"v = \dfrac{(1 - 2)^{2} + (3 - 2)^{2}}{2} = 1" in lines
    assert any(line.startswith(r"\hat{x} = \dfrac{1 - 2}{\sqrt{1 + ") for line in lines)


def test_a_wrong_number_is_not_written() -> None:
    for kind, shape in (
        ("Conv2d", (1, 1, 4, 4)),
        ("MaxPool2d", (1, 1, 4, 4)),
        ("Flatten", (1, 2, 3)),
        ("LayerNorm", (2, 3)),
    ):
        x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        params: dict[str, Any] = {"out_channels": 1, "kernel_size": 3} if kind == "Conv2d" else {}
        step, arrays = step_of(kind, params, {"in": x})
        forward = step.moments[0]
        assert with_numbers(step, forward, arrays)
        assert isinstance(forward, Forward)
        wrong = Values.of("out", arrays["out/out"] + 0.01, "out/out")
        arguments = {name: getattr(forward, name) for name in forward.__dataclass_fields__} | {"outputs": (wrong,)}
        assert with_numbers(step, Forward(**arguments), arrays) == [], kind


def test_the_update_of_a_large_parameter_is_written_out() -> None:
    generator = np.random.default_rng(0)
    before, gradient = generator.normal(size=(40, 200)), generator.normal(size=(40, 200))
    arrays = {"b": before, "g": gradient, "a": before - 0.1 * gradient}
    held = {key: Values.of(key, value, key) for key, value in arrays.items()}
    moment = Update(
        index=0,
        node="block",
        block="Dense",
        form="update",
        parameter="block.weight",
        before=held["b"],
        gradient=Sum(held["g"]),
        applied=held["g"],
        after=held["a"],
        state_before=(),
        state_after=(),
        optimizer="sgd",
        hyper={"lr": 0.1},
        formula=Mathematics((r"w' = w - \eta\, g",)),
    )
    (line,) = with_numbers(Step((moment,), 0.0, (), 1), moment, arrays, {"w'": (7, 150)})
    assert line.latex.startswith("w'_{8,151} = ")
    assert last(line) == pytest.approx(arrays["a"][7, 150], rel=1e-4)
