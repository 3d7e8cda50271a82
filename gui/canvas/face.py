"""What a block shows: made from node, plan and problems. Equal faces look the same, so nothing is repainted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, final

from PySide6.QtCore import QCoreApplication

from engine.block import Block, Port, PortKind, block_named
from engine.dataspec import DataFacts
from engine.graph import Graph, Node
from engine.param import parse_all
from engine.problem import Problem
from engine.references import GROUP
from engine.result import NodePlan, Result
from gui.canvas.group_faces import ICONS, port, summary, title
from gui.format import format_integer
from gui.icons import block_icon_name

Side = Literal["in", "out"]
Severity = Literal["", "warning", "error"]
UNCONNECTED: Final = "G07"
NO_PROBLEMS: Final[tuple[Problem, ...]] = ()
_KEPT: Final = 256
Names = frozenset[str | None]
_NOBODY: Final[Names] = frozenset()
_NO_AIMS: Final[Mapping[str, str]] = {}


@final
@dataclass(frozen=True, slots=True)
class PortFace:
    """One port as drawn.

    Attributes:
        name, kind, doc: as the block declares them.
        shape: what flows through it, `N × 16`; "" while unknown.
        wired: whether a wire is there.
        wrong: whether an error names this port.
        missing: an input that has to be connected and is not.
    """

    name: str
    kind: PortKind
    doc: str = ""
    shape: str = ""
    wired: bool = False
    wrong: bool = False
    missing: bool = False


Ports = tuple[tuple[PortFace, ...], tuple[PortFace, ...]]
"""Inputs and outputs."""


@final
@dataclass(slots=True)  # not frozen: thousands are made, and freezing takes thrice as long
class Face:
    """One block as drawn. Never changed once it is made.

    Attributes:
        title: its label, or else its id.
        category: "" for a kind that is not known.
        summary: the line below the name, with the number of parameters.
        severity: the worst of `problems`, which hold errors and warnings; `unfinished` when all they say is that
            something is not connected yet.
        stacked: it stands for several blocks.
    """

    title: str
    kind: str
    category: str
    icon: str
    summary: str
    inputs: tuple[PortFace, ...]
    outputs: tuple[PortFace, ...]
    severity: Severity = ""
    unfinished: bool = False
    problems: tuple[Problem, ...] = ()
    bypass: bool = False
    stacked: bool = False

    def ports(self, side: Side) -> tuple[PortFace, ...]:
        """The ports of one side, from the top."""
        return self.inputs if side == "in" else self.outputs

    def port(self, side: Side, name: str) -> PortFace | None:
        """The port of that name; None when there is none."""
        for here in self.inputs if side == "in" else self.outputs:
            if here.name == name:
                return here
        return None


def problems_by_node(result: Result) -> dict[str, tuple[Problem, ...]]:
    """Errors and warnings by the top-level block they are shown at."""
    found: dict[str, list[Problem]] = {}
    for problem in result.problems:
        if problem.node is not None and problem.severity != "info":
            found.setdefault(problem.node.split(".", 1)[0], []).append(problem)
    return {node_id: tuple(problems) for node_id, problems in found.items()}


def aims_of(result: Result) -> dict[str, str]:
    """What becomes of the outputs of blocks because the settings say so, and not by the blocks' own nature.

    By path, in words; inside a group, plans bear the ids they have there.
    """
    found: dict[str, set[bool]] = {}
    for objective in (*result.objectives, *(each for phase in result.phases for each in phase.objectives)):
        path = objective.path
        plan = result.nodes.get(path) or result.nodes.get(path.rpartition(".")[2])
        block = block_named(plan.block) if plan is not None and plan.path == path else None
        if plan is not None and block is not None and not block.objective(plan.params):
            found.setdefault(path, set()).add(objective.weight > 0)
    return {path: _aim(ways) for path, ways in found.items()}


def _aim(ways: set[bool]) -> str:
    if len(ways) > 1:  # of several phases
        return QCoreApplication.translate("Face", "minimised and maximised")
    small = QCoreApplication.translate("Face", "minimised")
    return small if True in ways else QCoreApplication.translate("Face", "maximised")


def make_face(
    graph: Graph,
    node: Node,
    plan: NodePlan | None,
    problems: tuple[Problem, ...],
    aims: Mapping[str, str] = _NO_AIMS,
) -> Face:
    """The face of one node; `aims` are of `aims_of`."""
    block = block_named(node.block)
    inputs, outputs = _ports(graph, node, block, plan, problems)
    severity: Severity = ""
    if problems:
        severity = "error" if any(problem.severity == "error" for problem in problems) else "warning"
    return Face(
        title=node.label or node.id if block is not None else title(node),
        kind=node.block,
        category=block.category if block is not None else "",
        icon=block_icon_name(block.icon, block.category) if block is not None else _kind_icon(node.block),
        summary=_summary(node, block, plan, aim=aims.get(plan.path, "") if plan is not None else ""),
        inputs=inputs,
        outputs=outputs,
        severity=severity,
        unfinished=severity == "error"
        and all(problem.code == UNCONNECTED for problem in problems if problem.severity == "error"),
        problems=problems,
        bypass=node.bypass,
        stacked=node.block == GROUP,
    )


def _kind_icon(kind: str) -> str:
    return ICONS.get(kind, "help")


def _summary(node: Node, block: Block | None, plan: NodePlan | None, *, aim: str = "") -> str:
    if block is None:
        parts = [summary(node, plan)]
    else:
        parts = [plan.summary if plan is not None and plan.summary else _plain_summary(node, block)]
    if plan is not None and plan.parameters:
        parts.append(f"{format_integer(plan.parameters)} param{'s' if plan.parameters != 1 else ''}")
    if aim:
        parts.append(aim)
    return " · ".join(filter(None, parts))


def _plain_summary(node: Node, block: Block) -> str:
    """Where a plan has nothing to say, the kind does, unless the name says it already."""
    return "" if node.id.rstrip("0123456789_").lower() == block.kind.lower() else block.kind


def _ports(
    graph: Graph, node: Node, block: Block | None, plan: NodePlan | None, problems: tuple[Problem, ...]
) -> Ports:
    wired_in = tuple([wire.to_port for wire in graph.into.get(node.id, ())])
    wired_out = tuple([wire.from_port for wire in graph.out_of.get(node.id, ())])
    wrong, bad = _blamed(node.id, problems) if problems else (_NOBODY, _NOBODY)
    if plan is None:
        return _made_ports(node, block, plan, wired_in, wired_out, wrong, bad)
    # Blocks that are alike share these values, so that thousands of blocks have few faces.
    key = (block, id(plan.params), id(plan.facts), id(plan.inputs), id(plan.outputs), wired_in, wired_out, wrong, bad)
    known = _known.get(key)
    if known is None:
        if len(_known) >= _KEPT:
            _known.clear()
        known = _known[key] = (_made_ports(node, block, plan, wired_in, wired_out, wrong, bad), plan)
    return known[0]


def _blamed(node_id: str, problems: tuple[Problem, ...]) -> tuple[Names, Names]:
    own = [problem for problem in problems if problem.node == node_id]
    wrong = frozenset([problem.port for problem in own if problem.severity == "error"])
    return wrong, wrong.intersection([problem.port for problem in own if problem.code != UNCONNECTED])


_known: Final[dict[object, tuple[Ports, NodePlan]]] = {}
"""Ports by what they were made from; the plans keep what the keys name by its identity."""


def _made_ports(
    node: Node,
    block: Block | None,
    plan: NodePlan | None,
    wired_in: tuple[str, ...],
    wired_out: tuple[str, ...],
    wrong: Names,
    bad: Names,
) -> Ports:
    """`wrong` are the ports that an error names; `bad` those of them that are not just unconnected."""
    params = _params(node, block, plan)
    facts = plan.facts if plan is not None else None
    declared_in, declared_out = declared_ports(block, params, facts)
    specs_in: Mapping[str, Any] = plan.inputs if plan is not None else {}
    specs_out: Mapping[str, Any] = plan.outputs if plan is not None else {}
    return (
        tuple(
            PortFace(port.name, port.kind, port.doc, _shape(specs_in, port.name), port.name in wired_in,
                     port.name in bad, port.name in wrong - bad)
            for port in _all(declared_in, specs_in, wired_in)
        ),
        tuple(
            PortFace(port.name, port.kind, port.doc, _shape(specs_out, port.name), port.name in wired_out,
                     port.name in bad)
            for port in _all(declared_out, specs_out, wired_out)
        ),
    )  # fmt: skip


def _params(node: Node, block: Block | None, plan: NodePlan | None) -> Mapping[str, Any]:
    if plan is not None and plan.params:
        return plan.params
    return parse_all(block.params, node.params)[0] if block is not None else {}


def declared_ports(
    block: Block | None, params: Mapping[str, Any], facts: DataFacts | None = None
) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """Inputs and outputs a block says it has with these parsed parameters."""
    if block is None:
        return (), ()
    return tuple(block.inputs(params)), tuple(block.outputs(params, facts))


def _all(declared: tuple[Port, ...], planned: Collection[str], wired: Iterable[str]) -> tuple[Port, ...]:
    """The declared ports, then those that only plan (of a group) or wires name."""
    names = dict.fromkeys([*(port.name for port in declared), *planned, *wired])
    by_name = {port.name: port for port in declared}
    return tuple(by_name.get(name) or port(name) for name in names)


def _shape(specs: Mapping[str, Any], port: str) -> str:
    spec = specs.get(port)
    return "" if spec is None else str(spec)
