"""Thousands of wires look for their ways while the window goes on; few do at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF

from engine import edits
from gui.canvas.ways import AT_ONCE
from tests.helpers.agreement import assert_agree
from tests.helpers.canvas import chain, make_easel

COUNT = AT_ONCE + 200


@pytest.fixture
def easel(qtbot):
    return make_easel(qtbot, chain(COUNT))


def scatter(easel, names):
    """Put blocks where those from the other end of the list stand."""
    project = easel.document.project
    places = {name: project.layout.nodes[other] for name, other in zip(names, reversed(names), strict=True)}
    easel.document.edit("scatter", edits.move_nodes(project, places)[0], moved=frozenset(names))


def routed(easel):
    return {ends for ends, item in easel.view.items_.wires.items.items() if item._route is not None}


def test_after_a_large_change_wires_look_for_their_ways_one_after_the_other(easel, qtbot):
    ways, before = easel.view.items_.wires.ways, easel.document.project
    scatter(easel, [f"n{index}" for index in range(1, COUNT)])
    assert len(ways) > AT_ONCE
    assert not routed(easel)
    assert_agree(easel.view)
    first = next(iter(ways._waiting))  # those that are seen come first
    seen = easel.view.mapToScene(easel.viewport.rect()).boundingRect()
    assert seen.intersects(easel.view.items_.wires.items[first].sceneBoundingRect())
    qtbot.waitUntil(lambda: not len(ways))
    assert not ways._timer.isActive()
    found = routed(easel)
    assert found
    ways.wait(easel.view.items_.wires.items)
    ways.finish()
    assert routed(easel) == found
    easel.undo()
    assert easel.document.project == before
    assert_agree(easel.view)


def test_what_goes_meanwhile_is_not_missed(easel, qtbot):
    ways = easel.view.items_.wires.ways
    scatter(easel, [f"n{index}" for index in range(1, COUNT)])
    easel.selection.set({f"n{index}" for index in range(100, 300)})
    easel.view.commands.delete()
    qtbot.waitUntil(lambda: not len(ways))
    assert_agree(easel.view)
    scatter(easel, [f"n{index}" for index in range(1, 90)])
    easel.document.replace(before := easel.document.project)
    assert len(ways) == 0
    assert easel.document.project is before


def test_a_small_change_of_a_large_graph_is_made_at_once(easel):
    item = easel.view.items_.blocks["n5"]
    project, _ = edits.move_nodes(easel.document.project, {"n5": (item.x(), item.y() + 400.0)})
    easel.document.edit("move", project, moved=frozenset({"n5"}))
    assert len(easel.view.items_.wires.ways) == 0
    assert item.pos() == QPointF(5 * 248.0, 400.0)
