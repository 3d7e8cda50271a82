"""Blocks painted from their pictures look as they look when painted afresh."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from engine import edits
from gui.canvas import block_pictures
from gui.theme import theme
from tests.helpers.canvas import Easel, make_easel, small_net


@pytest.fixture
def easel(qtbot) -> Easel:
    return make_easel(qtbot, small_net(), size=(1280, 400))


def pictures(easel: Easel):
    return easel.view.items_.look.pictures


def painted(easel: Easel) -> QImage:
    for _ in range(3):  # places of labels are looked for while the window goes on
        easel.viewport.update()
        QApplication.processEvents()
    return easel.viewport.grab().toImage()


def afresh(easel: Easel) -> QImage:
    for name in easel.view.items_.blocks:
        pictures(easel).forget(name)
    return easel.viewport.grab().toImage()


def assert_alike(one: QImage, other: QImage) -> None:
    """The same but for rounding where edges are blended: twice in the picture, once without."""
    assert one.size() == other.size()
    pixels = [
        np.frombuffer(image.convertToFormat(QImage.Format.Format_RGB32).constBits(), np.uint8).astype(int)
        for image in (one, other)
    ]
    assert np.abs(pixels[0] - pixels[1]).max() <= 4


@pytest.mark.parametrize("scale", [1.0, 0.5, 2.0])
def test_a_picture_is_the_same_as_the_block_itself(easel, scale):
    easel.view.camera.look_at(QPointF(500.0, 100.0), scale, animated=False)
    painted(easel)
    first = afresh(easel)
    assert pictures(easel).bytes == 0
    for _ in range(3):
        again = painted(easel)
    assert pictures(easel).bytes > 0
    assert_alike(again, first)


def change_a_parameter(easel):
    easel.document.edit("edit", *edits.set_params(easel.document.project, "dense", {"out_features": 123}))


def mend_the_loss(easel):
    easel.document.edit("edit", *edits.remove_nodes(easel.document.project, {"conv"}))


def open_another(easel):
    easel.document.replace(edits.set_params(easel.document.project, "dense", {"out_features": 123})[0])


CHANGES = {
    "selected": lambda easel: easel.selection.set({"dense"}),
    "edited": change_a_parameter,
    "problems": mend_the_loss,
    "ring": lambda easel: easel.view.highlight("act", "error"),
    "live text": lambda easel: easel.view.set_live_text("act", "0.5", "positive"),
    "hovered": lambda easel: easel.move(easel.block("dense")),
    "theme": lambda easel: theme().set_mode("light"),
    "another document with the same names": open_another,
    "undo": lambda easel: (change_a_parameter(easel), painted(easel), painted(easel), easel.undo()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_seen_at_once(easel, change):
    theme().set_mode("dark")
    for _ in range(3):
        painted(easel)
    CHANGES[change](easel)
    assert_alike(painted(easel), afresh(easel))


def test_pictures_take_no_more_room_than_they_may(easel, monkeypatch):
    monkeypatch.setattr(block_pictures, "MOST_BYTES", 100_000)
    for scale in (1.5, 2.0, 3.0):
        easel.view.camera.look_at(QPointF(500.0, 100.0), scale, animated=False)
        for _ in range(3):
            painted(easel)
        kept = [picture.size for picture in pictures(easel)._pictures.values() if picture.size]
        assert sum(kept) == pictures(easel).bytes
        assert len(kept) == 1 or sum(kept) <= 100_000


def test_what_is_gone_takes_no_room(easel):
    for _ in range(3):
        painted(easel)
    for name in list(easel.view.items_.blocks):
        easel.document.edit("remove", *edits.remove_nodes(easel.document.project, {name}))
    assert pictures(easel).bytes == 0
