"""The softmax and loss view: golden numbers on the screen, PyTorch's gradients, the sample that is chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from engine.graph import Project
from engine.moments import Backward, Forward, Moment
from gui.backprop.softmax import SoftmaxLens
from gui.backprop.softmax_bars import MOST_ROWS, StageBars
from gui.backprop.softmax_stages import Stage, exponentials
from gui.main_window import MainWindow
from tests.helpers.lenses import lens_at
from tests.helpers.projects import chain, make_project
from tests.helpers.windows import open_example

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def through(x: list[list[float]], y: list[Any], function: str, reduction: str = "mean", act: str = "") -> Project:
    """A layer that changes nothing, then the loss."""
    count = len(x[0])
    eye = np.eye(count).tolist()
    nodes: list[Any] = [
        ("data", "Input", {"dataset": "inline", "x": x, "y": y}),
        ("same", "Dense", {"out_features": count}),
        ("loss", "Loss", {"function": function, "reduction": reduction}),
    ]
    path = ["data.x", "same"]
    if act:
        nodes.append(("act", "Activation", {"function": act}))
        path.append("act")
    training = {"dtype": "float64", "batch_size": len(x), "shuffle": False}
    start = {"same.weight": eye, "same.bias": [0.0] * count}
    wires = [*chain(*path, "loss.prediction"), "data.y -> loss.target"]
    return make_project(nodes, wires, training, start)


def look(qtbot: QtBot, window: MainWindow, kind: type[Moment], node: str) -> SoftmaxLens:
    return lens_at(qtbot, window, SoftmaxLens, kind, node)


def values(bars: StageBars, name: str) -> list[float]:
    return next(stage for stage in bars.stages if stage.name == name).values.tolist()


def result_of(line: str) -> float:
    return float(line.rsplit(" = ", maxsplit=1)[-1])


def test_softmax_and_cross_entropy_as_on_paper(qtbot: QtBot, window: MainWindow) -> None:
    wanted = golden("softmax_cross_entropy")
    window.document.replace(through(wanted["logits"], [0, 1], "cross_entropy"))
    lens = look(qtbot, window, Backward, "loss")
    assert lens.sample.maximum() == 2
    for sample in (0, 1):
        lens.pick_sample(sample)
        shares = wanted["probabilities"][sample]
        assert values(lens.forward, "z") == wanted["logits"][sample]
        assert values(lens.forward, "eᶻ") == pytest.approx(np.exp(wanted["logits"][sample]).tolist(), rel=1e-12)
        assert values(lens.forward, "p") == pytest.approx(shares, rel=1e-12)
        assert lens.forward.marked == wanted["labels"][sample]
        assert values(lens.backward, "∂L/∂z") == pytest.approx(wanted["d_mean_loss_d_logits"][sample], rel=1e-12)
        difference = [share - (index == wanted["labels"][sample]) for index, share in enumerate(shares)]
        assert values(lens.backward, "p − y") == pytest.approx(difference, rel=1e-12)
        own, mean = map(result_of, lens.formula.lines)
        assert own == pytest.approx(wanted["loss_per_sample"][sample], rel=1e-4)
        assert mean == pytest.approx(wanted["mean_loss"], rel=1e-4)
    assert "divided by 2" in lens.note.text()


def test_the_sum_of_the_losses_needs_no_division(qtbot: QtBot, window: MainWindow) -> None:
    wanted = golden("softmax_cross_entropy")
    window.document.replace(through(wanted["logits"], [0, 1], "cross_entropy", "sum"))
    lens = look(qtbot, window, Forward, "loss")
    assert [stage.name for stage in lens.backward.stages] == ["p", "y", "p − y"]
    assert result_of(lens.formula.lines[1]) == pytest.approx(sum(wanted["loss_per_sample"]), rel=1e-4)
    assert r"\dfrac" not in lens.formula.lines[1]


def test_binary_cross_entropy_as_on_paper(qtbot: QtBot, window: MainWindow) -> None:
    wanted = golden("binary_cross_entropy_3")
    column = [[share] for share in wanted["probability"]]
    window.document.replace(through(column, [[t] for t in wanted["target"]], "binary_cross_entropy"))
    lens = look(qtbot, window, Forward, "loss")
    for sample, loss in enumerate(wanted["loss_per_sample"]):
        lens.pick_sample(sample)
        share, target = wanted["probability"][sample], wanted["target"][sample]
        assert values(lens.forward, "p") == [share]
        assert values(lens.forward, "ℓ") == pytest.approx([loss], rel=1e-12)
        assert [result_of(line) for line in lens.formula.lines] == pytest.approx([loss, wanted["mean"]], rel=1e-4)
        gradient = (share - target) / (share * (1 - share)) / 3
        assert values(lens.backward, "∂L/∂p") == pytest.approx([gradient], rel=1e-12)


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_an_activation_softmax_forward_and_backward(qtbot: QtBot, window: MainWindow, function: str) -> None:
    wanted = golden("softmax_cross_entropy")
    loss = {"softmax": "mse", "log_softmax": "nll"}[function]
    target: list[Any] = [0, 1] if loss == "nll" else [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    window.document.replace(through(wanted["logits"], target, loss, act=function))
    lens = look(qtbot, window, Backward, "act")
    logits = torch.tensor(wanted["logits"], dtype=torch.float64, requires_grad=True)
    if loss == "nll":
        torch.nn.functional.nll_loss(torch.log_softmax(logits, 1), torch.tensor([0, 1])).backward()
    else:
        torch.nn.functional.mse_loss(torch.softmax(logits, 1), torch.eye(3, dtype=torch.float64)[:2]).backward()
    assert logits.grad is not None
    for sample in (0, 1):
        lens.pick_sample(sample)
        assert values(lens.forward, "p") == pytest.approx(wanted["probabilities"][sample], rel=1e-12)
        assert values(lens.backward, "∂L/∂z") == pytest.approx(logits.grad[sample].tolist(), rel=1e-10)
    if loss == "nll":
        assert lens.forward.names == ("0", "1", "2")
        look(qtbot, window, Forward, "loss")
        assert result_of(lens.formula.lines[0]) == pytest.approx(wanted["loss_per_sample"][1], rel=1e-4)


def test_mazurs_two_errors_are_added(qtbot: QtBot, window: MainWindow) -> None:
    wanted = golden("mazur_2_2_2")["step1"]
    open_example(window, "mazur")
    lens = look(qtbot, window, Backward, "loss")
    assert values(lens.forward, "ℓ") == pytest.approx(wanted["E"], rel=1e-12)
    assert values(lens.backward, "∂L/∂o") == pytest.approx(wanted["dE_dout_o"], rel=1e-12)
    assert result_of(lens.formula.lines[0]) == pytest.approx(wanted["E_total"], rel=1e-4)


@pytest.mark.parametrize("function", ["mse", "half_squared_error", "l1", "huber", "hinge", "bce_with_logits"])
def test_each_loss_written_out_is_the_one_computed(qtbot: QtBot, window: MainWindow, function: str) -> None:
    window.document.replace(through([[0.3], [-1.2]], [[1.0], [0.0]], function))
    lens = look(qtbot, window, Forward, "loss")
    assert lens.picture is not None
    step = window.backprop.step
    assert step is not None
    back = step.at(Backward, "loss")
    assert isinstance(back, Backward)
    gradient = next(each for each in back.inputs if each.name == "prediction").array
    assert gradient is not None
    for sample in (0, 1):
        lens.pick_sample(sample)
        loss = values(lens.forward, "ℓ")[0]
        if len(lens.formula.lines) > 1:
            line = lens.formula.lines[0]
            assert result_of(line) == pytest.approx(loss, rel=1e-4)
            middle = line.split(" = ")[1].replace(r"\dfrac{1}{2}", "0.5*").replace("^{2}", "**2")
            middle = middle.replace(r"-\ln(", "-log(").replace(r"-\ln ", "-log ").replace("|", "")
            if "log" not in middle:
                assert abs(_computed(middle)) == pytest.approx(loss, rel=1e-4)
        last = lens.backward.stages[-1].values.tolist()
        assert last == pytest.approx(gradient[sample].tolist(), rel=1e-10)


def _computed(text: str) -> float:
    from engine.differentiate import PLAIN
    from engine.expression import evaluate, parse

    return evaluate(parse(text, frozenset()), {}, PLAIN, float)


def test_large_logits_do_not_overflow() -> None:
    grown, title, note = exponentials(np.array([1000.0, 999.0, 0.0]))
    np.testing.assert_allclose(grown / grown.sum(), torch.softmax(torch.tensor([1000.0, 999.0, 0.0]).double(), 0))
    assert title == "eᶻ⁻ᵐ"
    assert note


def test_exact_numbers_on_hover_and_few_rows_of_many(qtbot: QtBot) -> None:
    bars = StageBars()
    qtbot.addWidget(bars)
    numbers = np.linspace(0, 1, 100) ** 2
    names = tuple(f"class {index}" for index in range(100))
    bars.show_stages(names, (Stage("p", numbers, "share", "p"),), marked=3)
    bars.resize(400, bars.sizeHint().height())
    assert bars.left_out == 100 - MOST_ROWS - 1
    assert bars.order[0] == 3
    assert bars.order[-1] == 99
    middle = bars.cell(1, 0).center()
    assert bars.words_at(QPoint(round(middle.x()), round(middle.y()))) == f"p (class 60) = {float(numbers[60])!r}"
    assert bars.words_at(QPoint(5, 2)) == ""
