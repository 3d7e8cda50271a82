"""The strip above the canvas while two moments are compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from engine.compare import Comparison, GraphDifference
from gui.comparison.comparer import Comparer
from gui.selection import Selection
from gui.theme import set_kind

MOST_LINES = 40


def _tr(text: str) -> str:
    return QCoreApplication.translate("ComparisonBanner", text)


@final
class ComparisonBanner(QFrame):
    """Says how much differs; the list leads to each block."""

    def __init__(self, comparer: Comparer, selection: Selection, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("comparisonBanner")
        set_kind(self, "info")
        self._comparer, self._selection = comparer, selection
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._list = QPushButton(self.tr("What differs"), self)
        self._list.setObjectName("comparisonList")
        self._list.clicked.connect(self._show_list)
        close = QPushButton(self.tr("End comparison"), self)
        close.setObjectName("comparisonEnd")
        close.clicked.connect(comparer.end)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        for button in (self._list, close):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        comparer.changed.connect(self._update)
        self._update()

    def _update(self) -> None:
        comparison = self._comparer.comparison
        self.setVisible(comparison is not None)
        if comparison is not None:
            self._list.setEnabled(not comparison.same)
            name, summary = self._comparer.name, comparison.summary
            self._text.setText(self.tr("Compared with {0}: {1}.").format(name, summary))

    def _show_list(self) -> None:
        comparison = self._comparer.comparison
        if comparison is None:
            return
        menu = QMenu(self)
        menu.setObjectName("comparisonMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        found = list(lines(comparison))
        for text, node_id in found[:MOST_LINES]:
            action = menu.addAction(text.replace("&", "&&"))
            if node_id:
                action.triggered.connect(lambda _=False, name=node_id: self._selection.show(name))
            else:
                action.setEnabled(False)
        if len(found) > MOST_LINES:
            menu.addAction(_tr("… and {0} more").format(len(found) - MOST_LINES)).setEnabled(False)
        menu.popup(self._list.mapToGlobal(QPoint(0, self._list.height())))


def lines(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """(text, block to show) for each difference; the block is "" where there is none to show."""
    yield from _graph_lines(comparison.graph)
    for name, difference in comparison.groups.items():
        for text, _ in _graph_lines(difference):
            yield _tr("In group {0}: {1}").format(name, text), ""
    for name in comparison.groups_added:
        yield _tr("Group {0} is new").format(name), ""
    for name in comparison.groups_removed:
        yield _tr("Group {0} is gone").format(name), ""
    for text in comparison.settings:
        yield text, ""


def _graph_lines(difference: GraphDifference) -> Iterator[tuple[str, str]]:
    for node_id in difference.added:
        yield _tr("{0} is new").format(node_id), node_id
    for node in difference.removed:
        yield _tr("{0} is gone").format(node.id), ""
    for old, new in difference.renamed.items():
        yield _tr("{0} was called {1}").format(new, old), new
    for node_id, changes in difference.changed.items():
        yield f"{node_id}: {'; '.join(changes)}", node_id
    for wire in difference.wires_added:
        yield _tr("New wire {0}").format(wire), wire.to_node
    for wire in difference.wires_removed:
        yield _tr("Wire {0} is gone").format(wire), ""
