from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine import edits, files
from engine.dataspec import DataFacts, Field
from engine.problem import FileError
from gui.document import Change, Document, new_project
from tests.helpers import sample_projects


@pytest.fixture
def document(qapp) -> Document:
    return Document(sample_projects.spiral())


def record(signal) -> list:
    got: list = []
    signal.connect(lambda *args: got.append(args[0] if args else None))
    return got


def set_units(document: Document, units: int, merge: str = "") -> None:
    project, touched = edits.set_params(document.project, "dense1", {"out_features": units})
    document.edit(f"{units} units", project, touched, merge=merge)


def units(document: Document) -> object:
    return document.project.graph.node("dense1").params["out_features"]


def test_an_edit_is_checked_then_told(document):
    order: list[str] = []
    document.checked.connect(lambda result: order.append(f"checked {result.parameters}"))
    document.changed.connect(lambda change: order.append(f"changed {sorted(change.touched)}"))
    set_units(document, 3)
    assert order == ["checked 13", "changed ['dense1']"]
    assert document.result.nodes["dense1"].outputs["out"].shape == ("N", 3)


def test_what_was_tried_is_not_checked_again_when_it_is_done(document):
    project, touched = edits.set_params(document.project, "dense1", {"out_features": 3})
    tried = document.trial(project, touched)
    moved, _ = edits.move_nodes(project, {"dense1": (8.0, 16.0)})  # places are nothing to a check
    document.edit("3 units", moved, touched)
    assert document.result is tried
    other, touched = edits.set_params(document.project, "dense1", {"out_features": 4})
    document.trial(other, touched)
    set_units(document, 5)  # something else is done in the end
    assert document.result.nodes["dense1"].outputs["out"].shape == ("N", 5)


def test_undo_and_redo_swap_the_very_same_values(document):
    before = document.project
    set_units(document, 3)
    after = document.project
    changes = record(document.changed)
    document.undo_stack.undo()
    assert document.project is before
    document.undo_stack.redo()
    assert document.project is after
    assert [change.touched for change in changes] == [frozenset({"dense1"})] * 2
    assert document.undo_stack.undoText() == "3 units"


def test_an_edit_that_changes_nothing_is_no_step(document):
    changes = record(document.changed)
    set_units(document, 8)
    assert (document.undo_stack.count(), changes, document.is_clean) == (0, [], True)


def test_steps_in_a_row_merge_until_the_user_turns_away(document):
    for value in (9, 10, 11):
        set_units(document, value, merge="dense1.out_features")
    assert document.undo_stack.count() == 1
    document.end_merge()
    set_units(document, 12, merge="dense1.out_features")
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert units(document) == 11
    document.undo_stack.undo()
    assert units(document) == 8


def test_other_edits_do_not_merge(document):
    set_units(document, 9, merge="a")
    set_units(document, 10, merge="b")
    set_units(document, 11)
    set_units(document, 12)
    assert document.undo_stack.count() == 4


def test_merged_back_to_the_start_is_no_step_at_all(document):
    set_units(document, 9, merge="m")
    set_units(document, 8, merge="m")
    assert (document.undo_stack.count(), document.undo_stack.canUndo(), document.is_clean) == (0, False, True)
    assert units(document) == 8


def test_moving_blocks_does_not_check(document):
    results, changes = record(document.checked), record(document.changed)
    document.edit("Move", edits.move_nodes(document.project, {"dense1": (5.0, 6.0)})[0], moved=frozenset({"dense1"}))
    assert (results, changes) == ([], [Change(moved=frozenset({"dense1"}))])


def test_a_rename_is_reversed_by_undo(document):
    project, touched = edits.rename_node(document.project, "dense1", "first")
    changes = record(document.changed)
    document.edit("Rename", project, touched, renamed=(("dense1", "first"),))
    document.undo_stack.undo()
    assert [change.renamed for change in changes] == [(("dense1", "first"),), (("first", "dense1"),)]


def test_joined_changes_remember_everything():
    first = Change(frozenset("a"), frozenset("m"), (("a", "b"),))
    assert first.joined(Change(frozenset("c"), whole=True)) == Change(
        frozenset("ac"), frozenset("m"), (("a", "b"),), whole=True
    )


def test_replacing_tells_in_order_and_empties_the_history(document):
    set_units(document, 3)
    order: list[str] = []
    document.replaced.connect(lambda: order.append(f"replaced, {document.result.parameters} parameters"))
    document.checked.connect(lambda _: order.append("checked"))
    document.path_changed.connect(lambda: order.append("path"))
    document.replace(sample_projects.digits())
    assert order == [f"replaced, {document.result.parameters} parameters", "checked", "path"]
    assert document.result.parameters == 64 * 32 + 32 + 32 * 10 + 10
    assert (document.undo_stack.count(), document.is_clean, document.path) == (0, True, None)


def test_saving_makes_clean_and_reopening_gives_the_same(document, tmp_path):
    set_units(document, 3)
    path = tmp_path / "net.chainrule"
    clean = record(document.clean_changed)
    document.save(path)
    assert clean[-1] is True
    assert (document.path, document.folder, document.title) == (path, tmp_path, "net.chainrule")
    other = Document()
    other.open(path)
    assert other.project == document.project
    assert other.is_clean


def test_a_failed_save_changes_nothing(document, tmp_path):
    set_units(document, 3)
    before = document.project
    with pytest.raises(FileError):
        document.save(tmp_path / "nowhere" / "net.chainrule")
    assert document.project is before
    assert (document.is_clean, document.path) == (False, None)


def test_a_file_that_cannot_be_read_leaves_the_document(document, tmp_path):
    path = tmp_path / "bad.chainrule"
    path.write_text('{"format": "chainrule", "version": 1, "nodes": [', encoding="utf-8")
    before = document.project
    with pytest.raises(FileError):
        document.open(path)
    assert document.project is before


def trained(count: int) -> dict[str, np.ndarray]:
    return {"dense1.weight": np.full((count, 2), 0.25, dtype=np.float32)}


def test_saving_with_few_weights_is_an_edit_that_undo_takes_back(document, tmp_path):
    document.save(tmp_path / "net.chainrule", trained(8))
    assert document.project.parameters["dense1.weight"] == ((0.25, 0.25),) * 8
    assert document.is_clean
    document.undo_stack.undo()
    assert (len(document.project.parameters), document.is_clean) == (0, False)


def test_undo_does_not_bring_back_a_weights_file_that_a_save_replaced(document, tmp_path):
    set_units(document, 3000)
    path = tmp_path / "net.chainrule"
    document.save(path, trained(3000))
    first = document.project.weights
    assert (tmp_path / first).is_file()
    document.save(path, {"dense1.weight": np.zeros((3000, 2), dtype=np.float32)})
    second = document.project.weights
    assert second != first
    assert not (tmp_path / first).exists()
    document.undo_stack.undo()
    assert document.project.weights == second
    document.undo_stack.undo()
    assert document.project.weights == ""


def test_a_recovered_document_is_one_step_away_from_its_file(qapp, tmp_path):
    path = tmp_path / "net.chainrule"
    saved = files.save(sample_projects.spiral(), path)
    edited = edits.set_params(saved, "dense1", {"out_features": 3})[0]
    document = Document()
    document.recover(edited, path)
    assert document.project == edited
    assert not document.is_clean
    document.undo_stack.undo()
    assert document.project == saved


def test_data_files_are_asked_for_once_and_checked_when_read(qapp, tmp_path):
    (tmp_path / "table.csv").write_text("a,b,y\n1,2,3\n4,5,6\n7,8,9\n", encoding="utf-8")
    project = sample_projects.chain(
        "CSV",
        [
            ("Input", "data", {"dataset": "csv", "path": "table.csv"}),
            ("Dense", "dense1", {"out_features": 1}),
            ("Loss", "loss", {"function": "mse"}),
        ],
    )
    document = Document()
    wanted = record(document.facts_wanted)
    document.replace(project, None, tmp_path)
    assert [problem.code for problem in document.result.problems] == ["D00"]
    [[(key, params)]] = wanted
    assert params["path"] == "table.csv"
    document.ask_for_facts()
    assert len(wanted) == 1
    changes = record(document.changed)
    tried = document.trial(document.project, frozenset())  # without the data
    fields = (Field("x", (2,), columns=("a", "b")), Field("y", (1,), columns=("y",)))
    document.put_facts(key, DataFacts(fields, (3, 0, 0)))
    assert document.result.trainable
    assert not tried.trainable
    assert [sorted(change.touched) for change in changes] == [["data"]]


def test_saving_elsewhere_looks_for_the_data_there(document, tmp_path):
    document.save(tmp_path / "net.chainrule")
    results = record(document.checked)
    document.save(tmp_path / "again.chainrule")
    assert results == []
    (tmp_path / "other").mkdir()
    document.save(tmp_path / "other" / "net.chainrule")
    assert len(results) == 1


def test_an_empty_document_has_a_title_and_a_result(qapp):
    document = Document()
    assert document.title == "Untitled"
    assert not document.result.trainable
    assert document.project == new_project()


def test_the_folder_of_an_example_is_kept(document):
    example = Path(__file__).parents[2] / "assets" / "examples" / "xor.chainrule"
    document.open_copy(example)
    assert (document.path, document.folder, document.is_clean) == (None, example.parent, True)
