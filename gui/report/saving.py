"""Save this step…: from the step that is walked through to a page on disk."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QProgressBar, QProgressDialog, QWidget

from engine import diskfile
from engine.problem import ChainruleError
from engine.stepevents import Unfolded
from gui.actions import Actions
from gui.background import run_in_background
from gui.backprop.lens import Shown
from gui.backprop.mode import Backprop
from gui.backprop.symbols import objectives_of, phase_of
from gui.document import Document
from gui.file_dialogs import ask_save_path, file_stem, folder_of
from gui.notices import notices
from gui.pictures import drawing
from gui.pictures.sheet import Wanted
from gui.report.page import Cancelled, Content, html
from gui.run_feed import RunFeed
from gui.theme import theme

SHOWN_AFTER = 500
"""Milliseconds until a page that takes longer shows how far it is."""


@final
class StepReports(QObject):
    """The values are collected in the GUI thread, which also paints the network; the page is written in another."""

    _advanced = Signal(int)

    def __init__(self, actions: Actions, document: Document, feed: RunFeed, mode: Backprop, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._feed, self._mode, self._window = document, feed, mode, window
        self._wanted = False
        self._given_up = threading.Event()
        self._dialog: QProgressDialog | None = None
        self._advanced.connect(self._show_progress, Qt.ConnectionType.QueuedConnection)
        actions.save_step.triggered.connect(self.ask)
        mode.bar.save_wanted.connect(self.ask)
        mode.changed.connect(self._mode_changed)
        feed.on(Unfolded, self._unfolded)

    @property
    def busy(self) -> bool:
        """Whether a page is being written."""
        return self._dialog is not None

    def ask(self) -> None:
        """Ask where to, and write the page of the step that is walked through, or of the next one."""
        shown = self._mode.panel.shown
        if shown is None:
            self._wanted = True
            self._mode.enter()
            return
        self._wanted = False
        start = self._start(f"-step-{self._feed.steps + 1}.html")
        title = self.tr("Save this step")
        path = ask_save_path(self._window, title, start, self.tr("Web page (*.html)"), ".html")
        if path is not None:
            self.save(path)

    def save(self, path: Path) -> None:
        """Write the page; a notice says what came of it."""
        shown = self._mode.panel.shown
        if shown is None or self.busy:
            return
        try:
            content = self._content(shown)
        except ChainruleError as error:
            notices().failure(error, self.tr("The step was not saved."))
            return
        self._given_up.clear()
        given_up, advanced = self._given_up, self._advanced

        def advance(done: int) -> None:
            if given_up.is_set():
                raise Cancelled
            advanced.emit(done)

        self._dialog = self._make_dialog(len(content.phases))
        run_in_background(
            lambda: diskfile.write(path, html(content, advance)), lambda _none: self._saved(path), self._failed
        )

    # -- collecting --

    def _content(self, shown: Shown) -> Content:
        """Raises GraphError when the network cannot be drawn."""
        project, result = self._document.project, self._document.result
        objectives = objectives_of(shown.step)
        return Content(
            title=self._document.title,
            picture=drawing.draw(project, result, "svg", Wanted()),
            step=shown.step,
            arrays=dict(shown.arrays),
            phases=tuple(phase_of(moment, objectives) for moment in shown.step.moments),
            made=self._feed.steps,
            sample=shown.sample,
            settings=dict(result.settings),
            parameters=result.parameters,
        )

    def _start(self, ending: str) -> Path:
        path = self._document.path
        return folder_of(path) / f"{file_stem(path.stem if path is not None else self._document.project.name)}{ending}"

    # -- telling --

    def _make_dialog(self, count: int) -> QProgressDialog:
        dialog = QProgressDialog(self.tr("Writing the page…"), self.tr("Cancel"), 0, count, self._window)
        dialog.setObjectName("reportProgress")
        bar = QProgressBar(dialog)
        bar.setTextVisible(False)
        bar.setMaximum(count)
        dialog.setBar(bar)
        dialog.setMinimumWidth(theme().px(280))
        dialog.setWindowTitle(self.tr("Save this step"))
        dialog.setMinimumDuration(SHOWN_AFTER)
        dialog.setAutoClose(False)
        dialog.setAutoReset(False)
        dialog.canceled.connect(self._given_up.set)
        return dialog

    def _show_progress(self, done: int) -> None:
        if self._dialog is not None:
            self._dialog.setValue(done)

    def _over(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            dialog.canceled.disconnect(self._given_up.set)
            dialog.close()
            dialog.deleteLater()

    def _saved(self, path: Path) -> None:
        self._over()
        notices().success(self.tr("Saved {0}. It opens in any browser, and prints.").format(path))

    def _failed(self, error: BaseException) -> None:
        self._over()
        if isinstance(error, Cancelled):
            notices().info(self.tr("The step was not saved."))
        else:
            notices().failure(error, self.tr("The step was not saved."))

    # -- a step that is still to be taken apart --

    def _unfolded(self, _event: Unfolded) -> None:
        if self._wanted and self._mode.panel.shown is not None:
            self.ask()

    def _mode_changed(self, active: bool) -> None:
        self._wanted = self._wanted and active
