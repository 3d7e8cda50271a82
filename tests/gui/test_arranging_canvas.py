"""Arranging on the canvas: with real mouse and keys, one undo step each."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from engine import edits
from engine.graph import Point, Project
from gui.canvas.arranging import tidy
from gui.notices import notices
from gui.theme import theme
from tests.helpers.canvas import Easel, chain, make_easel, make_project, small_net

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
KEY = Qt.Key


def places(easel: Easel) -> dict[str, Point]:
    """Where the items stand; the same as the document says, which is checked on the way."""
    found = {name: (item.x(), item.y()) for name, item in easel.view.items_.blocks.items()}
    stored = dict(easel.document.project.layout.nodes)
    assert {name: found[name] for name in stored} == stored
    return found


def shuffled(project: Project, seed: int = 1) -> Project:
    rand = random.Random(seed)
    names = list(project.graph.nodes)
    return edits.move_nodes(project, {name: (rand.uniform(0, 900), rand.uniform(0, 500)) for name in names})[0]


@pytest.fixture
def still(qtbot: QtBot):
    theme().set_reduce_motion(True)
    yield
    theme().set_reduce_motion(None)


@pytest.fixture
def moving(qtbot: QtBot):
    theme().set_reduce_motion(False)
    yield
    theme().set_reduce_motion(None)


def assert_apart(easel: Easel) -> None:
    areas = [item.area for item in easel.view.items_.blocks.values()]
    assert not any(one.intersects(other) for index, one in enumerate(areas) for other in areas[:index])


# -- automatic layout --


def test_the_whole_graph_is_arranged_by_one_key_and_one_undo_takes_it_back(qtbot: QtBot, still: None) -> None:
    easel = make_easel(qtbot, shuffled(small_net()))
    before, count = places(easel), easel.document.undo_stack.count()
    easel.key(KEY.Key_L, CTRL)
    assert easel.document.undo_stack.count() == count + 1
    assert_apart(easel)
    blocks = easel.view.items_.blocks
    for wire in easel.graph.iter_wires():
        assert blocks[wire.from_node].area.right() < blocks[wire.to_node].area.left()
    easel.undo()
    assert places(easel) == before


def residual_net(blocks: int) -> Project:
    """Convolutions in residual blocks, every third with a convolution in its shortcut, anywhere on the canvas."""
    nodes = {"data": ("Input", {"dataset": "digits"}), "loss": ("Loss", {"function": "cross_entropy"})}
    wires, here = [], "data.x"
    for index in range(blocks):
        names = [f"{kind}{index}" for kind in ("first", "norm", "act", "second", "sum")]
        kinds = ("Conv2d", "BatchNorm2d", "Activation", "Conv2d", "Add")
        nodes |= {name: (kind, {}) for name, kind in zip(names, kinds, strict=True)}
        first, norm, act, second, total = names
        wires += [f"{here} > {first}.in", f"{first}.out > {norm}.in", f"{norm}.out > {act}.in"]
        wires += [f"{act}.out > {second}.in", f"{second}.out > {total}.a"]
        if index % 3 == 2:
            nodes[f"short{index}"] = ("Conv2d", {})
            wires += [f"{here} > short{index}.in", f"short{index}.out > {total}.b"]
        else:
            wires.append(f"{here} > {total}.b")
        here = f"{total}.out"
    wires += [f"{here} > loss.prediction", "data.y > loss.target"]
    return shuffled(
        make_project({name: (kind, (0.0, 0.0), params) for name, (kind, params) in nodes.items()}, tuple(wires))
    )


def test_no_wire_of_a_residual_net_runs_under_a_block(qtbot: QtBot, still: None) -> None:
    easel = make_easel(qtbot, residual_net(7))
    easel.key(KEY.Key_L, CTRL)
    scene = easel.view.items_
    for item in scene.wires.items.values():
        own = {item.wire.from_node, item.wire.to_node}
        spots = [item.path.pointAtPercent(part / 100) for part in range(101)]
        under = {name for name, block in scene.blocks.items() if any(block.area.contains(spot) for spot in spots)}
        assert under <= own, f"{item.wire} runs under {under - own}"


def test_again_there_is_nothing_to_do(qtbot: QtBot, still: None) -> None:
    easel = make_easel(qtbot, shuffled(small_net()))
    easel.key(KEY.Key_L, CTRL)
    count = easel.document.undo_stack.count()
    easel.key(KEY.Key_L, CTRL)
    assert easel.document.undo_stack.count() == count


def test_top_down(qtbot: QtBot, still: None) -> None:
    easel = make_easel(qtbot, small_net())
    easel.key(KEY.Key_L, CTRL | SHIFT)
    blocks = easel.view.items_.blocks
    for wire in easel.graph.iter_wires():
        assert blocks[wire.from_node].area.bottom() < blocks[wire.to_node].area.top()
    assert_apart(easel)


def test_who_saw_everything_sees_it_after_arranging_and_who_looked_closely_stays(qtbot: QtBot, still: None) -> None:
    easel = make_easel(qtbot, shuffled(chain(14)))
    camera, scene = easel.view.camera, easel.view.items_
    easel.key(KEY.Key_Home)
    assert camera.visible().contains(scene.content_rect())
    easel.key(KEY.Key_L, CTRL)
    assert camera.visible().contains(scene.content_rect())
    camera.zoom_to(3.0)
    centre = camera.centre
    easel.key(KEY.Key_L, CTRL | SHIFT)
    assert camera.zoom == 3.0
    assert camera.centre == centre


def test_a_selection_is_arranged_by_itself_and_keeps_clear_of_the_rest(qtbot: QtBot, still: None) -> None:
    project, _ = edits.move_nodes(small_net(), {"dense": (0.0, 300.0), "act": (10.0, 380.0), "conv": (260.0, 300.0)})
    easel = make_easel(qtbot, project)
    before = places(easel)
    easel.selection.set({"dense", "act"})
    easel.key(KEY.Key_L, CTRL)
    after = places(easel)
    assert {name for name in after if after[name] != before[name]} <= {"dense", "act"}
    assert after["act"][0] > after["dense"][0]
    assert_apart(easel)


def test_dots_of_wires_go_with_the_places_they_belonged_to(qtbot: QtBot, still: None) -> None:
    project = small_net()
    wire = next(wire for wire in project.graph.iter_wires() if wire.to_node == "act")
    from dataclasses import replace

    project = replace(project, graph=project.graph.replace_wire(wire, via=((500.0, 200.0),))[0])
    easel = make_easel(qtbot, shuffled(project))
    easel.key(KEY.Key_L, CTRL)
    assert easel.graph.wire(wire.ends).via == ()
    easel.undo()
    assert easel.graph.wire(wire.ends).via == ((500.0, 200.0),)


def test_blocks_glide_to_their_places_and_no_timer_is_left(qtbot: QtBot, moving: None) -> None:
    easel = make_easel(qtbot, shuffled(small_net()))
    glide = easel.view.arranging.tidy.glide
    easel.key(KEY.Key_L, CTRL)
    target = dict(easel.document.project.layout.nodes)
    assert glide.running
    qtbot.waitUntil(lambda: not glide.running)
    assert places(easel) == target


def test_a_press_or_an_undo_ends_the_way_at_once(qtbot: QtBot, moving: None) -> None:
    easel = make_easel(qtbot, shuffled(small_net()))
    before = places(easel)
    easel.key(KEY.Key_L, CTRL)
    assert easel.view.arranging.tidy.glide.running
    easel.undo()
    assert not easel.view.arranging.tidy.glide.running
    assert places(easel) == before
    easel.document.undo_stack.redo()
    easel.undo()
    easel.key(KEY.Key_L, CTRL)
    easel.click(QPoint(1200, 700))
    assert not easel.view.arranging.tidy.glide.running
    places(easel)


def test_large_graphs_are_arranged_in_the_background(qtbot: QtBot, still: None, monkeypatch) -> None:
    monkeypatch.setattr(tidy, "AT_ONCE", 20)
    easel = make_easel(qtbot, shuffled(chain(60)))
    before, count = places(easel), easel.document.undo_stack.count()
    easel.view.actions_.arrange.layouts[0].trigger()
    assert places(easel) == before
    qtbot.waitUntil(lambda: easel.document.undo_stack.count() == count + 1)
    assert not easel.view.arranging.tidy.glide.running
    assert_apart(easel)
    easel.undo()
    assert places(easel) == before


def test_an_edit_meanwhile_is_not_overwritten(qtbot: QtBot, still: None, monkeypatch) -> None:
    monkeypatch.setattr(tidy, "AT_ONCE", 20)
    easel = make_easel(qtbot, shuffled(chain(60)))
    easel.view.actions_.arrange.layouts[0].trigger()
    project, touched = edits.remove_nodes(easel.document.project, ["n7"])
    easel.document.edit("remove", project, touched)
    told = len(notices().history)
    qtbot.waitUntil(lambda: len(notices().history) > told)
    assert "changed while" in notices().history[-1].text
    assert easel.document.project == project


# -- align and distribute --


def test_align_and_distribute_have_keys_and_undo(qtbot: QtBot, still: None) -> None:
    easel = make_easel(qtbot, small_net())
    before = places(easel)
    easel.selection.set({"dense", "act", "conv"})
    easel.key(KEY.Key_Left, CTRL | SHIFT)
    assert {places(easel)[name][0] for name in ("dense", "act", "conv")} == {320.0}
    easel.undo()
    easel.view.actions_.arrange.by_need[6][1].trigger()  # equal gaps across
    assert places(easel) != before
    easel.undo()
    assert places(easel) == before
    assert easel.document.is_clean


def test_actions_are_enabled_by_what_they_need(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, small_net())
    arrange = easel.view.actions_.arrange
    for chosen in (set(), {"dense"}, {"dense", "act"}, {"dense", "act", "conv"}):
        easel.selection.set(chosen)
        assert all(action.isEnabled() == (len(chosen) >= least) for least, action in arrange.by_need)
        assert all(action.isEnabled() for action in arrange.layouts)


# -- drags --


def test_a_drag_snaps_to_a_neighbour_and_shows_why(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, small_net())
    start = easel.block("conv")
    end = start + QPoint(280 + 3, -60)  # the left edge comes near that of act, at 600
    easel.press(start)
    easel.carry(start, end)
    guides = easel.view.stage.overlay.guides
    assert any(line.x1() == line.x2() == 600.0 for line in guides)
    assert easel.view.items_.blocks["conv"].x() == 600.0
    easel.release(end)
    assert easel.view.stage.overlay.guides == ()
    assert places(easel)["conv"][0] == 600.0


def test_ctrl_suspends_snapping(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, small_net())
    start = easel.block("conv")
    end = start + QPoint(283, -63)
    easel.press(start)
    easel.carry(start, end, CTRL)
    assert easel.view.stage.overlay.guides == ()
    easel.release(end, CTRL)
    assert places(easel)["conv"] == (603.0, 177.0)


def test_equal_gaps_are_shown_while_dragging(qtbot: QtBot) -> None:
    nodes = {name: ("Dense", (x, 0.0), {}) for name, x in (("a", 0.0), ("b", 264.0), ("c", 900.0))}
    easel = make_easel(qtbot, make_project({**nodes, "d": ("Dense", (620.0, 300.0), {})}))
    blocks = easel.view.items_.blocks
    gap = blocks["b"].area.left() - blocks["a"].area.right()
    wanted = blocks["b"].area.right() + gap
    start = easel.block("d")
    end = start + QPoint(round(wanted - 620.0) + 3, -300)
    easel.press(start)
    easel.carry(start, end)
    spans = [abs(line.dx()) for line in easel.view.stage.overlay.guides if line.dy() == 0 and line.dx()]
    easel.release(end)
    assert blocks["d"].x() == wanted
    assert spans.count(gap) >= 2


# -- connecting and copying --


def test_a_selection_is_connected_in_reading_order(qtbot: QtBot) -> None:
    project = make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "spiral"}),
            "act": ("Activation", (600.0, 8.0), {"function": "tanh"}),
            "dense": ("Dense", (320.0, 0.0), {"out_features": 1}),
            "loss": ("Loss", (880.0, 0.0), {"function": "mse"}),
        }
    )
    easel = make_easel(qtbot, project)
    easel.view.commands.select_all()
    easel.key(KEY.Key_C, SHIFT)
    assert easel.wires() == {
        "data.x → dense.in",
        "dense.out → act.in",
        "act.out → loss.prediction",
        "data.y → loss.target",
    }
    assert "4 wires" in notices().history[-1].text
    easel.undo()
    assert easel.wires() == set()


def test_what_does_not_fit_is_left_and_named(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, small_net())
    easel.selection.set({"data", "conv"})
    before = easel.wires()
    easel.key(KEY.Key_C, SHIFT)
    assert easel.wires() == before
    assert "conv.in" in notices().history[-1].text


def test_both_branches_come_together_in_an_add(qtbot: QtBot) -> None:
    project = make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "spiral"}),
            "one": ("Dense", (320.0, 0.0), {"out_features": 4}),
            "two": ("Dense", (320.0, 120.0), {"out_features": 4}),
            "add": ("Add", (640.0, 130.0), {}),
        },
        ("data.x > one.in", "data.x > two.in"),
    )
    easel = make_easel(qtbot, project)
    easel.view.commands.select_all()
    easel.key(KEY.Key_C, SHIFT)
    assert {"two.out → add.a", "one.out → add.b"} <= easel.wires()


def test_a_copy_with_wires_reads_from_what_the_original_reads_from(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, small_net())
    easel.selection.set({"dense", "act"})
    before = easel.wires()
    easel.key(KEY.Key_D, SHIFT)
    assert len(easel.selected) == 2
    copy = next(name for name in easel.selected if name.startswith("dense"))
    other = next(name for name in easel.selected if name != copy)
    assert easel.wires() - before == {f"data.x → {copy}.in", f"{copy}.out → {other}.in"}
    easel.undo()
    assert easel.wires() == before
