"""Where and how it computes, and what memory that takes: reckoned before, measured with the first step."""

from __future__ import annotations

from typing import Any, Final, cast, final

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from engine.machineevents import DeviceFacts, MachineTold, MemoryMeasured
from engine.planning.memory import MemoryParts, estimated
from engine.result import Result
from engine.settings import TRAINING
from gui.format import format_bytes
from gui.inspector.device_editor import DeviceEditor, is_there
from gui.inspector.form import ParamForm
from gui.run_feed import RunFeed
from gui.widgets.labels import plain_tooltip, text_label

NAMES: Final = ("device", "dtype", "precision", "micro_batch", "threads")
PARTS: Final = ("parameters", "gradients", "optimizer", "activations", "total")


@final
class MachinePart(QWidget):
    """The settings of device and precision, what is to be said of the device, and the table of memory.

    Signals:
        edited(str, object, bool): as of its form.
    """

    edited = Signal(str, object, bool)

    def __init__(self, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feed = feed
        self._devices: tuple[DeviceFacts, ...] | None = None
        self._wanted = "auto"
        self.form = ParamForm({name: TRAINING[name] for name in NAMES})
        self.form.edited.connect(self.edited)
        self._note = text_label("", "caption", "warning", wrap=True)
        self._note.setObjectName("deviceNote")
        self._note.hide()
        self._figures: dict[tuple[str, int], QLabel] = {}
        self._how = text_label("", "caption", "secondary", wrap=True)
        self._how.setObjectName("memoryNote")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.form)
        column.addWidget(self._note)
        column.addLayout(self._table())
        column.addWidget(self._how)
        feed.on(MachineTold, self._take_devices)
        feed.on(MemoryMeasured, self._take_memory)
        feed.session_changed.connect(self._forget)
        self._forget()

    def _table(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        heads = (self.tr("Memory"), self.tr("estimated"), self.tr("measured"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number, head in enumerate(heads):
            label = text_label(head, "caption", "secondary")
            grid.addWidget(label, 0, number, right if number else Qt.AlignmentFlag.AlignLeft)
        for row, part in enumerate(PARTS, 1):
            grid.addWidget(text_label(_name_of(part), "caption"), row, 0)
            for number in (0, 1):
                figure = text_label("", "caption")
                figure.setObjectName(f"memory_{part}_{('estimated', 'measured')[number]}")
                self._figures[(part, number)] = figure
                grid.addWidget(figure, row, number + 1, right)
        return grid

    def look(self) -> None:
        """Ask which devices there are, once; a session begins with it, which loads PyTorch in its own thread."""
        if self._devices is None:
            self._feed.session.machine()

    def show_result(self, result: Result) -> None:
        """What is to be said of the device, and what the training will take."""
        self._wanted = result.settings["device"]
        self._show(0, estimated(result))
        self._say()

    def _show(self, column: int, parts: MemoryParts | None) -> None:
        for part in PARTS:
            text = "–" if parts is None else format_bytes(cast("Any", getattr(parts, part)))
            self._figures[(part, column)].setText(text)

    def _say(self) -> None:
        missing = self._devices is not None and not is_there(self._wanted, self._devices)
        words = self.tr("{0} is not on this computer: the training runs on the CPU.").format(self._wanted)
        self._note.setText(words if missing else "")
        self._note.setVisible(missing)

    def _take_devices(self, event: MachineTold) -> None:
        self._devices = event.devices
        editor = self.form.editor("device")
        assert isinstance(editor, DeviceEditor)
        editor.set_devices(event.devices)
        self._say()

    def _take_memory(self, event: MemoryMeasured) -> None:
        self._show(1, event.parts)
        if event.how == "peak":
            words = self.tr("Measured on {0} in the first step: the most that was in use.")
        else:
            words = self.tr("Measured on {0} in the first step: the tensors that it keeps.")
        self._how.setText(words.format(event.device.upper()))
        tip = self.tr("{0} samples were in memory at once.").format(event.samples)
        self._how.setToolTip(plain_tooltip(tip))

    def _forget(self) -> None:
        """Another session: nothing was measured yet."""
        self._show(1, None)
        self._how.setText(self.tr("The first step measures it."))
        self._how.setToolTip("")


def _name_of(part: str) -> str:
    tr = QCoreApplication.translate
    return {
        "parameters": tr("MachinePart", "parameters"),
        "gradients": tr("MachinePart", "gradients"),
        "optimizer": tr("MachinePart", "optimizer"),
        "activations": tr("MachinePart", "activations"),
        "total": tr("MachinePart", "together"),
    }[part]
