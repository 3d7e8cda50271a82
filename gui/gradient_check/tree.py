"""The parameters of a gradient check: which are chosen, and what was found of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QFontMetrics
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from engine.stepevents import EntryCheck, GradientReport, ParameterCheck
from engine.wording import index_text
from gui.format import format_exact, format_integer, format_number
from gui.gradient_check.words import blame, shape_words, verdict
from gui.icons import icon
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

NAME, SHAPE, CHECKED, DIFFERENCE, AUTOGRAD, FORMULA, ERROR, VERDICT = range(8)
NUMBERS: Final = (CHECKED, DIFFERENCE, AUTOGRAD, FORMULA, ERROR)
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LONGEST_NAME: Final = 24
"""Letters of a name that there is room for; the others are seen on hover."""


@final
class ParameterTree(QTreeWidget):
    """A line a parameter, with a tick before it; below it, once checked, its worst numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gradientCheckTree")
        self.setAccessibleName(self.tr("Parameters"))
        self.setHeaderLabels(
            [
                self.tr("Parameter"), self.tr("Shape"), self.tr("Checked"), self.tr("Difference"),
                self.tr("Autograd"), self.tr("Formula"), self.tr("Rel. error"), self.tr("Verdict"),
            ]
        )  # fmt: skip
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        header = self.header()
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(theme().px(40))
        for column in NUMBERS:
            self.headerItem().setTextAlignment(column, _RIGHT)

    def _set_widths(self) -> None:
        """As wide as the longest name and usual numbers."""
        mono = QFontMetrics(theme().font("mono"))
        longest = max((len(item.text(NAME)) for item in self._lines()), default=0)
        room = theme().px(56) + self.indentation()  # the arrow, the tick, and what is around them
        self.setColumnWidth(NAME, room + mono.horizontalAdvance("0" * (min(longest, _LONGEST_NAME))))
        small = QFontMetrics(theme().font("mono_caption"))
        texts = {SHAPE: "512 × 784", CHECKED: "50 / 100,000"}
        for column in range(SHAPE, VERDICT):
            text = texts.get(column, "-0.000123450" if column != ERROR else "00.0e-10")
            wide = max(small.horizontalAdvance(text), self.header().sectionSizeHint(column) - theme().px(4))
            self.setColumnWidth(column, wide + theme().px(14))

    def offer(self, names: Sequence[str]) -> None:
        """These can be chosen; at first all of them are."""
        self.clear()
        for name in names:
            self._line(name, Qt.CheckState.Checked)
        self._set_widths()

    def _line(self, name: str, state: Qt.CheckState) -> QTreeWidgetItem:
        item = QTreeWidgetItem(self, [name])
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(NAME, state)
        item.setFont(NAME, theme().font("mono"))
        item.setToolTip(NAME, plain_tooltip(name))
        return item

    def _lines(self) -> list[QTreeWidgetItem]:
        found = (self.topLevelItem(index) for index in range(self.topLevelItemCount()))
        return [item for item in found if item is not None]

    @property
    def chosen(self) -> tuple[str, ...] | None:
        """Ticked parameters; None for all of them."""
        lines = self._lines()
        ticked = tuple(item.text(NAME) for item in lines if item.checkState(NAME) == Qt.CheckState.Checked)
        return None if len(ticked) == len(lines) else ticked

    def tick(self, chosen: bool) -> None:
        """All or none."""
        for item in self._lines():
            item.setCheckState(NAME, Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)

    def forget(self) -> None:
        """Nothing has been found yet."""
        for item in self._lines():
            item.takeChildren()
            for column in range(SHAPE, VERDICT + 1):
                item.setText(column, "")
            item.setIcon(VERDICT, icon("minus", "secondary"))
            item.setText(VERDICT, self.tr("not checked"))
            item.setForeground(VERDICT, theme().brush("secondary"))

    def show_report(self, report: GradientReport) -> None:
        """What was found."""
        self.forget()
        by_name = {item.text(NAME): item for item in self._lines()}
        for part in report.parameters:
            item = by_name.get(part.parameter) or self._line(part.parameter, Qt.CheckState.Checked)
            self._fill(item, part)
        wrong = next((item for item in self._lines() if item.isExpanded()), None)
        if wrong is not None:
            self.scrollToItem(wrong)

    def _fill(self, item: QTreeWidgetItem, part: ParameterCheck) -> None:
        item.setText(SHAPE, shape_words(part))
        item.setText(CHECKED, f"{format_integer(part.checked)} / {format_integer(part.size)}")
        item.setText(ERROR, format_number(part.error, 2))
        item.setToolTip(ERROR, plain_tooltip(format_exact(part.error)))
        self._judge(item, verdict(part), right=not part.wrong)
        for column in (SHAPE, *NUMBERS):
            item.setFont(column, theme().font("mono_caption"))
        for column in NUMBERS:
            item.setTextAlignment(column, _RIGHT)
        for entry in part.worst:
            self._entry(item, entry)
        item.setExpanded(bool(part.wrong))

    def _entry(self, parent: QTreeWidgetItem, entry: EntryCheck) -> None:
        item = QTreeWidgetItem(parent)
        item.setText(NAME, index_text(entry.index))
        numbers = {DIFFERENCE: entry.difference, AUTOGRAD: entry.autograd, FORMULA: entry.formula, ERROR: entry.error}
        for column, number in numbers.items():
            item.setText(column, format_number(number, 2 if column == ERROR else 5))
            item.setToolTip(column, plain_tooltip(format_exact(number)))
            item.setTextAlignment(column, _RIGHT)
        names = {"autograd", "formula"} if entry.wrong == "both" else {entry.wrong}
        self._judge(item, blame(names) if entry.wrong else self.tr("right"), right=not entry.wrong)
        for column in (NAME, *numbers):
            item.setFont(column, theme().font("mono_caption"))

    def _judge(self, item: QTreeWidgetItem, words: str, *, right: bool) -> None:
        item.setText(VERDICT, words)
        item.setIcon(VERDICT, icon("success", "success_text") if right else icon("error", "error_text"))
        item.setForeground(VERDICT, QBrush(theme().color("text" if right else "error_text")))
