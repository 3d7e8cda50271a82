"""Blocks copied in one window and pasted in another: of the same app, and of another one on the same screen."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from engine import decorations, files
from engine.graph import Project
from tests.helpers.canvas import Easel, make_easel, small_net
from tests.helpers.xvfb import ROOT, Screen, missing


def with_frame() -> Project:
    return decorations.add_frame(small_net(), (-16.0, -56.0, 900.0, 240.0), "Body", "indigo")[0]


def meaning(project: Project, rename: dict[str, str]) -> tuple[object, ...]:
    """Blocks with their parameters, wires and frames, whatever the names and places."""
    graph = project.graph
    return (
        {rename.get(node.id, node.id): (node.block, node.params) for node in graph.nodes.values()},
        {
            (rename.get(wire.from_node, wire.from_node), wire.from_port, rename.get(wire.to_node, wire.to_node))
            for wire in graph.iter_wires()
        },
        [frame.title for frame in decorations.decorations(project.layout).values()],
    )


def copy_all(easel: Easel) -> None:
    easel.view.commands.select_all()
    easel.view.commands.copy()


def test_what_one_window_copied_another_pastes_and_each_has_its_own_history(qtbot: QtBot) -> None:
    giver, taker = make_easel(qtbot, with_frame()), make_easel(qtbot, Project())
    copy_all(giver)
    taker.view.commands.paste(QPointF(200.0, 200.0))
    assert meaning(taker.document.project, {}) == meaning(giver.document.project, {})
    assert giver.document.is_clean
    assert taker.document.undo_stack.count() == 1
    taker.view.commands.paste(QPointF(200.0, 200.0))
    assert len(taker.graph) == 2 * len(giver.graph)  # names that are taken get others
    taker.undo()
    taker.undo()
    assert len(taker.graph) == 0


# Without windows, which would take seconds to start.
_GIVE = """
import sys
from PySide6.QtCore import QSocketNotifier
from PySide6.QtGui import QGuiApplication
from engine import decorations, files
from gui.canvas import clipboard
app = QGuiApplication([])
project = files.loads(sys.stdin.readline())
clipboard.put(project, project.graph.nodes, decorations.decorations(project.layout))
print("copied", flush=True)
done = QSocketNotifier(0, QSocketNotifier.Type.Read)  # a program has to live as long as others want what it copied
done.activated.connect(app.quit)
app.exec()
"""
_TAKE = """
from PySide6.QtGui import QGuiApplication
from engine import files
from gui.canvas import clipboard
app = QGuiApplication([])
print(files.dumps(clipboard.take()))
"""


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_what_one_program_copied_another_pastes() -> None:
    given = with_frame()
    with Screen() as screen:
        variables = {**os.environ, "DISPLAY": screen.name, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
        giver = subprocess.Popen(
            [sys.executable, "-c", _GIVE], env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert giver.stdin is not None
        assert giver.stdout is not None
        try:
            giver.stdin.write(" ".join(files.dumps(given).split("\n")) + "\n")
            giver.stdin.flush()
            assert giver.stdout.readline() == "copied\n"
            taken = subprocess.run(
                [sys.executable, "-c", _TAKE], env=variables, capture_output=True, text=True, timeout=60, check=True
            )
        finally:
            giver.stdin.close()
            giver.stdout.close()
            giver.wait(60)
    assert meaning(files.loads(taken.stdout), {}) == meaning(given, {})
