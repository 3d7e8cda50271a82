"""The editor of the device: what there is here, and what the file asks for, also where this machine lacks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

from PySide6.QtCore import Qt

from engine.machineevents import DeviceFacts
from engine.param import Device
from gui.format import format_bytes
from gui.inspector.editors import Editor, StillBox
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

ALWAYS: Final = ("auto", "cpu")


@final
class DeviceEditor(Editor):
    """A list of devices; closed it shows the name alone, and in full on hover."""

    def __init__(self, param: Device) -> None:
        super().__init__()
        self._box = StillBox()
        self._names: list[str] = []
        self._known: tuple[DeviceFacts, ...] | None = None
        self._value: str = param.default
        self._box.activated.connect(self._chosen)
        self._box.currentIndexChanged.connect(self._tell_whole)
        self.take(self._box)
        self._fill()

    def set_devices(self, devices: Sequence[DeviceFacts]) -> None:
        """What this machine has."""
        if tuple(devices) != self._known:
            self._known = tuple(devices)
            self._fill()

    def set_value(self, value: Any) -> None:
        if value != self._value:
            self._value = value
            self._fill()

    def _fill(self) -> None:
        """The devices there are, and the chosen one."""
        facts = {device.name: device for device in self._known or ()}
        found = [*dict.fromkeys((*ALWAYS, *facts))]
        if self._value not in found:
            found.append(self._value)
        if found != self._names or self._known is not None:
            self._names = found
            self._box.clear()
            for name in found:
                words = self._words(name, facts)
                self._box.addItem(words)
                self._box.setItemData(self._box.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
                self._box.setItemData(self._box.count() - 1, words if name == "auto" else name, StillBox.SHORT)
            self._widen_list()
        self._box.setCurrentIndex(self._names.index(self._value))
        self._tell_whole()

    def _widen_list(self) -> None:
        """The open list says what a device is; the field beside its label is too narrow for that."""
        view = self._box.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * theme().px(12))

    def _tell_whole(self) -> None:
        """What is left out in the field, before the help."""
        words = self._box.currentText()
        short = words == self._box.currentData(StillBox.SHORT)
        self._box.setToolTip("" if short else plain_tooltip(words) + self.toolTip())

    def _words(self, name: str, facts: dict[str, DeviceFacts]) -> str:
        if name == "auto":
            return self.tr("auto")
        if name in facts:
            memory = facts[name].bytes
            parts = [facts[name].title, *([format_bytes(memory)] if memory is not None else [])]
            return f"{name} ({', '.join(parts)})"
        if self._known is None or is_there(name, self._known):
            return name
        return self.tr("{0} (not here)").format(name)

    def _chosen(self, index: int) -> None:
        if self._names[index] != self._value:
            self._value = self._names[index]
            self.changed.emit(self._value)


def is_there(name: str, devices: Sequence[DeviceFacts]) -> bool:
    """Whether a training can run on a device of the settings here; `cuda` is the first of its kind."""
    return name in ALWAYS or any(name in (device.name, device.name.partition(":")[0]) for device in devices)
