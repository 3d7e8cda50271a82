"""What always holds between a document and the canvas that shows it, at whatever level."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from typing import Any, Final

import pytest
from PySide6.QtCore import QAbstractAnimation, QTimer

from engine import decorations
from gui.canvas.block_item import BlockItem
from gui.canvas.decor_item import DecorItem
from gui.canvas.face import make_face, problems_by_node
from gui.canvas.look import Look
from gui.canvas.view import CanvasView
from gui.canvas.wire_item import WireItem

_RUNNING: Final = QAbstractAnimation.State.Running


def assert_agree(view: CanvasView) -> None:
    """Blocks, wires, frames and notes are those of the graph shown, look as it says and stand where it says."""
    scene, project = view.items_, view.level.project
    assert set(scene.blocks) == set(project.graph.nodes)
    assert set(scene.wires.items) == {wire.ends for wire in project.graph.iter_wires()}
    assert set(scene.decor.items) == set(decorations.decorations(project.layout))
    assert view.stage.selection.ids <= set(scene.blocks)
    assert scene.wires.chosen <= set(scene.wires.items)
    assert scene.decor.chosen <= set(scene.decor.items)
    _assert_no_strays(view)
    _assert_faces(view)
    _assert_places(view)
    _assert_wires(view)


def _assert_no_strays(view: CanvasView) -> None:
    """Qt's scene holds these items and no others."""
    scene = view.items_
    present = scene.items()
    known: list[tuple[type, Iterable[object]]] = [
        (BlockItem, scene.blocks.values()),
        (WireItem, scene.wires.items.values()),
        (DecorItem, scene.decor.items.values()),
    ]
    for kind, wanted in known:
        assert {item for item in present if isinstance(item, kind)} == set(wanted)


def _assert_faces(view: CanvasView) -> None:
    scene, graph, result = view.items_, view.level.project.graph, view.level.result
    problems = problems_by_node(result)
    for node_id, item in scene.blocks.items():
        plan = result.nodes.get(node_id)
        assert item.node_id == node_id
        assert item.face == make_face(graph, graph.node(node_id), plan, problems.get(node_id, ()))
        assert item.chosen == (node_id in view.stage.selection.ids)


def _assert_places(view: CanvasView) -> None:
    scene, layout = view.items_, view.level.project.layout
    for node_id, item in scene.blocks.items():
        place = layout.nodes.get(node_id)
        # Qt leaves an item where it is when the new place differs by rounding alone.
        assert place is None or (item.x(), item.y()) == pytest.approx(place, abs=1e-6)
    for name, wanted in decorations.decorations(layout).items():
        shown = scene.decor.items[name]
        assert shown.decoration == wanted
        assert shown.area.getRect() == pytest.approx((wanted.x, wanted.y, wanted.width, wanted.height), abs=1e-6)


def _assert_wires(view: CanvasView) -> None:
    scene, graph = view.items_, view.level.project.graph
    for ends, item in scene.wires.items.items():
        assert item.wire == graph.wire(ends)
        assert item.dots == item.wire.via
        assert (item.mood, item.lifted, item.chosen) == ("", False, ends in scene.wires.chosen)
        places = (
            scene.blocks[ends[0]].port_place("out", ends[1]),
            scene.blocks[ends[2]].port_place("in", ends[3]),
        )
        assert (item.path.pointAtPercent(0.0), item.path.pointAtPercent(1.0)) == places
    assert {ends for ends, _ in scene.wires.dots} <= set(scene.wires.items)
    assert scene.look.path_wires <= set(scene.wires.items)
    assert scene.look.path_blocks <= set(scene.blocks)


def assert_at_rest(view: CanvasView) -> None:
    """No gesture, none of its drawings, no timer and no animation is left over."""
    overlay = view.stage.overlay
    assert view.pointer.gesture is None
    assert (overlay.wire, overlay.ghost, overlay.band, overlay.guides) == (None, None, None, ())
    assert not overlay.strokes
    running = [each for each in _inside(view, QTimer) if each.isActive() and not each.isSingleShot()]
    running += [each for each in _inside(view, QAbstractAnimation) if each.state() == _RUNNING]
    named = [f"{type(each).__name__} of {type(each.parent()).__name__}" for each in running]
    assert not named, named


def _inside(view: CanvasView, kind: type) -> list[Any]:
    return [*view.findChildren(kind), *view.items_.findChildren(kind)]


def living() -> int:
    """How many blocks, wires, frames, notes and views there are in this process, in use or forgotten."""
    gc.collect()
    kinds = (BlockItem, WireItem, DecorItem, CanvasView, Look)
    return sum(issubclass(type(each), kinds) for each in gc.get_objects())  # asks nothing of the objects
