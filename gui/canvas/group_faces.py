"""What a group and its boundary show on the canvas, where no kind of block says it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication

from engine.block import Port
from engine.graph import Node
from engine.levels import INPUTS, KINDS, NEW_PORT, OUTPUTS
from engine.planning.groupuse import Use, parse_use
from engine.references import GROUP
from engine.result import NodePlan

ICONS: Final = {GROUP: "group", KINDS[INPUTS]: "input", KINDS[OUTPUTS]: "output"}
"""The icons of what is no block of the registry, by kind."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("GroupFaces", text)


def title(node: Node) -> str:
    """The name, with how often a group is repeated."""
    if node.block == KINDS[INPUTS]:
        return _tr("Inputs")
    if node.block == KINDS[OUTPUTS]:
        return _tr("Outputs")
    name = node.label or node.id
    repeat = parse_use(node.params).repeat if node.block == GROUP else 1
    return f"{name}  ×{repeat}" if repeat > 1 else name


def summary(node: Node, plan: NodePlan | None) -> str:
    """The line below the name, without the number of parameters."""
    if node.block == KINDS[INPUTS]:
        return _tr("what comes in")
    if node.block == KINDS[OUTPUTS]:
        return _tr("what goes out")
    shared = _shared(parse_use(node.params)) if node.block == GROUP else ""
    if plan is not None and plan.summary and not shared:
        return plan.summary
    name = node.params.get("group") if node.block == GROUP else None
    return " · ".join(filter(None, (name if isinstance(name, str) else node.block, shared)))


def _shared(use: Use) -> str:
    """Whose weights a use has; "" for its own, one set for each repetition."""
    if use.share_with:
        return _tr("weights of {0}").format(use.share_with)
    return _tr("shared") if use.repeat > 1 and use.share_across_repeats else ""


def port(name: str) -> Port:
    """A port that only a plan or a wire names."""
    return Port(name, doc=_tr("Draw a wire here to give the group another port.")) if name == NEW_PORT else Port(name)


def about(kind: str) -> str:
    """What a group or its boundary is; "" for other kinds."""
    if kind == GROUP:
        return _tr("Several blocks as one. Double-click or press Enter to see what is inside.")
    if kind == KINDS[INPUTS]:
        return _tr("What comes into the group. Draw a wire from + to give the group another input.")
    if kind == KINDS[OUTPUTS]:
        return _tr("What goes out of the group. Draw a wire to + to give the group another output.")
    return ""
