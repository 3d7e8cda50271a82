"""Each quick fix, pressed on the problem's card: the problem is gone afterwards, in one undo step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine import edits
from engine.data.filefacts import waiting_lookup
from engine.graph import Project, Wire
from engine.plan import check
from engine.problem import GraphError, Problem
from gui.canvas.card import ProblemCard
from gui.document import Document
from gui.fixes import apply_fix, fix_label, fixes_of
from tests.helpers.canvas import make_easel, make_project

Nodes = dict[str, tuple[str, tuple[float, float], dict[str, Any]]]


def line(*blocks: tuple[str, dict[str, Any]], dataset: str = "digits", loss: str = "") -> Project:
    """Data, these blocks b1, b2, … in a row, and a loss if one is named."""
    nodes: Nodes = {"data": ("Input", (0.0, 0.0), {"dataset": dataset})}
    wires, last = [], "data.x"
    for index, (kind, params) in enumerate(blocks, 1):
        nodes[f"b{index}"] = (kind, (index * 260.0, 0.0), params)
        wires.append(f"{last} > b{index}.{'a' if kind in ('Add', 'Concat') else 'in'}")
        last = f"b{index}.out"
    if loss:
        nodes["loss"] = ("Loss", (len(nodes) * 260.0, 0.0), {"function": loss})
        wires += [f"{last} > loss.prediction", "data.y > loss.target"]
    return make_project(nodes, tuple(wires))


def skip(*, stride: int = 1) -> Project:
    """A residual block whose way has more channels than the skip connection."""
    project = line(("Conv2d", {"out_channels": 4}), ("Conv2d", {"out_channels": 8, "padding": 1, "stride": stride}))
    project, _, _ = edits.add_node(project, "Add", (900.0, 0.0), node_id="add")
    return _joined(project, "b2.out > add.a", "b1.out > add.b")


def _joined(project: Project, *wires: str) -> Project:
    for text in wires:
        (start, out), (end, into) = (place.split(".") for place in text.split(" > "))
        project, _ = edits.connect(project, Wire(start, out, end, into))
    return project


SOFTMAX = ("Activation", {"function": "softmax"})
SIGMOID = ("Activation", {"function": "sigmoid"})
TEN = ("Dense", {"out_features": 10})


def unwired(project: Project, node_id: str, port: str) -> Project:
    """Without what comes into a port."""
    return edits.disconnect(project, project.graph.wires_into(node_id, port))[0]


CASES: dict[str, tuple[Project, str, str]] = {
    "flatten": (line(("Dense", {})), "b1", "Insert Flatten"),
    "channels": (skip(), "add", "Insert Conv2d"),
    "channels and stride": (skip(stride=2), "add", "Insert Conv2d"),
    "softmax twice": (line(("Flatten", {}), TEN, SOFTMAX, SOFTMAX), "b4", "Remove b4"),
    "softmax before cross entropy": (
        line(("Flatten", {}), TEN, SOFTMAX, loss="cross_entropy"),
        "loss",
        "Remove the activation before it",
    ),
    "nll on scores": (line(("Flatten", {}), TEN, loss="nll"), "loss", "Set function to cross_entropy"),
    "bce on scores": (
        line(("Dense", {"out_features": 1}), dataset="circle", loss="binary_cross_entropy"),
        "loss",
        "Set function to bce_with_logits",
    ),
    "sigmoid twice": (
        line(("Dense", {"out_features": 1}), SIGMOID, dataset="circle", loss="bce_with_logits"),
        "loss",
        "Set function to binary_cross_entropy",
    ),
    "too few outputs": (
        line(("Flatten", {}), ("Dense", {"out_features": 4}), ("Dropout", {}), loss="cross_entropy"),
        "loss",
        "Give the layer before it 10 outputs",
    ),
    "norm of features on images": (line(("BatchNorm1d", {})), "b1", "Replace it by BatchNorm2d"),
    "norm of images on features": (line(("Flatten", {}), ("BatchNorm2d", {})), "b2", "Replace it by BatchNorm1d"),
    "dropout of images on features": (line(("Flatten", {}), ("Dropout2d", {})), "b2", "Replace it by Dropout"),
    "nothing to average": (line(("Flatten", {}), ("GlobalAvgPool", {})), "b2", "Remove b2"),
    "shape that does not come out even": (
        line(("Flatten", {}), ("Reshape", {"shape": [7, 9]})),
        "b2",
        "Set shape to 64",
    ),
    "an open target, and one output that fits": (
        unwired(line(("Dense", {"out_features": 1}), dataset="circle", loss="mse"), "loss", "target"),
        "loss",
        "Connect data.y",
    ),
    "an open prediction, and one output that fits": (
        unwired(line(("Dense", {"out_features": 1}), dataset="circle", loss="mse"), "loss", "prediction"),
        "loss",
        "Connect b1",
    ),
    "kernel": (line(("MaxPool2d", {"kernel_size": 20})), "b1", "Set kernel_size to 8"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_the_button_on_the_card_mends_it(qtbot: QtBot, name: str) -> None:
    project, node_id, label = CASES[name]
    easel = make_easel(qtbot, project)
    (problem,) = [each for each in easel.document.result.problems if each.node == node_id and fix_label(each) == label]
    easel.selection.set({node_id})
    card = easel.view.floats.card
    buttons = [button for button in card.findChildren(QPushButton) if button.text() == label]
    buttons[0].click()
    left = easel.document.result.problems
    assert not [each for each in left if (each.code, each.message) == (problem.code, problem.message)]
    assert not [each for each in left if each.severity == "error" and each.code != "G07"]
    assert easel.document.undo_stack.count() == 1
    easel.undo()
    assert easel.document.project == project


def test_the_focus_goes_from_the_button_to_the_canvas(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    canvas = QWidget(window)
    canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    card = ProblemCard(canvas)
    card.fix_wanted.connect(card.dismiss)
    card.show_problems("b1", (Problem("error", "G03", "b1", "in", "No.", fix=("insert", "Flatten")),))
    QPushButton("Undo", window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    card.place(QPointF(0, 0), QPointF(0, 0))
    (button,) = card.findChildren(QPushButton)
    button.setFocus()
    button.click()
    assert QApplication.focusWidget() is canvas


def test_an_open_input_that_several_outputs_fit_offers_each(qtbot: QtBot) -> None:
    project = make_project(
        {name: ("Dense", (index * 260.0, 0.0), {}) for index, name in enumerate(("a", "b", "c"))}, ()
    )
    easel = make_easel(qtbot, project)
    easel.selection.set({"c"})
    card = easel.view.floats.card
    buttons = {button.text(): button for button in card.findChildren(QPushButton)}
    assert list(buttons) == ["Connect a", "Connect b"]
    qtbot.mouseClick(buttons["Connect b"], Qt.MouseButton.LeftButton)
    assert [wire.ends for wire in easel.document.project.graph.wires()] == [Wire("b", "out", "c", "in").ends]
    easel.undo()
    assert easel.document.project == project


def test_a_wire_to_a_port_that_is_gone_is_removed() -> None:
    project = line(("Flatten", {}), ("Add", {"inputs": 3}))
    project = _joined(project, "b1.out > b2.b", "b1.out > b2.c")
    project, _ = edits.set_params(project, "b2", {"inputs": 2})
    (problem,) = [each for each in Document(project).result.problems if each.code == "G12"]
    assert fix_label(problem) == "Remove the wire"
    mended, _ = apply_fix(project, problem)
    assert not [each for each in Document(mended).result.problems if each.code == "G12"]
    assert len(mended.graph.wires()) == 3


def test_a_fix_that_finds_nothing_to_change_says_so() -> None:
    project = line(("Flatten", {}), SOFTMAX, loss="cross_entropy")
    (problem,) = [each for each in Document(project).result.problems if each.code == "G13"]
    gone, _ = edits.remove_nodes(project, ["b2"])
    with pytest.raises(GraphError, match="No block before"):
        apply_fix(gone, problem)


def test_where_several_outputs_fit_none_is_guessed() -> None:
    project = unwired(line(("Dense", {"out_features": 1}), dataset="circle", loss="mse"), "loss", "prediction")
    project, _, _ = edits.add_node(project, "Dense", (0.0, 300.0), node_id="other", params={"out_features": 1})
    project = _joined(project, "data.x > other.in")
    (problem,) = [each for each in Document(project).result.problems if each.code == "G07"]
    assert fix_label(problem) == ""


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a,y\n1,0.5\n,1.5\n3,2.5\n", ["Leave these rows out", "Fill in the mean of the column"]),
        ("a,y\n1,0.5\n2,\n3,2.5\n", ["Leave these rows out"]),
        ("a;y\n1,5;0,5\n2,5;1,5\n", ["Read decimal commas"]),
        ("a,b,y\nred,1,0.5\nblue,2,1.5\n", ["Leave out what is no number"]),
    ],
)
def test_a_table_is_read_after_each_fix_that_its_problem_offers(tmp_path: Path, text: str, labels: list[str]) -> None:
    (tmp_path / "data.csv").write_text(text)
    project = make_project({"data": ("Input", (0.0, 0.0), {"dataset": "csv", "path": "data.csv"})}, ())
    (problem,) = check(project, waiting_lookup(tmp_path)).errors
    offered = fixes_of(problem)
    assert [fix_label(each) for each in offered] == labels
    for each in offered:
        mended, change = apply_fix(project, each)
        assert change.touched == {"data"}
        assert not check(mended, waiting_lookup(tmp_path)).errors
