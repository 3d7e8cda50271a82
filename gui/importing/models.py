"""Import a model: choose it or drop it, wait with a way out, and open what came of it as an unnamed document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QProgressBar, QProgressDialog, QWidget

from gui.file_dialogs import ask_open_path
from gui.importing.place import give_up, new_place
from gui.importing.process import ImportProcess
from gui.notices import notices
from gui.theme import theme

SUFFIX: Final = ".onnx"
PATIENCE_MS: Final = 400
"""Nobody is told of what is done sooner."""


@final
class ModelImport(QObject):
    """One import at a time; a second one stops the first.

    Args:
        open_copy: opens a graph file as an unnamed document; False where the user stayed with the present one.
        window: over which it tells how far it is.
    """

    def __init__(self, open_copy: Callable[[Path], bool], window: QWidget) -> None:
        super().__init__(window)
        self._open_copy, self._window = open_copy, window
        self._process: ImportProcess | None = None
        self._graph: Path | None = None
        self._dialog: QProgressDialog | None = None

    @property
    def is_running(self) -> bool:
        """Whether a model is being read."""
        return self._process is not None

    def ask(self, start: Path) -> Path | None:
        """Choose a model in that folder."""
        return ask_open_path(self._window, self.tr("Import"), start, self.tr("ONNX models (*{0})").format(SUFFIX))

    def begin(self, model: Path, opened: Callable[[Path], object]) -> bool:
        """Read a model; when it is open as a document, `opened` is called with its path. False: it cannot begin."""
        self.stop()
        try:
            graph = new_place(model.stem)
        except OSError as error:
            notices().failure(error)
            return False
        process = ImportProcess(model, graph, self)
        process.progressed.connect(self._progressed)
        process.failed.connect(self._failed)
        process.done.connect(lambda remarks: self._done(model, remarks, opened))
        self._process, self._graph = process, graph
        self._show(model)
        process.start()
        return True

    def stop(self) -> None:
        """Leave it; nothing happens where none is running."""
        if self._process is not None:
            self._process.stop()
            self._give_up()

    def _show(self, model: Path) -> None:
        text = self.tr("Reading {0}…").format(model.name)
        dialog = self._dialog = QProgressDialog(text, self.tr("Cancel"), 0, 0, self._window)
        bar = QProgressBar(dialog)
        bar.setTextVisible(False)
        dialog.setBar(bar)
        dialog.setRange(0, 0)
        dialog.setMinimumWidth(theme().px(280))
        dialog.setObjectName("importProgress")
        dialog.setWindowTitle(self.tr("Import"))
        dialog.setWindowModality(Qt.WindowModality.NonModal)
        dialog.setMinimumDuration(PATIENCE_MS)
        dialog.setAutoClose(False)
        dialog.setAutoReset(False)
        dialog.canceled.connect(self.stop)
        dialog.setValue(0)

    def _progressed(self, done: int, total: int) -> None:
        if self._dialog is not None:
            self._dialog.setMaximum(total)
            self._dialog.setValue(done)

    def _end(self) -> None:
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        if self._dialog is not None:
            self._dialog.hide()
            self._dialog.deleteLater()
            self._dialog = None

    def _give_up(self) -> None:
        self._end()
        if self._graph is not None:
            give_up(self._graph)
            self._graph = None

    def _failed(self, text: str) -> None:
        self._give_up()
        notices().error(text)

    def _done(self, model: Path, remarks: list[str], opened: Callable[[Path], object]) -> None:
        graph = self._graph
        self._end()
        assert graph is not None
        if not self._open_copy(graph):  # the question about unsaved weights may come back to it, so the file stays
            return
        opened(model)
        for remark in remarks:
            notices().info(remark)
        words = self.tr(
            "{0} is on the canvas with its weights. Choose its data in the Input, and add a Loss to train it."
        )
        notices().success(words.format(model.name))
