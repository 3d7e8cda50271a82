"""Dense layers as neurons and lines: the numbers in them, what the pointer and the keys do, and weights set by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.activation_functions import FUNCTIONS
from engine.blocks.activation import Activation
from engine.loss_functions import LOSSES
from engine.moments import Backward, Forward, Moment, Objective, Outcome, Update
from engine.targets import resolve
from gui.backprop.neurons.chain import Chain
from gui.backprop.neurons.forward import _FUNCTIONS, Forwards, activation, loss_of
from gui.backprop.neurons.hits import part_at
from gui.backprop.neurons.layout import Layout, Part
from gui.backprop.neurons.lens import NeuronLens
from gui.backprop.neurons.pull import nice, tidy
from gui.backprop.neurons.respond import SIDE, plane
from gui.backprop.neurons.sight import MEAN, Sight
from gui.main_window import MainWindow
from gui.theme import theme
from tests.helpers.cut_text import lasting_faults
from tests.helpers.windows import PATIENCE, open_example, wait_for

GOLDEN = Path(__file__).parents[1] / "golden"
MAZUR = json.loads((GOLDEN / "mazur_2_2_2.json").read_text())
TRASK = json.loads((GOLDEN / "trask_3_4_1.json").read_text())


def enter(qtbot: QtBot, window: MainWindow, name: str, **training: object) -> NeuronLens:
    """The neuron view of an example, torn off at 900 × 700, at the first moment that it fits."""
    open_example(window, name, **training)
    window.docks["backprop"].show()
    window.docks["backprop"].setFloating(True)
    window.docks["backprop"].resize(900, 700)
    window.backprop.enter()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    window.backprop.panel.choose("neurons")
    step = window.backprop.step
    assert step is not None
    at = next(each.index for each in step.moments if isinstance(each, Forward) and each.block == "Dense")
    window.backprop.go(at)
    lens = window.backprop.panel.lens
    assert isinstance(lens, NeuronLens)
    QApplication.processEvents()
    return lens


def go(window: MainWindow, kind: type[Moment], name: str = "") -> None:
    step = window.backprop.step
    assert step is not None
    moment = step.at(kind, name)
    assert moment is not None
    window.backprop.go(moment.index)


def sight(lens: NeuronLens) -> Sight:
    assert lens.view.drawing is not None
    return lens.view.drawing.sight


def chain_of(lens: NeuronLens) -> Chain:
    assert lens.chain is not None
    return lens.chain


def layout_of(lens: NeuronLens) -> Layout:
    assert lens.view.drawing is not None
    return lens.view.drawing.layout


def spot(lens: NeuronLens, part: Part) -> QPoint:
    """Where a part can be clicked: a line a third of its way, where no other one crosses it."""
    (x0, y0), (x1, y1) = layout_of(lens).places(part)
    return lens.view.camera.on_screen(x0 + 0.4 * (x1 - x0), y0 + 0.4 * (y1 - y0)).toPoint()


def loss_in_step(window: MainWindow) -> float:
    step = window.backprop.step
    assert step is not None
    return step.loss


def weight_in_step(lens: NeuronLens, part: Part) -> float:
    return float(chain_of(lens).layers[part.column - 1].weight[part.row, part.source])


def settled(qtbot: QtBot, lens: NeuronLens) -> None:
    """Until the session's numbers are those shown."""
    qtbot.waitUntil(lambda: not lens.hand.in_flight and sight(lens).loss_after is None, timeout=PATIENCE)


# -- the numbers --


def test_mazurs_numbers_stand_in_the_neurons(qtbot: QtBot, window: MainWindow) -> None:
    golden = MAZUR["step1"]
    lens = enter(qtbot, window, "mazur")
    go(window, Forward, "act2")
    columns = sight(lens).columns
    assert columns[0].lower.tolist() == MAZUR["x"]
    for at, sums, outputs in ((1, "net_h", "out_h"), (2, "net_o", "out_o")):
        upper = columns[at].upper
        assert upper is not None
        assert upper.tolist() == pytest.approx(golden[sums], rel=1e-14)
        assert columns[at].lower.tolist() == pytest.approx(golden[outputs], rel=1e-14)
        assert columns[at].reached == 2
    assert sight(lens).loss == pytest.approx(golden["E_total"], rel=1e-14)
    target = sight(lens).target
    assert target is not None
    assert target.tolist() == MAZUR["target"]


def test_on_the_way_back_they_hold_gradients_as_far_as_the_cursor_has_come(qtbot: QtBot, window: MainWindow) -> None:
    golden = MAZUR["step1"]
    lens = enter(qtbot, window, "mazur")
    go(window, Backward, "loss")
    shown = sight(lens)
    assert [column.kind for column in shown.columns] == ["value", "value", "gradient"]
    assert (shown.columns[2].reached, shown.columns[1].reached) == (1, 0)
    assert shown.columns[2].upper == pytest.approx(golden["dE_dout_o"], rel=1e-14)
    go(window, Backward, "output")
    shown = sight(lens)
    assert shown.columns[2].lower == pytest.approx(golden["dE_dnet_o"], rel=1e-14)
    assert shown.columns[1].upper == pytest.approx(golden["dE_dout_h"], rel=1e-14)
    assert shown.lines[1].kind == "gradient"
    assert shown.lines[1].weight == pytest.approx(np.array(golden["dE_dW2"]), rel=1e-14)
    assert shown.lines[0].kind == "weight"
    go(window, Backward, "hidden")
    assert sight(lens).columns[1].lower == pytest.approx(golden["dE_dnet_h"], rel=1e-14)
    assert sight(lens).lines[0].weight == pytest.approx(np.array(golden["dE_dW1"]), rel=1e-14)


def test_updates_stand_on_the_lines_and_the_outcome_in_the_neurons(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "mazur")
    go(window, Update, "output.weight")
    lines = sight(lens).lines[1]
    assert lines.kind == "update"
    assert lines.after == pytest.approx(np.array(MAZUR["step1"]["W2_next"]), rel=1e-14)
    assert lens.view.drawing is not None
    assert lens.view.drawing.label_of(Part("line", 2, 0, 0)) == ["0.4", "→0.3589"]
    go(window, Outcome)
    shown = sight(lens)
    assert shown.loss_after == pytest.approx(MAZUR["E_total_after_1_update"], rel=1e-14)
    moment = window.backprop.moment
    assert isinstance(moment, Outcome)
    assert shown.columns[2].lower == pytest.approx(moment.outputs[0].array[0], rel=1e-14)  # type: ignore[index]


def test_a_neuron_writes_its_sum_out(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "mazur")
    go(window, Forward, "act2")
    QTest.mouseMove(lens.view, spot(lens, Part("neuron", 1, 0)))
    assert lens.reading.title.text() == "hidden, neuron 1"
    assert (
        lens.reading.numbers.text() == "z₁ = 0.15·0.05 + 0.2·0.1 + 0.35 = 0.3775\na₁ = σ(0.3775) = 0.5932699921071872"
    )
    go(window, Backward, "hidden")
    lens.view.point(None)
    lens.view.point(Part("neuron", 1, 0))
    written = lens.reading.numbers.text()
    assert "∂L/∂a₁ = 0.4·0.1385 + 0.5·(-0.038098) = 0.036350306393" in written
    assert "∂L/∂z₁ = ∂L/∂a₁·a₁′ = 0.03635·0.2413 = 0.0087713546894" in written
    lens.view.point(Part("line", 1, 0, 1))
    assert "∂L/∂w = ∂L/∂z₁·x₂ = 0.0087714·0.1 = 0.000877135468948" in lens.reading.numbers.text()


def test_trask_sample_by_sample_and_the_mean(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "trask")
    go(window, Forward, "act2")
    found = []
    for sample in range(1, 5):
        lens.sample.setValue(sample)
        found.append(float(sight(lens).columns[2].lower[0]))
        assert f"sample {sample} of 4" in lens.reading.title.text()
    x, w1, w2 = (np.array(TRASK[key]) for key in ("X", "W1_in_out", "W2_in_out"))
    outputs = 1 / (1 + np.exp(-(1 / (1 + np.exp(-(x @ w1)))) @ w2))
    assert found == pytest.approx(outputs.ravel().tolist(), rel=1e-14)
    lens.sample.setValue(0)
    assert sight(lens).sample == MEAN
    assert float(sight(lens).columns[2].lower[0]) == pytest.approx(outputs.mean(), rel=1e-14)
    lens.view.point(Part("neuron", 2, 0))
    assert "mean over 4 samples" in lens.reading.title.text()
    assert "mean of σ(z₁)" in lens.reading.numbers.text()


# -- numpy says what the session says --


@pytest.mark.parametrize(
    "name", ["mazur", "trask", "two-two-one", "spiral", "circle", "xor", "linear-xor", "vanishing-10", "deep-relu"]
)
def test_numpy_gives_the_numbers_of_the_session(qtbot: QtBot, window: MainWindow, name: str) -> None:
    lens = enter(qtbot, window, name, dtype="float64")
    chain = chain_of(lens)
    forwards = Forwards(chain, window.document.result.nodes)
    assert forwards.able
    found = forwards.run()
    for layer, z, a in zip(chain.layers, found.z, found.a, strict=True):
        np.testing.assert_allclose(z, layer.z, rtol=0, atol=1e-12)
        np.testing.assert_allclose(a, layer.a, rtol=0, atol=1e-12)
    assert found.loss is not None
    assert found.loss == pytest.approx(loss_in_step(window), rel=1e-12)


def test_dropped_numbers_stay_dropped(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "overfitting-cured", dtype="float64")
    chain = chain_of(lens)
    assert (chain.layers[0].a == 0).mean() > 0.3
    forwards = Forwards(chain, window.document.result.nodes)
    assert forwards.able
    np.testing.assert_allclose(forwards.run().a[0], chain.layers[0].a, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(_FUNCTIONS))
def test_functions_are_those_of_torch(name: str) -> None:
    params = {key: each.default for key, each in Activation.params.items()} | {"function": name}
    x = np.linspace(-7, 7, 57).reshape(3, 19)
    settings = {key: params[key] for key in ("negative_slope", "alpha", "min_val", "max_val") if name in _TAKES[key]}
    if "softmax" in name:
        settings = {"dim": 1}
    target = resolve(FUNCTIONS[name].target)
    made = target() if isinstance(target, type) else target
    wanted = made(torch.from_numpy(x), **settings).numpy()
    np.testing.assert_allclose(activation(x, params), wanted, rtol=0, atol=1e-12)


_TAKES = {"negative_slope": ("leaky_relu",), "alpha": ("elu",), "min_val": ("hardtanh",), "max_val": ("hardtanh",)}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_losses_are_those_of_torch(name: str, reduction: str) -> None:
    rng = np.random.default_rng(3)
    o, t = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    if name in ("binary_cross_entropy", "bce_with_logits"):
        t = rng.integers(0, 2, (4, 3)).astype(float)
    if name == "binary_cross_entropy":
        o = 1 / (1 + np.exp(-o))
    given = torch.from_numpy(t)
    if LOSSES[name].classes:
        labels = rng.integers(0, 3, 4)
        t, given = np.eye(3)[labels], torch.from_numpy(labels)
    wanted = resolve(LOSSES[name].target)(torch.from_numpy(o), given, reduction=reduction).item()
    params: dict[str, Any] = {"function": name, "reduction": reduction, "delta": 1.0}
    assert loss_of(o, t, params) == pytest.approx(wanted * (0.5 if name.startswith("half") else 1), rel=1e-13)


# -- pointing, clicking, walking --


def test_a_click_on_a_line_asks_for_its_chain_rule(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "mazur")
    spy = QSignalSpy(lens.weight_picked)
    QTest.mouseClick(lens.view, Qt.MouseButton.LeftButton, pos=spot(lens, Part("line", 1, 1, 0)))
    qtbot.waitUntil(lambda: spy.count() == 1, timeout=PATIENCE)
    assert spy.at(0) == ["hidden.weight", (1, 0)]
    assert window.backprop.panel.picked == ("hidden.weight", (1, 0))
    QTest.mouseClick(lens.view, Qt.MouseButton.LeftButton, pos=lens.view.middle_of(Part("bias", 2, 0)).toPoint())
    qtbot.waitUntil(lambda: spy.count() == 2, timeout=PATIENCE)
    assert spy.at(1) == ["output.bias", (0,)]


def test_every_part_is_found_where_it_is_drawn(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "spiral")
    layout, layers = layout_of(lens), len(chain_of(lens).layers)
    for column in range(layers + 1):
        for row in layout.rows[column]:
            x, y = layout.place(column, row)
            assert part_at(layout, x, y, layers) == Part("neuron", column, row)
    for column in range(1, layers + 1):
        for part in layout.lines(column):
            (x0, y0), (x1, y1) = layout.places(part)
            found = [part_at(layout, x0 + s * (x1 - x0), y0 + s * (y1 - y0), layers, 0.5) for s in (0.4, 0.45, 0.6)]
            assert part in found


def test_arrow_keys_walk_along_neurons_and_lines(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "mazur")
    view = lens.view
    window.docks["backprop"].activateWindow()
    lens.fit.setFocus()
    QTest.keyClick(lens.fit, Qt.Key.Key_Tab)
    assert view.hasFocus()
    assert view.focused == Part("neuron", 1, 0)
    for key, part in (
        (Qt.Key.Key_Down, Part("neuron", 1, 1)),
        (Qt.Key.Key_Left, Part("line", 1, 1, 0)),
        (Qt.Key.Key_Down, Part("line", 1, 1, 1)),
        (Qt.Key.Key_Left, Part("neuron", 0, 1)),
        (Qt.Key.Key_Right, Part("line", 1, 1, 1)),
        (Qt.Key.Key_Right, Part("neuron", 1, 1)),
        (Qt.Key.Key_Right, Part("line", 2, 1, 1)),
        (Qt.Key.Key_Right, Part("neuron", 2, 1)),
        (Qt.Key.Key_Right, Part("loss", 3)),
    ):
        QTest.keyClick(view, key)
        assert view.focused == part
    assert "0.298371" in view.accessibleDescription()
    at = window.backprop.at
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.focused is None
    QTest.keyClick(view, Qt.Key.Key_Right)  # with nothing in focus, keys walk through the moments again
    assert window.backprop.at == at + 1


def test_zoom_pan_and_fit(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "mazur")
    view, part = lens.view, Part("neuron", 1, 0)
    scale, place = view.camera.scale, view.middle_of(part)
    wheel = QWheelEvent(
        place, view.mapToGlobal(place), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, wheel)
    assert view.camera.scale > 1.3 * scale
    assert (view.middle_of(part) - place).manhattanLength() < 1
    ground = QPoint(view.width() // 2, view.height() - 4)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=ground)
    QTest.mouseMove(view, ground + QPoint(30, -12))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=ground + QPoint(30, -12))
    assert (view.middle_of(part) - place - QPointF(30, -12)).manhattanLength() < 1
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=ground)
    assert view.camera.scale == pytest.approx(scale)


def test_a_single_number_that_the_cursor_is_at_is_marked(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "mazur")
    window.backprop.go_in()
    panel = window.backprop.panel
    qtbot.waitUntil(lambda: getattr(panel.shown and panel.shown.inside, "numeral", None) is not None, timeout=PATIENCE)
    panel.choose("neurons")
    assert lens.view.marked == Part("neuron", 1, 0)
    assert lens.reading.title.text() == "hidden, neuron 1"
    window.backprop.operation()  # its output
    assert lens.view.marked == Part("neuron", 1, 0)
    window.backprop.operation()
    assert lens.view.marked == Part("neuron", 1, 1)


def test_gradients_are_coloured_on_one_scale_for_all_layers(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "vanishing-10")
    go(window, Backward, "dense1")
    drawing = lens.view.drawing
    assert drawing is not None
    last = float(np.abs(sight(lens).columns[10].lower).max())
    assert [drawing._limit(column) for column in range(1, 11)] == [last] * 10
    assert abs(float(sight(lens).columns[1].lower[0])) < 1e-4 * last


# -- changing weights --


def drag(lens: NeuronLens, part: Part, up: int) -> QPoint:
    """Press on a line and pull it up, without letting go."""
    start = spot(lens, part)
    QTest.mousePress(lens.view, Qt.MouseButton.LeftButton, pos=start)
    for way in (up // 3, up // 2, up):
        QTest.mouseMove(lens.view, start - QPoint(0, way))
    return start - QPoint(0, up)


def test_drag_a_weight_and_the_loss_follows(qtbot: QtBot, window: MainWindow) -> None:
    lens, part = enter(qtbot, window, "mazur"), Part("line", 1, 0, 1)
    end = drag(lens, part, 60)
    live = sight(lens)
    value = float(live.lines[0].weight[0, 1])
    assert value > 0.25
    x, t = np.array(MAZUR["x"]), np.array(MAZUR["target"])
    w1 = np.array(MAZUR["W1"])
    w1[0, 1] = value
    hidden = 1 / (1 + np.exp(-(w1 @ x + MAZUR["b1"])))
    output = 1 / (1 + np.exp(-(np.array(MAZUR["W2"]) @ hidden + MAZUR["b2"])))
    wanted = float((0.5 * (output - t) ** 2).sum())
    assert live.loss_after == pytest.approx(wanted, rel=1e-13)
    assert live.columns[2].lower == pytest.approx(output, rel=1e-13)
    assert loss_in_step(window) == pytest.approx(MAZUR["step1"]["E_total"])  # nothing is sent before the mouse lets go
    QTest.mouseRelease(lens.view, Qt.MouseButton.LeftButton, pos=end)
    settled(qtbot, lens)
    assert loss_in_step(window) == pytest.approx(wanted, rel=1e-13)
    assert weight_in_step(lens, part) == value


def test_a_start_value_is_edited_in_the_document_and_undone_there(qtbot: QtBot, window: MainWindow) -> None:
    lens, part = enter(qtbot, window, "mazur"), Part("line", 2, 1, 0)
    end = drag(lens, part, -40)
    QTest.mouseRelease(lens.view, Qt.MouseButton.LeftButton, pos=end)
    settled(qtbot, lens)
    value = weight_in_step(lens, part)
    assert value < 0.5
    written = window.document.project.parameters["output.weight"]
    assert [list(row) for row in written] == [[0.4, 0.45], [value, 0.55]]
    assert window.document.undo_stack.undoText() == "Set output.weight[2, 1]"
    assert lens.back.isVisibleTo(lens)
    window.document.undo_stack.undo()
    qtbot.waitUntil(lambda: weight_in_step(lens, part) == 0.5, timeout=PATIENCE)
    assert not lens.back.isVisibleTo(lens)


def test_a_learned_weight_is_set_in_the_session_and_put_back(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    window.feed.step("batch")
    wait_for(qtbot, window, "paused")
    lens, part = _enter_again(qtbot, window), Part("line", 1, 0, 0)
    before, loss, project = weight_in_step(lens, part), loss_in_step(window), window.document.project
    assert before == pytest.approx(MAZUR["step1"]["W1_next"][0][0], rel=1e-14)
    end = drag(lens, part, 50)
    QTest.mouseRelease(lens.view, Qt.MouseButton.LeftButton, pos=end)
    settled(qtbot, lens)
    assert weight_in_step(lens, part) != before
    assert loss_in_step(window) != loss
    assert window.document.project is project
    lens.back.click()
    qtbot.waitUntil(lambda: weight_in_step(lens, part) == before, timeout=PATIENCE)
    assert loss_in_step(window) == loss
    assert not lens.back.isVisibleTo(lens)


def _enter_again(qtbot: QtBot, window: MainWindow) -> NeuronLens:
    window.docks["backprop"].show()
    window.docks["backprop"].setFloating(True)
    window.docks["backprop"].resize(900, 700)
    window.backprop.enter()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    window.backprop.panel.choose("neurons")
    go(window, Objective)
    lens = window.backprop.panel.lens
    assert isinstance(lens, NeuronLens)
    QApplication.processEvents()
    return lens


def test_escape_leaves_the_weight_as_it_was(qtbot: QtBot, window: MainWindow) -> None:
    lens, part = enter(qtbot, window, "mazur"), Part("line", 1, 0, 0)
    end = drag(lens, part, 40)
    assert sight(lens).loss_after is not None
    QTest.keyClick(lens.view, Qt.Key.Key_Escape)
    assert sight(lens).loss_after is None
    assert window.backprop.active
    QTest.mouseRelease(lens.view, Qt.MouseButton.LeftButton, pos=end)
    assert sight(lens).lines[0].weight[0, 0] == 0.15
    assert window.document.undo_stack.isClean()


def test_type_a_weight(qtbot: QtBot, window: MainWindow) -> None:
    lens, part = enter(qtbot, window, "mazur"), Part("line", 1, 1, 1)
    QTest.mouseDClick(lens.view, Qt.MouseButton.LeftButton, pos=spot(lens, part))
    editor = lens.view.pull.editor
    assert editor is not None
    assert editor.value() == 0.3
    editor.selectAll()
    QTest.keyClicks(editor, "-0.75")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert lens.view.pull.editor is None
    settled(qtbot, lens)
    assert weight_in_step(lens, part) == -0.75
    lens.view.focus_on(Part("neuron", 2, 0))
    QTest.keyClick(lens.view, Qt.Key.Key_Return)  # of a neuron, the bias
    editor = lens.view.pull.editor
    assert editor is not None
    assert editor.value() == 0.6
    QTest.keyClicks(editor, "9")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert lens.view.pull.editor is None
    assert sight(lens).loss_after is None
    assert window.backprop.active


def test_the_wheel_with_control_changes_a_weight_in_steps(qtbot: QtBot, window: MainWindow) -> None:
    lens, part = enter(qtbot, window, "spiral", dtype="float64"), Part("line", 3, 0, 0)
    before = weight_in_step(lens, part)
    at = QPointF(spot(lens, part))
    for _ in range(3):
        wheel = QWheelEvent(
            at, lens.view.mapToGlobal(at), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(lens.view, wheel)
    live = sight(lens).loss_after
    assert live is not None
    settled(qtbot, lens)
    assert weight_in_step(lens, part) > before
    assert loss_in_step(window) == pytest.approx(live, rel=1e-12)
    lens.back.click()
    qtbot.waitUntil(lambda: weight_in_step(lens, part) == before, timeout=PATIENCE)


def test_where_numpy_cannot_follow_the_session_is_asked(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Forwards, "_agrees", lambda _self: False)
    lens, part = enter(qtbot, window, "spiral", dtype="float64"), Part("line", 1, 2, 1)
    before, loss = weight_in_step(lens, part), loss_in_step(window)
    end = drag(lens, part, 50)
    qtbot.waitUntil(lambda: loss_in_step(window) != loss, timeout=PATIENCE)
    QTest.keyClick(lens.view, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: loss_in_step(window) == loss and not lens.hand.in_flight, timeout=PATIENCE)
    QTest.mouseRelease(lens.view, Qt.MouseButton.LeftButton, pos=end)
    assert weight_in_step(lens, part) == before


def test_steps_of_a_drag_are_round_numbers() -> None:
    assert [nice(value) for value in (0.0123, 0.02, 0.6, 7.0)] == pytest.approx([0.01, 0.02, 0.5, 5.0])
    assert tidy(0.30000000000000004, 0.05) == 0.3


# -- wide layers, and what does not fit --


def test_of_wide_layers_some_are_shown_and_the_rest_is_counted(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "fashion-dense")
    chain, layout = chain_of(lens), layout_of(lens)
    assert [chain.size(column) for column in range(4)] == [784, 100, 200, 10]
    for column in range(4):
        rows = layout.rows[column]
        assert (rows[0], rows[-1]) == (0, chain.size(column) - 1)
        assert len(rows) <= 13
        assert len(rows) + sum(count for _, count in layout.gaps[column]) == chain.size(column)
    largest = int(np.abs(chain.layers[0].a).mean(axis=0).argmax())
    assert largest in layout.rows[1]
    go(window, Backward, "dense2")
    assert layout_of(lens) is layout  # neurons do not jump while the cursor walks
    assert sight(lens).target is not None
    lens.view.grab()


def test_it_stands_aside_where_there_are_no_neurons(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "fashion-cnn")
    step = window.backprop.step
    assert step is not None
    fitting = {each.node for each in step.moments if isinstance(each, Forward) and _fits(window, lens, each)}
    dense = {each.node for each in step.moments if isinstance(each, Forward) and each.block == "Dense"}
    assert dense <= fitting
    assert not any(each.block == "Conv2d" and each.node in fitting for each in step.moments)


def _fits(window: MainWindow, lens: NeuronLens, moment: Moment) -> bool:
    window.backprop.go(moment.index)
    shown = window.backprop.panel.shown
    return shown is not None and lens.fits(shown)


# -- what it responds to --


def test_pictures_show_what_each_neuron_answers_over_the_plane(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "spiral", dtype="float64")
    lens.switch.button("responds").click()
    drawing, chain = lens.view.drawing, chain_of(lens)
    assert drawing is not None
    assert drawing.pictures is not None
    assert [len(images) for images in drawing.pictures] == [7, 8, 8, 1]
    grid = plane(chain, window.document.result.nodes)
    assert grid is not None
    corner = grid[0]
    assert corner[:2].tolist() == [-6.0, 6.0]
    assert corner.tolist() == pytest.approx([-6, 6, 36, 36, -36, -np.sin(6), np.sin(6)])
    first = chain.layers[0]
    assert first.bias is not None
    answers = np.tanh(grid @ first.weight.T + first.bias)
    image = drawing.pictures[1][0]
    assert isinstance(image, QImage)
    assert (image.width(), image.height()) == (SIDE, SIDE)
    for place in np.flatnonzero(np.abs(answers[:, 0]) > 0.3)[::97]:
        color = image.pixelColor(int(place) % SIDE, int(place) // SIDE)
        assert (color.blue() > color.red()) == (answers[place, 0] > 0)
    end = drag(lens, Part("line", 1, 0, 0), 60)
    assert lens.view.drawing is not None
    assert lens.view.drawing.pictures is not None
    assert lens.view.drawing.pictures[1][0] != image
    QTest.keyClick(lens.view, Qt.Key.Key_Escape)
    QTest.mouseRelease(lens.view, Qt.MouseButton.LeftButton, pos=end)


def test_without_a_plane_there_is_no_such_switch(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "trask")
    assert not lens.switch.isVisibleTo(lens)


# -- looks --


def test_the_panel_can_be_torn_off_while_a_step_is_walked_through(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    window.backprop.enter()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    dock = window.docks["backprop"]
    for floating in (True, False):
        dock.setFloating(floating)
        QTest.qWait(20)
        assert window.backprop.active
    dock.hide()
    qtbot.waitUntil(lambda: not window.backprop.active, timeout=PATIENCE)


@pytest.mark.parametrize("name", ["mazur", "trask", "spiral", "fashion-dense"])
def test_nothing_is_cut(qtbot: QtBot, window: MainWindow, name: str) -> None:
    lens = enter(qtbot, window, name)
    step = window.backprop.step
    assert step is not None
    for each in step.moments:
        window.backprop.go(each.index)
        if window.backprop.panel.lens is lens:
            assert lasting_faults(lens) == []


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_nothing_is_cut_in_the_dock(qtbot: QtBot, window: MainWindow, scale: float) -> None:
    theme().set_text_scale(scale)
    try:
        open_example(window, "spiral")
        window.backprop.enter()
        qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
        window.backprop.panel.choose("neurons")
        lens = window.backprop.panel.lenses["neurons"]
        assert isinstance(lens, NeuronLens)
        for kind, node in ((Forward, "tanh1"), (Backward, "dense2"), (Update, "dense1.weight"), (Outcome, "")):
            go(window, kind, node)
            QTest.qWait(100)  # until the docks have found their room
            for _ in range(2):
                if not lens.view.camera.shows(layout_of(lens), lens.view.size()):
                    lens.view.show_all()
            QApplication.processEvents()
            assert window.backprop.panel.lens is lens
            lens.view.point(Part("line", 2, 1, 1))
            assert lasting_faults(lens) == []
            lens.view.point(None)
    finally:
        theme().set_text_scale(1.0)


def test_it_lets_go(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window, "mazur")
    drag(lens, Part("line", 1, 0, 0), 40)
    window.backprop.leave()
    assert lens.view.drawing is None
    assert lens.view.pull.part is None
    lens.view.grab()
