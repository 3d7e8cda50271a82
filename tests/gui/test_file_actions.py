from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog, QWidget

from engine import edits, files
from engine.events import Exported, StateChanged, WeightsTaken
from engine.graph import Project
from gui import file_actions, file_dialogs
from gui.actions import make_actions
from gui.document import new_project
from gui.file_actions import FileActions
from gui.notices import notices
from gui.run_keeping import RunKeeping
from gui.toasts import ToastArea
from tests.helpers import sample_projects


@pytest.fixture
def acts(feed_of, shown) -> FileActions:
    """File actions of a window on the spiral; `acts.actions`, `acts.document` and `acts.feed` go with them."""
    feed = feed_of(sample_projects.spiral())
    window = shown(QWidget())
    actions = make_actions(window, feed.document.undo_stack)
    runs = RunKeeping(actions, feed.document, feed, window)
    made = FileActions(actions, feed.document, feed, runs, window)
    made.actions, made.document, made.feed = actions, feed.document, feed
    return made


def edit(acts, units: int = 3) -> Project:
    project, touched = edits.set_params(acts.document.project, "dense1", {"out_features": units})
    acts.document.edit("edit", project, touched)
    return acts.document.project


def choose(monkeypatch, path: Path | None) -> list[tuple]:
    """What the file dialogs answer; returns what they were asked."""
    asked: list[tuple] = []

    def answer(_window, title, start, *rest):
        asked.append((title, Path(start), *rest))
        return path

    monkeypatch.setattr(file_actions, "ask_save_path", answer)
    monkeypatch.setattr(file_actions, "ask_open_path", answer)
    return asked


# -- unsaved changes --


def test_a_saved_document_is_left_without_a_question(acts):
    with notices().answering():
        assert acts.may_leave(acts.new)
        acts.actions.new.trigger()
    assert acts.document.project == new_project()


def test_discard_leaves_and_cancel_stays(acts):
    project = edit(acts)
    with notices().answering("cancel"):
        acts.new()
    assert acts.document.project is project
    with notices().answering("discard"):
        acts.new()
    assert acts.document.project == new_project()
    assert notices().asked[0].title == "Save changes to Spiral?"


def test_save_saves_first(acts, monkeypatch, tmp_path):
    project = edit(acts)
    asked = choose(monkeypatch, tmp_path / "mine.chainrule")
    with notices().answering("save"):
        acts.new()
    assert files.load(tmp_path / "mine.chainrule") == project
    assert acts.document.project == new_project()
    assert asked[0][1].name == "Spiral.chainrule"


def test_save_that_is_called_off_stays(acts, monkeypatch):
    project = edit(acts)
    choose(monkeypatch, None)
    with notices().answering("save"):
        acts.new()
    assert acts.document.project is project


@pytest.mark.parametrize("way", ["open", "example"])
def test_opening_asks_about_unsaved_changes_too(acts, tmp_path, way):
    project = edit(acts)
    files.save(Project(name="Other"), tmp_path / "other.chainrule")
    with notices().answering("cancel"):
        opened = acts.open(tmp_path / "other.chainrule") if way == "open" else acts.open_example("xor.chainrule")
    assert not opened
    assert acts.document.project is project


# -- opening --


def test_a_file_is_opened_and_remembered(acts, tmp_path, monkeypatch):
    path = tmp_path / "net.chainrule"
    files.save(sample_projects.digits(), path)
    choose(monkeypatch, path)
    acts.actions.open.trigger()
    assert (acts.document.project.name, acts.document.path) == ("Digits", path)
    assert acts.recent() == [path]


def test_a_damaged_file_is_told_and_stays_among_the_recent(acts, tmp_path, said):
    path = tmp_path / "net.chainrule"
    files.save(sample_projects.digits(), path)
    acts.open(path)
    path.write_text("{", encoding="utf-8")
    before = acts.document.project
    assert not acts.open(path)
    assert acts.document.project is before
    assert "net.chainrule" in said()[-1]
    assert acts.recent() == [path]


def test_a_file_that_is_gone_is_forgotten(acts, tmp_path, said):
    path = tmp_path / "net.chainrule"
    files.save(sample_projects.digits(), path)
    acts.open(path)
    path.unlink()
    assert not acts.open(path)
    assert said()[-1]
    assert acts.recent() == []


def test_recent_files_are_few_newest_first_and_each_once(acts, tmp_path):
    paths = [tmp_path / f"net{index}.chainrule" for index in range(12)]
    for path in [*paths, paths[5]]:
        files.save(Project(), path)
        acts.open(path)
    assert acts.recent() == [paths[5], *[path for path in reversed(paths) if path != paths[5]]][:10]


def test_an_example_is_a_pristine_unnamed_copy(acts):
    assert acts.open_example("spiral.chainrule")
    assert (acts.document.path, acts.document.is_clean, acts.recent()) == (None, True, [])


# -- saving --


def test_the_first_save_asks_where_the_second_does_not(acts, monkeypatch, tmp_path):
    edit(acts)
    asked = choose(monkeypatch, tmp_path / "net.chainrule")
    acts.actions.save.trigger()
    edit(acts, 4)
    acts.actions.save.trigger()
    assert len(asked) == 1
    assert files.load(tmp_path / "net.chainrule") == acts.document.project
    assert acts.document.is_clean


def test_save_as_keeps_the_old_file(acts, monkeypatch, tmp_path):
    acts.save(tmp_path / "one.chainrule")
    one = files.load(tmp_path / "one.chainrule")
    edit(acts)
    asked = choose(monkeypatch, tmp_path / "two.chainrule")
    acts.actions.save_as.trigger()
    assert asked[0][1] == tmp_path / "one.chainrule"
    assert files.load(tmp_path / "one.chainrule") == one
    assert acts.document.path == tmp_path / "two.chainrule"


def test_a_failed_save_keeps_the_document_and_offers_another_place(acts, monkeypatch, tmp_path):
    project = edit(acts)
    assert not acts.save(tmp_path / "nowhere" / "net.chainrule")
    assert acts.document.project is project
    assert not acts.document.is_clean
    notice = notices().history[-1]
    assert notice.text.startswith("The file was not saved.")
    choose(monkeypatch, tmp_path / "here.chainrule")
    [(label, act)] = notice.actions
    assert label == "Save elsewhere…"
    act()
    assert files.load(tmp_path / "here.chainrule") == project


def test_a_title_that_is_no_file_name_becomes_one(acts, monkeypatch):
    acts.document.edit("name", edits.set_meta(acts.document.project, name="a/b: c?*.")[0])
    asked = choose(monkeypatch, None)
    assert not acts.ask_save_as()
    assert asked[0][1].name == "a-b- c--.chainrule"


def csv_document(acts, folder: Path, path: str) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "table.csv").write_text("a,y\n1,2\n3,4\n", encoding="utf-8")
    steps = [("Input", "data", {"dataset": "csv", "path": path}), ("Loss", "loss", {})]
    files.save(sample_projects.chain("CSV", steps), folder / "net.chainrule")
    acts.open(folder / "net.chainrule")


def data_path(acts) -> str:
    return acts.document.project.graph.node("data").params["path"]


def test_relative_data_paths_follow_a_file_saved_elsewhere(acts, tmp_path):
    csv_document(acts, tmp_path / "old", "data/table.csv")
    (tmp_path / "new").mkdir()
    assert acts.save(tmp_path / "new" / "net.chainrule")
    assert data_path(acts) == "../old/data/table.csv"
    assert files.load(tmp_path / "new" / "net.chainrule") == acts.document.project
    assert acts.document.is_clean
    assert acts.save(tmp_path / "new" / "again.chainrule")
    assert acts.document.undo_stack.count() == 1


def test_a_save_that_fails_leaves_the_data_paths(acts, tmp_path):
    csv_document(acts, tmp_path / "old", "data/table.csv")
    assert not acts.save(tmp_path / "nowhere" / "net.chainrule")
    assert data_path(acts) == "data/table.csv"
    assert acts.document.is_clean


def test_absolute_data_paths_stay(acts, tmp_path):
    path = str(tmp_path / "old" / "data" / "table.csv")
    csv_document(acts, tmp_path / "old", path)
    (tmp_path / "new").mkdir()
    acts.save(tmp_path / "new" / "net.chainrule")
    assert data_path(acts) == path


# -- with trained weights --


def trained(acts, sessions):
    acts.feed.play()
    sessions[0].post(StateChanged("paused", step=7))
    acts.feed.drain()
    return sessions[0]


def test_weights_are_taken_saved_and_told(acts, sessions, tmp_path, said):
    acts.save(tmp_path / "net.chainrule")
    session = trained(acts, sessions)
    acts.actions.save_weights.trigger()
    name, request = session.commands[-1]
    assert name == "weights"
    weights = {"dense1.bias": np.arange(8, dtype=np.float32)}
    session.post(WeightsTaken(request + 99, {}, 1), WeightsTaken(request, weights, 7))
    acts.feed.drain()
    assert said()[-1] == "Saved with the weights of step 7."
    saved = files.load(tmp_path / "net.chainrule")
    assert saved.parameters["dense1.bias"] == tuple(range(8))
    assert acts.document.is_clean
    assert not acts.feed.stale  # the session knows them as its start values


def test_the_offer_to_save_weights_goes_with_them(acts, sessions, tmp_path):
    area = ToastArea(acts.parent())
    trained(acts, sessions)
    acts.save(tmp_path / "net.chainrule")
    offer = notices().history[-1]
    assert offer.text == "Saved. What the network has learned is not in the file."
    assert offer in [card.notice for card in area.cards]
    with notices().answering("discard"):
        acts.new()
    assert offer not in [card.notice for card in area.cards]


def test_without_a_training_there_are_no_weights_to_save(acts, sessions, said):
    acts.actions.save_weights.trigger()
    assert said()[-1].startswith("Nothing is trained yet")
    assert sessions == []


def test_weights_of_another_graph_are_not_saved(acts, sessions, said, tmp_path):
    acts.save(tmp_path / "net.chainrule")
    session = trained(acts, sessions)
    edit(acts)
    acts.actions.save_weights.trigger()
    assert "edited since" in said()[-1]
    assert "weights" not in session.names()


# -- exporting --


@pytest.mark.parametrize(("kind", "suffix"), [("pytorch", ".py"), ("weights", ".safetensors")])
def test_exports_are_asked_for_done_and_told(acts, sessions, monkeypatch, tmp_path, said, kind, suffix):
    path = tmp_path / f"net{suffix}"
    asked = choose(monkeypatch, path)
    getattr(acts.actions, f"export_{kind}").trigger()
    assert asked[0][1].name == path.name
    assert sessions[0].commands[-1][:3] == ("export", kind, path)
    acts.feed.drain()
    assert said()[-1] == f"Exported to {path}."


def test_an_export_that_failed_is_told(acts, said):
    acts.feed.session.post(Exported(1, error="The disk is full."))
    acts.feed.drain()
    assert said()[-1] == "The disk is full."


def test_a_graph_with_problems_is_not_exported(acts, sessions, monkeypatch, said):
    edit(acts, 0)
    asked = choose(monkeypatch, None)
    acts.ask_export("pytorch")
    assert (asked, sessions) == ([], [])
    assert said()[-1].startswith("This network cannot be exported yet.")


# -- the dialogs --


@pytest.mark.parametrize(
    ("typed", "there", "answers", "expected"),
    [
        ("net", False, (), "net.chainrule"),
        ("net.chainrule", True, (), "net.chainrule"),  # the dialog itself has asked
        ("net.v2", False, (), "net.v2.chainrule"),
        ("net", True, ("replace",), "net.chainrule"),
        ("net", True, ("cancel",), None),
        ("", False, (), None),
    ],
)
def test_a_missing_suffix_is_added_and_nothing_overwritten_unasked(
    qapp, monkeypatch, tmp_path, typed, there, answers, expected
):
    if there:
        (tmp_path / "net.chainrule").write_text("", encoding="utf-8")
    name = str(tmp_path / typed) if typed else ""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (name, ""))
    with notices().answering(*answers):
        path = file_dialogs.ask_save_path(QWidget(), "Save", tmp_path, "*", ".chainrule")
    assert path == (tmp_path / expected if expected else None)


def test_chosen_files_and_folders_come_as_paths(qapp, monkeypatch, tmp_path):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a"), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    assert file_dialogs.ask_open_path(QWidget(), "Open", tmp_path, "*") == tmp_path / "a"
    assert file_dialogs.ask_folder(QWidget(), "Open", tmp_path) is None


# -- somebody else at the same file --


def test_what_another_program_wrote_is_not_written_over_without_a_question(acts, tmp_path, monkeypatch):
    path, other = tmp_path / "net.chainrule", tmp_path / "other.chainrule"
    with notices().answering():
        assert acts.save(path)
        edit(acts)
        assert acts.save(path), "its own writing is no surprise"
    theirs = Project(name="theirs")
    files.save(theirs, path)
    mine = edit(acts, 5)
    with notices().answering("cancel"):
        assert not acts.save(path)
    assert files.load(path) == theirs
    assert not acts.document.is_clean
    choose(monkeypatch, other)
    with notices().answering("elsewhere"):
        assert acts.save(path)
    assert (files.load(path), files.load(other).graph) == (theirs, mine.graph)
    assert acts.document.path == other
    files.save(theirs, other)
    edit(acts, 6)
    with notices().answering("overwrite"):
        assert acts.save(other)
    assert files.load(other).graph == acts.document.project.graph
    other.unlink()
    with notices().answering():
        assert acts.save(other), "what is gone can be written again"
