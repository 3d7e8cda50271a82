"""The whole window with the real engine behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine import assets, files
from engine.graph import Project
from gui.main_window import MainWindow
from gui.notices import notices

EXAMPLES = assets.folder() / "examples"


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow()
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    yield made
    made.document.replace(Project())  # nothing unsaved, no session
    made.close()


def test_names_that_other_programs_rely_on(window):
    names = ("canvas", "palette", "inspector", "problems", "lossPlot", "gradientPlot", "weightPlot", "outputPlot")
    for name in (*names, "predictions", "grain"):
        assert window.findChild(QWidget, name) is not None, name
    actions = {action.objectName() for action in window.actions()}
    wanted = ["New", "Open", "Save", "SaveAs", "Undo", "Redo", "Play", "Step", "Stop", "Reset"]
    assert {f"action{name}" for name in wanted} <= actions


def test_a_saved_document_opens_as_it_was(window, qtbot, tmp_path):
    assert window.files.open_example("spiral.chainrule")
    project = window.document.project
    path = tmp_path / "mine.chainrule"
    assert window.save(path)
    assert files.load(path) == project
    assert window.open(path)
    assert window.document.project == project
    assert window.document.path == path


def test_a_broken_file_leaves_the_document_as_it_is(window, tmp_path):
    assert window.files.open_example("spiral.chainrule")
    before = window.document.project
    path = tmp_path / "broken.chainrule"
    path.write_text('{"format": "chainrule", "version": 1, "nodes": [', encoding="utf-8")
    assert not window.open(path)
    assert window.document.project is before
    assert "broken.chainrule" in notices().history[-1].text
