"""Files dropped on the window: graphs and models are opened, tables become an Input, groups a block."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, final

from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, QRectF
from PySide6.QtWidgets import QWidget

from gui import group_folder
from gui.canvas.adding import SIZE, add_block
from gui.canvas.geometry import snapped
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
SHEETS: Final = frozenset({".xls", ".xlsx", ".ods", ".numbers", ".parquet", ".feather", ".json", ".jsonl"})
WEIGHTS: Final = frozenset({".pt", ".pth", ".ckpt", ".h5", ".hdf5", ".keras", ".pb", ".tflite", ".safetensors", ".pkl"})
Use = Literal["graph", "group", "model", "picture", "data", ""]
"""What becomes of a file; "" for one that nothing can be done with."""


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
        self._held: tuple[list[str], Path, Use] | None = None
        """What hovers over the window, with the file of it that would be used."""

    def accepts(self, data: QMimeData) -> bool:
        """Whether there is a file among it: one that is of no use is refused in words when it is let go."""
        return any(url.isLocalFile() for url in data.urls())

    def hover(self, data: QMimeData, at: QPoint) -> None:
        """Show what would be done; `at` is a place of the window."""
        path, use = self._chosen(data)
        place = self._on_canvas(at)
        if path is None or place is None:
            self.leave()
            return
        stage = self._canvas.stage
        left, top = (
            snapped(way - side / 2) for way, side in zip(stage.camera.to_scene(place).toTuple(), SIZE, strict=True)
        )
        stage.overlay.set_ghost(QRectF(left, top, *SIZE) if use in ("data", "group") else None)
        stage.hints.say(self._promise(path, use), place, severity="info" if use else "warning")

    def leave(self) -> None:
        """It went elsewhere."""
        self._held = None
        self._canvas.stage.overlay.set_ghost(None)
        self._canvas.stage.hints.hush()

    def take(self, data: QMimeData, at: QPoint) -> None:
        """Use the first file that can be used, and say so if there are others; `at` is a place of the window."""
        path, use = self._chosen(data)
        self.leave()
        if path is None:
            return
        count = sum(url.isLocalFile() for url in data.urls())
        if count > 1 and use:
            words = self.tr("Of {0} files only {1} was taken. Drop them one at a time.")
            notices().info(words.format(count, path.name))
        if use in ("graph", "model"):
            self._files.open(path)
        elif use == "group":
            place = self._on_canvas(at)
            self._canvas.groups.add_file(path, None if place is None else self._canvas.camera.to_scene(place))
        elif use == "picture":
            self._ask_about(path)
        elif use == "data":
            self._add_input("images" if path.is_dir() else TABLES[path.suffix.lower()], path, at)
        else:
            notices().warn(f"{self._promise(path, use)} {self._way_out(path)}")

    def _chosen(self, data: QMimeData) -> tuple[Path | None, Use]:
        """The first file that can be used, and for what; looked for once while it hovers."""
        names = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        if not names:
            return None, ""
        if self._held is None or self._held[0] != names:
            uses = [(Path(name), _use_of(Path(name))) for name in names]
            self._held = (names, *next((found for found in uses if found[1]), uses[0]))
        return self._held[1:]

    def _promise(self, path: Path, use: Use) -> str:
        return {
            "graph": self.tr("Open {0}"),
            "model": self.tr("Import {0}"),
            "group": self.tr("Add the group {0}"),
            "picture": self.tr("Ask the network about {0}"),
            "data": self.tr("Add an Input with {0}"),
            "": self.tr("{0} cannot be used here."),
        }[use].format(path.stem if use == "group" else path.name)

    def _way_out(self, path: Path) -> str:
        suffix = path.suffix.lower()
        if suffix in SHEETS:
            return self.tr("Save the table as CSV and drop that.")
        if suffix in WEIGHTS:
            return self.tr("Export the model to ONNX and drop that.")
        return self.tr("Drop a graph, a group, an ONNX model, a CSV table, NPZ or NPY arrays, or images.")

    def _on_canvas(self, at: QPoint) -> QPointF | None:
        """A place of the window on the canvas; None where that is not."""
        viewport = self._canvas.viewport()
        place = viewport.mapFrom(self._window, at)
        return QPointF(place) if viewport.isVisible() and viewport.rect().contains(place) else None

    def _add_input(self, dataset: str, path: Path, at: QPoint) -> None:
        place = self._on_canvas(at)
        wish = Wish(self._canvas.camera.centre, beside=True)
        if place is not None:
            wish = Wish(self._canvas.camera.to_scene(place))
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


def _use_of(path: Path) -> Use:
    suffix = path.suffix.lower()
    if suffix == SUFFIX:
        return "group" if group_folder.holds_group(path) else "graph"
    if suffix == MODEL_SUFFIX:
        return "model"
    if suffix in PICTURES:
        return "picture"
    return "data" if suffix in TABLES or path.is_dir() else ""
