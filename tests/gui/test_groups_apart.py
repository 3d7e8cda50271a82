"""The blocks of a group that is taken apart land on nothing, and what gives way keeps its rows."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QRectF, Qt
from pytestqt.qtbot import QtBot

from engine import decorations, edits
from engine.decorations import Frame
from engine.graph import Project
from tests.helpers.canvas import Easel, make_easel, make_project

CTRL, SHIFT, KEY = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.Key


def network() -> Project:
    """A row of five blocks, and below it a second row."""
    return make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "circle"}),
            "first": ("Dense", (240.0, 0.0), {"out_features": 4}),
            "lin": ("Dense", (480.0, 0.0), {"out_features": 4}),
            "act": ("Activation", (720.0, 0.0), {"function": "tanh"}),
            "last": ("Dense", (960.0, 0.0), {"out_features": 1}),
            "low": ("Dense", (480.0, 136.0), {"out_features": 4}),
            "loss": ("Loss", (960.0, 136.0), {"function": "mse"}),
        },
        (
            "data.x > first.in",
            "first.out > lin.in",
            "lin.out > act.in",
            "act.out > last.in",
            "last.out > loss.prediction",
            "data.y > loss.target",
        ),
    )


def grouped(qtbot: QtBot, *, repeat: int = 1, project: Project | None = None) -> Easel:
    """With `lin` and `act` as one block, between `first` and `last`."""
    easel = make_easel(qtbot, project or network())
    easel.selection.set({"lin", "act"})
    easel.key(KEY.Key_G, CTRL)
    set_repeat(easel, "group", repeat)
    return easel


def set_repeat(easel: Easel, node_id: str, repeat: int) -> None:
    easel.document.edit("repeat", *edits.set_params(easel.document.project, node_id, {"repeat": repeat}))


def ungroup(easel: Easel, *ids: str) -> None:
    easel.selection.set(ids or {"group"})
    easel.key(KEY.Key_G, CTRL | SHIFT)


def areas(easel: Easel) -> dict[str, QRectF]:
    return {name: item.area for name, item in easel.view.items_.blocks.items()}


def upon_each_other(easel: Easel) -> set[tuple[str, str]]:
    return {
        (one, other) for (one, a), (other, b) in combinations(sorted(areas(easel).items()), 2) if a.intersects(b)
    }  # fmt: skip


def test_where_there_is_room_everything_is_as_it_was(qtbot: QtBot) -> None:
    easel = grouped(qtbot)
    ungroup(easel)
    assert dict(easel.document.project.layout.nodes) == dict(network().layout.nodes)


@pytest.mark.parametrize("repeat", [2, 5])
def test_many_repetitions_push_the_rest_of_the_row_to_the_right(qtbot: QtBot, repeat: int) -> None:
    easel = grouped(qtbot, repeat=repeat)
    before = easel.document.project
    ungroup(easel)
    assert len(easel.graph) == 5 + 2 * repeat
    assert not upon_each_other(easel)
    after = areas(easel)
    assert after["last"].top() == after["first"].top() == 0.0
    assert after["last"].left() > after[f"act{repeat}"].right()
    assert after["low"].topLeft() == QRectF(480.0, 136.0, 1, 1).topLeft(), "nothing comes near the row below"
    easel.undo()
    assert easel.document.project == before
    assert areas(easel)["last"].left() == 960.0


def test_a_tall_group_pushes_the_row_below_down(qtbot: QtBot) -> None:
    project, _ = edits.move_nodes(network(), {"act": (480.0, 80.0), "low": (480.0, 208.0), "loss": (960.0, 208.0)})
    easel = grouped(qtbot, project=project)
    easel.document.edit(
        "away", *edits.move_nodes(easel.document.project, {"group": (480.0, 0.0), "low": (480.0, 80.0)})
    )
    ungroup(easel)
    assert not upon_each_other(easel)
    after = areas(easel)
    assert after["lin"].topLeft().toTuple() == (480.0, 0.0)
    assert after["last"].topLeft().toTuple() == (960.0, 0.0)
    assert after["low"].top() > after["act"].bottom()
    assert after["loss"].top() - 208.0 == after["low"].top() - 80.0 > 0.0, "what is below goes down together"


def test_two_at_once_do_not_land_on_each_other(qtbot: QtBot) -> None:
    easel = grouped(qtbot, repeat=3)
    easel.selection.set({"last", "loss"})
    easel.key(KEY.Key_G, CTRL)
    ungroup(easel, "group", "group2")
    assert {"lin3", "act3", "last", "loss"} <= set(easel.graph.nodes)
    assert not upon_each_other(easel)


def test_a_frame_grows_around_what_was_in_it(qtbot: QtBot) -> None:
    easel = grouped(qtbot, repeat=3)
    left, top = easel.document.project.layout.nodes["group"]
    frame = Frame("frame", "Middle", "teal", left - 24.0, top - 40.0, 240.0, 120.0)
    easel.document.edit("frame", decorations.put(easel.document.project, frame), moved=frozenset({"frame"}))
    ungroup(easel)
    (grown,) = decorations.frames(easel.document.project.layout)
    around = QRectF(grown.x, grown.y, grown.width, grown.height)
    held = {name for name, area in areas(easel).items() if around.contains(area)}
    assert held == {"lin", "act", "lin2", "act2", "lin3", "act3"}
    assert not any(around.intersects(area) for name, area in areas(easel).items() if name not in held)
