"""Groups in the whole window: trained, edited while they run, asked, saved and opened again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine import edits
from engine.events import Applied
from gui.main_window import MainWindow
from gui.predictions.panel import PredictionPanel
from tests.helpers.windows import main_window, open_example, panel_of, play_to_the_end, wait_for


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    with main_window(qtbot) as made:
        open_example(made, "residual-digits", epochs=1)
        yield made


def test_a_group_that_holds_data_and_loss_trains_and_predicts(window: MainWindow, qtbot: QtBot) -> None:
    for chosen in ({"data", "stem"}, {"output", "loss"}):
        window.selection.set(chosen)
        window.canvas.groups.group()
    assert not window.document.result.errors
    assert window.document.result.inputs == ("group.data",)
    play_to_the_end(qtbot, window)
    assert window.feed.trained
    assert panel_of(window, PredictionPanel) is not None
    window.inspector.preview_wanted.emit()


def test_learning_goes_on_through_grouping_and_edits_inside(window: MainWindow, qtbot: QtBot) -> None:
    applied: list[Applied] = []
    window.feed.on(Applied, applied.append)
    window.actions_.step.trigger()
    wait_for(qtbot, window, "paused")
    window.selection.set({"stem", "relu"})
    window.canvas.groups.group()
    window.canvas.open_group("group")
    project, touched = edits.rename_node(window.level.project, "stem", "first")
    window.level.edit("rename", project, touched, renamed=(("stem", "first"),))
    window.canvas.leave_group()
    window.selection.set({"res"})
    window.canvas.groups.ungroup()
    window.actions_.apply.trigger()
    qtbot.waitUntil(lambda: bool(applied))
    assert (applied[-1].drawn, applied[-1].gone) == ((), ())
    assert "group.first.weight" in applied[-1].kept


def test_it_is_saved_and_opened_again_at_the_top(window: MainWindow, tmp_path: Path) -> None:
    window.canvas.open_group("res")
    assert window.save(tmp_path / "net.chainrule")
    saved = window.document.project
    assert window.open(tmp_path / "net.chainrule")
    assert window.level.path == ()
    assert window.document.project == saved


def test_data_in_a_group_are_found_again(window: MainWindow, tmp_path: Path) -> None:
    project, touched = edits.set_params(window.document.project, "data", {"dataset": "csv", "path": "gone.csv"})
    window.document.edit("csv", project, touched)
    window.selection.set({"data", "stem"})
    window.canvas.groups.group()
    file = tmp_path / "here.csv"
    file.write_text("a,b\n1,2\n3,4\n")
    window.relink.use("group.data", "path", file)
    assert window.document.project.groups["Group"].graph.node("data").params["path"] == str(file)
    assert "path" not in window.document.project.graph.node("group").params


def test_the_words_of_a_failure_lead_into_the_group(window: MainWindow) -> None:
    window.selection.show_path("res.2.conv2")
    assert window.level.path == ("res",)
    assert window.level.turns == (2,)
    assert window.selection.ids == {"conv2"}
    window.selection.show_path("loss")
    assert window.level.path == ()
    assert window.selection.ids == {"loss"}
