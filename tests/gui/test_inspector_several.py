"""Parameters of several blocks at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from engine import edits
from engine.graph import Project
from gui.inspector.panel import Inspector
from gui.selection import Selection
from gui.widgets.number_edit import IntEdit

LEFT = Qt.MouseButton.LeftButton


def project(*blocks) -> Project:
    made = Project()
    for name, kind, params in blocks:
        made, _, _ = edits.add_node(made, kind, (0.0, 0.0), node_id=name, params=params)
    return made


THREE = project(
    ("one", "Dense", {"out_features": 8}),
    ("two", "Dense", {"out_features": 16, "bias": False}),
    ("drop", "Dropout", {}),
    ("conv", "Conv2d", {"out_channels": 4}),
)


@pytest.fixture
def inspector(feed_of, shown, qtbot):
    feed = feed_of(THREE)
    selection = Selection()
    made = shown(Inspector(feed.document, selection, feed), 300, 780)
    made.selection, made.document = selection, feed.document
    return made


def params(inspector, name):
    return dict(inspector.document.project.graph.node(name).params)


def shown_params(inspector):
    form = inspector.several.form
    return set() if form is None else set(form._params)


def align_buttons(inspector):
    return {
        button.objectName(): button.text()
        for button in inspector.several.findChildren(QPushButton)
        if button.objectName().startswith("align_") and not button.isHidden()
    }


def test_one_edit_sets_all_and_is_one_undo_step(inspector):
    inspector.selection.set({"one", "two"})
    number = inspector.several.form.editor("out_features").findChild(IntEdit)
    assert number.value() == 8  # the first one's
    inspector.several.form.edited.emit("out_features", 32, False)
    assert [params(inspector, name)["out_features"] for name in ("one", "two")] == [32, 32]
    assert inspector.document.undo_stack.count() == 1
    assert inspector.document.undo_stack.text(0) == "Set out_features of 2 blocks"
    assert number.value() == 32
    inspector.document.undo_stack.undo()
    assert inspector.document.project == THREE


def test_where_they_differ_it_says_so_and_offers_to_align(inspector, qtbot):
    inspector.selection.set({"one", "two"})
    assert align_buttons(inspector) == {"align_out_features": "Set all to 8", "align_bias": "Set all to true"}
    button = inspector.several.findChild(QPushButton, "align_out_features")
    qtbot.mouseClick(button, LEFT)
    assert params(inspector, "two") == {"out_features": 8, "bias": False}
    assert align_buttons(inspector) == {"align_bias": "Set all to true"}


def test_blocks_of_different_kinds_share_what_they_declare_alike(inspector):
    inspector.selection.set({"one", "conv"})
    assert {"weight_init", "bias"} <= shown_params(inspector)
    assert not {"out_features", "out_channels", "kernel_size"} & shown_params(inspector)
    inspector.selection.set({"one", "drop"})
    assert shown_params(inspector) == set()
    assert "share no parameter" in inspector.several._caption.text()


def test_a_number_turned_in_one_go_is_one_step(inspector):
    inspector.selection.set({"one", "two"})
    for value in (9, 10, 11):
        inspector.several.form.edited.emit("out_features", value, True)
    assert inspector.document.undo_stack.count() == 1
    assert params(inspector, "two")["out_features"] == 11


def test_a_block_that_is_gone_is_left_out(inspector):
    inspector.selection.set({"one", "two", "conv"})
    document = inspector.document
    document.edit("remove", *edits.remove_nodes(document.project, {"conv"}))
    assert "out_features" in shown_params(inspector)
    inspector.several.form.edited.emit("out_features", 5, False)
    assert params(inspector, "one")["out_features"] == 5
