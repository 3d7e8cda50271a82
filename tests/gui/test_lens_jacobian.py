"""The Jacobian view: W, diagonals and what the session computes; the product equals the traced gradient."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.moments import Backward, Step
from gui.backprop.array_view import ArrayView
from gui.backprop.jacobian import JacobianLens
from gui.backprop.jacobian_product import Product
from gui.backprop.lens import Shown
from gui.main_window import MainWindow
from tests.gui.test_lens_softmax import through
from tests.helpers.projects import chain, make_project
from tests.helpers.windows import PATIENCE, open_example

GOLDEN = Path(__file__).parents[1] / "golden"


def step_of(qtbot: QtBot, window: MainWindow) -> Step:
    if not window.backprop.active:
        window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    step = window.backprop.step
    assert step is not None
    return step


def look(qtbot: QtBot, window: MainWindow, node: str) -> JacobianLens:
    moment = step_of(qtbot, window).at(Backward, node)
    assert moment is not None
    window.backprop.panel.choose("jacobian")
    window.backprop.go(moment.index)
    lens = window.backprop.panel.lens
    assert isinstance(lens, JacobianLens)
    return lens


def settled(qtbot: QtBot, lens: JacobianLens) -> Product:
    qtbot.waitUntil(lambda: lens.product is not None and lens.product.computed is not None, timeout=PATIENCE)
    assert lens.product is not None
    return lens.product


def test_mazurs_layers_as_a_matrix_equation(qtbot: QtBot, window: MainWindow) -> None:
    golden = json.loads((GOLDEN / "mazur_2_2_2.json").read_text())["step1"]
    open_example(window, "mazur")
    product = settled(qtbot, lens := look(qtbot, window, "output"))
    assert product.matrix is not None
    np.testing.assert_array_equal(product.matrix, [[0.4, 0.45], [0.5, 0.55]])
    np.testing.assert_allclose(product.delta, golden["dE_dnet_o"], rtol=1e-12)
    np.testing.assert_allclose(product.passed, golden["dE_dout_h"], rtol=1e-12)
    assert product.agrees
    assert not lens.equation.isHidden()
    place = lens.equation.cell(1, 0, 1).center()
    QTest.mouseClick(lens.equation, Qt.MouseButton.LeftButton, pos=QPoint(round(place.x()), round(place.y())))
    assert lens.column == 1
    written = lens.formula.lines[1]
    assert float(written.split(" = ")[-1]) == pytest.approx(golden["dE_dout_h"][1], rel=1e-4)
    assert written.count(r"\cdot") == 2
    assert lens.equation.words_at(QPoint(round(place.x()), round(place.y()))) == "J[1, 2] = 0.45"
    product = settled(qtbot, look(qtbot, window, "act1"))
    out = np.array(golden["out_h"])
    assert product.matrix is not None
    np.testing.assert_allclose(product.matrix, np.diag(out * (1 - out)), rtol=1e-12)
    np.testing.assert_allclose(product.passed, golden["dE_dnet_h"], rtol=1e-12)
    assert product.agrees
    product = settled(qtbot, look(qtbot, window, "loss"))
    np.testing.assert_allclose(product.passed, golden["dE_dout_o"], rtol=1e-12)
    assert product.agrees


def test_softmax_is_asked_of_the_session(qtbot: QtBot, window: MainWindow) -> None:
    golden = json.loads((GOLDEN / "softmax_cross_entropy.json").read_text())
    target = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    window.document.replace(through(golden["logits"], target, "mse", act="softmax"))
    lens = look(qtbot, window, "act")
    for sample, shares in enumerate(golden["probabilities"]):
        lens.sample.setValue(sample + 1)
        product = settled(qtbot, lens)
        assert product.matrix is not None
        np.testing.assert_allclose(product.matrix, np.diag(shares) - np.outer(shares, shares), rtol=1e-9, atol=1e-12)
        assert product.agrees
        assert lens.verdict.text().startswith("The row times the matrix is the gradient")


def test_a_sample_alone_is_the_sample_of_the_batch(qtbot: QtBot, window: MainWindow) -> None:
    golden = json.loads((GOLDEN / "softmax_cross_entropy.json").read_text())
    target = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    window.document.replace(through(golden["logits"], target, "mse", act="softmax"))
    step_of(qtbot, window)
    window.backprop.bar.sample.setValue(2)
    qtbot.waitUntil(lambda: window.backprop.step is not None and window.backprop.step.samples == 1, timeout=PATIENCE)
    product = settled(qtbot, look(qtbot, window, "act"))
    shares = golden["probabilities"][1]
    assert product.matrix is not None
    np.testing.assert_allclose(product.matrix, np.diag(shares) - np.outer(shares, shares), rtol=1e-9, atol=1e-12)
    assert product.agrees


@pytest.mark.parametrize("example", ["spiral", "two-two-one", "expression", "residual-digits", "polynomial-fit"])
def test_every_block_of_an_example_agrees(qtbot: QtBot, window: MainWindow, example: str) -> None:
    open_example(window, example)
    step, lens = step_of(qtbot, window), window.backprop.panel.lenses["jacobian"]
    assert isinstance(lens, JacobianLens)
    seen = 0
    for moment in step.moments:
        shown = Shown(step, moment, "backward", window.backprop._arrays)
        if not isinstance(moment, Backward) or not lens.fits(shown):
            continue
        window.backprop.panel.choose("jacobian")
        window.backprop.go(moment.index)
        for at in range(lens.port.count()):
            lens.port.setCurrentIndex(at)
            lens.port.activated.emit(at)
            qtbot.waitUntil(lambda: "computed" not in lens.verdict.text(), timeout=PATIENCE)
            assert lens.product is not None
            if "share statistics" in lens.verdict.text():
                assert moment.block.startswith("BatchNorm")
            elif "too many" not in lens.verdict.text():
                assert lens.product.agrees, (moment.node, lens.port.currentText())
                seen += 1
    assert seen >= 4


def test_batch_norm_tells_of_the_other_samples(qtbot: QtBot, window: MainWindow) -> None:
    x, y = [[0.5, -1.0], [2.0, 0.25], [0.0, 3.0]], [[1.0, 0.0], [1.5, 0.5], [0.0, -1.0]]
    nodes: list[Any] = [
        ("data", "Input", {"dataset": "inline", "x": x, "y": y}),
        ("dense", "Dense", {"out_features": 2}),
        ("norm", "BatchNorm1d"),
        ("loss", "Loss", {"function": "mse"}),
    ]
    wires = [*chain("data.x", "dense", "norm", "loss.prediction"), "data.y -> loss.target"]
    window.document.replace(make_project(nodes, wires, {"dtype": "float64", "batch_size": 3}))
    lens = look(qtbot, window, "norm")
    product = settled(qtbot, lens)
    assert product.agrees is False
    assert "through the other samples" in lens.verdict.text()


def test_many_numbers_stand_below_each_other_and_too_many_are_not_asked_for(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "fashion-cnn")
    lens = look(qtbot, window, "output")
    settled(qtbot, lens)
    assert lens.equation.isHidden()
    assert len(lens.findChildren(ArrayView)) >= 3
    lens = look(qtbot, window, "pool1")
    assert "too many to write out" in lens.verdict.text()
    assert lens.formula.lines == ()
    look(qtbot, window, "relu1")
    assert lens.product is not None
    assert lens.product.agrees
