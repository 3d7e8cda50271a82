"""Models of other programs: dropped on the window, opened, refused, stopped."""

import os
import time
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QProgressDialog

from engine import edits, files, recovery
from engine.events import WeightsTaken
from engine.graph import Node, Wire
from gui.importing import models, place
from gui.notices import notices
from tests.helpers.onnx_bytes import model as onnx_model
from tests.helpers.onnx_bytes import node, tensor
from tests.helpers.windows import PATIENCE, main_window, open_example, set_params

MODELS = Path(__file__).parent.parent / "golden" / "onnx"
LEFT = Qt.MouseButton.LeftButton


def drop(window, path):
    """As a file manager does; the canvas is what lies under the middle of the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    spot, no_keys = QPointF(window.canvas.mapTo(window, window.canvas.rect().center())), Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(spot.toPoint(), Qt.DropAction.CopyAction, data, LEFT, no_keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(spot, Qt.DropAction.CopyAction, data, LEFT, no_keys))


def wait_until_over(qtbot, window):
    qtbot.waitUntil(lambda: not window.files.imports.is_running, timeout=PATIENCE)


def test_a_model_dropped_on_the_canvas_becomes_blocks_with_weights(window, qtbot):
    drop(window, MODELS / "residual.old.onnx")
    wait_until_over(qtbot, window)
    document = window.document
    assert {"stem", "norm", "head"} <= set(document.project.graph.nodes)
    assert document.path is None
    assert document.is_clean
    assert document.title == "residual.old"
    assert document.undo_stack.count() == 0
    assert "head.weight" in document.project.parameters
    assert {problem.code for problem in document.result.problems} == {"G01"}
    assert set(window.canvas.scene().blocks) == set(document.project.graph.nodes)
    assert window.files.recent() == [(MODELS / "residual.old.onnx").resolve()]


def test_a_model_with_many_weights_is_saved_with_them(window, qtbot, tmp_path):
    graph = tmp_path / "net.chainrule"
    model = large_model(tmp_path)
    assert window.open(model)
    wait_until_over(qtbot, window)
    document = window.document
    assert document.project.weights
    assert (document.folder / document.project.weights).is_file()
    set_params(window, "dense", out_features=65)
    window.document.undo_stack.undo()
    assert window.save(graph)
    assert (tmp_path / files.load(graph).weights).is_file()


def large_model(folder):
    weight, bias = [0.5] * (64 * 96), [0.25] * 64
    path = folder / "large.onnx"
    path.write_bytes(
        onnx_model(
            [node("Gemm", ["x", "w", "b"], ["y"], transB=1)],
            {"w": tensor((64, 96), weight), "b": tensor((64,), bias)},
            {"x": ("N", 96)},
            ["y"],
        )
    )
    return path


def test_the_session_begins_with_the_weights_of_the_model(window, qtbot, tmp_path):
    assert window.open(large_model(tmp_path))
    wait_until_over(qtbot, window)
    project = window.document.project
    graph, _ = project.graph.add(Node("goal", "Mean"))
    graph, touched = graph.connect(Wire("dense", "out", "goal", "in"))
    made, more = edits.set_objective(replace(project, graph=graph), "goal.out", wanted=True)
    window.document.edit("a goal", made, touched | more)
    came = []
    window.feed.on(WeightsTaken, came.append)
    window.feed.current_session.weights(window.feed.next_request())
    qtbot.waitUntil(lambda: bool(came), timeout=PATIENCE)
    assert {name: (array.shape, set(array.flatten().tolist())) for name, array in came[0].weights.items()} == {
        "dense.weight": ((64, 96), {0.5}),
        "dense.bias": ((64,), {0.25}),
    }


def test_what_is_recovered_finds_the_weights_of_an_import(window, qtbot, tmp_path):
    assert window.open(large_model(tmp_path))
    wait_until_over(qtbot, window)
    document = window.document
    recovery.write(document.project, document.path, document.folder)
    (copy,) = recovery.found()
    folder = document.folder
    document.replace(files.loads(files.dumps(document.project)))
    document.recover(recovery.read(copy), copy.document, copy.folder)
    assert document.folder == folder.resolve()
    assert (document.folder / document.project.weights).is_file()


def test_a_model_that_cannot_be_drawn_leaves_the_document(window, qtbot, tmp_path):
    open_example(window, "xor")
    before = window.document.project
    path = tmp_path / "broken.onnx"
    path.write_bytes((MODELS / "mlp.new.onnx").read_bytes()[:700])
    drop(window, path)
    wait_until_over(qtbot, window)
    assert window.document.project is before
    said = notices().history[-1]
    assert said.level == "error"
    assert '"broken.onnx" is no ONNX model' in said.text
    assert list(place.imports_folder().iterdir()) == []


def test_unsaved_changes_are_asked_about_before_a_model_takes_their_place(window, qtbot):
    open_example(window, "xor")
    nodes = window.document.project.graph.nodes
    set_params(window, next(name for name in nodes if nodes[name].block == "Dense"), out_features=7)
    before = window.document.project
    with notices().answering("cancel"):
        drop(window, MODELS / "mlp.new.onnx")
        wait_until_over(qtbot, window)
    assert window.document.project is before
    with notices().answering("discard"):
        drop(window, MODELS / "mlp.new.onnx")
        wait_until_over(qtbot, window)
    assert "dense5" in window.document.project.graph


def test_an_import_can_be_stopped(window, qtbot):
    before = window.document.project
    drop(window, MODELS / "cnn.new.onnx")
    assert window.files.imports.is_running
    dialog = window.findChild(QProgressDialog, "importProgress")
    dialog.canceled.emit()
    assert not window.files.imports.is_running
    assert list(place.imports_folder().iterdir()) == []
    qtbot.wait(50)
    assert window.document.project is before


def test_closing_the_window_ends_an_import(qtbot):
    with main_window(qtbot) as window:
        drop(window, MODELS / "cnn.new.onnx")
        assert window.files.imports.is_running
        assert window.close()
        assert not window.files.imports.is_running


def test_a_model_is_chosen_in_the_menu(window, qtbot, monkeypatch):
    monkeypatch.setattr(models, "ask_open_path", lambda *_: MODELS / "ports.new.onnx")
    window.actions_.import_model.trigger()
    wait_until_over(qtbot, window)
    assert {"points", "marks", "concat"} <= set(window.document.project.graph.nodes)


def test_what_lies_in_the_cache_for_weeks_is_deleted():
    old, new = place.new_place("old"), place.new_place("new")
    old.write_text("a graph")
    weeks_ago = time.time() - 30 * 86_400
    os.utime(old.parent, (weeks_ago, weeks_ago))
    place.new_place("newest")
    assert not old.exists()
    assert new.parent.exists()
