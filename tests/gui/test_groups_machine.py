"""Random work on a canvas with groups: canvas and document agree, and undo leads all the way back."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from engine.facts import FactsCache
from engine.levels import INPUTS, NEW_PORT, OUTPUTS, located
from engine.plan import check
from tests.gui.test_groups import network
from tests.helpers.canvas import Easel, make_easel

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
KEY = Qt.Key
STEPS = 150
MOST = 300
"""Blocks, groups written out, beyond which nothing is copied: copies of groups in groups double them."""


class Worker:
    """Does something at random with keys, mouse and commands."""

    def __init__(self, easel: Easel, seed: int) -> None:
        self.easel = easel
        self.dice = random.Random(seed)

    def inner(self) -> list[str]:
        return sorted(set(self.easel.view.level.project.graph.nodes) - {INPUTS, OUTPUTS})

    def choose(self, most: int) -> None:
        ids = self.inner()
        self.easel.selection.set(
            self.dice.sample(ids, min(len(ids), self.dice.randint(1, most))) if ids and most else ()
        )

    def group(self) -> None:
        self.choose(4)
        self.easel.key(KEY.Key_G, CTRL)

    def ungroup(self) -> None:
        self.easel.selection.set(self.uses()[:1])
        self.easel.key(KEY.Key_G, CTRL | SHIFT)

    def uses(self) -> list[str]:
        graph = self.easel.view.level.project.graph
        uses = [node_id for node_id in self.inner() if graph.node(node_id).block == "Group"]
        self.dice.shuffle(uses)
        return uses

    def open(self) -> None:
        if self.uses():
            self.easel.selection.set(self.uses()[:1])
            self.easel.key(KEY.Key_Return)

    def leave(self) -> None:
        self.easel.selection.set(())
        self.easel.view.items_.choose_wires(())
        self.easel.key(KEY.Key_Escape)

    def add(self) -> None:
        self.easel.drop(self.dice.choice(("Dense", "Activation", "Add")), QPoint(640, 360))

    def wire(self) -> None:
        blocks = self.easel.view.items_.blocks
        outs = [(name, port.name) for name, item in blocks.items() for port in item.face.outputs]
        ins = [(name, port.name) for name, item in blocks.items() for port in item.face.inputs]
        if outs and ins:
            (start, out), (end, into) = self.dice.choice(outs), self.dice.choice(ins)
            self.easel.drag(self.easel.port(start, "out", out), self.easel.port(end, "in", into))

    def delete(self) -> None:
        self.choose(2)
        self.easel.key(KEY.Key_Delete)

    def duplicate(self) -> None:
        self.choose(2 if len(self.easel.document.result.nodes) < MOST else 0)
        self.easel.key(KEY.Key_D, CTRL)

    def mute(self) -> None:
        self.choose(1)
        self.easel.key(KEY.Key_B, CTRL)

    def nudge(self) -> None:
        self.easel.selection.set(self.dice.sample(sorted(self.easel.view.items_.blocks), 1))
        self.easel.key(KEY.Key_Down)

    def paste(self) -> None:
        self.choose(2 if len(self.easel.document.result.nodes) < MOST else 0)
        self.easel.key(KEY.Key_C, CTRL)
        self.easel.key(KEY.Key_V, CTRL)

    def independent(self) -> None:
        self.choose(1)
        if self.easel.view.groups.single:
            self.easel.view.groups.make_independent()

    def undo(self) -> None:
        self.easel.document.undo_stack.undo()

    def redo(self) -> None:
        self.easel.document.undo_stack.redo()


def agree(easel: Easel) -> None:
    """Canvas, level and document say the same, and the check found what a check from scratch finds."""
    graph = easel.view.level.project.graph
    assert set(easel.view.items_.blocks) == set(graph.nodes)
    assert set(easel.view.items_.wires.items) == {wire.ends for wire in graph.iter_wires()}
    ports = easel.view.items_.blocks[INPUTS].face.outputs if easel.view.level.path else ()
    assert not ports or ports[-1].name == NEW_PORT
    for node_id in graph.nodes:
        plan = easel.view.level.result.nodes.get(node_id)
        if plan is not None and plan.path not in (INPUTS, OUTPUTS):
            found = located(easel.document.project, plan.path)
            assert (found[0], found[2]) == (easel.view.level.path, node_id)


@pytest.mark.parametrize("seed", range(4))
def test_random_work_with_groups(qtbot: QtBot, seed: int) -> None:
    easel = make_easel(qtbot, network())
    start = easel.document.project
    worker = Worker(easel, seed)
    verbs = [worker.group, worker.open, worker.open, worker.leave, worker.add, worker.wire, worker.wire, worker.delete]
    verbs += [worker.duplicate, worker.mute, worker.nudge, worker.paste, worker.undo, worker.undo, worker.redo]
    verbs += [worker.ungroup, worker.independent]
    for _ in range(STEPS):
        verb = worker.dice.choice(verbs)
        verb()
        agree(easel)
    scratch = check(easel.document.project, FactsCache(None).lookup)
    assert easel.document.result.problems == scratch.problems
    assert easel.document.result.nodes == scratch.nodes
    while easel.document.undo_stack.canUndo():
        easel.document.undo_stack.undo()
        agree(easel)
    assert easel.document.project == start
    assert easel.view.level.path == ()
