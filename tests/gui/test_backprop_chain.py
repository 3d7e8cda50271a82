"""The chain rule of one weight: its paths, their factors, what reuse saves, and how one gets there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.moments import Backward, Forward, Moment, Update
from gui.backprop import chain_words
from gui.backprop.chain import ChainLens, largest
from gui.backprop.chain_page import ChainPage
from gui.backprop.numbers import NumbersLens
from gui.format import format_number
from gui.main_window import MainWindow
from tests.helpers.cut_text import lasting_faults
from tests.helpers.projects import chain, make_project
from tests.helpers.windows import PATIENCE, open_example

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def enter(qtbot: QtBot, window: MainWindow, name: str = "mazur") -> None:
    open_example(window, name)
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)


def go(window: MainWindow, kind: type[Moment], name: str) -> None:
    step = window.backprop.step
    assert step is not None
    moment = step.at(kind, name)
    assert moment is not None
    window.backprop.go(moment.index)


def lens_of(window: MainWindow) -> ChainLens:
    lens = window.backprop.panel.lens
    assert isinstance(lens, ChainLens)
    return lens


def page_of(qtbot: QtBot, window: MainWindow, name: str = "", index: tuple[int, ...] = ()) -> ChainPage:
    """The chain rule of a weight (of whichever is chosen, without one), as soon as it is there."""
    lens = lens_of(window)
    if name:
        lens.weight_picked.emit(name, index)
    place = (name, index) if name else lens.picker.weight

    def arrived() -> bool:
        chain = None if lens.page is None else lens.page.chain
        return chain is not None and (chain.weight.name, chain.weight.index) == place

    qtbot.waitUntil(arrived, timeout=PATIENCE)
    assert lens.page is not None
    return lens.page


def open_tab(window: MainWindow, kind: type[Moment], name: str) -> None:
    go(window, kind, name)
    tabs = window.backprop.panel.tabs
    at = next(at for at in range(tabs.count()) if tabs.tabData(at) == "chain")
    assert tabs.isTabVisible(at)
    tabs.setCurrentIndex(at)


def texts(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel))


def lit(window: MainWindow) -> set[tuple[str, str]]:
    wires = window.canvas.items_.wires.items
    return {(ends[0], ends[2]) for ends, item in wires.items() if item.flow is not None}


def ringed(window: MainWindow) -> set[str]:
    return {name for name, item in window.canvas.items_.blocks.items() if item.marked}


# -- the numbers --


def test_the_paths_of_each_weight_add_up_to_mazurs_gradients(qtbot: QtBot, window: MainWindow) -> None:
    step = golden("mazur_2_2_2")["step1"]
    enter(qtbot, window)
    open_tab(window, Backward, "hidden")
    for node, gradients, count in (("hidden", step["dE_dW1"], 2), ("output", step["dE_dW2"], 1)):
        for unit in (0, 1):
            for weight in (0, 1):
                page = page_of(qtbot, window, f"{node}.weight", (unit, weight))
                assert len(page.rows) == page.chain.count == count
                total = sum(path.product for path in page.chain.paths)
                assert total == pytest.approx(gradients[unit][weight], rel=1e-12)
                assert f"exactly {page.chain.gradient!r}" in texts(page)
                assert "autograd gives the same" in texts(page)
    page = page_of(qtbot, window, "hidden.weight", (0, 0))
    w5, out_h1 = golden("mazur_2_2_2")["W2"][0][0], step["out_h"][0]
    by_hand = [
        step["dE_dout_o"][0],
        step["dout_o_dnet_o"][0],
        w5,
        out_h1 * (1 - out_h1),
        golden("mazur_2_2_2")["x"][0],
    ]
    assert page.path is not None
    assert [factor.value for factor in chain_words.backwards(page.path)] == pytest.approx(by_hand, rel=1e-12)
    assert "w1 → hidden₁ → act1₁ → output₁ → act2₁ → loss" in texts(page)
    assert "= w5" in texts(page)
    assert "Why times data.x₁, and not times the weight?" in texts(page)


def test_what_is_reused_and_what_that_saves(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    open_tab(window, Backward, "output")
    first = page_of(qtbot, window, "output.weight", (0, 0))
    assert texts(first).count("new") > texts(first).count("↻ reused") == 0
    second = page_of(qtbot, window, "output.weight", (0, 1))
    assert texts(second).count("↻ reused") == 2, "the loss and the slope of the neuron"
    forward = 2 * (2 * 2 + 3)  # multiplications of a pass: two layers of 2 × 2, and the loss and its halves
    chain = second.chain
    assert chain.savings.weights == 8
    assert chain.savings.differences % (2 * 8) == 0
    assert chain.savings.differences // (2 * 8) == forward
    assert f"{chain.savings.differences:,}" in texts(second)
    assert f"{chain.savings.each_alone:,}" in texts(second)
    assert chain.savings.backprop < chain.savings.each_alone < chain.savings.differences


def test_paths_that_do_not_add_up_are_told(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    open_tab(window, Backward, "output")
    right = page_of(qtbot, window).chain
    assert window.backprop.step is not None
    page = ChainPage(window.backprop.step, replace(right, autograd=2 * right.gradient))
    qtbot.addWidget(page)
    assert "disagree" in texts(page)
    assert "gives the same" not in texts(page)


# -- how one gets there --


def test_its_tab_begins_with_the_largest_gradient_and_keeps_what_was_picked(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    open_tab(window, Backward, "output")
    page = page_of(qtbot, window)
    gradients = golden("mazur_2_2_2")["step1"]["dE_dW2"]
    largest = max((abs(gradients[i][j]), (i, j)) for i in (0, 1) for j in (0, 1))[1]
    assert (page.chain.weight.name, page.chain.weight.index) == ("output.weight", largest)
    picker = lens_of(window).picker
    picker.parameter.setCurrentText("hidden.weight")
    picker.axes[0].setValue(2)
    page = page_of(qtbot, window)
    assert (page.chain.weight.name, page.chain.weight.index) == ("hidden.weight", (1, 0))
    go(window, Update, "output.weight")
    assert page_of(qtbot, window).chain.weight.index == (1, 0)
    go(window, Forward, "act1")
    assert isinstance(window.backprop.panel.lens, NumbersLens), "it has no weights"


def test_a_number_of_a_parameter_leads_to_its_chain_rule(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    go(window, Backward, "output")
    lens = window.backprop.panel.lens
    assert isinstance(lens, NumbersLens)
    assert lens.page is not None
    offered = {key for key, view in lens.page.views.items() if view.weights}
    assert len(offered) == 2, "weight and bias"
    view = next(view for key, view in lens.page.views.items() if view.weights and view.array.shape == (2, 2))
    view.pick(1, 0)
    place = view.mapToGlobal(view.rect().center())
    view.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, view.rect().center(), place))
    menu = view.findChildren(QMenu)[-1]
    action = next(action for action in menu.actions() if "Chain rule" in action.text())
    action.trigger()
    menu.close()
    page = page_of(qtbot, window)
    assert (page.chain.weight.name, page.chain.weight.index) == ("output.weight", (1, 0))


def test_the_gradient_of_one_weight_leads_to_its_chain_rule(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    go(window, Update, "hidden.weight")
    QTest.keyClick(window.canvas, Qt.Key.Key_Down)
    panel = window.backprop.panel
    qtbot.waitUntil(lambda: panel.findChild(QPushButton, "numeralChain") is not None, timeout=PATIENCE)
    panel.findChild(QPushButton, "numeralChain").click()
    page = page_of(qtbot, window)
    assert (page.chain.weight.name, page.chain.weight.index) == ("hidden.weight", (0, 0))
    QTest.keyClick(window.canvas, Qt.Key.Key_Right)
    QTest.keyClick(window.canvas, Qt.Key.Key_Right)
    assert page_of(qtbot, window).chain.weight.index == (0, 1), "it follows the cursor"


# -- on the canvas --


def test_a_path_is_shown_on_the_canvas(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    open_tab(window, Backward, "hidden")
    page = page_of(qtbot, window)
    on_the_way = [("hidden", "act1"), ("act1", "output"), ("output", "act2"), ("act2", "loss")]
    assert lit(window) == set(on_the_way)
    assert ringed(window) == {"hidden", "act1", "output", "act2", "loss"}
    shown = []
    page.path_shown.connect(shown.append)
    centre = QPointF(page.rows[1].rect().center())
    QApplication.sendEvent(page.rows[1], QEnterEvent(centre, centre, centre))
    assert shown == [page.chain.paths[1]]
    assert page.at == 0
    QTest.mouseClick(page.rows[1], Qt.MouseButton.LeftButton)
    assert page.at == 1
    window.backprop.panel.choose("numbers")
    assert ringed(window) == {"hidden"}, "the moment again"
    window.backprop.leave()
    assert (lit(window), ringed(window)) == (set(), set())


def test_the_ways_around_and_through_a_residual_connection_are_told_apart(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    data = dict(window.document.project.graph.nodes["data"].params)
    window.document.replace(
        make_project(
            [
                ("data", "Input", data),
                ("first", "Dense", {"out_features": 2}),
                ("inner", "Dense", {"out_features": 2}),
                ("act", "Activation", {"function": "tanh"}),
                ("add", "Add"),
                ("last", "Dense", {"out_features": 2}),
                ("loss", "Loss", {"function": "half_squared_error", "reduction": "sum"}),
            ],
            [
                "data.x -> first",
                *chain("first", "inner", "act"),
                "first -> add.a",
                "act -> add.b",
                "add -> last",
                "last -> loss.prediction",
                "data.y -> loss.target",
            ],
        )
    )
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    open_tab(window, Backward, "first")
    page = page_of(qtbot, window, "first.weight", (0, 0))
    around = [path for path in page.chain.paths if "inner" not in {factor.node for factor in path.factors}]
    assert (page.chain.count, len(around)) == (2 + 2 * 2, 2)
    for path in page.chain.paths:
        page.choose(page.chain.paths.index(path))
        if path in around:
            assert lit(window) == {("first", "add"), ("add", "last"), ("last", "loss")}
            assert ringed(window) == {"first", "add", "last", "loss"}
        else:
            assert ("first", "add") not in lit(window)
            assert {("first", "inner"), ("inner", "act"), ("act", "add")} <= lit(window)
    step = window.backprop.step
    backward = step and step.at(Backward, "first")
    assert isinstance(backward, Backward)
    gradient = next(each for each in backward.weights if each.name == "weight").array
    assert gradient is not None
    assert sum(path.product for path in page.chain.paths) == pytest.approx(float(gradient[0, 0]), rel=1e-5)


def test_a_network_of_residual_groups(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "residual-digits")
    open_tab(window, Backward, "output")
    page = page_of(qtbot, window, "output.weight", (1, 1))
    assert page.chain.more > 0
    assert page.chain.ending in texts(page)
    assert page.chain.ending.startswith("…and ")
    assert lit(window) == {("output", "loss")}
    page = page_of(qtbot, window, "res.0.norm2.bias", (3,))
    assert page.chain.count > 100
    assert {"res"} <= ringed(window)
    assert "autograd gives the same" in texts(page)


# -- deep, and large --


def test_why_the_first_weight_of_a_deep_sigmoid_does_not_learn(qtbot: QtBot, window: MainWindow) -> None:
    made = golden("vanishing_chain_sigmoid_15")
    enter(qtbot, window, "vanishing-15")
    open_tab(window, Backward, "dense1")
    page = page_of(qtbot, window, "dense1.weight", (0, 0))
    assert page.chain.gradient == pytest.approx(made["gradients"][0]["dL_dw"], rel=1e-9)
    slopes = sorted(a * (1 - a) for a in made["activations"])
    card = page.findChild(QWidget, "chainVerdict")
    assert card is not None
    told = texts(card)
    assert "Why w1 hardly learns" in told
    assert "15 of the 31 factors on this path are slopes, none larger than 0.235" in told
    assert f"∂sigmoid15₁/∂dense15₁ = {slopes[0]:.4f}" in told
    assert texts(page).count("among the smallest") == 3
    last = page_of(qtbot, window, "dense15.weight", (0, 0))
    assert last.findChild(QWidget, "chainVerdict") is None, "the last layer learns"


@pytest.mark.parametrize(("example", "starves"), [("deep-sigmoid", True), ("deep-relu", False)])
def test_in_wide_layers_the_sum_of_all_paths_decides(
    qtbot: QtBot, window: MainWindow, example: str, starves: bool
) -> None:
    """No single path is much of the gradient there: its ten thousand millions of paths are alike."""
    enter(qtbot, window, example)
    open_tab(window, Backward, "dense1")
    shown = window.backprop.panel.shown
    assert shown is not None
    weight = largest(shown, "dense1")
    assert weight is not None
    page = page_of(qtbot, window, *weight)
    card = page.findChild(QWidget, "chainVerdict")
    assert (card is not None) == starves
    if card is not None:
        assert f"With all its paths the gradient is {format_number(abs(page.chain.gradient))}" in texts(card)
        assert "Activations with slope 1, such as ReLU" in texts(card)


def test_keys_choose_a_weight_in_the_open_list(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    open_tab(window, Update, "output.weight")
    picker = lens_of(window).picker.parameter
    assert [picker.itemText(at) for at in range(3)] == ["output.weight", "output.bias", "hidden.weight"]
    here = window.backprop.panel.tabs.currentIndex()
    picker.showPopup()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(picker.view(), key)
    assert picker.currentText() == "hidden.weight"
    assert window.backprop.panel.tabs.currentIndex() == here


def test_a_weight_that_learns_is_not_said_to_learn_hardly(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    open_tab(window, Backward, "hidden")
    page = page_of(qtbot, window, "hidden.weight", (1, 1))
    for at in (0, 1):
        page.choose(at)
        QApplication.sendPostedEvents()
        assert not any(card.isVisible() for card in page.findChildren(QWidget, "chainVerdict"))


def test_a_wide_network_is_answered_while_the_window_goes_on(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "fashion-dense")
    open_tab(window, Backward, "dense1")
    lens = lens_of(window)
    assert "Looking for the paths" in lens.message, "the window does not wait"
    page = page_of(qtbot, window)
    assert lens.message == ""
    assert page.chain.count == 64 * 200 * 10
    assert f"…and {int(page.chain.more):,} more" in texts(page)
    assert [abs(path.product) for path in page.chain.paths] == sorted(
        (abs(path.product) for path in page.chain.paths), reverse=True
    )
    assert page.chain.gradient == pytest.approx(page.chain.autograd, rel=1e-4)


def test_nothing_is_cut(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    open_tab(window, Backward, "hidden")
    page = page_of(qtbot, window)
    QApplication.processEvents()
    assert page.rows
    assert lasting_faults(window.backprop.panel, window.backprop.bar) == []
