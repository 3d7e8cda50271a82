from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from engine import edits
from engine.problem import Problem
from gui import relink
from gui.document import Document
from gui.notices import notices
from gui.relink import Relink
from tests.helpers import sample_projects


def table_document(dataset: str, **params) -> Document:
    steps = [("Input", "data", {"dataset": dataset, **params}), ("Loss", "loss", {})]
    return Document(sample_projects.chain("Table", steps))


@pytest.fixture
def window(shown) -> QWidget:
    return shown(QWidget())


def missing(said) -> list[str]:
    return [text for text in said() if "does not exist" in text]


def test_a_missing_file_is_told_once_and_found_again(window, tmp_path, monkeypatch, said):
    document = Document()
    Relink(document, window)
    document.replace(table_document("csv", path="lost.csv").project, None, tmp_path)
    assert len(missing(said)) == 1
    document.recheck()
    assert len(missing(said)) == 1
    (tmp_path / "found.csv").write_text("a,y\n1,2\n", encoding="utf-8")
    asked = []

    def answer(_window, title, start, pattern):
        asked.append((title, start, pattern))
        return tmp_path / "found.csv"

    monkeypatch.setattr(relink, "ask_open_path", answer)
    notice = next(notice for notice in reversed(notices().history) if "does not exist" in notice.text)
    [(label, act)] = notice.actions
    assert label == "Find it…"
    act()
    assert asked == [("Find the data file", tmp_path, "(*.csv *.tsv *.txt)")]
    assert document.project.graph.node("data").params["path"] == "found.csv"
    assert document.undo_stack.undoText() == "Relink found.csv"
    assert not [problem for problem in document.result.problems if problem.code == "D03"]


@pytest.mark.parametrize(("dataset", "parameter"), [("images", "path"), ("mnist", "folder")])
def test_a_missing_folder_is_asked_for_as_a_folder(window, tmp_path, monkeypatch, dataset, parameter):
    document = table_document(dataset, **{parameter: "lost"})
    handler = Relink(document, window)
    monkeypatch.setattr(relink, "ask_folder", lambda *_: tmp_path)
    handler.ask("data")
    assert document.project.graph.node("data").params[parameter] == tmp_path.as_posix()


def test_a_file_that_was_never_chosen_is_no_loss(window, said):
    document = Document()
    Relink(document, window)
    document.replace(table_document("csv").project)
    assert document.result.problems[0].code == "D03"
    assert said() == []


def test_data_that_were_mended_meanwhile_are_read_again(window, tmp_path):
    document = table_document("csv", path=str(tmp_path / "late.csv"))
    handler = Relink(document, window)
    wanted = []
    document.facts_wanted.connect(wanted.extend)
    handler.look_again(Qt.ApplicationState.ApplicationInactive)
    (tmp_path / "late.csv").write_text("a,y\n1,2\n", encoding="utf-8")
    assert [problem.code for problem in document.result.errors][:1] == ["D03"]
    handler.look_again()
    assert [params["path"] for _, params in wanted] == [str(tmp_path / "late.csv")]
    document.put_facts(wanted[0][0], Problem("error", "D04", None, None, "It has no numbers."))
    handler.look_again()
    assert len(wanted) == 2


def test_thinking_better_of_it_changes_nothing(window, monkeypatch):
    document = table_document("csv", path="lost.csv")
    handler = Relink(document, window)
    monkeypatch.setattr(relink, "ask_open_path", lambda *_: None)
    handler.ask("data")
    assert document.is_clean


def test_a_block_that_is_gone_by_then_is_not_asked_about(window, monkeypatch):
    monkeypatch.setattr(relink, "ask_open_path", lambda *_: pytest.fail("asked"))
    document = table_document("csv", path="lost.csv")
    handler = Relink(document, window)
    document.edit("delete", *edits.remove_nodes(document.project, ["data"]))
    handler.ask("data")


def test_another_document_takes_the_warning_away(window, monkeypatch):
    document = Document()
    Relink(document, window)
    document.replace(table_document("csv", path="lost.csv").project)
    dismissed = []
    monkeypatch.setattr(notices(), "dismiss", dismissed.append)
    document.replace(sample_projects.spiral())
    assert len(dismissed) == 1
