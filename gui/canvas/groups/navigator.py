"""Going into groups and out again; each level is seen again as it was left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from PySide6.QtCore import QObject, QPointF

from engine.levels import Level, located
from engine.references import GROUP
from gui.canvas.stage import Stage
from gui.level import LevelView


@final
class Navigator(QObject):
    """Moves the canvas between the levels of its document."""

    def __init__(self, stage: Stage, parent: QObject) -> None:
        super().__init__(parent)
        self._stage = stage
        self._seen: dict[Level, tuple[QPointF, float]] = {}
        stage.document.document.replaced.connect(self._seen.clear)
        stage.selection.set_guide(self.show_path)

    @property
    def level(self) -> LevelView:
        """Where the canvas is."""
        return self._stage.document

    def open(self, node_id: str) -> bool:
        """Show the inside of a group that stands here. Returns whether it is one that can be opened."""
        node = self.level.project.graph.nodes.get(node_id)
        return node is not None and node.block == GROUP and self.go((*self.level.path, node_id), self.level.turns)

    def leave(self) -> bool:
        """Go up by one level, to the group that was left. Returns whether there was one to leave."""
        if not self.level.path:
            return False
        left = self.level.path[-1]
        self.go(self.level.path[:-1], self.level.turns)
        self._stage.selection.set({left} if left in self._stage.scene.blocks else ())
        return True

    def go(self, path: Level, turns: Sequence[int] = ()) -> bool:
        """Show a level. Returns whether there is one."""
        here, camera = self.level.path, self._stage.camera
        self._seen[here] = (camera.centre, camera.scale)
        if not self.level.go(path, turns):
            return False
        if path in self._seen and path != here:
            camera.look_at(*self._seen[path], animated=False)
        return True

    def turn(self, by: int) -> None:
        """Look at another repetition of the group that is open: its shapes and problems."""
        level = self.level
        if level.path:
            last = min(max(level.turns[-1] + by, 0), level.repeats() - 1)
            self.go(level.path, (*level.turns[:-1], last))

    def show_path(self, path: str) -> None:
        """Go to where a block is, whatever group it is in, and select it."""
        level, turns, node_id = located(self.level.document.project, path)
        if self.go(level, turns):
            self._stage.selection.show(node_id)
