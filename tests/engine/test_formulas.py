"""Typed formulas become blocks and are read back: the same values as the parser's own, whichever way."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, final

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.build import build
from engine.data.formulas import NUMPY
from engine.expression import Apply, ExpressionError, Name, Number, evaluate, parse, variables
from engine.formulas import graph_of, read
from engine.graph import Project
from engine.readback import formula_of, typed
from engine.tracing import trace_step
from tests.helpers.projects import make_project, planned

GOLDEN = Path(__file__).parents[1] / "golden"
EXPRESSION = "f(x, y, z) = sin(x^2*y) + e^z"
VALUES = {"x": 0.7, "y": 1.3, "z": 2.1}


def value_of(project: Project, output: str) -> float:
    """What the network computes, in double precision."""
    net = build(planned(project), dtype=torch.float64)
    found = net.forward_to([output])({})[output]
    assert found.shape == ()
    return float(found.detach())


def arrays(values: dict[str, float]) -> dict[str, Any]:
    return {name: np.float64(value) for name, value in values.items()}


def value_typed(text: str, values: dict[str, float]) -> float:
    """What the parser's evaluator says."""
    with np.errstate(all="ignore"):
        return float(evaluate(parse(text, set(values)), arrays(values), NUMPY, np.asarray))


@pytest.mark.parametrize("point", json.loads((GOLDEN / "expression_sin_x2y_plus_exp_z.json").read_text()))
def test_a_wired_expression_has_the_golden_value_and_gradients(point):
    wired = graph_of(Project(), EXPRESSION, values=point, minimise=True)
    assert wired.output == "f.out"
    assert [node.id for node in wired.project.graph.ordered_nodes()][:3] == ["x", "y", "z"]
    trace = trace_step(build(planned(wired.project), dtype=torch.float64), {})
    assert trace["errors"] == []
    assert trace["loss"] == pytest.approx(point["f"], rel=1e-12, abs=1e-12)
    found = {entry["parameter"]: entry["grad"].item() for entry in trace["update"]}
    wanted = {f"{name}.value": point[f"df_d{name}"] for name in "xyz"}
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_constants_are_not_trained():
    wired = graph_of(Project(), "J = w^4 - 3*w^2 + w", values={"w": 2.0}, minimise=True)
    result = planned(wired.project)
    assert result.phases[0].update == ("w.value",)
    assert wired.project.graph.node("j").label == "J"
    assert value_of(wired.project, wired.output) == 6.0


def test_what_occurs_twice_is_computed_once():
    project = graph_of(Project(), "sin(x*y) + (x*y)^2").project
    kinds = sorted(node.block for node in project.graph.nodes.values())
    assert kinds == ["Add", "Multiply", "Power", "Sin", "Value", "Value"]


def test_blocks_that_are_there_stay_as_they_are():
    before = make_project([("x", "Value", {"value": 5.0}), ("f", "Sin")], ["x -> f"], {"objective": ["f.out"]})
    wired = graph_of(before, "f = x + 1", (40.0, 80.0), minimise=True)
    assert set(wired.nodes).isdisjoint({"x", "f"})
    assert before.graph.node("x") == wired.project.graph.node("x")
    assert wired.project.training["objective"] == ("f.out", wired.output)
    assert min(wired.project.layout.nodes[name][0] for name in wired.nodes) == 40.0


def test_every_wire_runs_to_the_right_and_no_block_covers_another():
    project = graph_of(Project(), "max(a, b, c, d)/(a + b*sin(c)) - (a + d)^2*exp(-b) + tan(a)/2").project
    places = project.layout.nodes
    assert set(places) == set(project.graph.nodes)
    for wire in project.graph.wires():
        assert places[wire.from_node][0] + 160 < places[wire.to_node][0]
    boxes = [(*places[node_id], len(project.graph.wires_into(node_id))) for node_id in places]
    for index, (x, y, inputs) in enumerate(boxes):
        height = 56 if inputs < 2 else 60 + 20 * inputs
        for left, top, _ in boxes[:index] + boxes[index + 1 :]:
            assert left != x or top < y or top >= y + height + 24


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("f = sn(x)", 4),
        ("f = 2x", 5),
        ("atan(x) + 1", 0),
        ("1 + round(x)", 4),
        ("sin = 3", 0),
        ("  pi = x", 2),
        ("a = b = c", 6),
        ("x $ y", 2),
        ("f = ", 4),
        ("f = (x", 4),
    ],
)
def test_errors_name_the_character(text, position):
    with pytest.raises(ExpressionError) as error:
        graph_of(Project(), text)
    assert error.value.position == position


EXACT = ("sin", "cos", "exp", "sqrt", "abs", "tanh", "relu", "sigmoid")


def _trees() -> st.SearchStrategy[Any]:
    numbers = st.sampled_from((0.5, 1.0, 2.0, 3.0, 0.125, 2.5e-3)).map(Number)
    leaves = st.one_of(st.sampled_from("xyz").map(Name), numbers)

    def more(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        two = st.tuples(parts, parts)
        return st.one_of(
            st.builds(lambda sign, pair: Apply(sign, pair, 0), st.sampled_from("+-*/"), two),
            st.builds(lambda pair: Apply("max", pair, 0), two),
            st.builds(lambda pair: Apply("min", pair, 0), two),
            st.builds(lambda name, part: Apply(name, (part,), 0), st.sampled_from(EXACT), parts),
            st.builds(lambda part: Apply("neg", (part,), 0), parts),
            st.builds(lambda base, power: Apply("^", (base, power), 0), parts, st.sampled_from((2.0, 3.0)).map(Number)),
        )

    return st.recursive(leaves, more, max_leaves=12)


@final
class _Gauge:
    """Reckons along with each operation how much a last digit that differs can grow."""

    def __init__(self, value: float, blur: float) -> None:
        self.value, self.blur = value, blur


def _gauged(name: str) -> Any:
    """The operation on (value, how far two right answers may lie apart), by differences."""

    def operation(*parts: _Gauge) -> _Gauge:
        values = [part.value for part in parts]
        value = float(NUMPY[name](*values))
        blur = 0.0
        for index, part in enumerate(parts):
            for sign in (1, -1):
                moved = list(values)
                moved[index] += sign * part.blur
                blur = max(blur, abs(float(NUMPY[name](*moved)) - value))
        return _Gauge(value, len(parts) * blur + 1e-15 * abs(value))

    return operation


def gauge(tree: Any, values: dict[str, float]) -> _Gauge:
    """The value, and how far another order of rounding may move it."""
    operations = {name: _gauged(name) for name in NUMPY}
    known = {name: _Gauge(value, 0.0) for name, value in values.items()}
    with np.errstate(all="ignore"):
        return evaluate(tree, known, operations, lambda value: _Gauge(value, 0.0))


def test_a_graph_computes_what_its_formula_says():
    """Text to graph to number, and text to graph to text to number, against the parser's own evaluation."""
    done = 0

    @settings(max_examples=150, deadline=None)
    @given(_trees())
    def run(tree: Any) -> None:
        nonlocal done
        text = typed(tree)
        wanted = gauge(parse(text, set(VALUES)), VALUES)
        wired = graph_of(Project(), text, values=VALUES)
        found = value_of(wired.project, wired.output)
        again = formula_of(wired.project, *wired.output.split("."))
        with np.errstate(all="ignore"):
            back = float(evaluate(parse(again.text, set(VALUES)), arrays(VALUES), NUMPY, np.asarray))
        if not math.isfinite(wanted.value + wanted.blur) or wanted.blur > 1e-3:
            return
        for number in (found, back):
            assert number == pytest.approx(wanted.value, rel=1e-12, abs=max(1e-12, wanted.blur))
        done += 1

    run()
    assert done > 100


@pytest.mark.parametrize(
    "text", ["tan(x)", "sinh(x)", "cosh(x)", "log2(x)", "log10(y)", "min(x, y, z)", "log(x)", "softplus(x)", "2^-x^y"]
)
def test_functions_without_a_block_are_written_with_others(text):
    wired = graph_of(Project(), text, values=VALUES)
    assert value_of(wired.project, wired.output) == pytest.approx(value_typed(text, VALUES), rel=1e-12)
    again = formula_of(wired.project, *wired.output.split(".")).text
    assert value_typed(again, VALUES) == pytest.approx(value_typed(text, VALUES), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        (EXPRESSION, "sin(x^2*y) + exp(z)"),
        ("J = w^4 - 3*w^2 + w", "w^4 - 3*w^2 + w"),
        ("(-x)^2 + x^(1/2) - pi*e", "(-x)^2 + x^0.5 - pi*e"),
        ("a - (b - c)/(d/a)", "a - (b - c)/(d/a)"),
        ("(a^b)^c + a^b^c", "(a^b)^c + a^b^c"),
        ("-(a + b)*-c", "-(a + b)*-c"),
        ("X", "X"),
        ("3", "3"),
    ],
)
def test_a_formula_is_read_back_as_it_was(text, again):
    wired = graph_of(Project(), text)
    assert formula_of(wired.project, *wired.output.split(".")).text == again


def test_mathematics_of_a_graph():
    wired = graph_of(Project(), EXPRESSION)
    assert formula_of(wired.project, "f").latex == r"\sin\left(x^{2}\,y\right) + e^{z}"


def test_other_blocks_and_open_inputs_appear_by_name():
    project = make_project(
        [("data", "Input"), ("dense", "Dense"), ("s", "Sin"), ("f", "Add"), ("m", "MatMul"), ("t", "Transpose")],
        ["data.x -> dense", "dense -> s", "s -> f.a", "data.x -> m.a", "t -> m.b", "dense -> t"],
    )
    assert formula_of(project, "f").text == "sin(dense) + ?"
    assert formula_of(project, "m").latex == r"\mathrm{data.x}\,\mathrm{dense}^{\top}"


def test_loops_and_very_large_graphs_end():
    loop = make_project([("a", "Sin"), ("b", "Cos")], ["a -> b", "b -> a"])
    assert formula_of(loop, "a").operations <= 62
    doubling = [("x", "Value"), *((f"n{index}", "Add") for index in range(40))]
    wires = [f"{'x' if not index else f'n{index - 1}'} -> n{index}.{port}" for index in range(40) for port in "ab"]
    assert formula_of(make_project(doubling, wires), "n39").operations <= 200


def test_a_muted_block_is_passed_over():
    project = make_project([("x", "Value"), ("s", "Sin", {"bypass": True}), ("f", "Exp")], ["x -> s", "s -> f"])
    assert formula_of(project, "f").text == "exp(x)"


def test_variables_in_the_order_of_the_formula():
    assert read("f = b*a + b^c").variables == ("b", "a", "c")
    assert variables(read("f = b*a + e*pi").tree) == {"a", "b"}


def test_what_is_wired_has_no_problem():
    result = planned(graph_of(Project(), EXPRESSION, minimise=True).project)
    assert result.problems == ()
    assert result.trainable
