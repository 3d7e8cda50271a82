from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from engine.events import Predicted, StateChanged
from engine.graph import Project
from gui.predictions.panel import PredictionPanel
from gui.widgets.number_edit import NumberEdit
from tests.helpers import sample_projects

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel_of(feed_of, shown):
    def make(project: Project) -> PredictionPanel:
        feed = feed_of(project)
        return shown(PredictionPanel(feed.document, feed))

    return make


@pytest.fixture
def panel(panel_of) -> PredictionPanel:
    return panel_of(sample_projects.spiral())


def asked(panel) -> tuple:
    """Data and number of the last request."""
    name, data, request = panel.feed.session.commands[-1]
    assert name == "predict"
    return data, request


def answer(panel, *args, **kwargs) -> None:
    panel.feed.session.post(Predicted(asked(panel)[1], *args, **kwargs))
    panel.feed.drain()


def head(panel) -> str:
    return panel.findChild(QLabel, "predictionHead").text()


def type_number(qtbot, panel, place: int, text: str) -> None:
    editor = panel.findChild(NumberEdit, f"feature_{place}")
    editor.setFocus()
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)


def test_without_an_input_or_with_problems_it_says_what_it_is_for(panel_of):
    assert not panel_of(Project()).filled
    assert not panel_of(sample_projects.broken()).filled


def test_typed_numbers_are_asked_about(panel, qtbot):
    type_number(qtbot, panel, 0, "1.5")
    type_number(qtbot, panel, 1, "-2")
    data, _ = asked(panel)
    np.testing.assert_array_equal(data, [[1.5, -2.0]])
    answer(panel, np.array([[0.73123]]), None, (), ("1",))
    assert head(panel) == "Class 1"
    assert panel.view.rows == [("output", 0.73123, 0)]
    panel.grab()


def test_the_button_asks_again(panel, qtbot):
    qtbot.mouseClick(panel.findChild(QPushButton, "predictNow"), LEFT)
    np.testing.assert_array_equal(asked(panel)[0], [[0.0, 0.0]])


def test_a_point_of_the_plane_becomes_the_row(panel):
    panel.ask_point(3.0, -4.5)
    np.testing.assert_array_equal(panel.row.row(), [3.0, -4.5])
    np.testing.assert_array_equal(asked(panel)[0], [[3.0, -4.5]])


def test_only_the_answer_to_the_last_question_counts(panel):
    panel.ask_row()
    first = asked(panel)[1]
    panel.ask_row()
    panel.feed.session.post(Predicted(first, np.array([[9.0]])))
    panel.feed.drain()
    assert panel.answer is None


def test_classes_are_told_most_likely_first(panel_of):
    panel = panel_of(sample_projects.digits())
    panel.feed.session.predict("x", panel.feed.next_request())
    panel._request = panel.feed._requests
    shares = np.array([[0.05, 0.1, 0.6, 0.05, 0.05, 0.05, 0.04, 0.03, 0.02, 0.01]])
    answer(panel, shares * 3, shares, tuple("0123456789"), ("2",))
    assert panel.view.rows[:2] == [("2", 0.6, 2), ("1", 0.1, 1)]
    assert head(panel) == "Class 2"
    header, rows = panel.table()
    assert header == ["row", "label", *"0123456789"]
    assert list(rows) == [[0, "2", *shares[0].tolist()]]


def test_an_error_is_told(panel):
    panel.ask_row()
    answer(panel, np.empty(0), error="Row 3 has 5 numbers; 2 are needed.")
    assert head(panel) == "Row 3 has 5 numbers; 2 are needed."
    assert panel.findChild(QLabel, "predictionHead").property("tone") == "error"
    assert panel.view.rows == []
    assert list(panel.table()[1]) == []


def test_many_rows_are_counted(panel, tmp_path):
    panel.ask_file(str(tmp_path / "rows.csv"))
    assert asked(panel)[0] == str(tmp_path / "rows.csv")
    answer(panel, np.array([[1.0], [2.0], [3.0]]))
    assert head(panel).startswith("3 rows.")
    assert list(panel.table()[1]) == [[0, "", 1.0], [1, "", 2.0], [2, "", 3.0]]


def test_no_rows_are_told(panel):
    panel.ask_row()
    answer(panel, np.empty((0, 1)))
    assert head(panel) == "There is no row in it."


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("bars", [True, False])
def test_answers_that_are_no_numbers_are_drawn(panel, value, bars):
    panel.ask_row()
    values = np.array([[value, 0.5]])
    answer(panel, values, values if bars else None, ("a", "b"), ("a",))
    panel.grab()


def test_a_graph_with_problems_is_not_asked(panel, sessions):
    from engine import edits

    document = panel.document
    project, touched = edits.set_params(document.project, "dense1", {"out_features": 0})
    document.edit("break", project, touched)
    panel.ask_row()
    assert head(panel) == "The graph has problems; mend them first."
    assert sessions == []


def test_an_edited_graph_is_asked_as_it_is_now(panel):
    from engine import edits

    panel.ask_row()
    document = panel.document
    document.edit("edit", *edits.set_params(document.project, "dense1", {"out_features": 3}))
    panel.ask_row()
    assert panel.feed.session.names() == ["predict", "apply", "predict"]


def test_many_features_are_pasted_in_one_line(panel_of, qtbot):
    project = sample_projects.chain(
        "Cancer",
        [
            ("Input", "data", {"dataset": "breast_cancer"}),
            ("Dense", "dense1", {"out_features": 2}),
            ("Loss", "loss", {"function": "cross_entropy"}),
        ],
    )
    panel = panel_of(project)
    line = panel.row._line
    assert line is not None
    line.setFocus()
    qtbot.keyClicks(line, ", ".join(str(index / 2) for index in range(30)))
    qtbot.keyClick(line, Qt.Key.Key_Return)
    np.testing.assert_array_equal(asked(panel)[0], [np.arange(30) / 2])
    count = len(panel.feed.session.commands)
    line.clear()
    qtbot.keyClicks(line, "1, 2, x")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert len(panel.feed.session.commands) == count
    assert head(panel) == '"x" is no number'
    line.clear()
    qtbot.keyClicks(line, "1, 2")
    qtbot.mouseClick(panel.findChild(QPushButton, "predictNow"), LEFT)
    assert head(panel) == "30 numbers are needed, these are 2."


def drop(widget, path) -> None:
    """Drop a file on a widget."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, nothing = QPointF(20, 20), Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), Qt.DropAction.CopyAction, data, LEFT, nothing)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(place, Qt.DropAction.CopyAction, data, LEFT, nothing))


def test_a_picture_is_dropped_shown_and_asked_about(panel_of, tmp_path, qtbot):
    panel = panel_of(sample_projects.digits())
    assert panel._input.currentWidget() is panel.drop
    assert panel.findChild(QPushButton, "predictNow").isHidden()
    image = QImage(8, 8, QImage.Format.Format_Grayscale8)
    image.fill(200)
    path = tmp_path / "digit.png"
    assert image.save(str(path))
    drop(panel.drop, path)
    assert asked(panel)[0] == str(path)
    qtbot.waitUntil(lambda: not panel.drop._image.isNull())
    panel.grab()


def test_a_table_is_dropped_on_the_panel(panel, tmp_path):
    drop(panel, tmp_path / "rows.csv")
    assert asked(panel)[0] == str(tmp_path / "rows.csv")


def test_enter_chooses_a_picture(panel_of, monkeypatch, tmp_path, qtbot):
    from gui.predictions import image_drop

    panel = panel_of(sample_projects.digits())
    monkeypatch.setattr(image_drop, "ask_open_path", lambda *_: tmp_path / "chosen.png")
    panel.drop.setFocus()
    qtbot.keyClick(panel.drop, Qt.Key.Key_Return)
    assert asked(panel)[0] == str(tmp_path / "chosen.png")
    qtbot.mouseClick(panel.drop, LEFT)
    assert len(panel.feed.session.commands) == 2


def test_functions_are_asked_for_x_and_sets_for_their_columns(panel_of):
    def project(**params) -> Project:
        steps = [("Input", "data", params), ("Dense", "dense1", {"out_features": 1}), ("Loss", "loss", {})]
        return sample_projects.chain("P", steps)

    assert panel_of(project(dataset="function", features=["x", "x^2"])).row.names == ("x",)
    assert panel_of(project(dataset="circle", features=["x1^2", "x2^2"])).row.names == ("x1", "x2")
    assert panel_of(project(dataset="diabetes")).row.names[:2] == ("age", "sex")
    assert panel_of(project(dataset="inline", x=[[1, 2, 3]], y=[[1]])).row.names == ("x1", "x2", "x3")


def test_another_document_forgets_the_answer(panel):
    panel.ask_row()
    answer(panel, np.array([[0.5]]))
    panel.feed.session.post(StateChanged("ready", step=0))
    panel.document.replace(sample_projects.digits())
    assert panel.answer is None
    assert (head(panel), panel.view.rows) == ("", [])
    assert panel._input.currentWidget() is panel.drop
