"""Names in the weights file follow what happens in the document, undo included."""

from pathlib import Path

import numpy as np
import pytest

from engine import edits, files, tensorfile
from gui.document import Document
from tests.helpers.sample_projects import spiral

WEIGHTS = {"dense1.weight": np.ones(5000)}


@pytest.fixture
def document(qapp):
    document = Document(spiral())
    yield document
    document.deleteLater()


def saved_names(path: Path) -> set[str]:
    return set(tensorfile.read(path.parent / files.load(path).weights)[0])


def rename(document: Document, old: str, new: str) -> None:
    project, touched = edits.rename_node(document.project, old, new)
    document.edit("Rename", project, touched, renamed=((old, new),))


def test_a_rename_and_its_undoing_reach_the_weights_file_at_each_save(document, tmp_path):
    path = tmp_path / "net.chainrule"
    document.save(path, WEIGHTS)
    rename(document, "dense1", "hidden")
    document.save(path)
    assert saved_names(path) == {"hidden.weight"}
    document.undo_stack.undo()
    document.save(path)
    assert saved_names(path) == {"dense1.weight"}
    document.undo_stack.redo()
    document.undo_stack.undo()
    document.undo_stack.redo()
    document.save(path)
    assert saved_names(path) == {"hidden.weight"}
    assert files.load(path) == document.project


def test_a_rename_that_is_undone_before_the_save_changes_nothing(document, tmp_path):
    path = tmp_path / "net.chainrule"
    document.save(path, WEIGHTS)
    before = sorted(entry.name for entry in tmp_path.iterdir())
    rename(document, "dense1", "hidden")
    document.undo_stack.undo()
    document.save(path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == before


def test_small_weights_stay_in_the_document_after_a_save(document, tmp_path):
    path = tmp_path / "net.chainrule"
    document.save(path, {"dense1.bias": np.ones(8)})
    assert document.is_clean
    assert document.project.parameters["dense1.bias"] == (1.0,) * 8
    document.save(path)
    assert files.load(path) == document.project


def test_saved_elsewhere_the_weights_come_along(document, tmp_path):
    document.save(tmp_path / "net.chainrule", WEIGHTS)
    (tmp_path / "there").mkdir()
    document.save(tmp_path / "there" / "other.chainrule")
    assert document.project.weights.startswith("other.")
    assert saved_names(tmp_path / "there" / "other.chainrule") == {"dense1.weight"}
    assert saved_names(tmp_path / "net.chainrule") == {"dense1.weight"}
