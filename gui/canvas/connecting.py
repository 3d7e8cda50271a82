"""Wiring without a mouse: the ports that go with those of the selected block, in a list to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

from PySide6.QtCore import QElapsedTimer, QObject
from PySide6.QtWidgets import QWidget

from engine.graph import Wire
from gui.canvas.face import PortFace, Side
from gui.canvas.fitting import Fitting
from gui.canvas.hits import PortRef
from gui.canvas.remedies import remedies
from gui.canvas.stage import Stage
from gui.notices import notices
from gui.widgets.pick_list import Pick, PickList

WIDTH: Final = 420
ROWS: Final = 9
MOST: Final = 60
JUDGED_MS: Final = 12
"""How long ports are judged while the list is filled; what is further down is judged when it is chosen."""


@final
@dataclass(frozen=True, slots=True)
class _Chance:
    """A wire that might be drawn: from a port of the selected block to another port, by distance."""

    own: PortRef
    other: PortRef
    face: PortFace
    kind: str
    free: bool
    same: bool
    distance: float

    @property
    def likely(self) -> bool:
        """Nothing would be replaced, and the kinds are the same."""
        return self.free and self.same

    @property
    def odd(self) -> bool:
        """Neither: less likely to be meant than what would be right but for its shape."""
        return not (self.free or self.same)

    @property
    def text(self) -> str:
        arrow = "→" if self.own.side == "out" else "←"
        return f"{self.own.port} {arrow} {self.other.node}.{self.other.port}"


@final
class Connecting(QObject):
    """Belongs to a canvas; opened for the one selected block."""

    def __init__(self, stage: Stage, view: QWidget) -> None:
        super().__init__(view)
        self._stage = stage
        self._view = view
        self._fits: dict[PortRef, Fitting] = {}

    @cached_property
    def popup(self) -> PickList:
        """The list, made when it is first needed."""
        asked, nothing = self.tr("Connect to which block?"), self.tr("There is no such port that could be connected.")
        popup = PickList(asked, nothing, self._view)
        popup.setObjectName("connectList")
        popup.chosen.connect(self._connect)
        return popup

    def open(self) -> None:
        """List what the selected block can be connected to, likely and near ports first."""
        stage = self._stage
        node_id = stage.selection.single
        if node_id is None or node_id not in stage.scene.blocks:
            notices().info(self.tr("Select the one block that you want to connect."))
            return
        self._fits = {}
        chances = sorted(self._chances(node_id), key=lambda chance: (not chance.likely, chance.distance))
        item = stage.scene.blocks[node_id]
        at = stage.camera.to_view(item.area.bottomLeft()).toPoint()
        self.popup.open(lambda text: self._found(text, chances), WIDTH, ROWS, at)

    def _chances(self, node_id: str) -> Iterator[_Chance]:
        scene = self._stage.scene
        here = scene.blocks[node_id]
        sides: tuple[Side, Side] = ("out", "in")
        for side in sides:
            for own in here.face.ports(side):
                ref = PortRef(node_id, side, own.name)
                fitting = self._fits[ref] = Fitting(self._stage.document, ref)
                for other_id, item in scene.blocks.items():
                    for port in item.face.ports(ref.other_side):
                        other = PortRef(other_id, ref.other_side, port.name)
                        if not fitting.may_end(other) or self._drawn(ref, other):
                            continue
                        free = not (own if side == "in" else port).wired
                        same = own.kind == port.kind
                        distance = (item.area.center() - here.area.center()).manhattanLength()
                        yield _Chance(ref, other, port, item.face.kind, free, same, distance)

    def _drawn(self, own: PortRef, other: PortRef) -> bool:
        return self._fits[own].wire_to(other).ends in self._stage.scene.wires.items

    def _found(self, text: str, chances: Sequence[_Chance]) -> list[Pick]:
        words = text.lower().split()
        found = [chance for chance in chances if all(word in f"{chance.text} {chance.kind}".lower() for word in words)]
        clock = QElapsedTimer()
        clock.start()
        fit: list[Pick] = []
        nearly: list[Pick] = []
        odd: list[Pick] = []
        misfit: list[Pick] = []
        for chance in found[:MOST]:
            fitting = self._fits[chance.own]
            judge = fitting.known(chance.other) or clock.elapsed() < JUDGED_MS
            refusal = fitting.refusal(chance.other) if judge else None
            note = self.tr("does not fit") if refusal is not None else self._note(chance)
            pick = Pick(
                chance.text, " · ".join(part for part in (chance.kind, chance.face.shape) if part), note, chance
            )
            if refusal is not None:
                (nearly if chance.likely else misfit).append(pick)
            else:
                (odd if chance.odd else fit).append(pick)
        return fit + nearly + odd + misfit

    def _note(self, chance: _Chance) -> str:
        end = chance.other if chance.own.side == "out" else chance.own
        graph = self._stage.document.project.graph
        wires = graph.wires_into(end.node, end.port)
        return self.tr("replaces {0}").format(f"{wires[0].from_node}.{wires[0].from_port}") if wires else ""

    def _connect(self, pick: Pick) -> None:
        chance = pick.data
        assert isinstance(chance, _Chance)
        stage, fitting = self._stage, self._fits[chance.own]
        refusal = fitting.refusal(chance.other)
        wire: Wire = fitting.wire_to(chance.other)
        project, touched = fitting.drawn(chance.other)
        if refusal is not None:
            at = stage.camera.to_view(stage.scene.blocks[chance.own.node].area.bottomLeft())
            stage.hints.say(refusal.text, at, remedies(stage, refusal, project, touched, wire))
            return
        stage.document.edit(self.tr("Connect {0} to {1}").format(wire.from_node, wire.to_node), project, touched)
