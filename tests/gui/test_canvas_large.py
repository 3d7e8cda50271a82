"""Large graphs: nothing recurses, and an edit costs what it touches, counted in calls rather than in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine import edits
from engine.graph import Project, Wire
from gui.canvas.fitting import Fitting
from gui.canvas.hits import PortRef
from gui.canvas.trail import way_through
from tests.helpers.canvas import Easel, chain, make_easel

LENGTH = 10_000
CTRL = Qt.KeyboardModifier.ControlModifier


def calls(what: Callable[[], object]) -> int:
    """How many Python functions of the project run meanwhile, painting included."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and ("/gui/" in frame.f_code.co_filename or "/engine/" in frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        what()
        QApplication.processEvents()
    finally:
        sys.setprofile(None)
    return count


def open_chain(qtbot: QtBot, length: int) -> Easel:
    easel = make_easel(qtbot, chain(length))
    easel.view.camera.look_at(easel.view.items_.blocks["n150"].area.center(), 1.0, animated=False)
    easel.view.minimap.set_wanted(False)
    QApplication.processEvents()
    return easel


def measured(easel: Easel) -> dict[str, int]:
    scene, document = easel.view.items_, easel.document

    def make(edited: tuple[Project, frozenset[str]]) -> None:
        document.edit("edit", *edited)

    def move(by: float) -> None:
        names = ["n150", "n151"]
        places = {name: scene.blocks[name].pos() + QPointF(by, 0.0) for name in names}
        scene.shift(places)
        project, _ = edits.move_nodes(document.project, {name: (at.x(), at.y()) for name, at in places.items()})
        document.edit("move", project, moved=frozenset(names))

    move(8.0)  # what is made once is made now
    return {
        "set a parameter": calls(lambda: make(edits.set_params(document.project, "n150", {"function": "tanh"}))),
        "move": calls(lambda: move(8.0)),
        "select": calls(lambda: easel.view.stage.selection.set({"n150"})),
        "cut a wire": calls(lambda: make(edits.disconnect(document.project, [Wire("n149", "out", "n150", "in")]))),
        "undo": calls(document.undo_stack.undo),
    }


def test_an_edit_costs_what_it_touches_however_large_the_graph_is(qtbot: QtBot) -> None:
    small, large = (measured(open_chain(qtbot, length)) for length in (300, 3000))
    for name in ("set a parameter", "move"):
        assert large[name] < 1.3 * small[name] + 100, (name, small, large)
    # These concern all blocks behind, 150 and 2,850, or on the way, and no more than once each.
    for name in ("select", "cut a wire", "undo"):
        assert large[name] < 20 * small[name], (name, small, large)


def test_nothing_recurses_on_a_long_chain(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, chain(LENGTH))
    assert sys.getrecursionlimit() < LENGTH
    level, graph = easel.view.level, easel.document.project.graph
    last = f"n{LENGTH - 1}"
    blocks, wires = way_through(graph, [last])
    assert (len(blocks), len(wires)) == (LENGTH, LENGTH - 1)
    back = Fitting(level, PortRef(last, "out", "out")).refusal(PortRef("n1", "in", "in"))
    assert back is not None
    assert "Loop" in back.text
    project, touched = edits.remove_nodes(easel.document.project, ["n1"])
    easel.document.edit("remove", project, touched)
    easel.undo()
    assert easel.document.project.graph == graph
    assert len(easel.view.items_.blocks) == LENGTH


def test_what_lies_at_a_place_is_found_at_once_after_everything_moved(qtbot: QtBot) -> None:
    easel = open_chain(qtbot, 1200)
    scene = easel.view.items_
    area = scene.blocks["n150"].area
    before = calls(lambda: scene.items(area))
    scene.shift({name: item.pos() + QPointF(8.0, 8.0) for name, item in scene.blocks.items()})
    QApplication.processEvents()
    after = calls(lambda: scene.items(area.translated(8.0, 8.0)))
    assert before <= after + 40
    assert after < 200  # not each of 1,200 blocks and their wires


def painted(easel: Easel) -> np.ndarray:
    """The canvas as it is shown, in levels from 0 to 255."""
    QApplication.processEvents()
    image = easel.view.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    return np.frombuffer(image.constBits(), np.uint8).astype(int)


def test_all_of_a_large_graph_is_dragged_as_one_picture_and_lands_where_it_is_let_go(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, chain(1200))
    view, scene = easel.view, easel.view.items_
    view.minimap.set_wanted(False)
    view.fit(animated=False)
    view.camera.zoom_by(0.5)
    view.commands.select_all()
    before = {name: item.pos() for name, item in scene.blocks.items()}
    start = easel.spot(*scene.blocks["n410"].area.center().toTuple())
    end = start + QPoint(80, 40)
    easel.press(start)
    for step in (QPoint(30, 10), end - start):
        easel.move(start + step, CTRL)  # freely: no snapping
    assert scene.blocks["n410"].pos() == before["n410"]
    shown = scene.drift.way
    assert not shown.isNull()
    floating = painted(easel)
    easel.release(end, CTRL)
    assert scene.drift.way.isNull()
    assert all(scene.blocks[name].pos() == place + shown for name, place in before.items())
    assert np.abs(painted(easel) - floating).max() <= 2  # an edge may be rounded otherwise
    for ends, item in scene.wires.items.items():
        assert item.ports[0] == scene.blocks[ends[0]].port_place("out", ends[1])
    assert set(scene.wires.boxes().values()) == {item.box for item in scene.blocks.values()}
    view.camera.zoom_by(1.05)  # rings are as wide as before on the screen, so they are looked at anew
    kept = painted(easel)
    scene.synced.emit()
    assert np.array_equal(painted(easel), kept)
    easel.undo()
    assert all(scene.blocks[name].pos() == place for name, place in before.items())


def test_coming_near_or_giving_up_ends_a_drag_of_everything_in_one_picture(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, chain(1200))
    view, scene = easel.view, easel.view.items_
    view.fit(animated=False)
    view.commands.select_all()
    before = scene.blocks["n410"].pos()
    start = easel.spot(*scene.blocks["n410"].area.center().toTuple())
    easel.press(start)
    easel.move(start + QPoint(30, 10), CTRL)
    shown = scene.drift.way
    view.camera.look_at(scene.blocks["n410"].area.center() + shown, 1.0, animated=False)
    assert scene.drift.way.isNull()
    assert scene.blocks["n410"].pos() == before + shown
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert scene.blocks["n410"].pos() == before
    assert not easel.document.undo_stack.count()
