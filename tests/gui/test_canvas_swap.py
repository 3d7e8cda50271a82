"""A block of another kind in the place of one: wires, shared parameters and references stay."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from engine import edits
from engine.block import registry
from engine.problem import GraphError
from engine.swapping import swap_block
from gui.canvas.menu import context_menu
from gui.canvas.swapping import can_replace
from tests.helpers.canvas import Easel, make_easel, make_project


@pytest.fixture
def easel(qtbot: QtBot) -> Easel:
    project = make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "digits"}),
            "conv2d": ("Conv2d", (260.0, 0.0), {"out_channels": 4, "kernel_size": 5, "groups": 1}),
            "pool": ("MaxPool2d", (520.0, 0.0), {"kernel_size": 2, "dilation": 1}),
            "add": ("Add", (780.0, 0.0), {}),
            "weights": ("Regularizer", (260.0, 200.0), {"blocks": ["conv2d"]}),
        },
        ("data.x > conv2d.in", "conv2d.out > pool.in", "pool.out > add.a", "pool.out > add.b"),
    )
    return make_easel(qtbot, project)


def replace_with(easel: Easel, node_id: str, typed: str) -> None:
    """By the context menu and the search, with hands."""
    easel.selection.set({node_id})
    menu = context_menu(easel.view.stage, easel.view.actions_, easel.view, None)
    next(action for action in menu.actions() if action.objectName() == "actionReplaceWith").trigger()
    menu.deleteLater()
    easel.type(typed)
    easel.type("\r")


def test_a_convolution_becomes_transposed_and_keeps_what_both_have(easel: Easel) -> None:
    before = easel.document.project
    replace_with(easel, "conv2d", "convtr")
    node = easel.graph.node("convTranspose2d")
    assert node.block == "ConvTranspose2d"
    assert dict(node.params) == {"out_channels": 4, "kernel_size": 5, "groups": 1}
    assert {"data.x → convTranspose2d.in", "convTranspose2d.out → pool.in"} <= easel.wires()
    assert easel.graph.node("weights").params["blocks"] == ("convTranspose2d",)
    assert easel.view.items_.blocks["convTranspose2d"].pos().x() == 260
    assert easel.selected == {"convTranspose2d"}
    assert easel.document.undo_stack.count() == 1
    easel.undo()
    assert easel.document.project == before
    assert set(easel.view.items_.blocks) == set(before.graph.nodes)


def test_a_name_given_by_hand_stays_and_what_the_other_lacks_goes(easel: Easel) -> None:
    replace_with(easel, "pool", "avgpool")
    node = easel.graph.node("pool")
    assert node.block == "AvgPool2d"
    assert dict(node.params) == {"kernel_size": 2}
    assert not easel.document.result.errors


def test_only_kinds_that_fit_are_offered(easel: Easel) -> None:
    easel.selection.set({"add"})
    menu = context_menu(easel.view.stage, easel.view.actions_, easel.view, None)
    next(action for action in menu.actions() if action.objectName() == "actionReplaceWith").trigger()
    menu.deleteLater()
    shown = easel.view.floats.search.shown()
    assert "Concat" in shown
    assert "Multiply" in shown
    assert "Subtract" in shown
    assert "Dense" not in shown, "it has one input, and two wires come"
    assert "Add" not in shown
    easel.type("\x1b")


def test_what_does_not_take_the_shape_is_left_out(easel: Easel) -> None:
    fits = can_replace(easel.view.stage, "conv2d")
    kinds = {kind for kind, block in registry().items() if fits(block)}
    assert {"ConvTranspose2d", "MaxPool2d", "BatchNorm2d", "Activation", "Dropout"} <= kinds
    assert not kinds & {"Conv2d", "Dense", "BatchNorm1d", "Input", "Loss"}


def test_wires_without_a_port_are_refused(easel: Easel) -> None:
    with pytest.raises(GraphError, match="no port for the wire"):
        swap_block(easel.document.project, "add", "Dense")
    with pytest.raises(GraphError, match="no kind"):
        swap_block(easel.document.project, "add", "Nonsense")


def test_start_values_of_another_shape_are_dropped(easel: Easel) -> None:
    project, _ = edits.set_parameters(easel.document.project, {"conv2d.bias": [0.0] * 4})
    swapped, _, _ = swap_block(project, "conv2d", "MaxPool2d")
    assert not swapped.parameters
