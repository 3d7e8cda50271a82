"""Formulas in the window: typed, previewed, inserted, minimised, trained without data."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox

from engine import edits
from engine.events import Scalars
from engine.grouping import collapse
from gui.formula_dialog import FormulaDialog
from gui.inspector.expression_part import ExpressionPart
from gui.plots.loss import LossPanel
from gui.widgets.number_edit import NumberEdit
from tests.helpers.windows import open_example, panel_of, play_to_the_end, set_params


def dialog_of(window) -> FormulaDialog:
    window.actions_.formula.trigger()
    return window.findChild(FormulaDialog)


def field_of(dialog: FormulaDialog, name: str) -> NumberEdit:
    """Where a variable begins; of fields that are going to be deleted, none."""
    field = dialog.findChildren(NumberEdit, f"start_{name}")[-1]
    assert isinstance(field, NumberEdit)
    return field


def part_of(window, node_id) -> ExpressionPart:
    """The part of the inspector for a block."""
    window.selection.set({node_id})
    return next(part for part in window.inspector.findChildren(ExpressionPart) if part.isVisible())


def test_a_formula_is_typed_and_becomes_blocks(window, qtbot):
    dialog = dialog_of(window)
    assert not dialog.insert.isEnabled()
    QTest.keyClicks(dialog.text, "f = sin(x^2*y) + e^z")
    assert dialog.preview.lines == (r"f = \sin\left(x^{2}\,y\right) + e^{z}",)
    assert dialog.minimise.isChecked()
    start = field_of(dialog, "x")
    start.selectAll()
    QTest.keyClicks(start, "1.5")
    dialog.insert.click()
    project = window.document.project
    assert set(project.graph.nodes) == {"x", "y", "z", "power", "multiply", "sin", "exp", "f"}
    assert project.graph.node("x").params["value"] == 1.5
    assert project.training["objective"] == ("f.out",)
    assert window.selection.ids == set(project.graph.nodes)
    assert window.document.result.problems == ()
    assert window.document.undo_stack.count() == 1
    window.document.undo_stack.undo()
    assert len(window.document.project.graph) == 0


def test_what_is_wrong_is_said_with_its_place_while_typing(window, qtbot):
    dialog = dialog_of(window)
    dialog.text.setText("f = a + sn(b)")
    assert dialog.fault.text() == 'Character 9: unknown function "sn"; did you mean sin?'
    assert dialog.fault.isVisible()
    assert not dialog.insert.isEnabled()
    dialog.text.setText("f = a + sin(b)")
    assert not dialog.fault.isVisible()
    assert dialog.insert.isEnabled()
    dialog.reject()
    assert window.document.undo_stack.count() == 0


def test_a_start_that_is_no_number_keeps_the_dialog_open(window, qtbot):
    dialog = dialog_of(window)
    dialog.text.setText("a + 1")
    field = field_of(dialog, "a")
    field.selectAll()
    QTest.keyClicks(field, "two")
    dialog.insert.click()
    assert dialog.isVisible()
    assert field.fault
    assert window.document.undo_stack.count() == 0
    dialog.reject()


def test_values_are_kept_while_the_formula_changes(window, qtbot):
    dialog = dialog_of(window)
    dialog.text.setText("a + b")
    field_of(dialog, "b").changed.emit(4.0)
    dialog.text.setText("a + b*c")
    assert field_of(dialog, "b").value() == 4.0
    dialog.reject()


def test_a_second_formula_finds_its_own_room_and_is_not_minimised(window, qtbot):
    open_example(window, "expression")
    dialog = dialog_of(window)
    dialog.text.setText("g = x*y")
    assert not dialog.minimise.isChecked()
    dialog.insert.click()
    blocks = window.canvas.items_.blocks
    new = window.selection.ids
    assert new == {"x2", "y2", "g"}
    old = [blocks[name].area for name in blocks if name not in new]
    assert not any(blocks[name].area.intersects(area) for name in new for area in old)
    assert window.document.project.training["objective"] == ("f.out",)


def test_an_output_is_minimised_by_a_switch(window, qtbot):
    open_example(window, "expression")
    part = part_of(window, "f")
    assert part.formula.lines == (r"f = \sin\left(x^{2}\,y\right) + e^{z}",)
    assert part.minimise.isChecked()
    blocks = window.canvas.items_.blocks
    assert blocks["f"].face.summary == "Add · minimised"
    part.minimise.click()
    assert "objective" not in window.document.project.training
    assert blocks["f"].face.summary == "Add"
    assert not window.document.result.objectives
    window.document.undo_stack.undo()
    assert blocks["f"].face.summary == "Add · minimised"
    assert part.minimise.isChecked()
    other = part_of(window, "sin")
    other.minimise.click()
    assert window.document.project.training["objective"] == ("f.out", "sin.out")
    assert blocks["sin"].face.summary == "minimised"


def test_phases_say_what_becomes_of_an_output(window):
    open_example(window, "expression")
    rivals = [{"minimise": [{"from": "f.out"}]}, {"maximise": [{"from": "f.out"}, {"from": "sin.out"}]}]
    window.document.edit("Phases", *edits.set_training(window.document.project, {"phases": rivals}))
    blocks = window.canvas.items_.blocks
    assert blocks["f"].face.summary == "Add · minimised and maximised"
    assert blocks["sin"].face.summary == "maximised"


def test_a_minimised_output_inside_a_group_says_so(window, qtbot):
    open_example(window, "expression")
    document = window.document
    made = collapse(document.project, {"sin", "f", "exp"})
    document.edit("group", made.project, made.touched)
    assert document.result.objectives
    window.canvas.open_group(made.made[0])
    faces = {name: item.face.summary for name, item in window.canvas.items_.blocks.items()}
    assert faces["f"] == "Add · minimised"
    assert "minimised" not in faces["sin"]
    window.selection.set({"f"})
    assert not any(part.isVisible() for part in window.inspector.findChildren(ExpressionPart))
    window.canvas.leave_group()


def test_a_loss_and_a_layer_have_no_such_switch(window, qtbot):
    open_example(window, "xor")
    for node in window.document.project.graph.nodes:
        window.selection.set({node})
        assert not any(part.isVisible() for part in window.inspector.findChildren(ExpressionPart))


def test_a_fixed_value_offers_no_freezing(window, qtbot):
    open_example(window, "descent")
    window.selection.set({"w"})
    assert can_freeze(window)
    window.selection.set({"c"})
    assert not can_freeze(window)
    set_params(window, "c", trainable=True)
    assert can_freeze(window)


def can_freeze(window) -> bool:
    """Whether the inspector offers to freeze the value."""
    return any(box.isVisible() for box in window.inspector.findChildren(QCheckBox, "frozen_value"))


def test_descent_trains_in_the_window(window, qtbot):
    """Without data, an epoch is a step; what falls below zero is drawn on a plain axis."""
    open_example(window, "descent")
    play_to_the_end(qtbot, window)
    window.feed.drain()
    panel = panel_of(window, LossPanel)
    assert panel.history.losses.values[0] == 6.0
    assert panel.history.losses.values[-1] == pytest.approx(-3.51390503893479)
    assert len(panel.history.steps.values) == 200
    assert not panel._item.getAxis("left").logMode


def test_the_axis_is_logarithmic_again_for_another_run(window, qtbot):
    open_example(window, "descent")
    panel = panel_of(window, LossPanel)
    assert panel._item.getAxis("left").logMode
    panel._take_steps(Scalars(np.array([1]), np.array([-1.0]), np.array([1.0])))
    assert not panel._item.getAxis("left").logMode
    panel._forget()
    assert panel._item.getAxis("left").logMode
