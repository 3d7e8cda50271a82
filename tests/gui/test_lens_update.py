"""The update view: Mazur's new weights, PyTorch's optimizers, and how large a step is."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.moments import Update
from gui.backprop.update import UpdateLens
from gui.backprop.update_entry import Entry, ratio, share
from gui.main_window import MainWindow
from tests.helpers.windows import PATIENCE, open_example

GOLDEN = Path(__file__).parents[1] / "golden"


def look(qtbot: QtBot, window: MainWindow, parameter: str) -> UpdateLens:
    if not window.backprop.active:
        window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    step = window.backprop.step
    assert step is not None
    moment = step.at(Update, parameter)
    assert moment is not None
    window.backprop.panel.choose("update")
    window.backprop.go(moment.index)
    lens = window.backprop.panel.lens
    assert isinstance(lens, UpdateLens)
    return lens


def numbers(lens: UpdateLens) -> dict[str, float]:
    assert lens.entry is not None
    return {row.symbol: row.value for row in lens.entry.rows}


def test_mazurs_new_weights(qtbot: QtBot, window: MainWindow) -> None:
    golden = json.loads((GOLDEN / "mazur_2_2_2.json").read_text())["step1"]
    open_example(window, "mazur")
    lens = look(qtbot, window, "output.weight")
    for row in (0, 1):
        for column in (0, 1):
            lens.pick((row, column))
            found = numbers(lens)
            assert found["∂L/∂w"] == pytest.approx(golden["dE_dW2"][row][column], rel=1e-12)
            assert found["w′"] == pytest.approx(golden["W2_next"][row][column], rel=1e-12)
            assert found["Δw"] == pytest.approx(-0.5 * golden["dE_dW2"][row][column], rel=1e-10)
            assert float(lens.formula.lines[-1].split(" = ")[-1]) == pytest.approx(found["w′"], rel=1e-4)
            assert f"w[{row + 1}, {column + 1}]" in lens.name.text()
    assert "6.32 %" in lens.moved.text()


def test_a_click_on_the_numbers_picks_a_weight(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    lens = look(qtbot, window, "output.weight")
    for key in ("before", "gradient", "after", "step"):
        lens.which.button(key).click()
        assert lens.view is not None
    place = lens.view._cell(1, 0).center()
    assert lens.view is not None
    QTest.mouseClick(lens.view, Qt.MouseButton.LeftButton, pos=QPoint(round(place.x()), round(place.y())))
    assert lens.index == (1, 0)
    assert lens.entry is not None
    assert lens.entry.before == 0.5


OPTIMIZERS: dict[str, tuple[dict[str, Any], Any]] = {
    "momentum": ({"optimizer": "sgd", "momentum": 0.9}, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
    "nesterov": (
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
    ),
    "adam": ({"optimizer": "adam"}, lambda p: torch.optim.Adam(p, 0.1)),
    "decayed": ({"optimizer": "adam", "weight_decay": 0.1}, lambda p: torch.optim.Adam(p, 0.1, weight_decay=0.1)),
    "adamw": ({"optimizer": "adamw", "weight_decay": 0.1}, lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.1)),
    "rmsprop": ({"optimizer": "rmsprop"}, lambda p: torch.optim.RMSprop(p, 0.1)),
    "adagrad": ({"optimizer": "adagrad"}, lambda p: torch.optim.Adagrad(p, 0.1)),
    "adadelta": ({"optimizer": "adadelta"}, lambda p: torch.optim.Adadelta(p, 0.1)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_updates_as_pytorch_makes_them(qtbot: QtBot, window: MainWindow, name: str) -> None:
    settings, make = OPTIMIZERS[name]
    open_example(window, "xor", lr=0.1, dtype="float64", **settings)
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = make([weight])
    for update in (1, 2):
        lens = look(qtbot, window, "output.weight")
        lens.pick((0, 3))
        found = numbers(lens)
        with torch.no_grad():
            weight.fill_(found["w"])
        weight.grad = torch.full_like(weight, found["∂L/∂w"])
        optimizer.step()
        assert found["w′"] == pytest.approx(weight.item(), rel=1e-12)
        assert found["Δw"] == found["w′"] - found["w"]
        for key, value in optimizer.state[weight].items():
            symbol = {"exp_avg": "m′", "exp_avg_sq": "s′", "momentum_buffer": "v′"}.get(key)
            if symbol and value is not None:
                assert found[symbol] == pytest.approx(value.item(), rel=1e-12)
        if name == "adam":
            assert found["Δw"] == pytest.approx(-found["η/(√ŝ+ϵ)"] * found["m̂"], rel=1e-9)
            assert found["m̂"] == pytest.approx(found["m′"] / (1 - 0.9**update), rel=1e-12)
        assert (found.get("g") is not None) == (name == "decayed")
        assert len(lens.formula.lines) > 1
        if update == 1:
            step = window.backprop.step
            window.backprop.make_step()
            qtbot.waitUntil(lambda step=step: window.backprop.step not in (None, step), timeout=PATIENCE)


def test_how_large_a_step_is() -> None:
    entry = Entry((), 0.5, 0.495)
    assert entry.ratio == pytest.approx(0.01)
    assert (ratio(0, 0), ratio(1, 0)) == (0.0, math.inf)
    assert (share(0.0093), share(3.1)) == ("0.93 %", "3.1 times")


def test_the_arrow_points_from_before_to_after(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    lens = look(qtbot, window, "output.weight")
    for index, grows in (((0, 0), False), ((1, 0), True)):
        lens.pick(index)
        arrow, entry = lens.arrow, lens.entry
        assert entry is not None
        assert (arrow.x_of(entry.after) > arrow.x_of(entry.before)) is grows
        assert min(arrow.x_of(entry.before), arrow.x_of(entry.after)) >= 0
        assert max(arrow.x_of(entry.before), arrow.x_of(entry.after)) <= arrow.width()
    arrow.show_entry(Entry((), 0.5, -0.1))
    low, high = arrow.span
    assert low < 0 < high
    np.testing.assert_allclose(arrow.x_of(low), 0)


def test_frozen_parameters_say_so(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    lens = look(qtbot, window, "output.bias")
    assert lens.moved.text().startswith("Not updated")
    assert [row.symbol for row in (lens.entry.rows if lens.entry else ())] == ["w", "∂L/∂w", "w′"]
    assert lens.formula.lines == ()
