"""The editor of the device: what there is here, and what the file asks for, also where this machine lacks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

from PySide6.QtCore import Qt

from engine.machineevents import DeviceFacts
from engine.param import Device
from gui.format import format_bytes
from gui.inspector.editors import Editor, StillBox

ALWAYS: Final = ("auto", "cpu")


@final
class DeviceEditor(Editor):
    """A list of devices."""

    wide = True

    def __init__(self, param: Device) -> None:
        super().__init__()
        self._box = StillBox()
        self._names: list[str] = []
        self._known: tuple[DeviceFacts, ...] | None = None
        self._value: str = param.default
        self._box.activated.connect(self._chosen)
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
                self._box.addItem(self._words(name, facts))
                self._box.setItemData(self._box.count() - 1, self._words(name, facts), Qt.ItemDataRole.ToolTipRole)
        self._box.setCurrentIndex(self._names.index(self._value))

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
