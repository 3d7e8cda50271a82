"""What newcomers stumbled over, one test each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from engine import edits
from engine.block import registry
from engine.events import StateChanged
from engine.param import parse_all
from gui.document import Document
from gui.inspector.form import ParamForm
from gui.run_feed import RunFeed
from tests.helpers import sample_projects
from tests.helpers.canvas import Easel, make_easel, small_net
from tests.helpers.fake_session import FakeSession

FeedOf = Callable[..., RunFeed]


@pytest.fixture
def easel(qtbot: QtBot) -> Easel:
    return make_easel(qtbot, small_net())


# -- on the canvas --


def test_a_block_is_not_added_on_top_of_the_one_below_the_pointer(easel: Easel) -> None:
    # As after a drop from the palette: the pointer still rests on the new block, which is selected.
    easel.selection.set({"act"})
    at = easel.block("act")
    QCursor.setPos(easel.viewport.mapToGlobal(at))
    easel.move(at)
    easel.key(Qt.Key.Key_Tab)
    easel.type("relu\r")
    (new,) = easel.selected
    blocks = easel.view.items_.blocks
    assert new != "act"
    assert not any(blocks[new].area.intersects(blocks[name].area) for name in blocks if name != new)


def test_a_card_without_a_button_lets_the_mouse_through(easel: Easel) -> None:
    data = easel.document.project.graph.node("data")
    project, touched = easel.document.project, edits.NOTHING
    for index in range(4):
        at = (0.0, 600.0 + 200.0 * index)
        project, more, *_ = edits.add_node(project, "Input", at, node_id=f"other{index}", params=data.params)
        touched |= more
    easel.document.edit("add", project, touched)
    easel.click(easel.block("loss"))  # its target is not connected, and too many outputs fit to offer them
    card = easel.view.floats.card
    assert card.isVisible()
    assert card.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)


def test_the_card_of_the_selected_block_gives_way_to_the_block_below_the_pointer(easel: Easel) -> None:
    card = easel.view.floats.card
    easel.click(easel.block("loss"))
    easel.move(easel.block("dense"))
    assert card.isHidden()
    easel.move(easel.spot(300, 500))
    assert card.isVisible()


def test_a_name_that_cannot_be_comes_with_one_that_can(easel: Easel) -> None:
    easel.selection.set({"dense"})
    easel.key(Qt.Key.Key_F2)
    easel.type("Hidden layer\r")
    assert easel.view.floats.hint.text.endswith('Try "hidden_layer".')
    easel.type("\x1b")


# -- in the inspector --


def test_features_that_nobody_chose_are_ticked_when_they_are_used(qtbot: QtBot) -> None:
    block = registry()["Input"]
    form = ParamForm(block.params)
    qtbot.addWidget(form)
    got: list[tuple[str, object]] = []
    form.edited.connect(lambda name, value, _: got.append((name, value)))
    form.set_values(parse_all(block.params, {"dataset": "spiral"})[0])
    form.show()
    boxes = {box.text(): box for box in form.editor("features").findChildren(QCheckBox)}
    assert [name for name, box in boxes.items() if box.isChecked()] == ["x1", "x2"]
    box = boxes["sin(x1)"]
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert got == [("features", ["x1", "x2", "sin(x1)"])]
    # A table has columns of its own.
    form.set_values(parse_all(block.params, {"dataset": "csv"})[0])
    assert not any(box.isVisible() for box in boxes.values())


# -- at the transport --


def test_play_starts_with_the_settings_as_they_are(feed_of: FeedOf, sessions: list[FakeSession]) -> None:
    feed = feed_of(sample_projects.spiral())
    train_a_little(feed, sessions)
    document: Document = feed.document  # type: ignore[attr-defined]
    project, touched = edits.set_training(document.project, {"epochs": 7})
    document.edit("epochs", project, touched)
    assert feed.stale
    feed.play()
    assert sessions[0].names()[-2:] == ["apply", "play"]
    assert not feed.stale


def test_play_leaves_an_edited_graph_to_apply_or_restart(feed_of: FeedOf, sessions: list[FakeSession]) -> None:
    feed = feed_of(sample_projects.spiral())
    train_a_little(feed, sessions)
    document: Document = feed.document  # type: ignore[attr-defined]
    project, touched = edits.set_params(document.project, "dense1", {"out_features": 3})
    document.edit("units", project, touched)
    feed.play()
    assert "apply" not in sessions[0].names()
    assert feed.stale


def train_a_little(feed: RunFeed, sessions: list[FakeSession]) -> None:
    feed.play()
    sessions[0].post(StateChanged("paused", step=5))
    feed.drain()
