from __future__ import annotations

import os
import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from engine import edits, files, recovery
from engine.graph import Project
from engine.problem import FileError
from gui.autosave import Autosave
from gui.document import Document
from gui.notices import notices
from gui.recover import offer_recovery
from tests.helpers import sample_projects


@pytest.fixture
def document(qapp) -> Document:
    return Document(sample_projects.spiral())


@pytest.fixture
def autosave(document, shown) -> Autosave:
    made = Autosave(document, shown(QWidget()))
    yield made
    made.forget()


def edit(document, units: int = 3) -> Project:
    project, touched = edits.set_params(document.project, "dense1", {"out_features": units})
    document.edit("edit", project, touched)
    return document.project


def timer(autosave) -> QTimer:
    return autosave.findChild(QTimer)


def copies() -> list[recovery.Copy]:
    return recovery.found()


def write_now(autosave, qtbot) -> None:
    """Write the copy without waiting for the timer."""
    before = {copy.time for copy in copies()}
    autosave.write()
    qtbot.waitUntil(lambda: bool(copies()) and ({copy.time for copy in copies()} != before or not before))


def test_nothing_is_written_and_no_timer_runs_without_edits(autosave):
    autosave.write()
    assert copies() == []
    assert not timer(autosave).isActive()


def test_an_edit_starts_the_timer_once(autosave, document):
    edit(document)
    assert timer(autosave).isActive()
    assert timer(autosave).isSingleShot()
    left = timer(autosave).remainingTime()
    edit(document, 4)
    assert timer(autosave).remainingTime() <= left  # a copy comes even while edits go on


def test_the_timer_writes_a_copy_that_can_be_read(autosave, document, qtbot):
    project = edit(document)
    timer(autosave).setInterval(0)
    timer(autosave).start()
    qtbot.waitUntil(lambda: len(copies()) == 1)
    [copy] = copies()
    assert recovery.read(copy) == project
    assert (copy.name, copy.document) == ("Spiral", None)


def test_saving_takes_the_copy_away(autosave, document, qtbot, tmp_path):
    edit(document)
    write_now(autosave, qtbot)
    document.save(tmp_path / "net.chainrule")
    assert copies() == []
    assert not timer(autosave).isActive()


def test_undoing_to_the_saved_state_takes_the_copy_away(autosave, document, qtbot):
    edit(document)
    write_now(autosave, qtbot)
    document.undo_stack.undo()
    assert copies() == []


def test_another_document_takes_its_own_copy_away_and_no_other(autosave, document, qtbot, tmp_path):
    other = tmp_path / "other.chainrule"
    files.save(Project(name="Other"), other)
    recovery.write(Project(name="Other"), other)  # as an earlier run of this process number left it
    edit(document)
    write_now(autosave, qtbot)
    assert len(copies()) == 2
    document.open(other)
    assert [copy.document for copy in copies()] == [other]


def test_a_copy_under_way_when_the_document_is_left_is_gone_too(autosave, document, qtbot, monkeypatch):
    writing, go_on = threading.Event(), threading.Event()
    real = recovery.write

    def slow(*document):
        writing.set()
        assert go_on.wait(10)
        real(*document)

    monkeypatch.setattr(recovery, "write", slow)
    edit(document)
    autosave.write()
    assert writing.wait(10)
    threading.Timer(0.05, go_on.set).start()
    autosave.forget()
    assert copies() == []
    autosave.write()  # the document is still unsaved: a new stretch begins
    qtbot.waitUntil(lambda: len(copies()) == 1)


def test_a_copy_that_cannot_be_written_is_told_once(autosave, document, qtbot, monkeypatch, said):
    def fail(*_):
        raise FileError("The disk is full.", code="F05")

    monkeypatch.setattr(recovery, "write", fail)
    edit(document)
    autosave.write()
    qtbot.waitUntil(lambda: said() == ["No recovery copy could be written. The disk is full."])
    done = []
    autosave.write()
    QTimer.singleShot(0, lambda: done.append(True))
    qtbot.waitUntil(lambda: bool(done))
    assert len(said()) == 1


# -- after a crash --


def crashed(project: Project, path=None) -> recovery.Copy:
    """A copy that another process left behind."""
    recovery.write(project, path)
    [copy] = copies()
    return copy


def test_a_copy_is_offered_and_recovered(document):
    project = edits.set_params(sample_projects.spiral(), "dense1", {"out_features": 5})[0]
    crashed(project)
    with notices().answering("open"):
        offer_recovery(document)
    assert notices().asked[0].title == 'Recover "Spiral"?'
    assert document.project == project
    assert not document.is_clean
    assert copies() == []


def test_a_copy_is_deleted_or_left_for_later(document):
    crashed(sample_projects.spiral())
    before = document.project
    with notices().answering("later"):
        offer_recovery(document)
    assert len(copies()) == 1
    with notices().answering("delete"):
        offer_recovery(document)
    assert copies() == []
    assert document.project is before


def test_only_the_copy_of_the_opened_file_is_offered(document, tmp_path):
    path = tmp_path / "net.chainrule"
    files.save(sample_projects.digits(), path)
    recovery.write(Project(name="Unsaved"), None)
    recovery.write(sample_projects.spiral(), path)
    document.open(path)
    with notices().answering("open"):
        offer_recovery(document, path)
    assert document.project == sample_projects.spiral()
    assert document.path == path
    assert [copy.document for copy in copies()] == [None]
    with notices().answering():
        offer_recovery(document, path)


def test_a_damaged_copy_is_told_and_can_be_deleted(document):
    copy = crashed(sample_projects.spiral())
    copy.path.write_text("nonsense", encoding="utf-8")
    with notices().answering():
        offer_recovery(document)
    notice = notices().history[-1]
    assert "damaged" in notice.text
    [(label, act)] = notice.actions
    assert label == "Delete the copy"
    act()
    assert copies() == []


def test_a_copy_damaged_further_in_is_told_when_it_is_wanted(document, said):
    copy = crashed(sample_projects.spiral())
    text = copy.path.read_text(encoding="utf-8")
    copy.path.write_text(text[: len(text) // 2], encoding="utf-8")
    before = document.project
    with notices().answering("open"):
        offer_recovery(document)
    assert document.project is before
    assert said()


def test_the_copies_are_in_the_users_folder(document):
    homes = [os.environ[name] for name in ("XDG_STATE_HOME", "HOME", "LOCALAPPDATA")]
    assert any(recovery.folder().is_relative_to(home) for home in homes)
