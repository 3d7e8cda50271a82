"""All paths of one weight to the loss: the sum, each path as a product, and what reuse saves."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from engine.chains import Path, WeightChain
from engine.moments import Step
from gui.backprop import chain_words as words
from gui.format import format_exact, format_number
from gui.formula import FormulaWidget
from gui.screen_reader import tell_as
from gui.theme import set_kind
from gui.widgets.card import Card
from gui.widgets.labels import ElidedLabel, plain_tooltip, text_label

FORMULA: Final = 14
_REST: Final = 60
_SMALLEST: Final = 3


@final
class PathRow(QFrame):
    """One path: its product, and the numbers that it goes through.

    Signals:
        chosen(int), pointed(int): clicked, or under the pointer; -1 when the pointer left.
    """

    chosen = Signal(int)
    pointed = Signal(int)

    def __init__(self, at: int, product: float, way: str, *, alone: bool = False) -> None:
        super().__init__()
        self.at, self._alone = at, alone
        self.setObjectName("chainPath")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        tell_as(self, QAccessible.Role.ListItem, press=lambda: self.chosen.emit(self.at))
        self.setAccessibleName(f"{format_number(product)}: {way}")
        set_kind(self, "entry")
        tone = "positive" if product > 0 else "negative" if product < 0 else "secondary"
        number = text_label(format_number(product), "mono_caption", tone)  # type: ignore[arg-type]
        number.setToolTip(plain_tooltip(format_exact(product)))
        self._mark = text_label("", "caption", "accent")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(number)
        row.addWidget(ElidedLabel(way, "caption", "secondary"), 1)
        row.addWidget(self._mark)

    def set_chosen(self, chosen: bool) -> None:
        """Whether its factors are shown below."""
        self._mark.setText(self.tr("shown below") if chosen and not self._alone else "")
        set_kind(self, "info" if chosen else "entry")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.at)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.pointed.emit(self.at)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.pointed.emit(self.at)


@final
class ChainPage(QWidget):
    """The chain rule of one weight. One path is chosen, the largest at first, and its factors are listed.

    Attributes:
        chain: what is shown. `at`: the path chosen. `rows`: of the paths.

    Signals:
        path_shown(object): this `Path` is chosen, or under the pointer.
    """

    path_shown = Signal(object)

    def __init__(
        self, step: Step, chain: WeightChain, parent: QWidget | None = None, *, most: words.Most | None = None
    ) -> None:
        super().__init__(parent)
        self._step, self.chain, self.at, self._most = step, chain, 0, most
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 4, 12, 12)
        self._column.setSpacing(6)
        self._waiting: list[tuple[FormulaWidget, list[str]]] = []
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._draw)
        self._add_sum()
        self.rows: list[PathRow] = []
        self._add_paths()
        self._room = QVBoxLayout()
        self._room.setContentsMargins(0, 0, 0, 0)
        self._details: QWidget | None = None
        self._column.addLayout(self._room)
        self._add_savings()
        self._column.addStretch(1)
        if chain.paths:
            self.choose(0)

    @property
    def path(self) -> Path | None:
        """The path chosen."""
        return self.chain.paths[self.at] if self.chain.paths else None

    def choose(self, at: int) -> None:
        """List the factors of this path."""
        self.at = at
        for row in self.rows:
            row.set_chosen(row.at == at)
        if self._details is not None:
            self._details.hide()
            self._details.deleteLater()
        self._details = self._factors(self.chain.paths[at])
        self._room.addWidget(self._details)
        self.path_shown.emit(self.path)

    def _point(self, at: int) -> None:
        self.path_shown.emit(self.path if at < 0 else self.chain.paths[at])

    # -- parts --

    def _add_sum(self) -> None:
        chain = self.chain
        self._column.addWidget(text_label(words.counted(chain), "caption", "secondary", wrap=True))
        self._column.addWidget(self._well([words.sum_line(self._step, chain)]))
        exactly = self.tr("exactly {0}").format(format_exact(chain.gradient))
        told = text_label(f"{exactly} · {words.agreement(chain)}".rstrip(" ·"), "mono_caption", "secondary", wrap=True)
        told.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._column.addWidget(told)
        if words.disagrees(chain):
            card = Card("error", self.tr("The paths and autograd disagree"))
            text = self.tr("The paths add up to {0}, autograd gives {1}.")
            numbers = format_exact(chain.gradient), format_exact(chain.autograd)
            card.body.addWidget(text_label(text.format(*numbers), wrap=True))
            self._column.addWidget(card)

    def _add_paths(self) -> None:
        if self.chain.count > 1:
            self._column.addSpacing(2)
            self._column.addWidget(text_label(self.tr("Paths, the largest first"), "caption_strong"))
        for at, path in enumerate(self.chain.paths):
            row = PathRow(at, path.product, words.way(self._step, self.chain, path), alone=self.chain.count <= 1)
            row.chosen.connect(self.choose)
            row.pointed.connect(self._point)
            self.rows.append(row)
            self._column.addWidget(row)
        if self.chain.ending:
            self._column.addWidget(text_label(self.chain.ending, "mono_caption", "secondary", wrap=True))

    def _factors(self, path: Path) -> QWidget:
        """A path as a product, with symbols and with numbers, and its factors one by one."""
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        told = words.verdict(self._step, self.chain, path, self._most)
        if told is not None:
            card = Card("warning", told[0], padding=10)
            card.setObjectName("chainVerdict")
            card.body.addWidget(text_label(told[1], wrap=True))
            column.addWidget(card)
        symbols, numbers = words.product_lines(self._step, self.chain, path)
        title = self.tr("The product of its local derivatives")
        column.addWidget(text_label(title, "caption_strong"))
        column.addWidget(self._well(symbols))
        column.addWidget(self._well(numbers))
        column.addWidget(self._table(path))
        why = words.why_first(self._step, self.chain, path)
        if why is not None:
            card = Card("info", why[0], padding=10)
            card.setObjectName("chainWhy")
            card.body.addWidget(text_label(why[1], wrap=True))
            column.addWidget(card)
        return body

    def _table(self, path: Path) -> QWidget:
        table = QWidget()
        table.setObjectName("chainFactors")
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        fades = words.verdict(self._step, self.chain, path, self._most) is not None
        least = {id(factor) for factor in words.smallest(path)[:_SMALLEST]} if fades else set[int]()
        for row, factor in enumerate(words.backwards(path)):
            small = id(factor) in least
            value = text_label(format_number(factor.value), "mono_caption")
            value.setToolTip(plain_tooltip(format_exact(factor.value)))
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            told = self.tr("↓ among the smallest") if small else words.equals_words(self._step, factor)
            used = self.tr("↻ reused") if factor.reused else self.tr("＋ new")
            cells = (
                ElidedLabel(words.factor_name(self._step, factor), "caption_strong" if small else "caption"),
                value,
                ElidedLabel(told, "caption", "warning" if small else "secondary"),
                text_label(used, "caption", "secondary" if factor.reused else "accent"),
            )
            for column, cell in enumerate(cells):
                grid.addWidget(cell, row, column)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(2, 3)
        return table

    def _add_savings(self) -> None:
        self._column.addSpacing(4)
        self._column.addWidget(text_label(self.tr("What using factors again saves"), "caption_strong"))
        self._column.addWidget(text_label(words.this_weight(self.chain), "caption", "secondary", wrap=True))
        title = self.tr("Multiplications for the gradients of all {0} numbers that are trained:")
        count = f"{self.chain.savings.weights:,}"
        self._column.addWidget(text_label(title.format(count), "caption", "secondary", wrap=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        for row, (name, number, times) in enumerate(words.savings_rows(self.chain)):
            cells = (
                ElidedLabel(name, "caption", "text"),
                text_label(number, "mono_caption"),
                text_label(times, "mono_caption", "secondary"),
            )
            for column, cell in enumerate(cells):
                if column:
                    cell.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                grid.addWidget(cell, row, column)
        grid.setColumnStretch(0, 1)
        self._column.addLayout(grid)

    # -- formulas --

    def _well(self, lines: list[str]) -> Card:
        well = Card("well", padding=8)
        widget = FormulaWidget((), FORMULA)
        widget.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        widget.setMinimumHeight(round(2.2 * FORMULA) * len(lines))
        self._waiting.append((widget, lines))
        self._rest.start()
        well.body.addWidget(widget)
        return well

    def _draw(self) -> None:
        """Not at once: a cursor that only passes by would leave much to draw behind."""
        for widget, lines in self._waiting:
            widget.setMinimumHeight(0)
            widget.set_lines(lines)
        self._waiting = []
