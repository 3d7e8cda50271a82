"""Neurons as pictures below their blocks: where they stand, their colours, whose are asked for, and when they go."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine import edits
from engine.events import Applied, StateChanged
from engine.graph import Project
from engine.snapshots import Responses, UnitPictures
from gui.canvas.geometry import block_height
from gui.canvas.view import CanvasView
from gui.canvas.wire_item import WireItem
from gui.colormaps import colorize, diverging
from gui.colors import DARK, LIGHT, PAPER, Palette
from gui.pictures import drawing
from gui.pictures.actions import Pictures
from gui.pictures.sheet import Wanted
from gui.run_feed import RunFeed
from gui.selection import Selection
from gui.settings import settings
from gui.theme import theme
from gui.unit_pictures.cells import HEIGHT, LEAST_HEIGHT, LOST, ZERO, arranged, colors_of, strip_of
from gui.unit_pictures.live import LANE, NeuronPictures
from gui.unit_pictures.tray import tray_of
from tests.helpers.canvas import make_project
from tests.helpers.mouse import move_mouse
from tests.helpers.windows import main_window, open_example, play_to_the_end

SIDE = 40


def units(count: int, of: int | None = None, side: int = SIDE, seed: int = 0) -> UnitPictures:
    """Noise; the first unit is +1 everywhere, the second -1, the third 0."""
    codes = np.random.default_rng(seed).integers(0, 255, (count, side, side), dtype=np.uint8)
    for index, code in enumerate((254, 0, ZERO)[:count]):
        codes[index] = code
    ranges = np.tile([-0.75, 0.5], (count, 1))
    return UnitPictures(codes, np.full(count, 0.5), ranges, of or count)


def responses(step: int = 1, **blocks: UnitPictures) -> Responses:
    return Responses(step, blocks, "data", (-6.0, 6.0, -6.0, 6.0), ("x1", "x2"))


def net() -> Project:
    """Two rows, as examples have them."""
    return make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "circle"}),
            "d0": ("Dense", (288.0, 0.0), {"out_features": 8}),
            "a0": ("Activation", (520.0, 0.0), {}),
            "d1": ("Dense", (288.0, 160.0), {"out_features": 1}),
            "loss": ("Loss", (520.0, 160.0), {}),
        },
        ("data.x > d0.in", "d0.out > a0.in", "a0.out > d1.in", "d1.out > loss.prediction", "data.y > loss.target"),
    )


@dataclass
class Bench:
    """A canvas with pictures that a fake session sends."""

    view: CanvasView
    feed: RunFeed
    pictures: NeuronPictures

    def send(self, event: Responses) -> None:
        self.feed.session.mailbox.post(event)
        self.feed.drain()
        while self.pictures._fresh and self.pictures.on:
            self.feed.drain()

    @property
    def asked(self) -> set[str]:
        return set(self.feed._looked_at[0])

    @property
    def watched(self) -> bool:
        return LANE in self.feed._all_watched()

    def grab(self) -> QImage:
        return self.view.viewport().grab().toImage()

    def place(self, name: str, index: int) -> QPoint:
        """The middle of a unit's picture, on the viewport."""
        tray = self.pictures.trays[name]
        return self.view.camera.to_view(tray.cells.rects[index].center() + tray.block.pos()).toPoint()

    def move(self, at: QPoint) -> None:
        move_mouse(self.view.viewport(), at)


@pytest.fixture
def bench(qtbot: QtBot, feed_of, sessions) -> Iterator[Bench]:
    feed = feed_of(net())
    view = CanvasView(feed.document, Selection())
    view.resize(1000, 600)
    view.show()
    qtbot.waitExposed(view)
    pictures = NeuronPictures(feed, view, view)
    view.camera.stop()
    _ = feed.session
    yield Bench(view, feed, pictures)
    settings().remove("canvas/neuronPictures")
    view.close()
    view.deleteLater()


def colors_in(image: QImage) -> set[int]:
    return {image.pixel(x, y) for x in range(0, image.width(), 4) for y in range(0, image.height(), 4)}


# -- where they stand --


@pytest.mark.parametrize("width", [110.0, 160.0, 256.0])
@pytest.mark.parametrize("height", [20.0, 39.0, HEIGHT])
def test_cells_are_equal_squares_in_their_room(width: float, height: float):
    room = QRectF(14.0, 61.0, width, height)
    for count in range(1, 65):
        for of in (count, count + 192):
            cells = arranged(count, of, room)
            assert len(cells.rects) + cells.more == of
            squares = [*cells.rects, *([cells.rest] if cells.more else [])]
            assert len({(rect.width(), rect.height()) for rect in squares}) == 1
            assert squares[0].width() == squares[0].height() >= 12.0
            assert all(room.contains(rect) for rect in squares)
            apart = [a.intersects(b) for i, a in enumerate(squares) for b in squares[:i]]
            assert not any(apart)


def test_one_picture_is_as_large_as_its_room():
    (only,) = arranged(1, 1, QRectF(0.0, 61.0, 160.0, HEIGHT)).rects
    assert only == QRectF(0.0, 61.0, HEIGHT, HEIGHT)


# -- their colours --


@pytest.mark.parametrize("palette", [DARK, LIGHT, PAPER])
def test_colours_are_those_of_the_numbers(palette: Palette):
    codes = np.arange(255, dtype=np.uint8).reshape(3, 5, 17)
    strip = strip_of(codes, palette)
    expected = colorize((codes.astype(float) - ZERO) / ZERO, diverging(palette), -1.0, 1.0).reshape(15, 17, 3)
    found = [strip.pixelColor(x, y) for y in range(15) for x in range(17)]
    assert np.array_equal([(one.red(), one.green(), one.blue()) for one in found], expected.reshape(-1, 3))
    table = colors_of(palette)
    assert QColor(int(table[ZERO])).name() == palette.plot, "zero is the surface"
    assert (QColor(int(table[0])).name(), QColor(int(table[254])).name()) == (palette.negative, palette.positive)
    assert QColor(int(table[LOST])).name() == "#ff00ff"


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_canvas_shows_each_unit_in_its_colour(bench: Bench, mode):
    theme().set_mode(mode)
    bench.send(responses(d0=units(8), d1=units(1)))
    image, palette = bench.grab(), theme().palette
    for name, index, color in (
        ("d0", 0, palette.positive),
        ("d0", 1, palette.negative),
        ("d0", 2, palette.plot),
        ("d1", 0, palette.positive),
    ):
        assert image.pixelColor(bench.place(name, index)).name() == color
    theme().set_mode("light" if mode == "dark" else "dark")
    assert bench.grab().pixelColor(bench.place("d0", 1)).name() == theme().palette.negative


def test_only_where_the_pictures_are_is_painted_again(bench: Bench):
    bench.send(responses(d0=units(8)))
    bench.grab()
    before = bench.grab()
    bench.send(responses(2, d0=units(8, seed=1)))
    after = bench.grab()
    tray = bench.pictures.trays["d0"]
    area = bench.view.camera.to_view(tray.area.topLeft()), bench.view.camera.to_view(tray.area.bottomRight())
    changed = [
        QPointF(x, y)
        for x in range(0, after.width(), 2)
        for y in range(0, after.height(), 2)
        if after.pixel(x, y) != before.pixel(x, y)
    ]
    assert changed
    assert all(QRectF(*area).contains(at) for at in changed)


# -- the layout --


def test_blocks_and_wires_stay_as_they_are(bench: Bench):
    scene = bench.view.items_
    before = {name: (item.pos(), QRectF(item.body)) for name, item in scene.blocks.items()}
    paths = {ends: item.path for ends, item in scene.wires.items.items()}
    scale = bench.view.camera.scale
    bench.send(responses(data=units(2), d0=units(8), a0=units(8), d1=units(1)))
    assert {name: (item.pos(), QRectF(item.body)) for name, item in scene.blocks.items()} == before
    assert {ends: item.path for ends, item in scene.wires.items.items()} == paths
    assert bench.view.camera.scale == scale
    assert before["d0"][1].height() == block_height(1, 1, thumbnail=False)
    trays = bench.pictures.trays
    assert set(trays) == {"data", "d0", "a0", "d1"}
    assert not any(trays[name].area.intersects(scene.blocks[other].area) for name in ("d0", "a0") for other in before)
    assert scene.blocks["data"].area.contains(trays["data"].area), "in the free corner beside the names of the outputs"
    assert scene.content_rect().contains(trays["d1"].area)


def test_a_block_below_takes_the_room(bench: Bench):
    project, _ = edits.move_nodes(bench.feed.document.project, {"d1": (288.0, 88.0)})  # type: ignore[attr-defined]
    bench.feed.document.edit("move", project, moved=frozenset({"d1"}))  # type: ignore[attr-defined]
    bench.send(responses(d0=units(8), a0=units(8)))
    assert set(bench.pictures.trays) == {"a0"}


def test_pictures_end_above_a_wire_that_runs_below_the_block(bench: Bench):
    nearer = {"d1": (288.0, 120.0), "loss": (520.0, 120.0)}
    project, _ = edits.move_nodes(bench.feed.document.project, nearer)  # type: ignore[attr-defined]
    bench.feed.document.edit("move", project, moved=frozenset(nearer))  # type: ignore[attr-defined]
    bench.send(responses(d0=units(40)))
    wires = [item for item in bench.view.items_.items() if isinstance(item, WireItem)]
    tray = bench.pictures.trays["d0"]
    points = [wire.path.pointAtPercent(at / 200) for wire in wires for at in range(201)]
    under = [point.y() for point in points if tray.area.left() < point.x() < tray.area.right()]
    below = min(y for y in under if y > tray.block.area.bottom())
    assert tray.block.area.bottom() + LEAST_HEIGHT < below < tray.block.area.bottom() + HEIGHT  # it would be in the way
    assert tray.area.bottom() < below


def test_what_was_fitted_is_fitted_with_its_pictures(bench: Bench):
    bench.view.floats.legend.show()
    bench.view.resize(500, 190)  # the lower row stands at the lower edge, before the legend
    bench.view.camera.stop()
    bench.send(responses(d1=units(1)))
    bench.view.camera.stop()
    tray = bench.pictures.trays["d1"]
    place = bench.view.mapFromScene(tray.area).boundingRect()
    assert bench.view.camera.fitted
    assert bench.view.viewport().rect().contains(place)
    before = bench.view.camera.scale
    bench.send(responses(2, d1=units(1, seed=1)))
    assert bench.view.camera.scale == before  # once
    bench.pictures._clear()
    bench.view.camera.zoom_to(0.9)
    bench.view.camera.stop()
    moved = bench.view.camera.scale
    bench.send(responses(3, d1=units(1)))
    bench.view.camera.stop()
    assert bench.view.camera.scale == moved  # the view is the person's own now


# -- whose are asked for --


def test_only_what_is_in_view_is_asked_for(bench: Bench, qtbot: QtBot):
    assert (bench.asked, bench.watched) == ({"data", "d0", "a0", "d1", "loss"}, True)
    bench.view.camera.zoom_to(2.0)
    bench.view.camera.stop()
    bench.view.camera.pan(-400.0, 5000.0)
    qtbot.waitUntil(lambda: not bench.asked)
    assert not bench.watched
    bench.view.fit(animated=False)
    qtbot.waitUntil(lambda: bench.watched)
    bench.view.camera.zoom_to(0.2)
    qtbot.waitUntil(lambda: not bench.watched)


def test_switched_off_nothing_is_asked_for_and_nothing_shown(bench: Bench):
    bench.send(responses(d0=units(8)))
    with_pictures = bench.grab()
    bench.pictures.action.setChecked(False)
    assert (bench.asked, bench.watched, bench.pictures.trays) == (set(), False, {})
    assert not [item for item in bench.view.items_.items() if type(item).__name__ == "Tray"]
    assert bench.grab() != with_pictures
    assert NeuronPictures(bench.feed, bench.view, bench.view).action.isChecked() is False, "remembered"
    bench.pictures.action.setChecked(True)
    assert bench.watched


# -- when they go --


def test_pictures_go_with_what_they_are_of(bench: Bench):
    shown = responses(d0=units(8), a0=units(8), d1=units(1))
    document = bench.feed.document  # type: ignore[attr-defined]
    bench.send(shown)
    document.edit("edit", *edits.set_params(document.project, "d0", {"out_features": 3}))
    assert set(bench.pictures.trays) == {"a0", "d1"}, "those of eight units are not of this block"
    bench.send(shown)
    assert set(bench.pictures.trays) == {"a0", "d1"}, "the old network still runs"
    document.undo_stack.undo()
    assert set(bench.pictures.trays) == {"a0", "d0", "d1"}
    document.edit("delete", *edits.remove_nodes(document.project, ["a0"]))
    assert "a0" not in bench.pictures.trays
    bench.feed._deliver(Applied((), ()))
    assert bench.pictures.trays == {}
    bench.send(shown)
    assert set(bench.pictures.trays) == {"d0", "d1"}
    document.replace(net())
    assert bench.pictures.trays == {}


def test_a_block_keeps_no_pictures_of_an_earlier_name(bench: Bench):
    document, blocks = bench.feed.document, bench.view.items_.blocks  # type: ignore[attr-defined]
    bench.send(responses(d0=units(8), a0=units(8)))
    document.edit("rename", *edits.rename_node(document.project, "d0", "wide"), renamed=(("d0", "wide"),))
    assert tray_of(blocks["wide"]) is None
    document.undo_stack.undo()
    assert len(blocks["d0"].childItems()) == len(blocks["a0"].childItems()) == 1


def test_a_reset_takes_the_pictures_of_the_run_away(bench: Bench):
    bench.feed._deliver(StateChanged("paused", 1, 7))
    bench.send(responses(7, d0=units(8)))
    bench.feed._deliver(StateChanged("ready", 0, 0))
    assert bench.pictures.trays == {}
    bench.send(responses(0, d0=units(8)))
    assert set(bench.pictures.trays) == {"d0"}


# -- the pointer --


def test_a_unit_under_the_pointer_is_shown_large(bench: Bench):
    bench.send(responses(d0=units(8), d1=units(1)))
    bench.move(bench.place("d0", 2))
    card = bench.pictures.card
    assert card is not None
    assert card.isVisible()
    assert card.title == "d0 · neuron 3"
    assert card.lines == ["From -0.75 to 0.5"]
    assert card.scale_texts(0.5) == ("≤ -0.5", "0", "0.5"), "it says that lower numbers look the same"
    area = bench.pictures.trays["d0"].area
    tray = QRectF(bench.view.camera.to_view(area.topLeft()), bench.view.camera.to_view(area.bottomRight()))
    assert not QRectF(card.geometry()).intersects(tray), "the others can still be pointed at"
    assert bench.view.rect().contains(card.geometry())
    assert bench.pictures.trays["d0"].ringed == 2
    middle = card.grab().toImage().pixelColor(card.rect().center())
    assert middle.name() == theme().palette.plot
    bench.move(bench.place("d0", 0))
    assert (card.title, bench.pictures.trays["d0"].ringed) == ("d0 · neuron 1", 0)
    bench.move(QPoint(5, 5))
    assert not card.isVisible()
    assert bench.pictures.trays["d0"].ringed is None


def test_from_afar_there_are_no_pictures_to_point_at(bench: Bench):
    bench.send(responses(d0=units(8)))
    bench.view.camera.zoom_to(0.2)
    bench.view.camera.stop()
    at = bench.place("d0", 2)
    assert bench.grab().pixelColor(bench.place("d0", 1)).name() != theme().palette.negative
    bench.move(at)
    assert bench.pictures.card is None


def test_a_click_on_a_neuron_selects_its_block(bench: Bench):
    bench.send(responses(d0=units(8)))
    QTest.mouseClick(bench.view.viewport(), Qt.MouseButton.LeftButton, pos=bench.place("d0", 5))
    assert bench.view.stage.selection.single == "d0"


def test_a_click_on_a_sample_asks_for_the_next(bench: Bench):
    image = np.zeros((28, 28), np.uint8)
    event = Responses(
        1, {"data": units(1, side=28)}, "data", sample=9, samples=10, split="val", image=image, label="<b>"
    )
    bench.send(event)
    at = bench.place("data", 0)
    assert bench.grab().pixelColor(at).name() == "#000000", "as it is, not in colours of numbers"
    bench.move(at)
    card = bench.pictures.card
    assert card is not None
    assert card.lines == ["Image 10 of 10 · <b>", "Click for the next image."]
    QTest.mouseClick(bench.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert bench.feed._looked_at[1] == 0, "after the last comes the first"


# -- the whole way --


def test_a_window_shows_what_trains(qtbot: QtBot):
    with main_window(qtbot) as window:
        open_example(window, "circle", epochs=2)
        assert window.neuron_pictures.trays == {}
        play_to_the_end(qtbot, window)
        pictures = window.neuron_pictures
        qtbot.waitUntil(lambda: pictures._event is not None and pictures._event.step == window.feed.steps)
        window.feed.drain()
        qtbot.waitUntil(lambda: not pictures._fresh)
        counts = {name: len(tray.cells.rects) for name, tray in pictures.trays.items()}
        assert counts == {"data": 2, "dense1": 4, "tanh1": 4, "dense2": 2, "tanh2": 2, "output": 1, "tanh3": 1}
        assert pictures._event is not None
        found = pictures._event.blocks
        limit = found["output"].limits[0]
        z = (found["output"].pictures[0].astype(float) - ZERO) / ZERO * limit
        a = (found["tanh3"].pictures[0].astype(float) - ZERO) / ZERO * found["tanh3"].limits[0]
        inner = np.abs(z) < limit
        assert np.abs(np.tanh(z) - a)[inner].max() < 2 * limit / ZERO
        exported = Pictures.everything(window.pictures).units
        assert set(exported) == set(counts)
        project, result = window.document.project, window.document.result
        with_pictures = drawing.image(project, result, Pictures.everything(window.pictures))
        assert len(colors_in(with_pictures)) > 2 * len(colors_in(drawing.image(project, result, Wanted())))
        window.backprop.changed.emit(True)
        assert pictures.trays == {}
        window.backprop.changed.emit(False)
        qtbot.waitUntil(lambda: bool(pictures.trays))
        tray = pictures.trays["tanh3"]
        assert tray_of(window.canvas.items_.blocks["tanh3"]) is tray
        assert math.isclose(tray.area.bottom(), tray.block.area.bottom() + 59.0)
