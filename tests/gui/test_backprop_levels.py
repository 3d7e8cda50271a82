"""In and out of the levels of a step: single neurons and weights, in the order of a calculation by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from engine.moments import Backward, Forward, Outcome, Update
from gui.backprop.numbers import NumbersLens
from gui.backprop.numeral_page import NumeralLens, NumeralPage
from gui.backprop.wire_value import WireValue
from gui.main_window import MainWindow
from tests.helpers.cut_text import lasting_faults
from tests.helpers.windows import PATIENCE, open_example

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def enter(qtbot: QtBot, window: MainWindow, name: str = "mazur") -> None:
    open_example(window, name)
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)


def press(window: MainWindow, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(window.canvas, key)


def go_in(qtbot: QtBot, window: MainWindow, level: str) -> None:
    """By the Down key, as often as it takes."""
    levels = window.backprop.levels
    while levels.level != level:
        before = levels.level
        press(window, Qt.Key.Key_Down)
        qtbot.waitUntil(lambda before=before: levels.level != before and levels.ready, timeout=PATIENCE)


def go_to(window: MainWindow, kind: type[Any], name: str) -> None:
    """The first stop in a moment of blocks."""
    step = window.backprop.step
    assert step is not None
    moment = step.at(kind, name)
    assert moment is not None
    window.backprop.go(moment.index)
    assert window.backprop.moment is moment


def page_of(qtbot: QtBot, window: MainWindow) -> NumeralPage:
    """The number that is shown, as soon as it is there."""
    lens = window.backprop.panel.lens
    assert isinstance(lens, NumeralLens)
    qtbot.waitUntil(lambda: lens.page is not None, timeout=PATIENCE)
    assert lens.page is not None
    return lens.page


def written(line: str) -> float:
    """The number that a line of LaTeX ends with."""
    return float(re.sub(r" \\cdot 10\^\{(-?\d+)\}", r"e\1", line.rsplit(" = ", maxsplit=1)[-1]))


def texts(window: MainWindow) -> str:
    return "\n".join(label.text() for label in window.backprop.panel.findChildren(QLabel))


def crumbs(window: MainWindow) -> tuple[str, ...]:
    return window.backprop.panel.crumbs.parts


# -- calculations by hand --


def by_hand(step: dict[str, Any]) -> list[float]:
    """The numbers of Mazur's page in its own order; every number of it is in the golden file."""
    numbers: list[float] = []
    for net, out in (("net_h", "out_h"), ("net_o", "out_o")):
        numbers += [each[unit] for unit in (0, 1) for each in (step[net], step[out])]
    numbers += [*step["E"], step["E_total"]]
    for unit in (0, 1):
        numbers += [step[name][unit] for name in ("dE_dout_o", "dout_o_dnet_o", "dE_dnet_o")]
        for weight in (0, 1):
            numbers += [step["dE_dW2"][unit][weight], step["W2_next"][unit][weight]]
    for unit in (0, 1):
        slope = step["out_h"][unit] * (1 - step["out_h"][unit])
        numbers += [step["dE_dout_h"][unit], slope, step["dE_dnet_h"][unit]]
        for weight in (0, 1):
            numbers += [step["dE_dW1"][unit][weight], step["W1_next"][unit][weight]]
    return numbers


def test_mazurs_page_number_by_number_in_its_own_order(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    go_in(qtbot, window, "weight")
    press(window, Qt.Key.Key_Home)
    mode = window.backprop
    assert isinstance(mode.panel.lens, NumbersLens)
    assert "is given, not computed" in mode.panel.crumbs.sentence
    found, lines = [], []
    for _ in range(mode.count - 2):
        press(window, Qt.Key.Key_Right)
        page = page_of(qtbot, window)
        found.append(float(page.result))
        lines.append(written(page.numbers[-1]))
    expected = by_hand(golden("mazur_2_2_2")["step1"])
    assert found == pytest.approx(expected, rel=1e-12)
    assert lines == pytest.approx(expected, rel=1e-4)
    press(window, Qt.Key.Key_Right)
    assert isinstance(mode.moment, Outcome)
    assert mode.position == mode.count - 1
    assert mode.moment.after == pytest.approx(golden("mazur_2_2_2")["E_total_after_1_update"], rel=1e-9)


def test_the_exercise_of_the_slides_weight_by_weight(qtbot: QtBot, window: MainWindow) -> None:
    """Update of w6, w1 and w4; the new output; has the error gone down? And why dE/dw5 has out_h1 as its factor."""
    slides = golden("slides_2_2_1")
    enter(qtbot, window, "two-two-one")
    go_in(qtbot, window, "weight")
    press(window, Qt.Key.Key_Home)
    mode, seen = window.backprop, {}
    while mode.position < mode.count - 2:
        press(window, Qt.Key.Key_Right)
        page = page_of(qtbot, window)
        if isinstance(mode.moment, Update):
            seen[crumbs(window)[-1]] = float(page.result)
        elif crumbs(window)[-1] == "w5":
            assert float(page.result) == pytest.approx(slides["dE_dw2"][0], rel=1e-12)
            assert page.symbols == (
                r"\dfrac{\partial L}{\partial w_{5}} = \dfrac{\partial L}{\partial \mathrm{output}_{1}} "
                r"\cdot \mathrm{act1}_{1}",
            )
            assert "Why times act1₁, and not times the weight?" in texts(window)
            assert f"{slides['out_h'][0]:.6g}" in page.numbers[0]
            assert "0.35" not in page.numbers[0].split(" = ")[1], "w5 itself is no factor"
    after = slides["after_update"]
    assert seen == pytest.approx(
        {
            "w1": after["W1"][0][0],
            "w2": after["W1"][0][1],
            "w3": after["W1"][1][0],
            "w4": after["W1"][1][1],
            "w5": after["w2"][0],
            "w6": after["w2"][1],
        },
        rel=1e-12,
    )
    press(window, Qt.Key.Key_End)
    assert "The error has gone down: 0.12212 → 0.11485" in texts(window)
    lens = mode.panel.lens
    assert isinstance(lens, NumbersLens)
    assert lens.page is not None
    outputs = [float(view.text()) for view in lens.page.views.values()]
    assert outputs == pytest.approx([slides["out_o"], after["out_o"]], rel=1e-12)


@pytest.mark.parametrize("name", ["spiral", "trask", "fashion-dense"])
def test_every_weight_of_a_dense_says_why_its_factor_is_the_input(qtbot: QtBot, window: MainWindow, name: str) -> None:
    enter(qtbot, window, name)
    mode, asked = window.backprop, 0
    assert mode.step is not None
    go_in(qtbot, window, "weight")
    for moment in mode.step.moments:
        if not isinstance(moment, Backward) or moment.form != "linear" or not moment.weights:
            continue
        stops = np.flatnonzero(mode.levels.moments == moment.index)
        mode.walk(int(stops[0]))
        lens = mode.panel.lens
        assert isinstance(lens, NumeralLens)
        qtbot.waitUntil(lambda lens=lens: lens.page is not None, timeout=PATIENCE)
        forward = mode.step.at(Forward, moment.node)
        assert isinstance(forward, Forward)
        source = next(iter(forward.sources.values())).removesuffix(".out")
        assert f"Why times {source}₁, and not times the weight?" in texts(window)
        asked += 1
    assert asked >= 2


# -- in and out --


def test_down_and_up_lead_in_and_out(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    mode = window.backprop
    go_to(window, Backward, "act2")
    press(window, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: mode.levels.level == "neuron", timeout=PATIENCE)
    page_of(qtbot, window)
    assert crumbs(window) == ("output", "neuron 1")
    assert mode.moment is not None
    assert mode.moment.node == "act2"
    press(window, Qt.Key.Key_Right)
    press(window, Qt.Key.Key_Down)
    page_of(qtbot, window)
    assert crumbs(window) == ("output", "neuron 1", "w5")
    press(window, Qt.Key.Key_Down)
    assert mode.levels.level == "weight", "there is nothing finer"
    press(window, Qt.Key.Key_Up)
    assert (mode.levels.level, crumbs(window)) == ("neuron", ("output", "neuron 1"))
    press(window, Qt.Key.Key_Up)
    assert mode.levels.level == "block"
    assert mode.count == 17
    assert mode.panel.crumbs.isHidden()
    assert isinstance(mode.panel.lens, NumbersLens)
    press(window, Qt.Key.Key_Up)
    assert mode.active, "there is nothing further out"


def test_an_update_has_weights_but_no_neurons(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    go_to(window, Update, "hidden.weight")
    press(window, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: window.backprop.levels.level == "weight", timeout=PATIENCE)
    page_of(qtbot, window)
    assert crumbs(window) == ("hidden", "neuron 1", "w1")
    assert isinstance(window.backprop.moment, Update)


def test_everything_by_mouse(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    mode, bar = window.backprop, window.backprop.bar
    go_to(window, Backward, "output")
    into, out = (bar.findChild(QToolButton, name) for name in ("backpropIn", "backpropOut"))
    assert into is not None
    assert out is not None
    assert into.toolTip()
    assert out.toolTip()
    assert not out.isEnabled()
    for level in ("neuron", "weight"):
        into.click()
        qtbot.waitUntil(lambda level=level: mode.levels.level == level and mode.levels.ready, timeout=PATIENCE)
    assert not into.isEnabled()
    track = bar.track
    assert track.maximum() == mode.count - 1 == 40
    strip = QPoint(round(8 + (track.width() - 16) * 9.5 / 17), 4)
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=strip)
    assert mode.moment is not None
    assert (type(mode.moment), mode.moment.node) == (Backward, "output")
    page_of(qtbot, window)
    QTest.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(track.width() - 9, track.height() // 2))
    assert isinstance(mode.moment, Outcome)
    go_to(window, Backward, "output")
    page_of(qtbot, window)
    assert crumbs(window) == ("output", "neuron 1", "w5")
    for level in ("neuron", "block"):
        button = mode.panel.crumbs.findChildren(QPushButton, f"crumb-{level}")[-1]
        button.click()
        assert mode.levels.level == level
        page = window.backprop.panel.lens
        assert page.key == ("numeral" if level == "neuron" else "numbers")


def test_it_plays_and_walks_inside(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    go_in(qtbot, window, "weight")
    mode = window.backprop
    press(window, Qt.Key.Key_End)
    assert mode.position == 40
    press(window, Qt.Key.Key_Home)
    assert mode.position == 0
    mode.bar.speed.set_value("fast")
    press(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: mode.position >= 2, timeout=PATIENCE)
    press(window, Qt.Key.Key_Space)
    assert not mode.playing
    window.transport.grain.button("operation").click()
    at = mode.position
    window.actions_.step.trigger()
    assert mode.position == at + 1
    press(window, Qt.Key.Key_End)
    window.actions_.step.trigger()  # the step is made; the next one is walked at the same level
    qtbot.waitUntil(lambda: window.feed.steps == 1 and mode.levels.ready and mode.position == 0, timeout=PATIENCE)
    assert mode.levels.level == "weight"
    press(window, Qt.Key.Key_Escape)
    assert not mode.active
    assert mode.levels.level == "block"


# -- what the canvas shows of it --


def test_the_wires_show_which_entry(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    go_in(qtbot, window, "neuron")

    def marked() -> dict[str, int | None]:
        items = [item for item in window.canvas.items_.items() if isinstance(item, WireValue)]
        return {item.title: item.entry for item in items}

    go_to(window, Backward, "act2")
    page_of(qtbot, window)
    assert marked() == {"← ∂L/∂x": 0, "← ∂L/∂y": 0}
    assert window.canvas.items_.blocks["act2"].marked == "regularisation"
    stops = np.flatnonzero(window.backprop.levels.moments == window.backprop.at)
    window.backprop.walk(int(stops[-1]))
    assert marked() == {"← ∂L/∂x": 1, "← ∂L/∂y": 1}
    go_to(window, Forward, "output")
    assert marked() == {"→ x": None, "→ y": 0}, "a weighted sum takes all of its inputs"
    press(window, Qt.Key.Key_Up)
    assert set(marked().values()) == {None}


# -- blocks without a finer level, and many numbers --


def test_a_convolution_says_that_it_has_no_finer_level_and_is_one_stop(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "residual-digits")
    go_to(window, Forward, "stem")
    mode = window.backprop
    press(window, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: mode.levels.level == "neuron", timeout=PATIENCE)
    assert mode.moment is not None
    assert mode.moment.node == "stem"
    assert "stem has no single neurons" in mode.panel.crumbs.sentence
    assert int((mode.levels.moments == mode.at).sum()) == 1
    press(window, Qt.Key.Key_Right)
    page_of(qtbot, window)
    assert mode.moment.node == "relu"
    assert crumbs(window) == ("relu", "neuron 1, 1, 1")
    assert mode.panel.crumbs.sentence == ""
    backward = mode.step and mode.step.at(Backward, "stem")
    assert isinstance(backward, Backward)
    mode.go(backward.index)
    assert "stem has no single neurons" in mode.panel.crumbs.sentence


def test_a_hundred_thousand_weights_are_walked_a_page_at_a_time(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "fashion-dense")
    go_in(qtbot, window, "weight")
    mode, levels = window.backprop, window.backprop.levels
    assert mode.count > 200_000
    assert mode.bar.track.maximum() == mode.count - 1
    assert mode.step is not None
    updates = [moment.index for moment in mode.step.moments if isinstance(moment, Update)]
    stops = np.flatnonzero(np.isin(levels.moments, updates))
    for position in map(int, (stops[len(stops) // 2], stops[len(stops) // 3], stops[-3])):
        mode.walk(position)
        page = page_of(qtbot, window)
        numeral = levels.inside().numeral
        assert numeral is not None
        update, shown = mode.moment, mode.panel.shown
        assert isinstance(update, Update)
        assert shown is not None
        assert numeral.place.name == update.parameter
        assert float(page.result) == pytest.approx(float(shown.array(update.after)[numeral.place.index]), rel=1e-6)
        press(window, *[Qt.Key.Key_Left] * 3)
        assert mode.position == position - 3
    assert len(mode.bar.track.segments()) <= mode.bar.track.width()


def test_looking_inside_changes_nothing(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "two-two-one")
    go_in(qtbot, window, "weight")
    press(window, Qt.Key.Key_End)
    assert (window.feed.state, window.feed.steps) == ("ready", 0)


def test_tabs_stand_side_by_side_wherever_the_cursor_goes(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    go_in(qtbot, window, "weight")
    tabs = window.backprop.panel.tabs
    for position in range(window.backprop.count):
        window.backprop.walk(position)
        seen = [tabs.tabRect(at) for at in range(tabs.count()) if tabs.isTabVisible(at)]
        assert all(rect.width() > 0 for rect in seen)
        assert [rect.left() for rect in seen[1:]] == [rect.right() + 1 for rect in seen[:-1]]


def test_nothing_is_cut(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window)
    go_in(qtbot, window, "weight")
    for kind, name in ((Forward, "hidden"), (Backward, "act2"), (Backward, "output"), (Update, "output.weight")):
        go_to(window, kind, name)
        page_of(qtbot, window)
        QApplication.processEvents()
        assert lasting_faults(window.backprop.panel, window.backprop.bar) == []
