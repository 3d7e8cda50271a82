"""The key below a picture: each kind of block once, with its formula as a vector drawing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QPainter, QPainterPath

from engine.block import block_named
from engine.graph import Node, Project
from engine.param import parse_all
from engine.result import Result
from gui.canvas.look import Look
from gui.mathtext import FormulaError, formula_path

SIZE: Final = 14.0
ROW_GAP: Final = 12.0
COLUMN_GAP: Final = 40.0
NAME_GAP: Final = 20.0


@final
@dataclass(frozen=True, slots=True)
class _Entry:
    """A kind of block and its formula, the lines below each other, from the upper left corner."""

    names: str
    category: str
    outline: QPainterPath
    height: float


@final
class FormulaKey:
    """Blocks with the same formula share an entry; kinds without one have none."""

    def __init__(self, project: Project, result: Result, kinds: Iterable[str]) -> None:
        by_formula: dict[tuple[str, ...], tuple[str, dict[str, None]]] = {}
        for node, category, lines in _formulas(project, result, frozenset(kinds)):
            by_formula.setdefault(lines, (category, {}))[1][node.label or node.id] = None
        self._entries = [_entry(lines, category, names) for lines, (category, names) in by_formula.items()]
        self._places: list[QPointF] = []
        self._name_width = 0.0
        self.size = QSizeF()

    @property
    def is_empty(self) -> bool:
        """Whether no block has a formula."""
        return not self._entries

    def lay_out(self, width: float) -> None:
        """Put the entries into as many columns as fit into a width."""
        metrics = QFontMetricsF(Look().name_font)
        self._name_width = max(metrics.horizontalAdvance(entry.names) for entry in self._entries) + NAME_GAP
        column = self._name_width + max(entry.outline.boundingRect().width() for entry in self._entries) + COLUMN_GAP
        columns = min(max(1, int((width + COLUMN_GAP) // column)), len(self._entries))
        rows = -(-len(self._entries) // columns)
        self._places, tallest = [], 0.0
        for first in range(0, len(self._entries), rows):
            y = 0.0
            for entry in self._entries[first : first + rows]:
                self._places.append(QPointF(first // rows * column, y))
                y += entry.height + ROW_GAP
            tallest = max(tallest, y - ROW_GAP)
        self.size = QSizeF(columns * column - COLUMN_GAP, tallest)

    def paint(self, painter: QPainter, look: Look) -> None:
        """Draw it from the painter's origin."""
        ascent = QFontMetricsF(look.name_font).ascent()
        for entry, place in zip(self._entries, self._places, strict=True):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.strips[entry.category])
            painter.drawRoundedRect(QRectF(place.x(), place.y() + 1.0, 3.0, max(entry.height - 2.0, 12.0)), 1.5, 1.5)
            painter.setPen(look.text)
            painter.setFont(look.name_font)
            painter.drawText(place + QPointF(10.0, (entry.height + ascent * 0.72) / 2), entry.names)
            painter.fillPath(
                entry.outline.translated(place + QPointF(self._name_width, 0.0)), QBrush(look.text.color())
            )


def formula_lines(project: Project, result: Result) -> list[str]:
    """All LaTeX that the key of a graph may show: what has to be prepared for it to be drawn at once."""
    kinds = frozenset(node.block for node in project.graph.nodes.values())
    return list(dict.fromkeys(line for _, _, lines in _formulas(project, result, kinds) for line in lines))


def _formulas(project: Project, result: Result, kinds: frozenset[str]) -> Iterator[tuple[Node, str, tuple[str, ...]]]:
    for node in project.graph.ordered_nodes():
        block = block_named(node.block)
        if block is None or node.block not in kinds:
            continue
        plan = result.nodes.get(node.id)
        params = plan.params if plan is not None and plan.params else parse_all(block.params, node.params)[0]
        lines = tuple(block.formula(params).forward)
        if lines:
            yield node, block.category, lines


def _entry(lines: Iterable[str], category: str, names: Iterable[str]) -> _Entry:
    outline, y = QPainterPath(), 0.0
    for line in lines:
        try:
            path = formula_path(line, SIZE)
        except FormulaError:
            path = QPainterPath()
            path.addText(QPointF(), Look().mono_font, line)
        box = path.boundingRect()
        outline.addPath(path.translated(-box.left(), y - box.top()))
        y += box.height() + 6.0
    return _Entry(_shortened(list(names)), category, outline, max(y - 6.0, 16.0))


def _shortened(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]}, … {names[-1]}"
