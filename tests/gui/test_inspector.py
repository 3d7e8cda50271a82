from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
)

from engine import edits, param
from engine.block import registry
from engine.graph import Project, Wire
from engine.settings import TRAINING
from gui.formula import FormulaWidget
from gui.inspector import text_editors
from gui.inspector.array_editor import ArrayDialog, numbers, rows_text
from gui.inspector.factory import MAKERS
from gui.inspector.form import ParamForm
from gui.inspector.panel import Inspector
from gui.inspector.settings_page import GROUPS
from gui.selection import Selection
from gui.widgets.number_edit import IntEdit, NumberEdit
from gui.widgets.section import Section
from gui.widgets.switch import Switch
from tests.helpers import sample_projects

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def inspector_of(feed_of, shown, qtbot):
    """Makes an inspector of a project, 300 × 780, that has the keyboard; the selection is its `selection`."""

    def make(project: Project, *selected: str) -> Inspector:
        feed = feed_of(project)
        selection = Selection()
        inspector = shown(Inspector(feed.document, selection, feed), 300, 780)
        inspector.selection = selection
        inspector.feed = feed
        inspector.document = feed.document
        inspector.window().activateWindow()
        qtbot.waitUntil(inspector.window().isActiveWindow)
        selection.set(selected)
        return inspector

    return make


def one(kind: str, **params) -> Project:
    """A project of one block, called `it`."""
    return edits.add_node(Project(), kind, (0, 0), node_id="it", params=params)[0]


def value(inspector, name: str):
    return inspector.document.project.graph.node("it").params.get(name)


def editor(inspector, name: str, kind: type):
    found = inspector.page.form.editor(name).findChild(kind)
    assert found is not None
    return found


def steps(inspector) -> list[str]:
    stack = inspector.document.undo_stack
    return [stack.text(index) for index in range(stack.count())]


def type_text(qtbot, field, text: str, key=Qt.Key.Key_Return) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, key)


def expand(inspector) -> None:
    """Open every folded section."""
    for section in inspector.findChildren(Section):
        section.set_expanded(True)


def visible_texts(widget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


# -- each kind of parameter, by hand --


def test_every_kind_of_parameter_has_an_editor():
    kinds = {kind for kind in vars(param).values() if isinstance(kind, type) and issubclass(kind, param.Param)}
    assert set(MAKERS) == kinds - {param.Param}


def test_a_whole_number_is_typed(inspector_of, qtbot):
    inspector = inspector_of(one("Dense"), "it")
    type_text(qtbot, editor(inspector, "out_features", IntEdit), "12")
    assert (value(inspector, "out_features"), steps(inspector)) == (12, ["Set out_features of it"])


def test_a_number_is_typed(inspector_of, qtbot):
    inspector = inspector_of(one("Dropout"), "it")
    type_text(qtbot, editor(inspector, "p", NumberEdit), "0.25")
    assert (value(inspector, "p"), len(steps(inspector))) == (0.25, 1)


def test_leaving_the_field_takes_the_number_over(inspector_of, qtbot):
    inspector = inspector_of(one("Dense"), "it")
    type_text(qtbot, editor(inspector, "out_features", IntEdit), "12", Qt.Key.Key_Tab)
    assert (value(inspector, "out_features"), len(steps(inspector))) == (12, 1)


def test_a_switch_is_clicked(inspector_of, qtbot):
    inspector = inspector_of(one("Dense"), "it")
    switch = editor(inspector, "bias", Switch)
    qtbot.mouseClick(switch, LEFT)
    assert (value(inspector, "bias"), len(steps(inspector))) == (False, 1)
    inspector.document.undo_stack.undo()
    assert switch.isChecked()


def test_a_word_is_chosen(inspector_of, qtbot):
    inspector = inspector_of(one("Activation"), "it")
    box = editor(inspector, "function", QComboBox)
    box.setFocus()
    before = box.currentIndex()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    chosen = cast("param.Choice", registry()["Activation"].params["function"]).options[before + 1]
    assert (value(inspector, "function"), len(steps(inspector))) == (chosen, 1)


def test_choosing_the_same_word_again_is_no_step(inspector_of, qtbot):
    inspector = inspector_of(one("Activation"), "it")
    box = editor(inspector, "function", QComboBox)
    box.showPopup()
    qtbot.keyClick(box.view(), Qt.Key.Key_Return)
    assert steps(inspector) == []


def test_several_words_are_ticked(inspector_of, qtbot):
    inspector = inspector_of(sample_projects.spiral())
    expand(inspector)
    form = inspector.settings.forms["limits"]
    box = next(box for box in form.editor("metrics").findChildren(QCheckBox) if box.text() == "accuracy")
    qtbot.mouseClick(box, LEFT, pos=_tick(box))
    assert list(inspector.document.project.training["metrics"]) == ["auto", "accuracy"]
    assert len(steps(inspector)) == 1


def _tick(box: QCheckBox):
    """A place on the mark of a check box."""
    return QPoint(8, box.height() // 2)


def test_a_size_is_typed(inspector_of, qtbot):
    inspector = inspector_of(one("Conv2d"), "it")
    field = editor(inspector, "kernel_size", QLineEdit)
    type_text(qtbot, field, "3 x 5")
    assert (value(inspector, "kernel_size"), field.text()) == ((3, 5), "3 × 5")
    field = editor(inspector, "padding", QLineEdit)
    type_text(qtbot, field, "same")
    assert value(inspector, "padding") == "same"
    assert len(steps(inspector)) == 2


def test_a_shape_is_typed(inspector_of, qtbot):
    inspector = inspector_of(one("Reshape"), "it")
    type_text(qtbot, editor(inspector, "shape", QLineEdit), "1, 8, 8")
    assert (value(inspector, "shape"), len(steps(inspector))) == ((1, 8, 8), 1)


def test_a_text_is_typed_and_offers_are_chosen(inspector_of, qtbot):
    inspector = inspector_of(one("Input", dataset="function"), "it")
    field = editor(inspector, "expression", QLineEdit)
    type_text(qtbot, field, "3*x")
    assert (value(inspector, "expression"), len(steps(inspector))) == ("3*x", 1)
    box = editor(inspector, "expression", QComboBox)
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert value(inspector, "expression") in cast("param.Text", registry()["Input"].params["expression"]).offers
    assert len(steps(inspector)) == 2


def test_names_are_typed_and_ticked(inspector_of, qtbot):
    inspector = inspector_of(one("Input", dataset="circle"), "it")
    type_text(qtbot, editor(inspector, "features", QLineEdit), "x1, x1*x2")
    assert value(inspector, "features") == ("x1", "x1*x2")
    box = next(box for box in inspector.page.form.editor("features").findChildren(QCheckBox) if box.text() == "x2")
    qtbot.mouseClick(box, LEFT, pos=_tick(box))
    assert value(inspector, "features") == ("x1", "x2", "x1*x2")
    assert len(steps(inspector)) == 2


def test_an_empty_target_says_which_column_it_means(inspector_of, qtbot):
    inspector = inspector_of(one("Input", dataset="csv"), "it")
    assert editor(inspector, "target", QLineEdit).placeholderText() == "the last column"


def test_numbers_are_pasted_into_a_dialog(inspector_of, qtbot):
    inspector = inspector_of(one("Input", dataset="inline"), "it")
    qtbot.mouseClick(editor(inspector, "x", QPushButton), LEFT)
    dialog = inspector.window().findChild(ArrayDialog)
    text = dialog.findChild(QPlainTextEdit)
    assert dialog.focusWidget() is text
    qtbot.keyClicks(text, "1 2")
    qtbot.keyClick(text, Qt.Key.Key_Return)
    qtbot.keyClicks(text, "3")
    okay = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    assert not okay.isEnabled()
    assert "needs 2 entries at [1]" in visible_texts(dialog)
    qtbot.keyClicks(text, " 4")
    assert "2 × 2 numbers" in visible_texts(dialog)
    qtbot.keyClick(text, Qt.Key.Key_Tab)
    assert dialog.focusWidget() is okay
    qtbot.keyClick(okay, Qt.Key.Key_Space)
    assert (value(inspector, "x"), len(steps(inspector))) == (((1, 2), (3, 4)), 1)


def test_a_dialog_that_is_cancelled_changes_nothing(inspector_of, qtbot):
    inspector = inspector_of(one("Input", dataset="inline", x=[[1.5]]), "it")
    qtbot.mouseClick(editor(inspector, "x", QPushButton), LEFT)
    dialog = inspector.window().findChild(ArrayDialog)
    qtbot.keyClicks(dialog.findChild(QPlainTextEdit), "9")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert steps(inspector) == []


@pytest.mark.parametrize(
    "given", [None, (1.0, 2.5), ((1, 2), (3, -4)), (((1.0,), (2.0,)), ((3.0,), (4.0,))), ((0.1, 1e-300),)]
)
def test_numbers_survive_their_text(given):
    assert param.Array(doc="").parse(numbers(rows_text(given))) == given


@pytest.mark.parametrize(
    ("text", "why"),
    [("1 2\n3 x", 'row 2: "x" is no number'), ("[[1, 2", "Expecting"), ("[" * 99_999, "nested too deep")],
)
def test_texts_that_are_no_numbers_say_where(text, why):
    with pytest.raises(ValueError, match=why):
        numbers(text)


def test_blocks_are_ticked_as_references(inspector_of, qtbot):
    project = sample_projects.spiral()
    project = edits.add_node(project, "Regularizer", (0, 300), node_id="it")[0]
    inspector = inspector_of(project, "it")
    boxes = {box.text(): box for box in inspector.page.form.findChildren(QCheckBox)}
    assert {"dense1", "dense2"} <= set(boxes)
    qtbot.mouseClick(boxes["dense2"], LEFT, pos=_tick(boxes["dense2"]))
    names = [name for name, kind in registry()["Regularizer"].params.items() if isinstance(kind, param.Refs)]
    assert (value(inspector, names[0]), len(steps(inspector))) == (("dense2",), 1)


# -- numbers in a row --


def test_turning_a_number_is_one_step_until_the_keyboard_goes_elsewhere(inspector_of, qtbot):
    inspector = inspector_of(one("Dense"), "it")
    field = editor(inspector, "out_features", IntEdit)
    field.setFocus()
    start = field.value()
    for _ in range(5):
        qtbot.keyClick(field, Qt.Key.Key_Up)
    assert (value(inspector, "out_features"), len(steps(inspector))) == (start + 5, 1)
    editor(inspector, "bias", Switch).setFocus()
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Down)
    assert (value(inspector, "out_features"), len(steps(inspector))) == (start + 4, 2)
    inspector.document.undo_stack.undo()
    inspector.document.undo_stack.undo()
    assert value(inspector, "out_features") is None
    assert field.value() == start


def test_two_parameters_never_merge(inspector_of, qtbot):
    inspector = inspector_of(one("Conv2d"), "it")
    for name in ("out_channels", "groups"):
        expand(inspector)
        field = editor(inspector, name, IntEdit)
        field.setFocus()
        qtbot.keyClick(field, Qt.Key.Key_Up)
    assert len(steps(inspector)) == 2


def test_scrolling_over_the_inspector_changes_nothing(inspector_of):
    inspector = inspector_of(one("Conv2d"), "it")
    for kind in (IntEdit, QComboBox):
        for field in inspector.page.form.findChildren(kind):
            place = QPointF(field.rect().center())
            event = QWheelEvent(
                place,
                field.mapToGlobal(place),
                QPointF(0, 0).toPoint(),
                QPointF(0, 120).toPoint(),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(field, event)
    assert steps(inspector) == []


# -- what is refused --


@pytest.mark.parametrize(
    ("kind", "name", "field", "text", "why"),
    [
        ("Dense", "out_features", IntEdit, "0", "at least 1"),
        ("Dense", "out_features", IntEdit, "abc", "no number"),
        ("Dropout", "p", NumberEdit, "1.5", "at most 1"),
        ("Dropout", "p", NumberEdit, "nan", "not finite"),
        ("Conv2d", "kernel_size", QLineEdit, "0", "kernel size must be at least 1 but is 0"),
        ("Conv2d", "kernel_size", QLineEdit, "1,2,3", "kernel size expects 2 sizes but got 3"),
        ("Conv2d", "kernel_size", QLineEdit, "wide", "kernel size expects a whole number"),
        ("Reshape", "shape", QLineEdit, "1 x a", "expects whole numbers such as 1 × 28 × 28"),
    ],
)
def test_a_refusal_says_why_and_changes_nothing(inspector_of, qtbot, kind, name, field, text, why):
    inspector = inspector_of(one(kind), "it")
    before = inspector.document.project
    widget = editor(inspector, name, field)
    type_text(qtbot, widget, text)
    assert inspector.document.project is before
    assert steps(inspector) == []
    assert why in inspector.page.form.fault(name)
    assert widget.property("error") == "true"
    inspector.grab()


def test_escape_brings_the_value_back(inspector_of, qtbot):
    inspector = inspector_of(one("Conv2d"), "it")
    field = editor(inspector, "kernel_size", QLineEdit)
    type_text(qtbot, field, "wide")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert (field.text(), inspector.page.form.fault("kernel_size")) == ("3", "")
    assert field.property("error") == "false"


def test_a_bad_value_from_a_file_is_told_below_its_field(inspector_of):
    inspector = inspector_of(one("Conv2d", kernel_size=0), "it")
    assert "kernel size must be at least 1 but is 0" in inspector.page.form.fault("kernel_size")


def test_a_text_half_typed_stays_when_the_document_changes(inspector_of, qtbot):
    inspector = inspector_of(one("Conv2d"), "it")
    field = editor(inspector, "kernel_size", QLineEdit)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "5 x")
    document = inspector.document
    document.edit("elsewhere", *edits.set_params(document.project, "it", {"stride": 2}))
    assert field.text() == "5 x"


def test_a_text_half_typed_is_not_taken_to_another_block(inspector_of, qtbot):
    project = edits.add_node(one("Conv2d"), "Conv2d", (0, 0), node_id="other", params={"kernel_size": 7})[0]
    inspector = inspector_of(project, "it")
    field = editor(inspector, "kernel_size", QLineEdit)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "5 x")
    inspector.selection.set({"other"})
    assert field.text() == "7"
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert steps(inspector) == []


# -- the rest of a block's page --


@pytest.mark.parametrize("kind", list(registry()))
def test_every_block_has_a_page(inspector_of, qtbot, kind):
    inspector = inspector_of(one(kind), "it")
    expand(inspector)
    page = inspector.page
    assert page is not None
    block = registry()[kind]
    for name in block.params:
        assert page.form.editor(name).objectName() == f"param_{name}"
    assert block.doc in visible_texts(page)
    formulas = page.findChildren(FormulaWidget)
    qtbot.waitUntil(lambda: all(formula.ready for formula in formulas), timeout=60_000)
    inspector.grab()
    # Whatever each choice brings along fits on the page, too.
    for name, kind_of in block.params.items():
        for option in getattr(kind_of, "options", ()) if isinstance(kind_of, param.Choice) else ():
            project, touched = edits.set_params(inspector.document.project, "it", {name: option})
            inspector.document.edit("choose", project, touched)
            assert page.minimumSizeHint().width() <= 288, f"{name}={option}"
    qtbot.waitUntil(lambda: all(formula.ready for formula in formulas), timeout=60_000)


def test_only_parameters_that_mean_something_are_shown(inspector_of):
    inspector = inspector_of(one("Input", dataset="function"), "it")
    form = inspector.page.form
    assert not form.editor("expression").isHidden()
    assert form.editor("path").isHidden()
    document = inspector.document
    document.edit("csv", *edits.set_params(document.project, "it", {"dataset": "csv", "path": "nowhere.csv"}))
    assert form.editor("expression").isHidden()
    assert not form.editor("path").isHidden()


def test_a_block_is_renamed(inspector_of, qtbot):
    project = edits.connect(
        edits.add_node(one("Dense"), "Activation", (0, 0), node_id="act")[0], Wire("it", "out", "act", "in")
    )[0]
    inspector = inspector_of(project, "it")
    name = inspector.page.findChild(QLineEdit, "nodeName")
    renames: list = []
    inspector.document.changed.connect(lambda change: renames.append(change.renamed))
    type_text(qtbot, name, "first")
    assert "first" in inspector.document.project.graph
    assert renames == [(("it", "first"),)]
    assert steps(inspector) == ["Rename it to first"]


@pytest.mark.parametrize(("text", "why"), [("act", "There is a block"), ("1st", "1st"), ("train", "train"), ("", "")])
def test_a_name_that_cannot_be_is_refused(inspector_of, qtbot, text, why):
    inspector = inspector_of(edits.add_node(one("Dense"), "Activation", (0, 0), node_id="act")[0], "it")
    name = inspector.page.findChild(QLineEdit, "nodeName")
    name.setFocus()
    name.selectAll()
    qtbot.keyClick(name, Qt.Key.Key_Delete)
    qtbot.keyClicks(name, text)
    qtbot.keyClick(name, Qt.Key.Key_Return)
    assert steps(inspector) == []
    assert name.property("error") == "true"
    assert why in visible_texts(inspector.page)


def test_weights_are_frozen_and_thawed(inspector_of, qtbot):
    inspector = inspector_of(sample_projects.spiral(), "dense1")
    box = inspector.page.findChild(QCheckBox, "frozen_bias")
    qtbot.mouseClick(box, LEFT, pos=_tick(box))
    assert inspector.document.project.graph.node("dense1").frozen == {"bias"}
    assert steps(inspector) == ["Freeze dense1.bias"]
    assert "weight  8 × 2" in visible_texts(inspector.page)
    inspector.document.undo_stack.undo()
    assert not box.isChecked()


def test_problems_are_told_with_the_way_out(inspector_of):
    inspector = inspector_of(sample_projects.broken(), "conv1")
    assert '"conv1" needs images' in visible_texts(inspector.page)
    assert "Put a Reshape" in visible_texts(inspector.page)


def test_the_head_tells_shapes_and_sizes(inspector_of):
    inspector = inspector_of(sample_projects.spiral(), "dense1")
    assert "Dense · N × 2 → N × 8 · 24 parameters · 16 multiply-adds" in visible_texts(inspector.page)


def test_an_unknown_block_is_shown_and_kept(inspector_of):
    inspector = inspector_of(one("Quantum", spin=2), "it")
    assert "Quantum is not known to this version" in visible_texts(inspector.page)
    inspector.grab()


def test_what_is_selected_is_shown(inspector_of):
    inspector = inspector_of(sample_projects.spiral())
    assert inspector.page is None
    inspector.selection.set({"dense1", "dense2"})
    assert "2 blocks selected" in visible_texts(inspector)
    inspector.selection.set({"dense2"})
    assert inspector.page is not None
    assert inspector.page.node_id == "dense2"
    inspector.document.edit("delete", *edits.remove_nodes(inspector.document.project, ["dense2"]))
    assert inspector.page is None


def test_the_look_at_the_data_is_asked_for(inspector_of, qtbot):
    inspector = inspector_of(sample_projects.spiral(), "data")
    with qtbot.waitSignal(inspector.preview_wanted):
        qtbot.mouseClick(inspector.page.preview, LEFT)
    inspector.selection.set(())
    with qtbot.waitSignal(inspector.preview_wanted):
        qtbot.mouseClick(inspector.settings.preview, LEFT)


def test_a_path_is_browsed_for_and_stored_relative(inspector_of, qtbot, monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "table.csv").write_text("a,y\n1,2\n", encoding="utf-8")
    inspector = inspector_of(one("Input", dataset="csv"), "it")
    inspector.document.save(tmp_path / "net.chainrule")
    monkeypatch.setattr(text_editors, "ask_open_path", lambda *_: tmp_path / "data" / "table.csv")
    button = inspector.page.form.editor("path").findChild(QToolButton, "browse")
    next(action for action in button.menu().actions() if "file" in action.text()).trigger()
    assert value(inspector, "path") == "data/table.csv"
    inspector.feed.session.mailbox.drain()


# -- the page of the whole graph --


def test_every_training_setting_is_on_the_page():
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(TRAINING)


def test_a_setting_is_edited(inspector_of, qtbot):
    inspector = inspector_of(sample_projects.spiral())
    field = inspector.settings.forms["optimizer"].editor("lr").findChild(NumberEdit)
    type_text(qtbot, field, "0.5")
    assert inspector.document.project.training["lr"] == 0.5
    assert steps(inspector) == ["Set learning rate"]


def test_a_wrong_setting_of_a_file_is_told(inspector_of):
    inspector = inspector_of(edits.set_training(sample_projects.spiral(), {"lr": -1.0})[0])
    assert "learning rate must be more than 0 but is -1" in inspector.settings.forms["optimizer"].fault("lr")


def test_title_and_notes_are_edited(inspector_of, qtbot):
    inspector = inspector_of(sample_projects.spiral())
    type_text(qtbot, inspector.findChild(QLineEdit, "projectName"), "Two arms")
    notes = inspector.findChild(QPlainTextEdit, "projectNotes")
    notes.setFocus()
    qtbot.keyClicks(notes, "try tanh")
    assert (inspector.document.project.name, inspector.document.project.notes) == ("Two arms", "try tanh")
    assert steps(inspector) == ["Rename the network", "Edit the notes"]
    inspector.document.undo_stack.undo()
    assert notes.toPlainText() == ""


def test_notes_stand_before_all_settings_and_are_folded_without_any(inspector_of):
    inspector = inspector_of(sample_projects.spiral())
    notes = inspector.findChild(QPlainTextEdit, "projectNotes")
    assert not notes.isVisible()
    inspector.document.replace(edits.set_meta(sample_projects.spiral(), notes="Press Play.")[0])
    QApplication.processEvents()
    assert notes.isVisible()
    assert notes.mapToGlobal(QPoint()).y() < inspector.settings.preview.mapToGlobal(QPoint()).y()
    short = notes.height()
    inspector.document.replace(edits.set_meta(sample_projects.spiral(), notes="Press Play.\n" * 7)[0])
    QApplication.processEvents()
    assert notes.height() > short
    assert not notes.verticalScrollBar().isVisible()


def test_the_data_are_summed_up(inspector_of):
    inspector = inspector_of(sample_projects.spiral())
    assert "data: Spiral · 500 points\n250 training · 250 validation · 0 test" in visible_texts(inspector.settings)
    inspector.document.replace(Project())
    assert "drag an Input block" in visible_texts(inspector.settings)
    assert inspector.settings.preview.isHidden()


def test_fast_forward_is_switched_on_for_the_run_alone(inspector_of, qtbot):
    inspector = inspector_of(sample_projects.spiral())
    switch = inspector.settings.findChild(Switch, "fastForward")
    assert switch.isVisible()
    qtbot.mouseClick(switch, LEFT)
    assert ("set_hyper", "fast_forward", True) in inspector.feed.session.commands
    assert steps(inspector) == []


def test_fast_forward_is_one_with_its_entry_of_the_menu(inspector_of):
    inspector = inspector_of(sample_projects.spiral())
    switch, action = inspector.settings.fast.switch, QAction()
    inspector.settings.fast.tie(action)
    assert action.isEnabled()
    action.trigger()
    assert switch.isChecked()
    assert ("set_hyper", "fast_forward", True) in inspector.feed.session.commands
    inspector.document.replace(Project())
    assert (switch.isChecked(), action.isChecked()) == (False, False)
    assert not action.isEnabled()
    assert inspector.settings.findChild(Section, "section_switches").isHidden()


def test_dropout_is_switched_off_for_the_run_alone(inspector_of, qtbot):
    project = sample_projects.spiral()
    project = edits.add_node(project, "Dropout", (0, 0), node_id="drop")[0]
    wire = project.graph.wires_into("tanh1")[0]
    project = edits.insert_on_wire(project, "drop", wire)[0]
    inspector = inspector_of(project)
    switch = inspector.settings.findChild(Switch, "dropoutOff")
    assert switch.isVisible()
    qtbot.mouseClick(switch, LEFT)
    assert ("set_hyper", "dropout_off", True) in inspector.feed.session.commands
    assert steps(inspector) == []
    inspector.document.replace(sample_projects.spiral())
    assert (switch.isChecked(), switch.isVisible()) == (False, False)


def test_a_form_shows_another_documents_values_at_once(inspector_of, qtbot):
    inspector = inspector_of(sample_projects.spiral())
    field = inspector.settings.forms["optimizer"].editor("lr").findChild(NumberEdit)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "77")
    inspector.document.replace(sample_projects.digits())
    assert field.value() == 0.01
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert inspector.document.is_clean


def test_a_form_without_parameters_is_empty(qapp, shown):
    form = shown(ParamForm({}))
    form.set_values({})
    assert form.sizeHint().height() < 40


def test_paths_are_stored_with_slashes_and_not_too_far_up():
    from gui.paths import stored_path

    assert stored_path(Path("/a/b/data.csv"), Path("/a/b")) == "data.csv"
    assert stored_path(Path("/a/data.csv"), Path("/a/b/c")) == "../../data.csv"
    assert stored_path(Path("/data.csv"), Path("/a/b/c")) == "/data.csv"
    assert stored_path(Path("/data.csv"), None) == "/data.csv"
