"""Dropping a group from the palette."""

from __future__ import annotations

from pathlib import Path
from typing import final

from PySide6.QtCore import QMimeData, QRectF

from gui.canvas.adding import SIZE
from gui.canvas.geometry import snapped
from gui.canvas.gestures.base import At, Cancel, Gesture
from gui.canvas.groups.commands import GroupCommands
from gui.canvas.mime import GROUP_MIME
from gui.canvas.stage import Stage


@final
class DropGroup(Gesture):
    """Shows where the group would land while it hovers, adds it where it is dropped."""

    def __init__(self, stage: Stage, commands: GroupCommands, carried: str) -> None:
        super().__init__(stage)
        self._commands = commands
        self._source, _, self._name = carried.partition(":")

    def begin(self, at: At) -> None:
        self.stage.hints.hush()
        self.move(at)

    def move(self, at: At) -> None:
        left, top = snapped(at.scene.x() - SIZE[0] / 2), snapped(at.scene.y() - SIZE[1] / 2)
        self.stage.overlay.set_ghost(QRectF(left, top, *SIZE))

    def finish(self, at: At) -> bool:
        self.stage.overlay.set_ghost(None)
        if self._source == "file":
            self._commands.add_file(Path(self._name), at.scene)
        else:
            self._commands.add_use(self._name, at.scene)
        return True

    def cancel(self, reason: Cancel) -> None:
        self.stage.overlay.set_ghost(None)


def dropped_group(stage: Stage, commands: GroupCommands, data: QMimeData) -> DropGroup | None:
    """The gesture for a group that is dragged; None when something else is."""
    carried = bytes(data.data(GROUP_MIME).data()).decode("utf-8", "replace")
    return DropGroup(stage, commands, carried) if carried.startswith(("here:", "file:")) else None
