"""The program is killed in the middle of work: what the next start makes of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QDate, QDateTime, QLocale, Qt, QTime

from engine import assets, edits, files, recovery
from gui.document import new_project
from gui.notices import notices
from gui.recover import offer_recovery, question_of
from tests.helpers.hands import answer, press

EDITS_AND_WAITS = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from engine import edits, recovery
from gui import autosave

autosave.DELAY_MS = 10
app = QApplication([])
from gui.main_window import MainWindow

window = MainWindow()
if sys.argv[1:]:
    window.open(sys.argv[1])
else:
    window.files.open_example("xor.chainrule")
edited, touched = edits.set_training(window.document.project, {"epochs": 77})
window.document.edit("epochs", edited, touched)
look = QTimer()
look.timeout.connect(lambda: list(recovery.folder().glob("*" + recovery.SUFFIX)) and print("written", flush=True))
look.start(10)
app.exec()
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "mine.chainrule"
    files.save(files.load(assets.example("xor")), path)
    return path


def killed_in_the_middle(*arguments: Path) -> None:
    """An app that edits a document and is killed when its recovery copy is there."""
    command = [sys.executable, "-c", EDITS_AND_WAITS, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as app:
        assert app.stdout is not None
        assert app.stdout.readline() == "written\n"
        assert recovery.found() == [], "it still runs: the copy is its own"
        app.kill()
    assert len(recovery.found()) == 1


def copies() -> list[Path]:
    return list(recovery.folder().glob(f"*{recovery.SUFFIX}"))


def test_a_document_without_a_file_is_offered_and_recovered(window):
    killed_in_the_middle()
    assert answer("open", lambda: offer_recovery(window.document)) == 'Recover "XOR"?'
    assert window.document.project.training["epochs"] == 77
    assert window.document.path is None
    assert not window.document.is_clean
    assert window.transport._unsaved.text() == "●"
    press(window, Qt.Key.Key_Z)
    assert len(window.document.project.graph) == 0
    press(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert window.document.project.training["epochs"] == 77


def test_refused_it_is_gone(window):
    killed_in_the_middle()
    answer("delete", lambda: offer_recovery(window.document))
    assert copies() == []
    assert window.document.project == new_project()
    with notices().answering():
        offer_recovery(window.document)


def test_opening_a_file_offers_what_was_not_saved_of_it(window, graph):
    before = graph.read_bytes()
    killed_in_the_middle(graph)
    answer("later", lambda: window.open(graph))
    assert window.document.project.training.get("epochs") != 77
    assert len(copies()) == 1
    assert answer("open", lambda: window.open(graph)) == 'Recover "mine.chainrule"?'
    assert window.document.project.training["epochs"] == 77
    assert window.document.path == graph
    assert not window.document.is_clean
    assert graph.read_bytes() == before, "only saving changes it"
    press(window, Qt.Key.Key_S)
    assert files.load(graph).training["epochs"] == 77
    assert copies() == []
    with notices().answering():
        assert window.open(graph)


def test_a_copy_of_another_file_is_no_matter_of_this_one(window, graph, tmp_path):
    killed_in_the_middle(graph)
    other = tmp_path / "other.chainrule"
    files.save(edits.set_training(files.load(graph), {"epochs": 5})[0], other)
    with notices().answering():
        assert window.open(other)
    assert len(copies()) == 1


def test_the_question_tells_file_time_as_people_write_it_and_what_differs(graph):
    saved = files.load(graph)
    here = QDateTime(QDate(2026, 1, 31), QTime(17, 5))
    time = datetime.fromtimestamp(here.toSecsSinceEpoch(), UTC)
    edited, _ = edits.set_training(saved, {"epochs": 77})
    recovery.write(edited, graph)
    copy = replace(recovery.found()[0], time=time)
    before = QLocale()
    QLocale.setDefault(QLocale("de_DE"))
    try:
        said = question_of(copy)
    finally:
        QLocale.setDefault(before)
    assert said.title == 'Recover "mine.chainrule"?'
    assert "31. Januar 2026, 17:05" in said.text
    assert "1 setting changed" in said.text
    assert str(graph) in said.text
    assert "is the older one" in said.text, "the file was made after January"
    graph.unlink()
    assert "not there any more" in question_of(copy).text
    assert "never saved" in question_of(replace(copy, document=None)).text
