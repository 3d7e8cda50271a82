"""File ▸ Export ▸ Picture and Mermaid text, Print: from the window's document and selection to files and paper."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, final

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QWidget

from engine import diskfile
from engine.mermaid import mermaid
from engine.problem import ChainruleError
from gui.actions import Actions
from gui.background import run_in_background
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.file_dialogs import ask_save_path, file_stem, folder_of
from gui.notices import notices
from gui.pictures import drawing
from gui.pictures.dialog import PictureDialog
from gui.pictures.drawing import Steps
from gui.pictures.job import PaintJob
from gui.pictures.sheet import Format, Sheet, Wanted
from gui.unit_pictures.tray import tray_of

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

    from gui.pictures.pages import Pages


@final
class Pictures(QObject):
    """Everything is drawn anew from the document; the pictures below blocks come from the canvas."""

    def __init__(self, actions: Actions, document: Document, canvas: CanvasView, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._canvas, self._window = document, canvas, window
        actions.export_picture.triggered.connect(self.ask)
        actions.export_mermaid.triggered.connect(self.ask_mermaid)
        actions.print_.triggered.connect(self.print_preview)

    def everything(self) -> Wanted:
        """The whole graph, with the pictures that blocks show now."""
        blocks = self._canvas.items_.blocks
        found = {name: item.thumbnail for name, item in blocks.items() if item.thumbnail is not None}
        trays = {name: tray.shown for name, item in blocks.items() if (tray := tray_of(item)) is not None}
        return Wanted(thumbnails=found, units=trays)

    def chosen(self) -> Wanted | None:
        """What is selected; None when nothing is."""
        blocks, decor = self._canvas.commands.chosen, self._canvas.items_.decor.chosen
        if not (blocks or decor):
            return None
        whole = self.everything()
        return Wanted(blocks=blocks, decor=decor, thumbnails=whole.thumbnails, units=whole.units)

    def ask(self) -> None:
        """Choose what and how; then where to."""
        whole, part = self.everything(), self.chosen()
        PictureDialog(self._canvas.stage.document, whole, part, self.ask_path, self.copy, self._window).open()

    def ask_path(self, kind: Format, wanted: Wanted) -> None:
        """Ask where to, and write the picture there."""
        names = {"svg": self.tr("SVG (*.svg)"), "png": self.tr("PNG (*.png)"), "pdf": self.tr("PDF (*.pdf)")}
        start = self._start(f".{kind}")
        path = ask_save_path(self._window, self.tr("Export a picture"), start, names[kind], f".{kind}")
        if path is not None:
            self.save(path, kind, wanted)

    def save(self, path: Path, kind: Format, wanted: Wanted) -> PaintJob[Callable[[], bytes]]:
        """Paint a picture while the window goes on, and write it. A notice says that it is done, or why it is not."""
        document = self._canvas.stage.document  # inside a group that was opened, the group
        steps = drawing.drawing(document.project, document.result, kind, wanted)
        job = PaintJob(steps, partial(self._write, path), self._not_saved, self)
        job.start(self.tr("Drawing {0}…").format(path.name), self._window)
        return job

    def _write(self, path: Path, content: Callable[[], bytes]) -> None:
        """Large images take seconds to be packed: not in this thread."""

        def written(_none: object) -> None:
            notices().success(self.tr("Exported to {0}.").format(path))

        run_in_background(lambda: diskfile.write(path, [content()]), written, self._not_saved)

    def _not_saved(self, error: BaseException) -> None:
        if not isinstance(error, ChainruleError):
            raise error
        notices().failure(error, self.tr("The picture was not saved."))

    def copy(self, kind: Format, wanted: Wanted) -> PaintJob[QImage]:
        """Put the picture on the clipboard, as an image whatever the format."""
        document = self._canvas.stage.document  # inside a group that was opened, the group
        job = PaintJob(drawing.imaging(document.project, document.result, wanted), self._copied, self._not_copied, self)
        job.start(self.tr("Drawing the picture…"), self._window)
        return job

    def _copied(self, image: QImage) -> None:
        QGuiApplication.clipboard().setImage(image)
        notices().success(self.tr("Copied as an image of {0} × {1} pixels.").format(image.width(), image.height()))

    def _not_copied(self, error: ChainruleError) -> None:
        notices().failure(error, self.tr("The picture was not copied."))

    # -- Mermaid --

    def ask_mermaid(self) -> None:
        """Ask where to, and write the graph, or the selected part of it, as Mermaid text."""
        start = self._start(".mmd")
        part = bool(self._canvas.commands.chosen)
        title = self.tr("Export the selection as Mermaid text") if part else self.tr("Export as Mermaid text")
        path = ask_save_path(self._window, title, start, self.tr("Mermaid (*.mmd)"), ".mmd")
        if path is not None:
            self.save_mermaid(path)

    def save_mermaid(self, path: Path) -> bool:
        """Write Mermaid text. False when that could not be done; a notice says why."""
        document = self._canvas.stage.document  # inside a group that was opened, the group
        chosen = self._canvas.commands.chosen or None
        text = mermaid(document.project, document.result, chosen=chosen)
        try:
            diskfile.write(path, [text.encode()])
        except ChainruleError as error:
            notices().failure(error, self.tr("The text was not saved."))
            return False
        told = self.tr("Exported to {0}.") if chosen is None else self.tr("Exported the selection to {0}.")
        notices().success(told.format(path))
        return True

    # -- printing --

    def print_preview(self) -> PaintJob[Sheet]:
        """Make the picture while the window goes on; then show the pages as they will be printed."""
        document, whole, part = self._canvas.stage.document, self.everything(), self.chosen()

        def make(of_part: bool) -> Steps[Sheet]:
            wanted = part if of_part and part is not None else whole
            return drawing.making(document.project, document.result, wanted)

        other = None if part is None else make
        job = PaintJob(make(True), partial(self._show_pages, other), notices().failure, self)
        job.start(self.tr("Drawing the picture…"), self._window)
        return job

    def _show_pages(self, make: Callable[[bool], Steps[Sheet]] | None, sheet: Sheet) -> None:
        """From there it is printed."""
        from PySide6.QtPrintSupport import QPrinter

        from gui.pictures.print_dialog import PrintPages

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setDocName(self._document.title)
        PrintPages(sheet, printer, partial(self._print, printer), self._window, make).open()

    def _print(self, printer: QPrinter, pages: Pages) -> None:
        job = PaintJob(pages.printing(printer), lambda _none: None, notices().failure, self)
        job.start(self.tr("Printing…"), self._window)

    # -- names --

    def _start(self, ending: str) -> Path:
        path = self._document.path
        return folder_of(path) / f"{file_stem(path.stem if path is not None else self._document.project.name)}{ending}"
