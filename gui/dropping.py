"""Files dropped on the window: graphs and models are opened, tables become an Input, images are asked about."""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF
from PySide6.QtWidgets import QWidget

from gui.canvas.adding import add_block
from gui.canvas.stage import Wish
from gui.canvas.view import CanvasView
from gui.docks import Docks
from gui.document import Document
from gui.file_actions import SUFFIX, FileActions
from gui.importing.models import SUFFIX as MODEL_SUFFIX
from gui.notices import notices
from gui.panels import Panels
from gui.paths import stored_path
from gui.predictions.image_drop import IMAGES

TABLES: Final = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".npz": "npz", ".npy": "npz", ".tar": "shards"}
"""Suffix -> the data set of an Input that reads such a file."""
PICTURES: Final = frozenset(pattern.removeprefix("*") for pattern in IMAGES.split())


@final
class Dropping(QObject):
    """Takes what is dropped anywhere on the window where no part of it has a better use for it."""

    def __init__(
        self,
        document: Document,
        files: FileActions,
        canvas: CanvasView,
        panels: Panels,
        docks: Docks,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._document, self._files, self._canvas = document, files, canvas
        self._panels, self._docks, self._window = panels, docks, window

    def accepts(self, data: QMimeData) -> bool:
        """Whether there is a file among it that can be used."""
        return _first(data) is not None

    def take(self, data: QMimeData, at: QPoint) -> None:
        """Use the first file that can be used; `at` is a place of the window."""
        path = _first(data)
        if path is None:
            return
        suffix = path.suffix.lower()
        if suffix in (SUFFIX, MODEL_SUFFIX):
            self._files.open(path)
        elif suffix in PICTURES:
            self._ask_about(path)
        else:
            self._add_input("images" if path.is_dir() else TABLES[suffix], path, at)

    def _add_input(self, dataset: str, path: Path, at: QPoint) -> None:
        viewport = self._canvas.viewport()
        place = viewport.mapFrom(self._window, at)
        wish = Wish(self._canvas.camera.centre, beside=True)
        if viewport.rect().contains(place):
            wish = Wish(self._canvas.camera.to_scene(QPointF(place)))
        params = {"dataset": dataset, "path": stored_path(path, self._document.folder)}
        add_block(self._canvas.stage, "Input", wish, params)

    def _ask_about(self, path: Path) -> None:
        from gui.predictions.panel import PredictionPanel

        predictions = self._panels.of(PredictionPanel)
        if not predictions.takes_pictures:
            words = self.tr("This network takes no pictures, so there is nothing to ask it about {0}.")
            notices().info(words.format(path.name))
            return
        self._docks.show(predictions.name)
        predictions.ask_file(str(path))


def _first(data: QMimeData) -> Path | None:
    for url in data.urls():
        if url.isLocalFile():
            path = Path(url.toLocalFile())
            if path.suffix.lower() in (SUFFIX, MODEL_SUFFIX, *TABLES, *PICTURES) or path.is_dir():
                return path
    return None
