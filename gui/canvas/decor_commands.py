"""What menus and keys do to frames and notes: each one edit of the document, so one undo step."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSizeF

from engine import decorations
from engine.decorations import COLORS, Frame
from gui.canvas.geometry import snapped
from gui.canvas.note_place import free_in_view
from gui.canvas.stage import Stage

NOTE: Final = (240.0, 96.0)
FRAME: Final = (400.0, 240.0)
AROUND: Final = 32.0
"""Room between a frame and what it was put around: wires that run back bend as far out of their blocks."""
TITLE_ROOM: Final = 32.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("DecorCommands", text)


@final
class DecorCommands:
    """The verbs. What was just made is written in at once."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @property
    def single(self) -> str | None:
        """The frame or note, when exactly one is selected."""
        chosen = self._stage.scene.decor.chosen
        return next(iter(chosen)) if len(chosen) == 1 else None

    def frame_selection(self) -> None:
        """Put a frame around what is selected, or an empty one into the middle of the view; its title is asked for."""
        stage = self._stage
        box = self.chosen_area()
        if box.isEmpty():
            centre = stage.camera.centre
            box = QRectF(centre.x() - FRAME[0] / 2, centre.y() - FRAME[1] / 2, *FRAME)
        else:
            box = box.adjusted(-AROUND, -AROUND - TITLE_ROOM, AROUND, AROUND)
        used = [frame.color for frame in decorations.frames(stage.document.project.layout)]
        color = min(COLORS[1:], key=used.count)  # neighbours differ
        project = stage.scene.with_places(stage.document.project)
        project, name = decorations.add_frame(project, _on_grid(box), _tr("Frame"), color)
        stage.document.edit(_tr("Add a frame"), project, moved=frozenset({name}))
        self._choose(name)
        self._stage.write(name)

    def add_note(self, at: QPointF | None = None) -> None:
        """Put an empty note near a place of the scene, or the middle of the view, where nothing is; write in it."""
        stage = self._stage
        box = free_in_view(stage, QRectF(QPointF(), QSizeF(*NOTE)), at if at is not None else stage.camera.centre)
        project, name = decorations.add_note(stage.document.project, _on_grid(box))
        stage.document.edit(_tr("Add a note"), project, moved=frozenset({name}))
        self._choose(name)
        self._stage.write(name)

    def color(self, color: str) -> None:
        """Give the selected frames and notes a colour."""
        stage = self._stage
        here = decorations.decorations(stage.document.project.layout)
        changed = [replace(here[name], color=color) for name in sorted(stage.scene.decor.chosen) if name in here]
        if changed:
            project, names = decorations.put(stage.document.project, *changed), frozenset(item.id for item in changed)
            stage.document.edit(_tr("Change the colour"), project, moved=names)

    def write(self, name: str, text: str) -> None:
        """Give a frame that title, a note that text."""
        stage = self._stage
        item = decorations.decorations(stage.document.project.layout).get(name)
        if item is None:
            return
        framed = isinstance(item, Frame)
        changed = replace(item, title=text) if isinstance(item, Frame) else replace(item, text=text)
        verb = _tr("Rename a frame") if framed else _tr("Write a note")
        stage.document.edit(verb, decorations.put(stage.document.project, changed), moved=frozenset({name}))

    def fit_selection(self) -> None:
        """Look at what is selected, not closer than at 100 %."""
        area, camera = self.chosen_area(), self._stage.camera
        if not area.isEmpty():
            camera.fit(area)
            camera.fitted = False  # when the view is resized, everything is not what to fit again

    def _choose(self, name: str) -> None:
        self._stage.selection.set(())
        self._stage.scene.choose_wires(())
        self._stage.scene.decor.choose({name})

    def chosen_area(self) -> QRectF:
        """What the selected blocks, frames and notes cover."""
        scene, found = self._stage.scene, QRectF()
        for node_id in self._stage.selection.ids:
            if node_id in scene.blocks:
                found = found.united(scene.blocks[node_id].area)
        for name in scene.decor.chosen:
            found = found.united(scene.decor.items[name].area)
        return found


def _on_grid(box: QRectF) -> tuple[float, float, float, float]:
    left, top = snapped(box.left()), snapped(box.top())
    return (left, top, snapped(box.right()) - left, snapped(box.bottom()) - top)
