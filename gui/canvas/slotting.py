"""A block held over a wire: which wire that is, whether the block fits into it, and putting it there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt

from engine import edits
from engine.graph import Project, Touched, Wire
from engine.problem import GraphError
from gui.canvas.fitting import MISFIT
from gui.canvas.geometry import HEAD
from gui.canvas.stage import Stage
from gui.canvas.wire_item import Ends, WireItem
from gui.inserting import Inserted

Put = Callable[[Wire], Inserted]
"""Makes the project with the block in a wire. Raises GraphError where it cannot sit on one."""
REACH: Final = HEAD / 2
"""How far from the middle of the block a wire may pass, in scene units."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Slotting", text)


@final
class Slot:
    """Lights the wire that a held block would go into; says why where it does not fit. Belongs to one gesture.

    Attributes:
        item: the wire below the block, whether it fits or not.
    """

    def __init__(self, stage: Stage, put: Put, but: frozenset[str] = frozenset()) -> None:
        """Blocks named in `but` are in the air, and their wires with them."""
        self._stage = stage
        self._put = put
        self._but = but
        self._judged: dict[Ends, tuple[Inserted | None, str]] = {}
        self._told = False
        self.item: WireItem | None = None

    @property
    def inserted(self) -> Inserted | None:
        """The project with the block in that wire, if it fits; judged where the wire was caught first."""
        return self._judged[self.item.wire.ends][0] if self.item is not None else None

    @property
    def refusal(self) -> str:
        """Why the block does not fit into the wire below it; "" when it does or there is none."""
        return self._judged[self.item.wire.ends][1] if self.item is not None else ""

    def hold(self, middle: QPointF, pointer: QPointF) -> None:
        """The middle of the block is there, the pointer at that place of the viewport."""
        item = self._wire_below(middle)
        if item is not self.item:
            self._light(None)
            self.item = item
            if item is not None and item.wire.ends not in self._judged:
                self._judged[item.wire.ends] = self._judge(item.wire)
        if self.refusal:
            self._stage.hints.say(self.refusal, pointer, severity="warning")
            self._told = True
        elif self._told:
            self._told = False
            self._stage.hints.hush()
        self._light(self.item if self.inserted is not None else None)

    def drop(self) -> Inserted | None:
        """The project with the block put where it was let go; None when it does not go into a wire."""
        item, fits = self.item, self.inserted is not None
        self.clear()
        if item is None or not fits:
            return None
        return self._put(item.wire)

    def clear(self) -> None:
        """Put the light out."""
        self._light(None)
        self.item = None
        if self._told:
            self._told = False
            self._stage.hints.hush()

    # -- inside --

    def _light(self, item: WireItem | None) -> None:
        if self.item is not None:
            self.item.set_mood("lit" if item is not None else "")

    def _wire_below(self, middle: QPointF) -> WireItem | None:
        area = QRectF(middle.x() - REACH, middle.y() - REACH, 2 * REACH, 2 * REACH)
        nearest, found = REACH, None
        for item in self._stage.scene.items(area, Qt.ItemSelectionMode.IntersectsItemBoundingRect):
            if not isinstance(item, WireItem) or {item.wire.from_node, item.wire.to_node} & self._but:
                continue
            distance = item.distance(middle)
            if distance < nearest:
                nearest, found = distance, item
        return found

    def _judge(self, wire: Wire) -> tuple[Inserted | None, str]:
        try:
            made = self._put(wire)
        except GraphError as error:
            return None, _tr(
                "It cannot sit on a wire: it needs an input and an output."
            ) if error.code == "G23" else str(error)
        why = objection(self._stage, made.project, made.touched, {made.node_id, wire.to_node})
        return (None, why) if why else (made, "")


def objection(stage: Stage, project: Project, touched: Touched, concerned: set[str]) -> str:
    """What speaks against a project: a new misfit at one of the blocks concerned. "" when nothing does."""
    before = set(stage.document.result.problems)
    for problem in stage.document.trial(project, touched).problems:
        if problem.severity != "error" or problem.code not in MISFIT or problem.node is None or problem in before:
            continue
        if problem.node.split(".", 1)[0] in concerned:
            return f"{problem.message} {problem.hint}".strip()
    return ""


def is_free(project: Project, node_id: str) -> bool:
    """Whether a block has no wires but could sit on one."""
    graph = project.graph
    return (
        not graph.wires_into(node_id)
        and not graph.wires_out_of(node_id)
        and None not in edits.first_ports(graph.node(node_id), project.groups)
    )
