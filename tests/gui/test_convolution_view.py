"""The convolution view: every number is the sum that is shown, by mouse and keys, and kernels made by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine import edits
from engine.events import WeightsTaken
from engine.moments import Backward, Forward, Moment, Step, Update
from gui.backprop.convolution.kernels import filtered, kernels, widened
from gui.backprop.convolution.readout import readout, target, verdict
from gui.backprop.convolution.scenes import Choice, Scenes, Way, scenes_of
from gui.backprop.convolution.view import ConvolutionLens
from gui.backprop.lens import Shown
from gui.backprop.write import number
from gui.main_window import MainWindow
from tests.helpers.cut_text import lasting_faults
from tests.helpers.moment_of import shown_of
from tests.helpers.mouse import move_mouse
from tests.helpers.windows import PATIENCE, open_example

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "convolution_5x5.json").read_text())


# -- the numbers --


def everything(scenes: Scenes, way: Way) -> Iterator[Choice]:
    """Every number that a way of looking has."""
    height, width = scenes.shape(way)
    for sample in range(1 if way == "kernel" else len(scenes.x)):
        for output in range(scenes.y.shape[1]):
            partners = scenes.partners(output)
            for given_channel in partners if way != "forward" else partners[:1]:
                for row in range(height):
                    for column in range(width):
                        yield Choice(sample, given_channel, output, (row, column))


def check(shown: Shown) -> int:
    """All sums against the traced numbers."""
    scenes = scenes_of(shown)
    assert scenes is not None
    count = 0
    for way in scenes.ways:
        for choice in everything(scenes, way):
            assert scenes.settled(choice, way) == choice
            scene = scenes.scene(way, choice)
            assert scene.meeting is not None
            assert scene.meeting.terms.total == pytest.approx(scene.traced, rel=1e-12, abs=1e-12)
            assert verdict(scene)[1]
            laid_out = scene.meeting.laid_out(scene.meeting.terms.left)[scene.meeting.here]
            rows, columns = (each[scene.meeting.here] for each in (scene.meeting.rows, scene.meeting.columns))
            inside = (rows >= 0) & (rows < scene.picture.shape[0]) & (columns >= 0) & (columns < scene.picture.shape[1])
            assert np.array_equal(laid_out[inside], scene.picture[rows[inside], columns[inside]])
            assert not laid_out[~inside].any()
            count += 1
    return count


SIZES = st.integers(1, 3)


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, dict[str, Any], torch.Tensor]:
    """A block whose window slides, and data for it."""
    kind = draw(st.sampled_from(["Conv1d", "Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d"]))
    dims = 1 if kind == "Conv1d" else 2
    generator = torch.Generator().manual_seed(draw(st.integers(0, 999)))
    groups = draw(st.integers(1, 2))
    channels = groups * draw(st.integers(1, 2))
    shape = (2, channels, *(draw(st.integers(3, 6)) for _ in range(dims)))
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    sizes = st.lists(SIZES, min_size=dims, max_size=dims)
    params: dict[str, Any] = {"kernel_size": draw(sizes), "stride": draw(sizes)}
    if "Pool" in kind:
        params["padding"] = [draw(st.integers(0, size // 2)) for size in params["kernel_size"]]
        if kind == "AvgPool2d":
            params["count_include_pad"] = draw(st.booleans())
        return kind, params, x
    params |= {"out_channels": groups * draw(st.integers(1, 2)), "groups": groups, "dilation": draw(sizes)}
    params["bias"] = draw(st.booleans())
    params["padding"] = [draw(st.integers(0, 2)) for _ in range(dims)]
    if kind != "ConvTranspose2d" and draw(st.booleans()):
        params |= {"padding": "same", "stride": [1] * dims}
    if kind == "ConvTranspose2d":
        params["output_padding"] = [draw(st.integers(0, step - 1)) for step in params["stride"]]
    return kind, params, x


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(windows(), st.booleans())
def test_products_add_up_to_every_traced_number(case: tuple[str, dict[str, Any], torch.Tensor], backward: bool) -> None:
    kind, params, x = case
    try:
        shown = shown_of(kind, params, x, backward=backward)
    except Exception as error:
        assume("ShapeError" not in type(error).__name__)
        raise
    assert check(shown) > 0


def golden(*, backward: bool) -> Shown:
    image = torch.tensor(GOLDEN["image"], dtype=torch.float64)[None, None]
    kernel = torch.tensor(GOLDEN["kernel"], dtype=torch.float64)[None, None]
    params = {"out_channels": 1, "kernel_size": 3, "bias": False}
    return shown_of("Conv2d", params, image, backward=backward, weights={"weight": kernel})


def test_the_golden_convolution() -> None:
    scenes = scenes_of(golden(backward=False))
    assert scenes is not None
    for row in range(3):
        for column in range(3):
            scene = scenes.scene("forward", Choice(place=(row, column)))
            assert scene.meeting is not None
            assert scene.meeting.terms.total == GOLDEN["output"][row][column]
            under = np.array(GOLDEN["image"])[row : row + 3, column : column + 3]
            np.testing.assert_array_equal(scene.meeting.terms.left[0], under)
            np.testing.assert_array_equal(scene.meeting.terms.right[0], GOLDEN["kernel"])
    scene = scenes.scene("forward", Choice(place=(0, 0)))
    assert target(scenes, scene) == "y[1, 1, 1]"
    said = readout(scenes, scene)
    assert said.title == "y[1, 1, 1]"
    assert said.lines[0].startswith(r"y = 7 \cdot 1 + 2 \cdot 0 + 3 \cdot (-1) + ")
    assert said.lines[0].endswith(" = 6")


def test_the_golden_convolution_backwards() -> None:
    shown = golden(backward=True)
    scenes = scenes_of(shown)
    assert scenes is not None
    assert scenes.delta is not None
    image, delta, kernel = np.array(GOLDEN["image"]), scenes.delta[0, 0], np.array(GOLDEN["kernel"])
    for row in range(3):
        for column in range(3):
            scene = scenes.scene("kernel", Choice(place=(row, column)))
            wanted = (image[row : row + 3, column : column + 3] * delta).sum()
            assert scene.meeting is not None
            assert scene.meeting.terms.total == pytest.approx(wanted, rel=1e-13)
            assert scene.traced == pytest.approx(wanted, rel=1e-13)
    padded = np.pad(delta, 2)
    for row in range(5):
        for column in range(5):
            scene = scenes.scene("input", Choice(place=(row, column)))
            full = (padded[row : row + 3, column : column + 3] * kernel[::-1, ::-1]).sum()
            assert scene.traced == pytest.approx(full, rel=1e-13, abs=1e-13)
            assert scene.meeting is not None
            assert scene.meeting.turned


def test_the_golden_pooling_marks_its_maximum() -> None:
    image = torch.tensor(GOLDEN["image"], dtype=torch.float64)[None, None]
    scenes = scenes_of(shown_of("MaxPool2d", {"kernel_size": 2}, image, backward=False))
    assert scenes is not None
    for row in range(2):
        for column in range(2):
            scene = scenes.scene("forward", Choice(place=(row, column)))
            meeting = scene.meeting
            assert meeting is not None
            assert meeting.chosen is not None
            assert meeting.terms.total == GOLDEN["max_pool_2x2_stride_2"][row][column]
            at = (int(meeting.rows[meeting.chosen]), int(meeting.columns[meeting.chosen]))
            assert scene.picture[at] == meeting.terms.total


def test_a_wrong_number_is_told() -> None:
    shown = golden(backward=False)
    key = "out/out"
    forward = shown.moment
    assert isinstance(forward, Forward)
    arrays = {**shown.arrays, key: shown.arrays[key] + 0.5}
    outputs = tuple(replace(values, array=None) for values in forward.outputs)
    moment = replace(forward, outputs=outputs)
    scenes = scenes_of(Shown(Step((moment,), 0.0, (), 1), moment, "forward", arrays))
    assert scenes is not None
    text, right = verdict(scenes.scene("forward", Choice()))
    assert not right
    assert "not the traced number" in text


# -- the view --


def enter(qtbot: QtBot, window: MainWindow) -> ConvolutionLens:
    open_example(window, "fashion-cnn", batch_size=4)
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    lens = window.backprop.panel.lenses["convolution"]
    assert isinstance(lens, ConvolutionLens)
    window.backprop.panel.choose("convolution")
    return lens


def go(window: MainWindow, kind: type[Moment], name: str) -> None:
    step = window.backprop.step
    assert step is not None
    moment = step.at(kind, name)
    assert moment is not None
    window.backprop.go(moment.index)


def cell_of(view: Any, row: int, column: int) -> QPoint:
    return view.cell(row, column).center().toPoint()  # type: ignore[no-any-return]


def test_it_is_offered_where_a_window_slides(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window)
    panel = window.backprop.panel
    offered = []
    assert window.backprop.step is not None
    for moment in window.backprop.step.moments:
        window.backprop.go(moment.index)
        if panel.lens is lens:
            offered.append((type(moment).__name__, getattr(moment, "parameter", moment.node)))
    assert offered == [
        ("Forward", "conv1"),
        ("Forward", "pool1"),
        ("Forward", "conv2"),
        ("Forward", "pool2"),
        ("Backward", "pool2"),
        ("Backward", "conv2"),
        ("Update", "conv2.weight"),
        ("Backward", "pool1"),
        ("Backward", "conv1"),
        ("Update", "conv1.weight"),
    ]


def test_mouse_and_keys_move_the_window(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window)
    go(window, Forward, "conv1")
    stage = lens.stage
    move_mouse(stage.result, cell_of(stage.result, 3, 4))
    assert lens.choice.place == (3, 4)
    move_mouse(stage.picture, cell_of(stage.picture, 10, 12))
    assert lens.choice.place == (10, 12), "padding 1: the middle of the window lies on the pixel"
    assert stage.result.mark == (10, 12)
    at = window.backprop.at
    for key, place in (
        (Qt.Key.Key_Right, (10, 13)),
        (Qt.Key.Key_Down, (11, 13)),
        (Qt.Key.Key_Left, (11, 12)),
        (Qt.Key.Key_Up, (10, 12)),
    ):
        QTest.keyClick(stage.result, key)
        assert lens.choice.place == place
    assert window.backprop.at == at, "arrow keys on the picture do not walk through the step"
    QTest.mouseClick(
        lens.strips["filter"], Qt.MouseButton.LeftButton, pos=lens.strips["filter"].place(5).center().toPoint()
    )
    assert lens.choice.output == 5
    QTest.keyClick(lens.strips["output"], Qt.Key.Key_Right)
    assert lens.choice.output == 6
    assert lens.scene is not None
    assert lens.scenes is not None
    assert lens.scene.traced == pytest.approx(float(lens.scenes.y[0, 6, 10, 12]))
    assert lens.place.text().startswith("y[7, 11, 13]")
    assert lens.sum.lines[-1].endswith(f" = {number(lens.scene.traced)}")
    lens.sample.setValue(3)
    assert lens.scene.choice.sample == 2


def test_hovering_a_product_shows_where_its_factors_are(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window)
    go(window, Forward, "conv1")
    move_mouse(lens.stage.result, cell_of(lens.stage.result, 5, 6))
    move_mouse(lens.stage.products, cell_of(lens.stage.products, 0, 2))
    assert lens.stage.picture.mark == (4, 7)
    assert lens.stage.window_.mark == (0, 2)
    assert lens.scenes is not None
    assert lens.scenes.weight is not None
    factors = [float(lens.scenes.x[0, 0, 4, 7]), float(lens.scenes.weight[0, 0, 0, 2])]
    tip = lens.stage.products.tip(0, 2)
    assert float(tip.split(" = ")[1]) == pytest.approx(factors[0] * factors[1])
    move_mouse(lens.stage.products, QPointF(1, 1))
    assert lens.stage.picture.mark is None


def test_space_slides_and_space_rests(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window)
    go(window, Forward, "conv1")
    move_mouse(lens.stage.result, cell_of(lens.stage.result, 0, 27))
    QTest.keyClick(lens.stage.result, Qt.Key.Key_Space)
    assert lens.playing
    qtbot.waitUntil(lambda: lens.choice.place[0] == 1, timeout=PATIENCE)
    play = lens.play
    QTest.mouseClick(play, Qt.MouseButton.LeftButton)
    assert not lens.playing
    assert not window.backprop.playing


def test_backwards_it_has_two_ways(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window)
    go(window, Backward, "conv2")
    assert lens.way == "kernel"
    move_mouse(lens.stage.result, cell_of(lens.stage.result, 0, 2))
    assert lens.choice.place == (0, 2)
    assert lens.scene is not None
    assert lens.scene.meeting is not None
    assert lens.scene.meeting.terms.count == 4 * 14 * 14
    assert "the traced number" in lens.verdict.text()
    QTest.mouseClick(lens.ways.button("input"), Qt.MouseButton.LeftButton)
    assert lens.way == "input"
    assert lens.scene.way == "input"
    assert "✓" in lens.verdict.text()
    go(window, Update, "conv2.weight")
    assert lens.way == "update"
    assert lens.scene.meeting is None


def test_only_what_is_seen_is_cut_off_nowhere(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window)
    for kind, node in ((Forward, "conv1"), (Backward, "conv2"), (Forward, "pool1"), (Update, "conv1.weight")):
        go(window, kind, node)
        assert lasting_faults(lens) == []
    go(window, Forward, "conv1")
    lens.open_workbench()
    assert lasting_faults(lens) == []


# -- kernels made by hand --


def test_hand_made_kernels_are_what_pytorch_makes_of_them() -> None:
    picture = np.random.default_rng(0).random((9, 12))
    for kernel in kernels():
        wanted = torch.nn.functional.conv2d(
            torch.from_numpy(picture)[None, None], torch.from_numpy(kernel.array)[None, None], padding=1
        )
        np.testing.assert_allclose(filtered(picture, kernel.array), wanted[0, 0].numpy(), atol=1e-12)
    sums = {kernel.key: float(kernel.array.sum()) for kernel in kernels()}
    assert sums == pytest.approx(
        {"sobel_x": 0, "sobel_y": 0, "laplacian": 0, "box": 1, "gauss": 1, "sharpen": 1, "emboss": 1, "identity": 1}
    )
    five = widened(np.ones((3, 3)), (5, 5))
    assert five is not None
    np.testing.assert_array_equal(five, np.pad(np.ones((3, 3)), 1))
    assert widened(np.ones((3, 3)), (2, 2)) is None
    assert widened(np.ones((3, 3)), (4, 5)) is None


def test_a_kernel_is_tried_typed_and_used(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window)
    go(window, Forward, "conv2")
    QTest.mouseClick(lens.try_button, Qt.MouseButton.LeftButton)
    bench = lens.workbench
    assert bench.isVisible()
    cell = bench.cells[4]
    cell.setFocus()
    cell.selectAll()
    QTest.keyClicks(cell, "3")
    QTest.keyClick(cell, Qt.Key.Key_Return)
    np.testing.assert_array_equal(bench.kernel, [[-1, 0, 1], [-2, 3, 2], [-1, 0, 1]])
    np.testing.assert_allclose(bench.made, filtered(bench.source.values, bench.kernel))
    assert bench.names.currentText() == "Your own numbers"
    move_mouse(bench.result, cell_of(bench.result, 5, 6))
    assert texts(bench).count("row 6, column 7:") == 1
    assert bench.result.mark == (5, 6)
    bench.choose("sobel_y")
    bench.filter.setValue(4)
    taken: list[WeightsTaken] = []
    window.feed.on(WeightsTaken, taken.append)
    before = window.backprop.step
    QTest.mouseClick(bench.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.backprop.step is not before and window.backprop.step is not None, timeout=PATIENCE)
    window.feed.session.weights(1)
    qtbot.waitUntil(lambda: bool(taken), timeout=PATIENCE)
    weight = taken[0].weights["conv2.weight"]
    np.testing.assert_array_equal(weight[3, 0], bench.kernel)
    assert not weight[3, 1:].any()
    assert weight[2].any()
    assert not bench.isVisible()
    assert lens.scenes is not None
    assert lens.scenes.weight is not None
    np.testing.assert_array_equal(lens.scenes.weight[3, 0], bench.kernel)


def test_escape_leads_back_to_the_network_first(qtbot: QtBot, window: MainWindow) -> None:
    lens = enter(qtbot, window)
    go(window, Forward, "conv1")
    at = window.backprop.at
    lens.open_workbench()
    for widget in (lens.workbench.cells[3], lens.workbench.source):
        QTest.keyClick(widget, Qt.Key.Key_Right)
        assert window.backprop.at == at
        QTest.keyClick(widget, Qt.Key.Key_Escape)
        assert not lens.workbench.isVisible()
        assert window.backprop.active
        lens.open_workbench()
    lens.workbench.left.emit()
    QTest.keyClick(lens.stage.result, Qt.Key.Key_Escape)
    assert not window.backprop.active


def test_a_picture_is_dropped(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    lens = enter(qtbot, window)
    go(window, Forward, "conv1")
    lens.open_workbench()
    bench = lens.workbench
    pixels = np.random.default_rng(1).integers(0, 255, (20, 31)).astype(np.uint8)
    path = tmp_path / "grey.png"
    assert QImage(pixels.tobytes(), 31, 20, 31, QImage.Format.Format_Grayscale8).save(str(path))
    drop(bench, path)
    qtbot.waitUntil(lambda: bench.source.title == "grey.png", timeout=PATIENCE)
    np.testing.assert_allclose(bench.source.values, pixels / 255)
    np.testing.assert_allclose(bench.made, filtered(pixels / 255, bench.kernel))
    (tmp_path / "no.png").write_text("no picture")
    drop(bench, tmp_path / "no.png")
    qtbot.waitUntil(lambda: "no picture that can be read" in texts(bench), timeout=PATIENCE)
    assert bench.source.title == "grey.png"


def drop(widget: Any, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    none = Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, none)
    widget.dropEvent(event)


def texts(widget: Any) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel))


def test_an_even_kernel_has_no_place_for_one_of_three(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "fashion-cnn", batch_size=4)
    window.document.edit("edit", *edits.set_params(window.document.project, "conv1", {"kernel_size": 2, "padding": 0}))
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    window.backprop.panel.choose("convolution")
    go(window, Forward, "conv1")
    lens = window.backprop.panel.lenses["convolution"]
    assert isinstance(lens, ConvolutionLens)
    lens.open_workbench()
    assert not lens.workbench.use.isEnabled()
    assert "2×2" in texts(lens.workbench)


def test_a_muted_block_has_no_window(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "fashion-cnn", batch_size=4)
    for node in ("conv1", "pool1"):
        window.document.edit("mute", *edits.set_node(window.document.project, node, bypass=True))
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    panel = window.backprop.panel
    panel.choose("convolution")
    step = window.backprop.step
    assert step is not None
    fitting = set()
    for moment in step.moments:
        window.backprop.go(moment.index)
        panel.choose("numbers")
        panel.choose("convolution")
        if panel.lens.key == "convolution":
            fitting.add(moment.node)
    assert fitting == {"conv2", "pool2"}
