"""Stepping through one training step: what canvas, panel and bar show of it, and that the training is left alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from engine import block as blocks
from engine import edits
from engine.events import WeightsTaken
from engine.moments import Backward, Forward, Moment, Objective, Outcome, Update, Values
from gui.backprop.array_view import ArrayView
from gui.backprop.marks import Arrow
from gui.backprop.numbers import NumbersLens
from gui.backprop.page import MomentPage
from gui.backprop.wire_value import WireValue
from gui.backprop.words import outcome_words, range_words
from gui.backprop.worked import work_out
from gui.main_window import MainWindow
from tests.helpers.cut_text import lasting_faults
from tests.helpers.windows import PATIENCE, open_example, wait_for

GOLDEN = Path(__file__).parents[1] / "golden"
EXAMPLES = sorted(path.stem for path in (Path(__file__).parents[2] / "assets" / "examples").glob("*.chainrule"))


def enter(qtbot: QtBot, window: MainWindow, name: str = "mazur", **training: object) -> None:
    open_example(window, name, **training)
    window.actions_.backprop.trigger()
    taken_apart(qtbot, window)


def taken_apart(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)


def go(window: MainWindow, kind: type[Moment], name: str) -> Moment:
    step = window.backprop.step
    assert step is not None
    moment = step.at(kind, name)
    assert moment is not None
    window.backprop.go(moment.index)
    assert window.backprop.moment is moment
    return moment


def page_of(window: MainWindow) -> MomentPage:
    lens = window.backprop.panel.lens
    assert isinstance(lens, NumbersLens)
    assert lens.page is not None
    return lens.page


def written(window: MainWindow) -> dict[str, float]:
    """Left side -> the last number, of every formula with numbers that the panel shows."""
    page = page_of(window)
    sides = [(line.split(" = ")[0], line.split(" = ")[-1]) for line in page.worked_lines]
    return {left: float(re.sub(r" \\cdot 10\^\{(-?\d+)\}", r"e\1", right)) for left, right in sides}


def shown(window: MainWindow, kind: type[Moment], node: str, group: str, name: str) -> list[float]:
    """The numbers of a table of the panel, as they are copied: with full precision."""
    moment = go(window, kind, node)
    page = page_of(window)
    values = next(each for each in getattr(moment, group) if each.name == name)
    text = page.views[values.key].text()
    return [float(word) for word in text.split()]


def texts(window: MainWindow) -> str:
    return "\n".join(label.text() for label in window.backprop.panel.findChildren(QLabel))


# -- the numbers --


def test_mazurs_page_from_its_first_number_to_its_last(qtbot: QtBot, window: MainWindow) -> None:
    golden = json.loads((GOLDEN / "mazur_2_2_2.json").read_text())["step1"]
    enter(qtbot, window)
    for node, port, key in (
        ("hidden", "out", "net_h"),
        ("act1", "out", "out_h"),
        ("output", "out", "net_o"),
        ("act2", "out", "out_o"),
    ):
        assert shown(window, Forward, node, "outputs", port) == pytest.approx(golden[key], rel=1e-12)
        assert list(written(window).values()) == pytest.approx(golden[key], rel=1e-4)
    go(window, Forward, "loss")
    assert written(window)["L"] == pytest.approx(golden["E_total"], rel=1e-4)
    assert [written(window)[rf"\ell_{{{k}}}"] for k in (1, 2)] == pytest.approx(golden["E"], rel=1e-4)
    assert shown(window, Backward, "loss", "inputs", "prediction") == pytest.approx(golden["dE_dout_o"], rel=1e-12)
    assert shown(window, Backward, "act2", "inputs", "in") == pytest.approx(golden["dE_dnet_o"], rel=1e-12)
    found = shown(window, Backward, "output", "weights", "weight")
    assert found == pytest.approx(np.ravel(golden["dE_dW2"]).tolist(), rel=1e-12)
    go(window, Update, "output.weight")
    after = np.ravel(golden["W2_next"]).tolist()
    places = [f"w'_{{{i},{j}}}" for i in (1, 2) for j in (1, 2)]
    assert [written(window)[name] for name in places] == pytest.approx(after, rel=1e-4)
    go(window, Update, "output.bias")
    assert "output.bias stays as it is" in texts(window)


def test_the_exercise_of_the_slides_is_answered(qtbot: QtBot, window: MainWindow) -> None:
    golden = json.loads((GOLDEN / "slides_2_2_1.json").read_text())
    enter(qtbot, window, "two-two-one")
    assert shown(window, Backward, "output", "weights", "weight") == pytest.approx(golden["dE_dw2"], rel=1e-12)
    assert list(written(window).values())[:2] != []
    QTest.keyClick(window.canvas, Qt.Key.Key_End)
    moment = window.backprop.moment
    assert isinstance(moment, Outcome)
    assert "The error has gone down: 0.12212 → 0.11485" in texts(window)
    assert moment.after == pytest.approx(golden["after_update"]["E"], rel=1e-12)
    page = page_of(window)
    tables = [float(view.text()) for view in page.views.values()]
    assert tables == pytest.approx([golden["out_o"], golden["after_update"]["out_o"]], rel=1e-12)


def test_an_error_that_goes_up_is_called_so() -> None:
    assert "up" in outcome_words(Outcome(0, "", "", "total", 1.0, 2.0, ()))


def test_numbers_that_differ_behind_the_digits_shown_are_not_called_equal() -> None:
    assert range_words(Values.of("out", np.array([0.24129, 0.24061]), "")) == "all about 0.241"
    assert range_words(Values.of("out", np.array([0.35, 0.35]), "")) == "all 0.35"


def test_a_formula_that_does_not_come_to_the_traced_value_is_not_shown() -> None:
    x, y = np.array([[1.0, 2.0]]), np.array([[2.0, 4.0]])
    assert [line.latex for line in work_out(["y = 2 x"], {"x": x}, {"y": y})] == [
        r"y_{1} = 2 \cdot 1 = 2",
        r"y_{2} = 2 \cdot 2 = 4",
    ]
    assert work_out(["y = 3 x"], {"x": x}, {"y": y}) == []
    assert work_out([r"y = \mathrm{magic}(x)"], {"x": x}, {"y": y}) == []


def test_a_wrong_formula_of_a_block_is_told(qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    dense = blocks.block_named("Dense")
    assert dense is not None
    right = type(dense).grads
    monkeypatch.setattr(
        type(dense), "grads", lambda self, c: {**right(self, c), "weight": 2 * right(self, c)["weight"]}
    )
    enter(qtbot, window)
    go(window, Backward, "hidden")
    assert "Formula and autograd disagree" in texts(window)
    assert "differs from autograd" in texts(window)


def test_a_gradient_over_several_wires_is_a_sum_with_its_terms(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "polynomial-fit")
    go(window, Backward, "square")
    assert "the sum over 2 wires" in texts(window)
    moment = window.backprop.moment
    assert isinstance(moment, Backward)
    total = moment.upstream[0]
    parts = [term.values.array for term in total.terms]
    assert total.total.array is not None
    np.testing.assert_allclose(sum(part for part in parts if part is not None), total.total.array, rtol=1e-6)
    for term in total.terms:
        assert term.source in texts(window)


# -- walking --


def test_keys_walk_and_escape_leaves(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    mode, canvas = window.backprop, window.canvas
    assert window.docks["backprop"].isVisible()
    for key, at in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Left, 1),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_End, 16),
        (Qt.Key.Key_Right, 16),
    ):
        QTest.keyClick(canvas, key)
        assert mode.at == mode.bar.track.value() == at
    QTest.keyClick(canvas, Qt.Key.Key_Home)
    mode.bar.speed.set_value("fast")
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert mode.playing
    qtbot.waitUntil(lambda: mode.at >= 2, timeout=PATIENCE)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert not mode.playing
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not mode.active
    assert not window.actions_.backprop.isChecked()
    assert window.docks["backprop"].isHidden()
    assert not window.backprop.bar.isVisible()


def test_the_slider_and_the_grain_go_on_by_mouse(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    window.transport.grain.button("operation").click()
    window.actions_.step.trigger()
    taken_apart(qtbot, window)
    mode = window.backprop
    window.actions_.step.trigger()
    assert mode.at == 1
    track = mode.bar.track
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=track.rect().center())
    assert isinstance(mode.moment, Backward)
    QTest.keyClick(track, Qt.Key.Key_End)
    assert mode.at == 16
    window.actions_.step.trigger()  # the step is made, the next one begins
    qtbot.waitUntil(lambda: window.feed.steps == 1 and mode.step is not None and mode.at == 0, timeout=PATIENCE)
    moment = mode.step and mode.step.at(Objective, "")
    assert isinstance(moment, Objective)
    assert moment.loss == pytest.approx(0.291027774, rel=1e-6)  # Mazur's page: after the update


def test_looking_changes_nothing_of_the_training(qtbot: QtBot, window: MainWindow) -> None:
    taken: list[WeightsTaken] = []
    window.feed.on(WeightsTaken, taken.append)
    open_example(window, "spiral", epochs=2)
    window.feed.step("batch")
    wait_for(qtbot, window, "paused")
    window.feed.session.weights(1)
    window.actions_.backprop.trigger()
    taken_apart(qtbot, window)
    QTest.keyClick(window.canvas, Qt.Key.Key_End)
    window.feed.session.weights(2)
    qtbot.waitUntil(lambda: len(taken) == 2, timeout=PATIENCE)
    before, after = taken
    assert before.weights.keys() == after.weights.keys()
    for name, value in before.weights.items():
        np.testing.assert_array_equal(value, after.weights[name])
    assert (window.feed.state, window.feed.steps) == ("paused", 1)


def test_one_sample_of_the_batch(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "spiral")
    mode = window.backprop
    assert mode.step is not None
    assert mode.bar.sample.maximum() == mode.step.samples == 10
    whole = mode.step
    mode.bar.sample.setValue(3)
    qtbot.waitUntil(lambda: mode.step is not None and mode.step.samples == 1, timeout=PATIENCE)
    one, all_of_them = mode.step.at(Forward, "data"), whole.at(Forward, "data")
    assert isinstance(one, Forward)
    assert isinstance(all_of_them, Forward)
    rows = all_of_them.outputs[0].array
    assert rows is not None
    np.testing.assert_array_equal(one.outputs[0].array, rows[2:3])
    assert mode.bar.sample.maximum() == 10


# -- on the canvas --


def marks(window: MainWindow) -> tuple[list[WireValue], list[Arrow]]:
    items = window.canvas.items_.items()
    return [item for item in items if isinstance(item, WireValue)], [item for item in items if isinstance(item, Arrow)]


def test_the_canvas_shows_the_moment(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    go(window, Forward, "hidden")
    scene = window.canvas.items_
    values, arrows = marks(window)
    found = {value.title: value.texts for value in values}
    assert found == {"→ x": [["0.05", "0.1"]], "→ y": [["0.3775", "0.3925"]]}
    assert len(arrows) == 2
    lit = {ends for ends, item in scene.wires.items.items() if item.flow is not None}
    assert lit == {("data", "x", "hidden", "in"), ("hidden", "out", "act1", "in")}
    assert scene.blocks["hidden"].marked == "accent"
    go(window, Backward, "output")
    assert scene.blocks["hidden"].marked == ""
    assert scene.blocks["output"].marked == "regularisation"
    assert {value.title for value in marks(window)[0]} == {"← ∂L/∂x", "← ∂L/∂y"}
    boxes = [item.area for item in scene.blocks.values()]
    for value in marks(window)[0]:
        assert not any(value.sceneBoundingRect().intersects(box) for box in boxes)
    window.backprop.leave()
    assert marks(window) == ([], [])
    assert all(item.flow is None for item in scene.wires.items.values())
    assert all(item.marked == "" for item in scene.blocks.values())


def test_inside_a_group_its_blocks_are_marked(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "residual-digits")
    scene = window.canvas.items_
    go(window, Forward, "res.0.conv1")
    assert scene.blocks["res"].marked == "accent"
    window.canvas.open_group("res")
    go(window, Forward, "res.0.relu1")
    assert scene.blocks["relu1"].marked == "accent"
    assert marks(window)[0]


# -- what is in the way --


def test_a_network_that_cannot_be_trained_says_why(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    window.document.edit("cut", *edits.remove_nodes(window.document.project, ["loss"]))
    window.actions_.backprop.trigger()
    assert "cannot be trained yet" in window.backprop.panel.message
    window.document.undo_stack.undo()
    taken_apart(qtbot, window)


def test_an_edit_takes_the_step_apart_anew(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    mode, before = window.backprop, window.backprop.step
    window.document.edit("edit", *edits.set_params(window.document.project, "act1", {"function": "tanh"}))
    qtbot.waitUntil(lambda: mode.step is not None and mode.step is not before, timeout=PATIENCE)
    assert shown(window, Forward, "act1", "outputs", "out") == pytest.approx(np.tanh([0.3775, 0.3925]).tolist())


def test_a_muted_block_passes_values_and_gradients_on(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    window.document.edit("mute", *edits.set_node(window.document.project, "act1", bypass=True))
    window.actions_.backprop.trigger()
    taken_apart(qtbot, window)
    step = window.backprop.step
    assert step is not None
    for at in range(len(step.moments)):
        window.backprop.go(at)
        assert window.backprop.moment is step.moments[at]
    assert step.errors == ()
    assert shown(window, Forward, "output", "inputs", "in") == pytest.approx([0.3775, 0.3925])


def test_several_losses_are_added_up(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "overfitting-cured")
    moment = go(window, Objective, "")
    assert isinstance(moment, Objective)
    assert len(moment.parts) == 2
    assert moment.loss == pytest.approx(sum(weight * value for _, weight, value in moment.parts), rel=1e-6)
    assert "loss + decay" in texts(window)
    ringed = {name for name, item in window.canvas.items_.blocks.items() if item.marked}
    assert ringed == {"loss", "decay"}


def test_a_training_that_runs_is_paused(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "spiral", epochs=100_000)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "running")
    window.actions_.backprop.trigger()
    taken_apart(qtbot, window)
    assert window.feed.state == "paused"
    window.actions_.play.trigger()
    qtbot.waitUntil(lambda: "The training runs" in window.backprop.panel.message, timeout=PATIENCE)
    assert marks(window) == ([], [])
    window.actions_.play.trigger()
    taken_apart(qtbot, window)


# -- every example --


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_moment_of_every_example_can_be_looked_at(qtbot: QtBot, window: MainWindow, name: str) -> None:
    enter(qtbot, window, name)
    mode = window.backprop
    assert mode.step is not None
    assert mode.step.errors == ()
    for at in range(len(mode.step.moments)):
        mode.go(at)
        page = page_of(window)
        assert page.moment is mode.step.moments[at]
        if not isinstance(page.moment, Objective):
            assert page.views
        for view in page.views.values():
            view.grab()


def test_nothing_is_cut(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    for kind, name in ((Forward, "hidden"), (Backward, "output"), (Update, "output.weight")):
        go(window, kind, name)
        assert lasting_faults(window) == []


def test_numbers_are_copied_and_told_exactly(qtbot: QtBot, window: MainWindow) -> None:
    view = ArrayView(np.array([[1 / 3, -2e-9]]), "y")
    qtbot.addWidget(view)
    view.copy()
    assert QApplication.clipboard().text() == "0.3333333333333333\t-2e-09"
    assert view.tip(0, 0) == "y[1, 1] = 0.3333333333333333"
    with qtbot.waitSignal(view.picked) as told:
        view.pick(0, 1)
    assert told.args == [(0, 1)]
