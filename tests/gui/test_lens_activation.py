"""The activation view: its curves are PyTorch's, its dots the traced numbers, its words and products right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from engine.activation_functions import FUNCTIONS
from engine.block import block_named
from engine.moments import Backward, Forward, Moment
from engine.param import parse_all
from engine.tensorspec import TensorSpec
from gui.backprop.activation import ActivationLens
from gui.backprop.activation_curves import MATHS, curve_of, custom_curve, has_curve
from gui.backprop.activation_words import saturation, saturation_words
from gui.backprop.lens import Shown
from gui.main_window import MainWindow
from gui.plots.hover import HoverCard
from tests.conformance.strategies import TYPED
from tests.helpers.lenses import lens_at
from tests.helpers.run_recipe import Runner
from tests.helpers.windows import PATIENCE, open_example

GOLDEN = Path(__file__).parents[1] / "golden"

X = np.linspace(-7.05, 7.05, 283)


def by_torch(kind: str, params: dict[str, Any], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:

    block = block_named(kind)
    assert block is not None
    value = torch.tensor(x, requires_grad=True)
    recipe = block.recipe(params, {"in": TensorSpec(("N", 1))})
    y = value if recipe.module is not None else Runner(recipe).run({"in": value})["out"]
    (slope,) = torch.autograd.grad(y.sum(), value) if y.requires_grad else (torch.zeros_like(value),)
    return y.detach().numpy(), slope.numpy()


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if "softmax" not in name])
def test_each_activation_is_drawn_as_pytorch_computes_it(function: str) -> None:
    block = block_named("Activation")
    assert block is not None
    params = parse_all(block.params, {"function": function})[0]
    assert has_curve("Activation", params)
    value, slope = by_torch("Activation", params, X)
    curve = curve_of("Activation", params)
    np.testing.assert_allclose(curve.value(X), value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(curve.slope(X), slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("text", TYPED)
def test_typed_ones_too(text: str) -> None:
    curve = custom_curve(text)
    value, slope = by_torch("Activation", dict(curve.params), X)
    np.testing.assert_allclose(curve.value(X), value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(curve.slope(X), slope, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("kind", sorted(MATHS))
def test_functions_of_mathematics_too(kind: str) -> None:
    x = X[X > 0] if kind in ("Log", "Sqrt") else X
    value, slope = by_torch(kind, {}, x)
    curve = curve_of(kind, {})
    np.testing.assert_allclose(curve.value(x), value, rtol=1e-12)
    np.testing.assert_allclose(curve.slope(x), slope, rtol=1e-12)


# -- in the window --


def look(qtbot: QtBot, window: MainWindow, example: str, kind: type[Moment], node: str) -> ActivationLens:
    open_example(window, example)
    return look_at(qtbot, window, kind, node)


def look_at(qtbot: QtBot, window: MainWindow, kind: type[Moment], node: str) -> ActivationLens:
    return lens_at(qtbot, window, ActivationLens, kind, node)


def last_numbers(lines: tuple[str, ...]) -> list[float]:
    return [float(line.split(" = ")[-1]) for line in lines]


def test_mazurs_hidden_neurons_on_the_curve(qtbot: QtBot, window: MainWindow) -> None:
    golden = json.loads((GOLDEN / "mazur_2_2_2.json").read_text())["step1"]
    lens = look(qtbot, window, "mazur", Backward, "act1")
    z, out = np.array(golden["net_h"]), np.array(golden["out_h"])
    for dots, wanted in ((lens.plot.value_dots, out), (lens.plot.slope_dots, out * (1 - out))):
        x, y = dots.getData()
        np.testing.assert_allclose(x, z, rtol=1e-12)
        np.testing.assert_allclose(y, wanted, rtol=1e-12)
    for number in (0, 1):
        lens.plot.picked.emit(number)
        slope, passed = last_numbers(lens.formula.lines)
        assert slope == pytest.approx(out[number] * (1 - out[number]), rel=1e-4)
        assert passed == pytest.approx(golden["dE_dnet_h"][number], rel=1e-4)
        assert f"neuron {number + 1} of sample 1" in lens.name.text()
        assert lens.words_of(number).splitlines()[1] == f"z     = {float(z[number])!r}"
    assert lens.saturation.text().startswith("None of the 2 inputs is saturated")


def test_a_dot_is_named_under_the_mouse(qtbot: QtBot, window: MainWindow) -> None:
    lens = look(qtbot, window, "mazur", Forward, "act1")
    box = lens.plot.item.getViewBox()
    x, y = lens.plot.slope_dots.getData()
    qtbot.waitUntil(lambda: box.width() > 50, timeout=PATIENCE)
    lens.plot.plot.scene().sigMouseMoved.emit(box.mapViewToScene(QPointF(x[1], y[1])))
    card = lens.plot.findChild(HoverCard)
    assert card is not None
    assert card.text() == lens.words_of(1)
    lens.plot.plot.scene().sigMouseMoved.emit(box.mapViewToScene(QPointF(-4.0, 0.9)))
    assert card.isHidden()


def test_many_inputs_are_a_histogram_and_saturation_is_counted(qtbot: QtBot, window: MainWindow) -> None:
    lens = look(qtbot, window, "deep-sigmoid", Forward, "sigmoid1")
    step = window.backprop.step
    assert step is not None
    forward = step.at(Forward, "sigmoid1")
    assert isinstance(forward, Forward)
    z = forward.inputs[0].array
    assert z is not None
    assert not lens.plot.counts.isHidden()
    assert lens.plot.value_dots.getData()[0].size == 0
    assert sum(lens.plot._bars.opts["height"]) == z.size
    steep = np.array([0.25, 0.2, 0.001, -0.002, 0.0])
    assert saturation(steep) == 0.6
    assert saturation_words(steep).startswith("60 % of the 5 inputs lie where the slope is below 0.01")
    assert saturation_words(steep[2:]).startswith("All 3 inputs")


def test_a_typed_function_is_drawn_on_the_same_inputs_and_can_be_used(qtbot: QtBot, window: MainWindow) -> None:
    lens = look(qtbot, window, "mazur", Forward, "act1")
    z = lens.plot.value_dots.getData()[0]
    lens.typed.setText("z*sigmod(z)")
    assert lens.fault.text() == 'Character 3: unknown function "sigmod"; did you mean sigmoid?'
    assert not lens.use.isEnabled()
    lens.typed.setText("z*sigmoid(z)")
    assert lens.fault.isHidden()
    np.testing.assert_allclose(lens.plot.value_dots.getData()[1], z / (1 + np.exp(-z)), rtol=1e-12)
    lens.use.click()
    node = window.document.project.graph.node("act1")
    assert (node.params["function"], node.params["expression"]) == ("custom", "z*sigmoid(z)")
    qtbot.waitUntil(lambda: lens.headline.text() == "act1 · z*sigmoid(z)", timeout=PATIENCE)
    window.document.undo_stack.undo()
    assert window.document.project.graph.node("act1").params["function"] == "sigmoid"


def test_it_fits_functions_of_single_numbers_alone(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "expression")
    look_at(qtbot, window, Forward, "sin")
    panel, step = window.backprop.panel, window.backprop.step
    assert step is not None
    fitting = {m.node for m in step.moments if panel.lenses["activation"].fits(Shown(step, m, "forward", {}))}
    assert fitting == {"sin", "exp"}
