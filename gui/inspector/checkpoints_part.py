"""How often the training is saved, what stays, how much room it takes on disk, and where that is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import final

from PySide6.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from engine.checkpoints import KEPT, disk_use
from engine.events import RunKept
from engine.snapshots import RunSaved
from gui.checkpoint_settings import FIRST, UNITS, checkpoint_plan, choose, chosen
from gui.format import format_bytes, format_integer
from gui.inspector.editors import StillBox
from gui.run_feed import RunFeed
from gui.run_keeping import show_folder
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.number_edit import IntEdit, Limits


@final
class CheckpointsPart(QWidget):
    """Edits `gui.checkpoint_settings`; the run that goes on now follows at once."""

    def __init__(self, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feed = feed
        self._folder: Path | None = None
        number, unit, keep = chosen()
        self._unit = StillBox()
        self._unit.setObjectName("checkpointUnit")
        words = (self.tr("automatic"), self.tr("minutes"), self.tr("epochs"), self.tr("steps"))
        self._unit.addItems(list(words))
        self._unit.setCurrentIndex(UNITS.index(unit))
        self._number = IntEdit(number, Limits(minimum=1, maximum=10**9))
        self._number.setObjectName("checkpointNumber")
        self._keep = IntEdit(keep, Limits(minimum=1, maximum=10**6))
        self._keep.setObjectName("checkpointsKept")
        self._use = text_label("", "caption", wrap=True)
        self._use.setObjectName("runDiskUse")
        self._open = QPushButton(self.tr("Open folder"))
        self._open.setObjectName("openRunFolder")
        self._arrange()
        self._unit.activated.connect(self._other_unit)
        self._number.changed.connect(lambda _value: self._changed())
        self._keep.changed.connect(lambda _value: self._changed())
        self._open.clicked.connect(self._show_folder)
        feed.on(RunKept, lambda event: self._take(Path(event.path) if event.path else None))
        feed.on(RunSaved, self._tell_size)
        feed.session_changed.connect(lambda: self._take(None))
        self._other_unit(UNITS.index(unit), told=False)
        self._take(None)

    def _arrange(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 5)
        grid.setColumnStretch(1, 6)
        often = self.tr("What --resume and the Run menu go on with; automatic: as often as costs 2 % of the time.")
        kept = self.tr("The newest ones; the weights of the best epoch are kept beside them.")
        rows = (
            (self.tr("save every"), self._unit, often),
            ("", self._number, often),
            (self.tr("keep the last"), self._keep, kept),
        )
        for row, (text, editor, tip) in enumerate(rows):
            if text:
                label = text_label(text, wrap=True)
                label.setBuddy(editor)
                label.setToolTip(plain_tooltip(tip))
                grid.addWidget(label, row, 0)
            editor.setAccessibleName(text or self.tr("how many"))
            editor.setAccessibleDescription(tip)
            editor.setToolTip(plain_tooltip(tip))
            grid.addWidget(editor, row, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(grid)
        column.addWidget(text_label(self.tr("For all networks on this computer."), "caption", "secondary", wrap=True))
        column.addWidget(self._use)
        column.addWidget(self._open)

    def _other_unit(self, index: int, *, told: bool = True) -> None:
        unit = UNITS[index]
        self._number.setVisible(bool(unit))
        if told:
            self._number.set_value(FIRST[unit])
            self._changed()

    def _changed(self) -> None:
        """Remember it, and let the session know."""
        number, keep = self._number.value() or 1, self._keep.value() or KEPT
        choose(number, UNITS[self._unit.currentIndex()], keep)
        place = self._feed.runs_place
        if place is not None:
            self._feed.keep_runs(replace(place, checkpoints=checkpoint_plan()))

    def _take(self, folder: Path | None) -> None:
        """The run's directory; None while it has none."""
        self._folder = folder
        self._open.setEnabled(folder is not None)
        if folder is None:
            self._use.setText(self.tr("No run of this network is on disk yet."))
            self._use.setToolTip("")
        else:
            self._show_use()

    def _tell_size(self, event: RunSaved) -> None:
        if self._folder == Path(event.path):
            self._show_use()

    def _show_use(self) -> None:
        assert self._folder is not None
        size, files = disk_use(self._folder)
        words = self.tr("This run takes {0} in {1} files.").format(format_bytes(size), format_integer(files))
        self._use.setText(words)
        self._use.setToolTip(plain_tooltip(str(self._folder)))

    def _show_folder(self) -> None:
        if self._folder is not None:
            show_folder(self._folder)
