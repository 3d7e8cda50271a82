"""Train elsewhere in the window: what is chosen stands in the scripts, and the folder appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine import edits, files
from engine.elsewhere.writing import Package
from gui.document import Document
from gui.elsewhere import dialog as dialogs
from gui.elsewhere.dialog import ElsewhereDialog
from gui.main_window import MainWindow
from gui.notices import notices
from gui.theme import Mode, theme
from tests.engine.training_projects import small
from tests.helpers.cut_text import faults
from tests.helpers.windows import PATIENCE


def graph_with_data(folder: Path) -> Path:
    rows = "".join(f"{x},{x * 7 % 11},{'high' if x % 3 else 'low'}\n" for x in range(60))
    (folder / "points.csv").write_text(f"a,b,kind\n{rows}")
    project, _ = edits.set_params(small(), "data", {"dataset": "csv", "path": "points.csv", "target": "kind"})
    path = folder / "it's my net.chainrule"
    files.save(project, path)
    return path


def opened(qtbot: QtBot, window: MainWindow, graph: Path) -> ElsewhereDialog:
    assert window.open(graph)
    qtbot.waitUntil(lambda: window.document.result.trainable, timeout=PATIENCE)  # the table is read
    window.actions_.train_elsewhere.trigger()
    dialog = window.findChild(ElsewhereDialog)
    assert isinstance(dialog, ElsewhereDialog)
    qtbot.waitUntil(lambda: len(dialog.rows) == 1, timeout=PATIENCE)
    return dialog


def says(dialog: ElsewhereDialog) -> str:
    text: str = dialog._says.text()
    return text


def test_the_folder_is_written_with_what_was_chosen(qtbot: QtBot, window: MainWindow, tmp_path: Path):
    dialog = opened(qtbot, window, graph_with_data(tmp_path))
    assert dialog.target.text() == str(tmp_path / "it-s-my-net-elsewhere")
    assert "of data are copied" in says(dialog)
    dialog.form._numbers["processes"].set_value(4)
    dialog.form._texts["memory"].setText("48G")
    dialog._which.button("slurm").click()
    assert "#SBATCH --mem=48G" in dialog.preview.toPlainText()
    assert "--nproc-per-node 4" in dialog.preview.toPlainText()
    slurm = dialog.preview.toPlainText()
    target = Path(dialog.target.text())
    dialog.go.click()
    qtbot.waitUntil(target.is_dir, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.findChild(ElsewhereDialog) is None, timeout=PATIENCE)
    assert (target / "train.slurm").read_text() == slurm
    assert (target / "data" / "points.csv").read_bytes() == (tmp_path / "points.csv").read_bytes()
    assert (target / "it's my net.chainrule").is_file()
    assert "is ready" in notices().history[-1].text
    assert window.document.is_clean


def test_an_example_is_packed_at_home_and_not_into_the_program(window: MainWindow):
    assert window.files.open_example("two-two-one.chainrule")
    window.actions_.train_elsewhere.trigger()
    dialog = window.findChild(ElsewhereDialog)
    assert isinstance(dialog, ElsewhereDialog)
    assert Path(dialog.target.text()).parent == Path.home()
    dialog.reject()


def test_data_on_the_other_machine(qtbot: QtBot, window: MainWindow, tmp_path: Path):
    dialog = opened(qtbot, window, graph_with_data(tmp_path))
    dialog.form.program.setChecked(False)
    dialog.rows[0].refer("")
    assert not dialog.go.isEnabled()
    assert "Name the path" in says(dialog)
    dialog.rows[0].refer("/scratch/points.csv")
    target = Path(dialog.target.text())
    dialog.go.click()
    qtbot.waitUntil(target.is_dir, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.findChild(ElsewhereDialog) is None, timeout=PATIENCE)
    there = files.load(target / "it's my net.chainrule")
    assert there.graph.nodes["data"].params["path"] == "/scratch/points.csv"


def test_what_is_wrong_is_said_and_mended(qtbot: QtBot, window: MainWindow, tmp_path: Path):
    dialog = opened(qtbot, window, graph_with_data(tmp_path))
    dialog.form._texts["time"].setText("soon")
    assert not dialog.go.isEnabled()
    assert "time limit" in says(dialog)
    dialog.form._texts["time"].setText("2-12")
    assert dialog.go.isEnabled()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").touch()
    dialog.target.setText(str(tmp_path / "taken"))
    dialog.go.click()
    qtbot.waitUntil(lambda: "there already" in says(dialog), timeout=PATIENCE)
    assert not dialog.busy
    dialog.reject()


def test_cancel_leaves_nothing(qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    dialog = opened(qtbot, window, graph_with_data(tmp_path))
    before = sorted(tmp_path.iterdir())
    write = dialogs.write

    def slowly(package: Package, target: Path, progress: dialogs._Copying) -> None:
        while progress(1, 100):
            pass
        write(package, target, progress)

    monkeypatch.setattr(dialogs, "write", slowly)
    dialog.go.click()
    assert dialog.busy
    dialog._close.click()
    qtbot.waitUntil(lambda: not dialog.busy, timeout=PATIENCE)
    assert dialog.isVisible()
    assert dialog.go.isEnabled()
    assert sorted(tmp_path.iterdir()) == before
    dialog.reject()


@pytest.mark.parametrize(("mode", "scale"), [("dark", 1.0), ("light", 1.0), ("dark", 1.6), ("light", 1.6)])
def test_nothing_is_cut(qtbot: QtBot, tmp_path: Path, mode: Mode, scale: float):
    before = theme().mode
    theme().set_mode(mode)
    theme().set_text_scale(scale)
    window, document = QWidget(), Document()
    window.resize(1440, 900)
    window.show()
    try:
        document.open(graph_with_data(tmp_path))
        dialog = ElsewhereDialog(document, window)
        dialog.open()
        qtbot.waitUntil(lambda: len(dialog.rows) == 1, timeout=PATIENCE)
        qtbot.waitUntil(lambda: not faults(dialog), timeout=PATIENCE)
        dialog.rows[0].refer("/scratch/points.csv")
        qtbot.waitUntil(lambda: not faults(dialog), timeout=PATIENCE)
        dialog.reject()
    finally:
        window.close()
        window.deleteLater()
        document.deleteLater()
        theme().set_mode(before)
        theme().set_text_scale(1.0)


def test_while_the_data_are_still_read_it_says_so_and_then_can_be_written(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
):
    assert window.open(graph_with_data(tmp_path))
    window.actions_.train_elsewhere.trigger()
    dialog = window.findChild(ElsewhereDialog)
    assert isinstance(dialog, ElsewhereDialog)
    assert says(dialog) == "The data are being read…"
    assert not dialog.go.isEnabled()
    qtbot.waitUntil(dialog.go.isEnabled, timeout=PATIENCE)
    dialog.reject()
