"""A folder with which another machine trains this network: chosen, looked at, written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.elsewhere.scripts import readme, train_sh, train_slurm
from engine.elsewhere.sources import sources
from engine.elsewhere.writing import Cancelled, Package, graph_name, write
from gui.background import run_in_background
from gui.document import Document
from gui.elsewhere.data_rows import DataRow, Measured, measured
from gui.elsewhere.form import OptionsForm
from gui.file_dialogs import ask_folder
from gui.format import format_bytes
from gui.notices import notices
from gui.run_actions import READING
from gui.run_keeping import show_folder
from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.labels import text_label
from gui.widgets.segmented import Segmented

MARGIN: Final = 48
"""Pixels of the window that are seen around the dialog in large type."""
TICK_MS: Final = 100


@final
class _Copying:
    """What the dialog and the thread that copies tell each other."""

    def __init__(self) -> None:
        self.done, self.total, self.going = 0, 1, True

    def __call__(self, done: int, total: int) -> bool:
        self.done, self.total = done, max(1, total)
        return self.going


@final
class ElsewhereDialog(QDialog):
    """Shows both scripts as they will be; writes off the GUI thread, and can be cancelled meanwhile."""

    def __init__(self, document: Document, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("elsewhereDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Train elsewhere"))
        self._document, self._project = document, document.project
        self._name = graph_name(document.title)
        self._copying = _Copying()
        self._looked, self._problem = False, ""
        self.rows: list[DataRow] = []
        self.form = OptionsForm()
        self.target = QLineEdit(str(_free(_beside(document), self._name)))
        self.target.setObjectName("elsewhereFolder")
        self.target.setAccessibleName(self.tr("Folder to be made"))
        self._browse = QPushButton(self.tr("Browse…"))
        self._which = Segmented([("sh", "train.sh"), ("slurm", "train.slurm"), ("readme", "README.txt")], "sh")
        self._which.setAccessibleName(self.tr("Which file is shown"))
        self.preview = QPlainTextEdit()
        self._says = text_label("", "caption", "secondary", wrap=True)
        self._says.setObjectName("elsewhereSays")
        self._progress = QProgressBar()
        self._progress.setAccessibleName(self.tr("Progress of the copy"))
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 1000)
        self.go, self._close = QPushButton(self.tr("Write folder")), QPushButton(self.tr("Cancel"))
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._advance)
        self._lay_out()
        self._connect()
        self._look()
        self._update()
        room = parent.window().size()
        self.resize(min(theme().px(1000), room.width() - MARGIN), min(theme().px(620), room.height() - MARGIN))

    # -- layout --

    def _lay_out(self) -> None:
        hint = self.tr(
            "A folder with all that another machine needs: the graph with its start values, the data, the engine and "
            "the scripts. Copy it there, install what requirements.txt names, and run train.sh."
        )
        sides = QHBoxLayout()
        sides.setSpacing(20)
        sides.addLayout(self._left(), 5)
        sides.addLayout(self._right(), 6)
        buttons = QHBoxLayout()
        buttons.addWidget(self._says, 1)
        buttons.addWidget(self._close)
        buttons.addWidget(self.go)
        self.go.setObjectName("elsewhereGo")
        self.go.setDefault(True)
        set_kind(self.go, "primary")
        self._progress.setFixedHeight(theme().px(3))
        kept = self._progress.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self._progress.setSizePolicy(kept)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addWidget(text_label(hint, tone="secondary", wrap=True))
        column.addLayout(sides, 1)
        column.addWidget(self._progress)
        column.addLayout(buttons)

    def _left(self) -> QVBoxLayout:
        place = QHBoxLayout()
        place.setSpacing(8)
        place.addWidget(self.target, 1)
        place.addWidget(self._browse)
        self._data = QVBoxLayout()
        self._data.setSpacing(8)
        self._data_says = text_label(self.tr("Looking at the data…"), "caption", "secondary", wrap=True)
        self._data.addWidget(self._data_says)
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(text_label(self.tr("Folder"), "strong"))
        column.addLayout(place)
        column.addSpacing(6)
        column.addWidget(text_label(self.tr("Data"), "strong"))
        column.addLayout(self._data)
        column.addSpacing(6)
        column.addWidget(text_label(self.tr("Machines"), "strong"))
        column.addWidget(self.form)
        column.addStretch(1)
        return column

    def _right(self) -> QVBoxLayout:
        self.preview.setObjectName("elsewherePreview")
        self.preview.setAccessibleName(self.tr("The file as it will be"))
        self.preview.setReadOnly(True)
        self.preview.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        set_role(self.preview, "mono")
        column = QVBoxLayout()
        column.setSpacing(8)
        row = QHBoxLayout()
        row.addWidget(self._which)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.preview, 1)
        return column

    def _connect(self) -> None:
        self.form.changed.connect(self._update)
        self.target.textChanged.connect(self._update)
        self._which.changed.connect(lambda _: self._update())
        self._browse.clicked.connect(self._ask)
        self.go.clicked.connect(self._write)
        self._close.clicked.connect(self.reject)
        self.finished.connect(self._ended)
        self._document.checked.connect(self._update)

    # -- the data --

    def _look(self) -> None:
        project, folder, copying = self._project, self._document.folder, self._copying
        run_in_background(
            lambda: [measured(source, lambda: copying.going) for source in sources(project, folder)],
            self._show_data,
            self._no_data,
        )

    def _show_data(self, found: list[Measured]) -> None:
        self._looked = True
        self._data_says.setText(self.tr("In the graph itself; nothing has to be copied."))
        self._data_says.setVisible(not found)
        for data in found:
            row = DataRow(data)
            row.changed.connect(self._update)
            self.rows.append(row)
            self._data.addWidget(row)
        self._update()

    def _no_data(self, error: BaseException) -> None:
        self._looked, self._problem = True, str(error)
        self._data_says.setText(str(error))
        set_tone(self._data_says, "error")
        self._update()

    # -- following --

    def _fault(self) -> str:
        """Why it cannot be written yet; "" when it can."""
        faults = self.form.options().faults()
        if faults:
            return next(iter(faults.values()))
        if any(problem.code == READING for problem in self._document.result.problems):
            return self.tr("The data are being read…")
        if not self._document.result.trainable:
            return self.tr("This network cannot be trained yet: mend its problems first.")
        if any(row.referred == "" for row in self.rows):
            return self.tr("Name the path of the data on the other machine.")
        target = self.target.text().strip()
        if not target or not Path(target).expanduser().is_absolute():
            return self.tr("Name the folder to be made, with its whole path.")
        return self._problem

    @property
    def busy(self) -> bool:
        """Whether the folder is being written."""
        return self._timer.isActive()

    def _update(self) -> None:
        options = self.form.options()
        faults = options.faults()
        if not faults:
            which = self._which.value()
            makers = {"sh": train_sh, "slurm": train_slurm}
            text = makers[which](self._name, options) if which in makers else readme(options)
            if text != self.preview.toPlainText():
                self.preview.setPlainText(text)
        fault = self._fault()
        self.go.setEnabled(self._looked and not fault and not self.busy)
        self._progress.setVisible(self.busy)
        if not self.busy:
            copied = sum(row.data.bytes for row in self.rows if row.referred is None)
            words = self.tr("{0} of data are copied.").format(format_bytes(copied)) if copied else ""
            self._tell(fault or words, "warning" if fault else "secondary")
        for part in (self.form, self.target, self._browse, *self.rows):
            part.setEnabled(not self.busy)

    def _tell(self, words: str, tone: str) -> None:
        self._says.setText(words)
        set_tone(self._says, tone)  # type: ignore[arg-type]

    def _ask(self) -> None:
        path = ask_folder(self, self.tr("Where the folder is made"), Path(self.target.text()).parent)
        if path is not None:
            self.target.setText(str(_free(path, self._name)))

    # -- writing --

    def _write(self) -> None:
        target = Path(self.target.text().strip()).expanduser()
        package = Package(
            self._project,
            self._name,
            self._document.folder,
            self.form.options(),
            tuple(row.data.source for row in self.rows if row.referred is None),
            {row.data.source: row.referred for row in self.rows if row.referred is not None},
        )
        copying = self._copying = _Copying()
        self._timer.start()
        self._update()
        run_in_background(lambda: write(package, target, copying), lambda _: self._written(target), self._failed)

    def _advance(self) -> None:
        copying = self._copying
        self._progress.setValue(int(1000 * copying.done / copying.total))
        done, total = format_bytes(copying.done), format_bytes(copying.total)
        self._tell(self.tr("Copying: {0} of {1}").format(done, total), "secondary")

    def _written(self, target: Path) -> None:
        self._timer.stop()
        notices().success(
            self.tr("{0} is ready to be copied to the other machine. README.txt says how it goes on.").format(target),
            actions=[(self.tr("Show"), lambda: show_folder(target))],
        )
        self.accept()

    def _failed(self, error: BaseException) -> None:
        self._timer.stop()
        self._progress.setValue(0)
        self._update()
        if not isinstance(error, Cancelled):
            self._tell(str(error), "error")

    def reject(self) -> None:
        """While it writes, Cancel ends that; else it closes the dialog."""
        if self.busy:
            self._copying.going = False
        else:
            super().reject()

    def _ended(self) -> None:
        self._copying.going = False


def _beside(document: Document) -> Path:
    """Where the graph's file lies; an example has none, and its data's folder is the program's own."""
    return Path.home() if document.path is None else document.path.parent


def _free(folder: Path, name: str) -> Path:
    """A folder that is not there yet, named for the graph."""
    plain = re.sub(r"[^\w.-]+", "-", name.removesuffix(".chainrule")).strip("-.")  # to be typed in a shell there
    stem = f"{plain or 'network'}-elsewhere"
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
    return next(path for each in names if not (path := folder / each).exists())
