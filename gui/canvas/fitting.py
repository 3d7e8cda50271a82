"""Whether a wire fits, and why not: direction, loops, and a trial check of the project with the wire in it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, final

from PySide6.QtCore import QCoreApplication

from engine import edits
from engine.graph import Graph, Project, Touched, Wire
from engine.plan import runs_before
from engine.problem import Problem
from gui.canvas.face import Side
from gui.canvas.hits import PortRef
from gui.level import LevelView

MISFIT: Final = frozenset({"G03", "G04", "G08", "G12"})
"""Problems of the block at the end of a wire that speak against the wire."""
_PATH_SHOWN: Final = 6


def _tr(text: str) -> str:
    return QCoreApplication.translate("Fitting", text)


@final
@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a wire does not fit.

    Attributes:
        text: what is wrong and the way out.
        problem: what the check said, with its quick fix; None where no check was needed to tell.
    """

    text: str
    problem: Problem | None = None


@final
class Fitting:
    """Judges wires from one port, each other port once. Belongs to one gesture: the project must stay the same.

    Whether a wire closes a loop is told by the order in which blocks run, where that suffices; else the graph is walked
    through, once a gesture.

    Args:
        document: what the wire is to be drawn in.
        anchor: the port where the wire begins.
        without: a wire whose end is being carried elsewhere.
    """

    __slots__ = ("_anchor", "_document", "_graph", "_judged", "_reached", "_without")

    def __init__(self, document: LevelView, anchor: PortRef, without: Wire | None = None) -> None:
        self._document = document
        self._anchor = anchor
        self._without = without
        self._judged: dict[PortRef, Refusal | None] = {}
        graph = document.project.graph
        if without is not None:
            graph, _ = graph.disconnect([without])
        self._graph = graph
        self._reached: dict[str, str | None] | None = None

    def may_end(self, port: PortRef) -> bool:
        """What can be told without a check: direction and loops."""
        return port.side != self._anchor.side and port.node != self._anchor.node and not self._closes_loop(port.node)

    def _closes_loop(self, node_id: str) -> bool:
        graph, anchor = self._graph, self._anchor
        start, end = (anchor.node, node_id) if anchor.side == "out" else (node_id, anchor.node)
        if not graph.into.get(start) or not graph.out_of.get(end):
            return False  # no way leads back from the end of the wire to its start
        if not self._document.path and runs_before(self._document.result, start, end):
            return False
        return node_id in self._cause

    @property
    def _cause(self) -> dict[str, str | None]:
        """What a wire from the anchor must not lead to, with the way there; looked for when it is first asked for."""
        if self._reached is None:
            self._reached = reached(self._graph, self._anchor.node, "out" if self._anchor.side == "in" else "in")
        return self._reached

    def known(self, port: PortRef) -> bool:
        """Whether the port was judged already."""
        return port in self._judged

    def refusal(self, port: PortRef) -> Refusal | None:
        """Why the wire cannot end at a port; None when it fits."""
        if port not in self._judged:
            self._judged[port] = self._judge(port)
        return self._judged[port]

    def _judge(self, port: PortRef) -> Refusal | None:
        if port.side == self._anchor.side:
            return Refusal(
                _tr("A wire goes from an output to an input; both of these are outputs.")
                if port.side == "out"
                else _tr("A wire goes from an output to an input; both of these are inputs.")
            )
        if port.node == self._anchor.node:
            return Refusal(_tr('"{0}" cannot feed itself.').format(port.node))
        if self._closes_loop(port.node):
            names = _names(path_back(self._cause, port.node))
            ends = [*names, names[0]] if self._anchor.side == "in" else [*names[::-1], names[-1]]
            return Refusal(_tr("Loop: {0}. Data cannot flow in a circle.").format(" → ".join(ends)))
        wire = self.wire_to(port)
        return misfit(self._document, *self.drawn(port), wire)

    def wire_to(self, port: PortRef) -> Wire:
        """The wire between the anchor and a port of the other side."""
        start, end = (self._anchor, port) if self._anchor.side == "out" else (port, self._anchor)
        return Wire(start.node, start.port, end.node, end.port)

    def drawn(self, port: PortRef) -> tuple[Project, Touched]:
        """The project with the wire drawn to that port, and the ids that touches."""
        project, touched = self._document.project, edits.NOTHING
        if self._without is not None:
            project, touched = edits.disconnect(project, [self._without])
        project, more = edits.connect(project, self.wire_to(port))
        return project, touched | more


def misfit(document: LevelView, project: Project, touched: Touched, wire: Wire) -> Refusal | None:
    """Why the block at the end of a wire objects to it, by a check of the project with the wire in it."""
    result = document.trial(project, touched)
    before = set(document.result.problems)
    for problem in result.problems:
        if problem.severity != "error" or problem.code not in MISFIT or problem.node is None:
            continue
        if problem.node.split(".", 1)[0] != wire.to_node:
            continue
        if problem.port == wire.to_port or problem not in before:
            return Refusal(f"{problem.message} {problem.hint}".strip(), problem)
    return None


def reached(graph: Graph, start: str, side: Side) -> dict[str, str | None]:
    """Every node that data from `start` reach (`side` "out") or come from ("in"), with the one before it on the way."""
    found: dict[str, str | None] = {start: None}
    waiting = deque([start])
    while waiting:
        node_id = waiting.popleft()
        wires = graph.wires_out_of(node_id) if side == "out" else graph.wires_into(node_id)
        for wire in wires:
            other = wire.to_node if side == "out" else wire.from_node
            if other not in found:
                found[other] = node_id
                waiting.append(other)
    return found


def path_back(cause: dict[str, str | None], node_id: str) -> list[str]:
    """The way from the start of `reached` to a node it reached."""
    path: list[str] = []
    here: str | None = node_id
    while here is not None:
        path.append(here)
        here = cause[here]
    return path[::-1]


def _names(path: list[str]) -> list[str]:
    if len(path) <= _PATH_SHOWN:
        return path
    half = _PATH_SHOWN // 2
    return [*path[:half], "…", *path[-half:]]
