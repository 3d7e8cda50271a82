"""The way from the data to the loss, highlighted at what the pointer is on or what is selected."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from engine.graph import Graph, Node, Wire
from gui.canvas.trail import way_through
from tests.helpers.canvas import Easel, make_easel, small_net


@pytest.fixture
def easel(qtbot: QtBot) -> Easel:
    return make_easel(qtbot, small_net())


def diamonds(count: int) -> Graph:
    """Residual blocks in a row: 2^count ways from end to end."""
    nodes, wires = [Node("n0", "Activation")], list[Wire]()
    for index in range(count):
        nodes += [Node(f"a{index}", "Activation"), Node(f"n{index + 1}", "Add")]
        wires += [
            Wire(f"n{index}", "out", f"a{index}", "in"),
            Wire(f"n{index}", "out", f"n{index + 1}", "a"),
            Wire(f"a{index}", "out", f"n{index + 1}", "b"),
        ]
    return Graph.of(nodes, wires)


def test_hovering_a_block_highlights_its_way_and_leaving_ends_that(easel: Easel) -> None:
    look = easel.view.items_.look
    easel.move(easel.block("act"))
    assert look.path_blocks == {"data", "dense", "act", "loss"}
    assert {ends[:1] + ends[2:3] for ends in look.path_wires} == {
        ("data", "dense"),
        ("dense", "act"),
        ("act", "loss"),
    }
    easel.move(easel.block("conv"))
    assert look.path_blocks == {"conv"}
    assert not look.path_wires
    easel.move(QPoint(600, 600))
    assert not look.path_blocks


def test_hovering_a_wire_and_selecting_highlight_too(easel: Easel) -> None:
    look = easel.view.items_.look
    place = easel.view.items_.wires.items["dense", "out", "act", "in"].middle
    easel.move(easel.spot(place.x(), place.y()))
    assert look.path_blocks == {"data", "dense", "act", "loss"}
    easel.move(QPoint(600, 600))
    easel.selection.set({"dense"})
    assert look.path_blocks == {"data", "dense", "act", "loss"}
    easel.view.items_.choose_wires({("act", "out", "loss", "prediction")})
    easel.selection.set(())
    assert ("data", "x", "dense", "in") in look.path_wires
    easel.view.items_.choose_wires(())
    assert not look.path_wires


def test_the_way_follows_edits(easel: Easel) -> None:
    easel.selection.set({"act"})
    easel.view.commands.disconnect_chosen()
    assert easel.view.items_.look.path_blocks == {"act"}
    easel.undo()
    assert "loss" in easel.view.items_.look.path_blocks


def test_what_does_not_lie_on_the_way_is_left_out() -> None:
    nodes = [Node(name, "Activation") for name in ("start", "left", "right", "end")]
    wires = [Wire("start", "out", "left", "in"), Wire("start", "out", "right", "in"), Wire("right", "out", "end", "in")]
    blocks, lines = way_through(Graph.of(nodes, wires), ["right"])
    assert blocks == {"start", "right", "end"}
    assert lines == {wires[1].ends, wires[2].ends}


def test_each_block_is_visited_once(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, asked = diamonds(50), list[str]()
    read = Graph.wires_out_of

    def counted(self: Graph, node_id: str, port: str | None = None) -> tuple[Wire, ...]:
        asked.append(node_id)
        return read(self, node_id, port)

    monkeypatch.setattr(Graph, "wires_out_of", counted)
    blocks, lines = way_through(graph, ["n0"])
    assert len(asked) == len(set(asked)) == len(graph)
    assert len(blocks) == len(graph)
    assert len(lines) == 150


def test_a_long_chain_does_not_recurse() -> None:
    count = 10_000
    graph = Graph.of(
        (Node(f"n{index}", "Activation") for index in range(count)),
        (Wire(f"n{index}", "out", f"n{index + 1}", "in") for index in range(count - 1)),
    )
    blocks, lines = way_through(graph, ["n5000"])
    assert (len(blocks), len(lines)) == (count, count - 1)
