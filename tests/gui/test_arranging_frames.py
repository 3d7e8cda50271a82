"""Frames go along with the blocks on them when these are arranged or aligned."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF, Qt

from engine import decorations
from engine.decorations import Frame, Note
from gui.theme import theme
from tests.helpers.canvas import make_easel, small_net

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def easel(qtbot):
    theme().set_reduce_motion(True)
    project = decorations.put(
        small_net(),
        Frame("frame", "Hidden", "teal", 296.0, -56.0, 512.0, 140.0),
        Frame("empty", "Nothing", "blue", 0.0, 400.0, 200.0, 100.0),
        Note("note", "here", "amber", 312.0, 40.0, 96.0, 40.0),
    )
    yield make_easel(qtbot, project)
    theme().set_reduce_motion(None)


def boxes(easel):
    here = decorations.decorations(easel.document.project.layout)
    return {name: QRectF(item.x, item.y, item.width, item.height) for name, item in here.items()}


def room(easel):
    """Left, top, right, bottom, between the frame and its two blocks."""
    items = easel.view.items_.blocks
    inner = items["dense"].area.united(items["act"].area)
    outer = boxes(easel)["frame"]
    return (
        inner.left() - outer.left(),
        inner.top() - outer.top(),
        outer.right() - inner.right(),
        outer.bottom() - inner.bottom(),
    )


def test_a_frame_is_put_around_its_blocks_where_they_are_arranged(easel):
    before, start, gaps = boxes(easel), easel.document.project, room(easel)
    easel.selection.set({"dense", "act"})
    easel.key(Qt.Key.Key_L, CTRL | SHIFT)
    assert easel.view.items_.blocks["act"].y() > easel.view.items_.blocks["dense"].area.bottom()
    assert room(easel) == gaps
    assert boxes(easel)["frame"].size() != before["frame"].size()
    assert boxes(easel)["empty"] == before["empty"]
    easel.undo()
    assert easel.document.project == start
    assert easel.view.items_.decor.items["frame"].area == before["frame"]


def test_a_frame_with_its_note_goes_along_where_its_blocks_are_aligned(easel):
    before, gaps = boxes(easel), room(easel)
    easel.selection.set({"dense", "act", "conv"})
    easel.key(Qt.Key.Key_Down, CTRL | SHIFT)
    after = boxes(easel)
    way = after["frame"].topLeft() - before["frame"].topLeft()
    assert way.y() > 100.0
    assert room(easel) == gaps
    assert after["note"] == before["note"].translated(way)


def test_frames_stay_where_none_of_their_blocks_moves(easel):
    before = boxes(easel)
    easel.selection.set({"loss", "conv"})
    easel.key(Qt.Key.Key_Left, CTRL | SHIFT)
    assert boxes(easel) == before
